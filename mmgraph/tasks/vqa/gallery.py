"""A folder of pages that explain many answers of a run, with figures over all of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from mmgraph.explanation import Explanation, Fidelity
from mmgraph.explanation.make import MethodKind
from mmgraph.tasks.vqa.choose import Chosen
from mmgraph.tasks.vqa.explanations import explain_samples
from mmgraph.tasks.vqa.load_run import LoadedRun
from mmgraph.visualization import save_pages

__all__ = ["Gallery", "write_gallery"]


@dataclass(frozen=True)
class Gallery:
    """What a gallery shows.

    Args:
        index: the page to open.
        chosen: how its samples were chosen, in words.
        samples: how many.
        accuracy: the share that was answered right.
        fidelity: for each method, the mean over the samples that it was measured on.
        chance: the same of nodes in random order.
    """

    index: Path
    chosen: str
    samples: int
    accuracy: float
    fidelity: dict[str, Fidelity]
    chance: dict[str, Fidelity]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "index": str(self.index)}


def write_gallery(
    run: LoadedRun,
    folder: Path,
    chosen: Chosen,
    split: str = "validation",
    methods: Sequence[MethodKind] | None = None,
) -> Gallery:
    """Write `index.html` and a page for each sample, one by one; a bar shows the progress on a terminal.

    Args:
        run: a trained model.
        folder: where to; an earlier gallery in it is replaced.
        chosen: the samples.
        split: "validation" or "train".
        methods: by name, as `explain_answer` takes them; None for its own choice.

    Raises:
        InputError: a split, a sample or a method that there is not; a folder that cannot be written.
    """
    count = len(chosen.numbers)
    seen = _Seen(explain_samples(run, chosen.numbers, split, methods), count)
    index = save_pages(seen, folder, title=f"{run.name}: {chosen.about}")
    _remove_pages(folder, count)
    return Gallery(
        index,
        chosen.about,
        count,
        seen.right / count,
        {name: _mean(values) for name, values in seen.fidelity.items()},
        {name: _mean(values) for name, values in seen.chance.items()},
    )


class _Seen:
    """Explanations that pass by, and figures of them, so that no more than one is kept."""

    def __init__(self, explanations: Iterable[Explanation], count: int) -> None:
        self.explanations, self.count = explanations, count
        self.right = 0
        self.fidelity: dict[str, list[Fidelity]] = {}
        self.chance: dict[str, list[Fidelity]] = {}

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Explanation]:
        for explanation in self.explanations:
            self.right += explanation.prediction is not None and explanation.prediction.right is True
            for found in explanation.attributions:
                for kept, value in ((self.fidelity, found.fidelity), (self.chance, found.chance)):
                    if value is not None:
                        kept.setdefault(found.method, []).append(value)
            yield explanation


def _remove_pages(folder: Path, start: int) -> None:
    """Remove what an earlier, larger gallery left: the pages from number `start` on."""
    number = start
    while (page := folder / f"{number}.html").exists():
        page.unlink()
        number += 1


def _mean(values: Sequence[Fidelity]) -> Fidelity:
    names = [field.name for field in fields(Fidelity)]
    return Fidelity(**{name: sum(getattr(value, name) for value in values) / len(values) for name in names})
