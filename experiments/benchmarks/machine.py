"""What the machine can do at most with one thread, and how many operations a call asks of it.

python -m experiments.benchmarks.machine --json machine.json
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

from experiments.benchmarks.timing import interleaved, write_figures

__all__ = ["matmul_flops", "rates"]

NODES, WIDTH, SAMPLES, HEADS, LENGTH = 4394, 256, 64, 4, 70
MEGABYTES = 256


def rates(rounds: int = 7) -> dict[str, float]:
    """Measured rates, at the sizes of the layers' batch.

    Returns:
        machine.matmul_gflops: all nodes by a square map of their width, float32.
        machine.bmm_gflops: all queries of a head by all keys, sample by sample, float32.
        machine.copy_gb_s: bytes read and written, from and to memory in use.
        machine.fresh_gb_s: bytes written to memory that the process has just been given, as large temporaries
            are; THP_MEM_ALLOC_ENABLE=1 makes this faster.
    """
    nodes, weight = torch.randn(NODES, WIDTH), torch.randn(WIDTH, WIDTH)
    heads = torch.randn(SAMPLES * HEADS, LENGTH, WIDTH // HEADS)
    block, copy = torch.ones(MEGABYTES << 18), torch.ones(MEGABYTES << 18)
    functions: dict[str, Callable[[], object]] = {
        "matmul": lambda: nodes @ weight,
        "bmm": lambda: heads @ heads.mT,
        "copy": lambda: copy.copy_(block),
        "fresh": lambda: torch.ones(MEGABYTES << 18),
    }
    seconds = interleaved(functions, rounds)
    return {
        "machine.matmul_gflops": 2e-9 * NODES * WIDTH * WIDTH / seconds["matmul"],
        "machine.bmm_gflops": 2e-9 * SAMPLES * LENGTH * LENGTH * WIDTH / seconds["bmm"],
        "machine.copy_gb_s": 2e-9 * block.nbytes / seconds["copy"],
        "machine.fresh_gb_s": 1e-9 * block.nbytes / seconds["fresh"],
    }


def matmul_flops(function: Callable[[], object]) -> int:
    """Operations of the matrix products of a call: two for each multiplication and addition.

    Those that add in place are counted too, and those of attention, whose backward pass computes the scores a
    second time.
    """
    aten: Any = torch.ops.aten
    more = {
        aten.addmm_: _addmm_flops,
        aten._scaled_dot_product_flash_attention_for_cpu: _attention_flops,
        aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward_flops,
    }
    with FlopCounterMode(display=False, custom_mapping=more) as counter:
        function()
    return counter.get_total_flops()


def _addmm_flops(total: Any, first: Any, second: Any, *rest: Any, out_shape: Any = None, **named: Any) -> int:
    return 2 * math.prod(first) * second[1]


def _attention_flops(
    query: Any, key: Any, value: Any, *rest: Any, out_shape: Any = None, **named: Any
) -> int:
    return sdpa_flop_count(query, key, value)


def _attention_backward_flops(
    direction: Any, query: Any, key: Any, value: Any, *rest: Any, out_shape: Any = None, **named: Any
) -> int:
    return sdpa_backward_flop_count(direction, query, key, value)


def main(json: str | None = None) -> None:
    """Measure the machine's rates.

    Args:
        json: where the figures go, as a flat JSON object.
    """
    figures = rates()
    for name, value in figures.items():
        print(f"  {name:<44} {value:9.2f}")
    write_figures(figures, json)


if __name__ == "__main__":
    from jsonargparse import auto_cli

    auto_cli(main, as_positional=False)
