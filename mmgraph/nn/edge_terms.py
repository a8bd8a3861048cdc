"""The features of edges as a layer's own map of them."""

from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.ops.edge_features import EdgeFeatures

__all__ = ["edge_terms"]


def edge_terms(
    layer: str, edge_attr: Tensor | None, linear: nn.Linear | None, heads: int
) -> EdgeFeatures | None:
    """Features `[E, F]` with a map to `[E, H * K]`, not written out; None for a layer without such a map.

    Raises:
        InputError: features came to a layer that reads none, or none to one that does.
    """
    if linear is None:
        if edge_attr is not None:
            raise InputError(
                f"{layer} got edge_attr {list(edge_attr.shape)} but has no map for it: construct it with "
                "edge_dim"
            )
        return None
    wanted = f"{layer} with edge_dim={linear.in_features} wants edge_attr [E, {linear.in_features}] of floats"
    if edge_attr is None:
        raise InputError(f"{wanted}, and got none")
    if edge_attr.dim() != 2 or edge_attr.shape[1] != linear.in_features or not edge_attr.is_floating_point():
        raise InputError(f"{wanted}, and got {edge_attr.dtype} {list(edge_attr.shape)}")
    return EdgeFeatures(edge_attr, linear.weight.T.unflatten(1, (heads, -1)))
