"""What documents require, and who is who here."""
