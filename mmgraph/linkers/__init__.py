"""Linkers: edges between the node types of a graph."""
