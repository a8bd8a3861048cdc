"""A trained recommender for more users and items than it was trained with."""

import torch
from torch import nn

from mmgraph.errors import InputError

__all__ = ["grow"]


@torch.no_grad()
def grow(trained: nn.Module, larger: nn.Module) -> None:
    """Give a model of a larger graph the weights of a trained one.

    A table of users or items has its trained rows first; the rows that are new are zeros, so that only what
    the graph and the features say of a new user or item speaks for it.

    Args:
        trained: the model as it was trained.
        larger: one of the same class and options, made for a graph with more users or items.

    Raises:
        InputError: the two are not of one kind.
    """
    weights, own = trained.state_dict(), larger.state_dict()
    for name in weights.keys() | own.keys():
        if name not in weights or name not in own or not _fits(weights[name], own[name]):
            raise InputError(
                f"grow got models of two kinds: {name!r} is not in both, with rows to add at most"
            )
    for name, value in own.items():
        if value.shape == weights[name].shape:
            value.copy_(weights[name])
        else:
            value.zero_()
            value[: len(weights[name])] = weights[name]
    larger.train(trained.training)


def _fits(trained: torch.Tensor, larger: torch.Tensor) -> bool:
    if trained.shape == larger.shape:
        return True
    if trained.dim() != larger.dim() or trained.shape[1:] != larger.shape[1:]:
        return False
    return len(larger) > len(trained)
