"""All caption metrics over captions that come in parts, on one process or several."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from tqdm import tqdm

from mmgraph.errors import InputError
from mmgraph.metrics.captioning.bleu import bleu
from mmgraph.metrics.captioning.cider import cider
from mmgraph.metrics.captioning.corpus import Captioned, Id, in_words
from mmgraph.metrics.captioning.distinct import distinct
from mmgraph.metrics.captioning.meteor import meteor
from mmgraph.metrics.captioning.rouge_l import rouge_l
from mmgraph.metrics.captioning.score import CaptionMetric, Score
from mmgraph.metrics.captioning.tokenize import tokenize
from mmgraph.metrics.captioning.tuple_f import tuple_f

__all__ = ["ALL_CAPTION_METRICS", "CaptionMetrics"]

ALL_CAPTION_METRICS: tuple[CaptionMetric, ...] = (bleu, rouge_l, cider, meteor, tuple_f, distinct)


class CaptionMetrics:
    """Collects captions and references, as words, and scores them by each metric.

    `CaptionMetrics([bleu])` is BLEU alone; settings of a metric are given with `functools.partial`.

    Args:
        metrics: what is computed; all by default.
        tokenizer: what makes words of a caption; `str.split` for captions that are words already.
        progress: whether there are bars, which show on a terminal only.
    """

    def __init__(
        self,
        metrics: Iterable[CaptionMetric] = ALL_CAPTION_METRICS,
        tokenizer: Callable[[str], Sequence[str]] = tokenize,
        progress: bool = False,
    ) -> None:
        self.metrics = tuple(metrics)
        self.tokenizer = tokenizer
        self.progress = progress
        self.reset()

    def __len__(self) -> int:
        return len(self._corpus)

    def update(
        self,
        candidates: Mapping[Id, str] | Sequence[str],
        references: Mapping[Id, Sequence[str]] | Sequence[Sequence[str]],
    ) -> None:
        """Add images.

        Args:
            candidates: one caption for each image, by the image's id or in a list. Images of lists are
                numbered in the order in which they come.
            references: at least one for each image, by the same ids or in the same order.

        Raises:
            InputError: an image that was there before, or without references, or without a candidate; or
                lists after dicts.
        """
        named = isinstance(candidates, Mapping)
        found = in_words(candidates, references, self.tokenizer, self.progress)
        self._add(found, named, again=False)

    def compute(self, gather: bool = True) -> dict[str, Score]:
        """The scores by name, such as `bleu_4` and `cider`.

        Args:
            gather: whether, where torch.distributed has several processes, the images of all of them count.
                Then every process has to call it, and all get the same.

        Raises:
            InputError: no image.
        """
        if gather and _processes() > 1:
            return self.gather().compute(gather=False)
        if not self._corpus:
            raise InputError("no caption to score: call update with candidates and references first")
        bar = tqdm(self.metrics, desc="metrics", disable=None if self.progress else True, leave=False)
        return {name: score for metric in bar for name, score in metric(self._corpus).items()}

    def reset(self) -> None:
        """Forget all images."""
        self._corpus: dict[Id, Captioned] = {}
        self._named: bool | None = None

    def merge(self, other: "CaptionMetrics") -> None:
        """Add the images of another collection.

        An image with the same id and the same captions counts once, as a sampler that fills up its last batch
        gives it to two processes. Images of lists have no ids: they are numbered on.

        Raises:
            InputError: other captions under the same id, or images by id and from lists.
        """
        if other._named is not None:
            self._add(other._corpus, other._named, again=True)

    def gather(self) -> "CaptionMetrics":
        """A collection with the images of all processes of torch.distributed, in the order of their ranks.

        Every process has to call it.
        """
        from torch import distributed

        whole = CaptionMetrics(self.metrics, self.tokenizer, self.progress)
        if _processes() < 2:
            whole.merge(self)
            return whole
        parts: list[tuple[dict[Id, Captioned], bool | None] | None] = [None] * _processes()
        distributed.all_gather_object(parts, (self._corpus, self._named))
        for part in parts:
            if part is not None and part[1] is not None:
                whole._add(part[0], part[1], again=True)
        return whole

    def _add(self, found: Mapping[Id, Captioned], named: bool, again: bool) -> None:
        if self._named not in (None, named):
            raise InputError("images by id and images from lists do not mix: give ids to all of them")
        if not named:
            found = dict(enumerate(found.values(), len(self._corpus)))
        for key, one in found.items():
            if key in self._corpus and not (again and self._corpus[key] == one):
                raise InputError(
                    f"image {key!r} was there before{' with other captions' if again else ''}: give each once"
                )
        self._named = named
        self._corpus |= found


def _processes() -> int:
    from torch import distributed

    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1
