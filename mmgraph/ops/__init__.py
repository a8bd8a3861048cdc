"""The one place where indices meet features: ragged layouts and, on them, propagation and attention."""
