"""Which samples of a split a page shows: the best, the worst and random ones."""

from collections.abc import Sequence

import numpy as np

from mmgraph.errors import InputError

__all__ = ["choose_examples"]


def choose_examples(
    quality: Sequence[float], sure: Sequence[float], each: int, seed: int = 0
) -> dict[str, list[int]]:
    """Which samples are shown: none is in two groups.

    Args:
        quality: how good what the model made of each is.
        sure: how sure it was; of equally good ones the surest are first among the best, and the surest among
            the worst.
        each: how many of a group.
        seed: of the random ones.

    Returns:
        "best", "worst" and "random" with the numbers of samples, the best and the worst first.

    Raises:
        InputError: no sample, or none wanted.
    """
    count = len(quality)
    if not count or each < 1:
        raise InputError(f"choose_examples got {count} samples and each={each}: give at least one of each")
    best = sorted(range(count), key=lambda i: (-quality[i], -sure[i]))[:each]
    left = [number for number in range(count) if number not in set(best)]
    worst = sorted(left, key=lambda i: (quality[i], -sure[i]))[:each]
    left = [number for number in left if number not in set(worst)]
    drawn = np.random.default_rng(seed).permutation(len(left))[:each].tolist()
    return {"best": best, "worst": worst, "random": sorted(left[number] for number in drawn)}
