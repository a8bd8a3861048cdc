"""The terms that most recommenders learn by: BPR, and the size of the vectors that a batch touches."""

from jaxtyping import Float
from torch import Tensor

from mmgraph.models.recommendation.recommender import Embedded, Triplets
from mmgraph.ops.ranking_loss import bpr

__all__ = ["batch_scores", "bpr_terms", "decay_term"]


def batch_scores(found: Embedded, batch: Triplets) -> tuple[Float[Tensor, " B"], Float[Tensor, "B N"]]:
    """Scores of the chosen items, and of the others."""
    users = found.users.index_select(0, batch.users)
    positive = (users * found.items.index_select(0, batch.items)).sum(1)
    others = found.items.index_select(0, batch.negatives.flatten()).unflatten(0, batch.negatives.shape)
    return positive, (others @ users[:, :, None])[:, :, 0]


def decay_term(tables: Embedded, batch: Triplets, decay: float) -> Float[Tensor, ""]:
    """Half of the squared norms of the batch's rows, `decay` times their mean over the batch."""
    rows = (
        tables.users.index_select(0, batch.users),
        tables.items.index_select(0, batch.items),
        tables.items.index_select(0, batch.negatives.flatten()),
    )
    return (
        decay
        * 0.5
        * sum((row.square().sum() for row in rows), rows[0].new_zeros(()))
        / max(len(batch.users), 1)
    )


def bpr_terms(
    found: Embedded, tables: Embedded, batch: Triplets, decay: float
) -> dict[str, Float[Tensor, ""]]:
    """Terms "bpr", of what the model gives, and "decay", of its own tables.

    Args:
        found: what scores.
        tables: what is learned.
        batch: some interactions.
        decay: how much the tables' size counts.
    """
    return {"bpr": bpr(*batch_scores(found, batch)), "decay": decay_term(tables, batch, decay)}
