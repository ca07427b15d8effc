"""Static policy linter and compliance auditor for firewalls."""

__version__ = "0.1.0"
