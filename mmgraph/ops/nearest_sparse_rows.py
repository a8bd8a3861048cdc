"""For each row of a large sparse table, the rows that share most with it: exact, some rows at a time."""

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.sparse import csr_matrix
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops.nearest_rows import Nearest

__all__ = ["nearest_sparse_rows"]

CHUNK = 2**23
"""How many products are made at once, at least those of one row."""


def nearest_sparse_rows(
    entries: Int[Tensor, "2 E"],
    num_rows: int,
    num_columns: int,
    k: int,
    weight: Float[Tensor, " E"] | None = None,
    chunk: int = CHUNK,
) -> Nearest:
    """The k other rows with the largest dot products above 0, of equal ones the lowest number first.

    Time and memory go with the pairs of entries of one column, not with the pairs of rows: one column that
    all rows have costs as much as a dense table.

    Args:
        entries: row (0) and column (1) of each entry; those of one place add up.
        num_rows: N.
        num_columns: D.
        k: how many; fewer where fewer rows share anything.
        weight: of each entry; None for ones.
        chunk: how many products are made at once.

    Shape:
        `[2, E]` -> numbers and scores `[N, K]`, K the smaller of k and N - 1.

    Raises:
        InputError: k below 1.
    """
    if k < 1:
        raise InputError(f"nearest_sparse_rows got k={k}: expected at least 1")
    row, column = entries.cpu().numpy()
    values = np.ones(len(row)) if weight is None else weight.detach().double().cpu().numpy()
    table = csr_matrix((values, (row, column)), shape=(num_rows, num_columns))
    table.sum_duplicates()
    back = table.T.tocsr()
    width = min(k, max(num_rows - 1, 0))
    index = np.full((num_rows, width), -1)
    score = np.full((num_rows, width), -np.inf, dtype=np.float32)
    work = np.append(0, np.cumsum(np.diff(back.indptr)[table.indices]))[table.indptr]
    first = 0
    while first < num_rows and width:
        end = max(first + 1, int(np.searchsorted(work, work[first] + chunk, side="right")) - 1)
        _best(table[first:end] @ back, first, index, score)
        first = end
    return Nearest(torch.from_numpy(index), torch.from_numpy(score))


def _best(product: csr_matrix, first: int, index: np.ndarray, score: np.ndarray) -> None:
    """Write down the best of the rows from `first` on."""
    row = np.repeat(np.arange(product.shape[0]), np.diff(product.indptr))
    value = product.data.astype(np.float32)
    keep = (product.indices != row + first) & (value > 0)
    row, column, value = row[keep], product.indices[keep], value[keep]
    order = np.lexsort((column, -value, row))
    row, column, value = row[order], column[order], value[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    keep = place < index.shape[1]
    index[row[keep] + first, place[keep]] = column[keep]
    score[row[keep] + first, place[keep]] = value[keep]
