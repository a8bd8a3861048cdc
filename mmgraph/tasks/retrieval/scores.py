"""How well texts and pictures find each other."""

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.metrics import Accuracy, Ranks, cross_modal_ranks

__all__ = ["RetrievalScores", "score_retrieval"]

DEPTHS = (1, 5, 10)
"""Among how many first candidates the partner is looked for."""


@dataclass(frozen=True, eq=False)
class RetrievalScores:
    """What became of a split.

    Args:
        text_to_image: the rank of each text's picture.
        image_to_text: the rank of each picture's best text.
    """

    text_to_image: Ranks
    image_to_text: Ranks

    def recall(self, k: int) -> Accuracy:
        """The texts whose picture is among their first k."""
        return self.text_to_image.recall(k)

    def as_dict(self) -> dict[str, float]:
        """All scores by name, shares in 0..1 and median ranks."""
        found: dict[str, float] = {}
        for name, ranks in (("text_to_image", self.text_to_image), ("image_to_text", self.image_to_text)):
            found |= {f"{name}_r{k}": ranks.recall(k).share for k in DEPTHS}
            found[f"median.{name}"] = ranks.median
        return found

    def markdown(self) -> str:
        """A row of a table: R@1, R@5, R@10 and the median rank, both ways."""
        cells = [
            f"{100 * ranks.recall(k).share:.1f}"
            for ranks in (self.text_to_image, self.image_to_text)
            for k in DEPTHS
        ]
        medians = f"{self.text_to_image.median:g}", f"{self.image_to_text.median:g}"
        return " | ".join([*cells[:3], medians[0], *cells[3:], medians[1]])


def score_retrieval(
    texts: Float[Tensor, "M D"], pictures: Float[Tensor, "P D"], items: Int[Tensor, " M"]
) -> RetrievalScores:
    """Search each side with the vectors of the other, by the cosine.

    Args:
        texts: a vector of each caption.
        pictures: a vector of each picture.
        items: the number of each caption's picture.
    """
    numbers = items.new_tensor(range(len(pictures)))
    return RetrievalScores(*cross_modal_ranks(texts, pictures, items, numbers))
