"""Texts into graphs of their tokens."""
