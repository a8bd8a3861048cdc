"""Builders: pictures, texts, sounds and other inputs into graphs of one node type each."""
