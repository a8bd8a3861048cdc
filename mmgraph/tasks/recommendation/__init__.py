"""Recommendation: data, arms, training, scores."""

__all__: list[str] = []
