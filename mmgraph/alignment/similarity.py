"""What the aligners that compare nodes in a common space share."""

from jaxtyping import Bool, Float
from torch import Tensor

from mmgraph.alignment.base import Sides
from mmgraph.errors import InputError
from mmgraph.nn.mean_pool import MeanPool
from mmgraph.ops.masked import masked_softmax
from mmgraph.ops.neighbours import cosine
from mmgraph.ops.precision import at_least_float32

__all__ = ["cosine_plan", "pooled_pairs", "require_positive"]


def cosine_plan(
    source: Float[Tensor, "N K"], target: Float[Tensor, "M K"], sides: Sides, temperature: float | Tensor
) -> Float[Tensor, "B S T"]:
    r"""Softmax over a sample's targets of cosines over a temperature.

    .. math:: P_{ij} = \mathrm{softmax}_j \left( \cos(x_i, y_j) / \tau \right)

    Args:
        source: the source nodes in the common space, x.
        target: the target nodes, y.
        sides: where they belong.
        temperature: :math:`\tau`, above 0.

    Shape:
        `[N, K]`, `[M, K]` -> `[B, S, T]`: each row sums to one, or to zero where a sample has no such source
        or no target at all.
    """
    exact = at_least_float32(source.dtype)  # float16 has no number as small as the least length of `cosine`.
    rows, columns = sides.source_blocks.pad(source.to(exact)), sides.target_blocks.pad(target.to(exact))
    return masked_softmax(cosine(rows, columns) / temperature, sides.pairs).to(source.dtype)


def pooled_pairs(
    source: Float[Tensor, "N K"], target: Float[Tensor, "M K"], sides: Sides
) -> tuple[Float[Tensor, "B K"], Float[Tensor, "B K"], Bool[Tensor, " B"]]:
    """The mean of each sample's nodes, of both sides (zeros where there are none), and who has both."""
    pool = MeanPool()
    present = sides.source_mask.any(1) & sides.target_mask.any(1)
    return pool(source, sides.source_blocks), pool(target, sides.target_blocks), present


def require_positive(aligner: str, **values: int | float) -> None:
    """Every one of an aligner's arguments is above 0.

    Raises:
        InputError: one is not.
    """
    for name, value in values.items():
        if not value > 0:
            raise InputError(f"{aligner}({name}={value}): expected a number above 0")
