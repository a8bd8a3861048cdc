"""Several processes that train one model: each takes its part of every batch, and all make the same step."""

import datetime
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn

from mmgraph.errors import InputError

__all__ = ["ALONE", "LostRankError", "Ranks", "joined_ranks"]


class LostRankError(RuntimeError):
    """Another process of the run has ended or does not answer, so this one cannot go on."""


@dataclass(frozen=True)
class Ranks:
    """This process among those that train together; alone by default, and then everything here does nothing.

    Every process holds the whole model, draws the same batches and negatives from the same seed, and computes
    the loss on its part of each batch, weighted by the part's share. The gradients are summed in the order of
    the ranks, so every process makes bitwise the same step, whatever order messages arrive in. That the step
    is the one that a single process makes, up to rounding, holds for terms that are means over the
    interactions of a batch, such as BPR, and for terms that do not look at the batch.

    Args:
        rank: number of this process, from 0.
        count: how many processes there are.
        device: where messages travel from: the process's GPU with nccl.
    """

    rank: int = 0
    count: int = 1
    device: torch.device | str = "cpu"

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes files and speaks."""
        return self.rank == 0

    def part(self, length: int) -> tuple[slice, float]:
        """The rows of a batch that this process takes, and their share of it; parts differ by one at most."""
        start, stop = (length * number // self.count for number in (self.rank, self.rank + 1))
        return slice(start, stop), (stop - start) / max(length, 1)

    def sum_gradients(self, weights: Iterable[Tensor]) -> None:
        """Sum each weight's gradient over the processes, dense or sparse, in the order of their ranks.

        A weight has a gradient in all processes or in none.
        """
        if self.count == 1:
            return
        with _telling(self):
            for weight in weights:
                if weight.grad is not None:
                    gather = self._joined_rows if weight.grad.is_sparse else self._summed
                    weight.grad = gather(weight.grad)

    def sum(self, values: Tensor) -> Tensor:
        """Values summed over the processes, in the order of their ranks."""
        if self.count == 1:
            return values
        with _telling(self):
            return self._summed(values)

    def agree(self, value: float) -> float:
        """What the first process says, so that all decide alike."""
        if self.count == 1:
            return value
        said = torch.tensor([value], dtype=torch.float64, device=self.device)
        with _telling(self):
            dist.broadcast(said, 0)
        return float(said)

    def share(self, module: nn.Module) -> None:
        """Give every process the first one's weights and buffers."""
        if self.count == 1:
            return
        with _telling(self), torch.no_grad():
            for tensor in module.state_dict().values():
                # Gloo carries no truth values.
                dist.broadcast(tensor.view(torch.uint8) if tensor.dtype == torch.bool else tensor, 0)

    def _summed(self, values: Tensor) -> Tensor:
        """Each process sums one piece of all, in order; then all get all pieces."""
        flat = values.detach().flatten()
        if not len(flat):
            return values
        width = -(-len(flat) // self.count)
        flat = torch.cat([flat, flat.new_zeros(width * self.count - len(flat))])
        pieces = torch.empty_like(flat)
        dist.all_to_all_single(pieces, flat)
        mine, *others = pieces.split(width)
        for other in others:
            mine = mine + other
        dist.all_gather(list(flat.split(width)), mine)
        return flat[: values.numel()].view(values.shape)

    def _joined_rows(self, grad: Tensor) -> Tensor:
        """The rows of all processes, one process after the other."""
        grad = grad.coalesce()
        rows, values = grad.indices(), grad.values()
        lengths = torch.zeros(self.count, dtype=torch.long, device=rows.device)
        dist.all_gather(list(lengths.split(1)), torch.tensor([rows.shape[1]], device=rows.device))
        counts = lengths.tolist()
        all_rows = _gathered(rows[0], counts)
        return torch.sparse_coo_tensor(
            all_rows[None], _gathered(values, counts), grad.shape, check_invariants=False
        )


ALONE = Ranks()
"""The one process of a run that has only one."""


@contextmanager
def joined_ranks(device: torch.device | str = "cpu", seconds: float = 600) -> Iterator[Ranks]:
    """Join the processes that torchrun has started; alone where it has not.

    torchrun --nproc-per-node 2 script.py

    Messages go by gloo from the CPU and by nccl from GPUs; there, each process has set its own device. When a
    process fails, the others raise `LostRankError` at their next message.

    Args:
        device: where the model is.
        seconds: how long a process waits for the others before it gives up.

    Raises:
        InputError: some of torchrun's variables are missing, or no number.
        LostRankError: the others were not there in time.
    """
    names = ("RANK", "WORLD_SIZE")
    found = {name: os.environ[name] for name in names if name in os.environ}
    if not found:
        yield ALONE
        return
    if len(found) < len(names) or not all(value.isdigit() for value in found.values()):
        raise InputError(
            f"joined_ranks found {found} in the environment, expected RANK and WORLD_SIZE as numbers, from "
            "torchrun, or neither"
        )
    ranks = Ranks(int(found["RANK"]), int(found["WORLD_SIZE"]), device)
    backend = "nccl" if torch.device(device).type == "cuda" else "gloo"
    with _telling(ranks):
        dist.init_process_group(backend, timeout=datetime.timedelta(seconds=seconds))
    try:
        yield ranks
    finally:
        dist.destroy_process_group()


def _gathered(values: Tensor, counts: list[int]) -> Tensor:
    """The rows of all processes, of which each has its own count."""
    padded = values.new_zeros(max(counts), *values.shape[1:])
    padded[: len(values)] = values
    found = [torch.empty_like(padded) for _ in counts]
    dist.all_gather(found, padded)
    return torch.cat([part[:count] for part, count in zip(found, counts, strict=True)])


@contextmanager
def _telling(ranks: Ranks) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise LostRankError(
            f"rank {ranks.rank} of {ranks.count} cannot reach the others: one has ended or hangs, and "
            f"its own error says why ({str(error).splitlines()[0]})"
        ) from error
