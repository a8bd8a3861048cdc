"""The heads of attention as one vector."""

from mmgraph.ops.nodes import Nodes

__all__ = ["merge_heads"]


def merge_heads(received: Nodes, heads: int, concat: bool) -> Nodes:
    """Heads `[T, H * K]` side by side, or averaged to `[T, K]`."""
    if concat or heads == 1:
        return received
    return received.map(lambda values: values.unflatten(-1, (heads, -1)).mean(-2))
