"""The methods by their names."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from mmgraph.explanation.attention import attention
from mmgraph.explanation.attribution import Attribution
from mmgraph.explanation.edge_mask import edge_mask
from mmgraph.explanation.integrated_gradients import integrated_gradients
from mmgraph.explanation.leave_one_out import leave_one_out
from mmgraph.explanation.plan import plan
from mmgraph.explanation.relevance import relevance
from mmgraph.explanation.rollout import rollout
from mmgraph.explanation.similarity import similarity
from mmgraph.explanation.transport import transport

__all__ = ["DEFAULT_METHODS", "METHODS", "SEEDED", "MethodKind"]

MethodKind = Literal[
    "relevance",
    "attention",
    "rollout",
    "plan",
    "transport",
    "similarity",
    "integrated_gradients",
    "edge_mask",
    "leave_one_out",
]

METHODS: Mapping[MethodKind, Callable[..., Attribution]] = MappingProxyType(
    {
        "relevance": relevance,
        "attention": attention,
        "rollout": rollout,
        "plan": plan,
        "transport": transport,
        "similarity": similarity,
        "integrated_gradients": integrated_gradients,
        "edge_mask": edge_mask,
        "leave_one_out": leave_one_out,
    }
)
"""Each is called with a subject and a sample; in the order in which they are shown."""

DEFAULT_METHODS: tuple[MethodKind, ...] = tuple(name for name in METHODS if name != "edge_mask")
"""All but the one that takes longer than the others together."""

SEEDED: frozenset[MethodKind] = frozenset({"edge_mask"})
"""Those that draw, and take a `seed`."""
