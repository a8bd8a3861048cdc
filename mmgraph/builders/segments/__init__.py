"""Sounds into graphs of their segments."""
