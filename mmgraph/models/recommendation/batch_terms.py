"""The terms that most recommenders learn by: BPR, and the size of the vectors that a batch touches."""

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.models.recommendation.recommender import Embedded, Triplets
from mmgraph.ops.ranking_loss import bpr, sampled_softmax
from mmgraph.ops.row_squares import row_squares

__all__ = ["LOSSES", "batch_scores", "bpr_terms", "check_loss", "decay_term", "ranking_terms"]

LOSSES = ("bpr", "softmax")
"""What `ranking_terms` can rank by."""

FEW = 16
"""From how many negatives on a matrix product is faster than products and sums of rows."""


def batch_scores(found: Embedded, batch: Triplets) -> tuple[Float[Tensor, " B"], Float[Tensor, "B N"]]:
    """Scores of the chosen items, and of the others."""
    users = found.users.index_select(0, batch.users)[:, None]
    among = torch.cat([batch.items[:, None], batch.negatives], 1)
    items = found.items.index_select(0, among.flatten()).unflatten(0, among.shape)
    few = among.shape[1] < FEW
    scores = torch.linalg.vecdot(items, users) if few else (users @ items.mT)[:, 0]
    return scores[:, 0], scores[:, 1:]


def decay_term(tables: Embedded, batch: Triplets, decay: float) -> Float[Tensor, ""]:
    """Half of the squared norms of the batch's rows, `decay` times their mean over the batch."""
    items = torch.cat([batch.items, batch.negatives.flatten()])
    total = row_squares(tables.users, batch.users) + row_squares(tables.items, items)
    return decay * 0.5 * total / max(len(batch.users), 1)


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


def ranking_terms(
    found: Embedded, tables: Embedded, batch: Triplets, decay: float, loss: str, temperature: float
) -> dict[str, Float[Tensor, ""]]:
    """As `bpr_terms`, or with a term "softmax" instead: `sampled_softmax` over the batch's negatives.

    Args:
        found: what scores.
        tables: what is learned.
        batch: some interactions.
        decay: how much the tables' size counts.
        loss: one of `LOSSES`.
        temperature: of the softmax.
    """
    if loss == "bpr":
        return bpr_terms(found, tables, batch, decay)
    ranked = sampled_softmax(*batch_scores(found, batch), temperature=temperature)
    return {"softmax": ranked, "decay": decay_term(tables, batch, decay)}


def check_loss(where: str, loss: str) -> None:
    """Raise where a loss is none of `LOSSES`.

    Raises:
        InputError: it says where.
    """
    if loss not in LOSSES:
        raise InputError(f"{where} got loss={loss!r}: expected one of {', '.join(LOSSES)}")
