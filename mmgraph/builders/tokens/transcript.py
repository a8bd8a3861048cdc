"""Words with times."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops import ragged

__all__ = ["Transcript", "word_seconds"]


@dataclass(frozen=True, eq=False)
class Transcript:
    """Words with times; the text is the words joined by spaces.

    Args:
        words: the words, in order.
        seconds: start and end of each, `[N, 2]`.

    Raises:
        InputError: not one pair of times for each word, or an end before its start.
    """

    words: Sequence[str]
    seconds: Any

    def __post_init__(self) -> None:
        seconds = torch.as_tensor(self.seconds, dtype=torch.get_default_dtype())
        if not len(self.words) and not seconds.numel():
            seconds = seconds.reshape(0, 2)
        if seconds.shape != (len(self.words), 2):
            raise InputError(
                f"Transcript has {len(self.words)} words and seconds of shape {list(seconds.shape)}: "
                "give (start, end) for each word"
            )
        wrong = ~(seconds.isfinite().all(1) & (seconds[:, 0] >= 0) & (seconds[:, 0] <= seconds[:, 1]))
        if bool(wrong.any()):
            word = int(wrong.int().argmax())
            raise InputError(
                f"Transcript: seconds[{word}] of word {self.words[word]!r} is {seconds[word].tolist()}, "
                "expected 0 <= start <= end"
            )
        object.__setattr__(self, "seconds", seconds)

    @property
    def text(self) -> str:
        """The words, joined by spaces."""
        return " ".join(self.words)


def word_seconds(
    transcripts: Sequence[Transcript | None], sizes: Sequence[int], pos: Int[Tensor, "N 2"]
) -> Float[Tensor, "N 2"]:
    """When each token of some transcripts is spoken, by its characters.

    A token starts with the word where its first character is, and ends with the word of its last.

    Args:
        transcripts: the transcripts; None where one is missing.
        sizes: how many tokens each has.
        pos: start and end of each token in the text of its transcript.
    """
    if not len(pos):
        return torch.zeros(0, 2)
    given = [transcript or Transcript((), ()) for transcript in transcripts]
    seconds = torch.cat([transcript.seconds for transcript in given])
    # All texts laid end to end, with one character between any two words.
    lengths = [len(word) + 1 for transcript in given for word in transcript.words]
    word_starts = torch.tensor([0, *accumulate(lengths)][:-1])
    text_lengths = [sum(map(len, t.words)) + len(t.words) for t in given]
    start = torch.repeat_interleave(ragged.offsets(text_lengths)[:-1], torch.tensor(sizes))
    last = torch.maximum(pos[:, 1] - 1, pos[:, 0])
    first_word, last_word = (
        torch.searchsorted(word_starts, start + place, right=True) - 1 for place in (pos[:, 0], last)
    )
    return torch.stack([seconds[first_word, 0], seconds[last_word, 1]], dim=1)
