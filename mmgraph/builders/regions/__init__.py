"""Pictures into graphs of their regions."""
