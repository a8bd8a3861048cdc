"""Searches: from steps, one token after the other, to sequences. They know no captions."""

from collections.abc import Callable

from mmgraph.heads.search.beam import Beam
from mmgraph.heads.search.diverse_beam import DiverseBeam
from mmgraph.heads.search.found import Found
from mmgraph.heads.search.greedy import Greedy
from mmgraph.heads.search.nucleus import Nucleus
from mmgraph.heads.search.steps import Steps

__all__ = ["Beam", "DiverseBeam", "Found", "Greedy", "Nucleus", "Search", "Steps"]

Search = Callable[[Steps], Found]
"""Any of them, or your own."""
