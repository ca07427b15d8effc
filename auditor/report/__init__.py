"""What was found, in the form somebody reads."""
