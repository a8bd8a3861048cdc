import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.builders.tokens.transcript import Transcript, word_seconds
from mmgraph.errors import InputError


def by_hand(transcript, start, end):
    """First and last word that has a character within start..end, by a loop over the words."""
    place, touched = 0, []
    for number, word in enumerate(transcript.words):
        if place <= max(end - 1, start) and start < place + len(word) + 1:
            touched.append(number)
        place += len(word) + 1
    return [float(transcript.seconds[touched[0], 0]), float(transcript.seconds[touched[-1], 1])]


WORDS = st.lists(st.text("ab'é😀", max_size=3), max_size=5)


@given(st.lists(WORDS | st.none(), max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_times_are_those_of_the_words_that_a_token_touches(texts, random):
    transcripts, sizes, pos, expected = [], [], [], []
    for words in texts:
        times = [(float(i), i + 0.5) for i in range(len(words or ()))]
        transcript = None if words is None else Transcript(words, times)
        transcripts.append(transcript)
        length = 0 if transcript is None else len(transcript.text)
        spans = sorted(sorted(random.sample(range(length + 1), 2)) for _ in range(length and 3))
        sizes.append(len(spans))
        pos += spans
        expected += [by_hand(transcript, *span) for span in spans]
    pos = torch.tensor(pos, dtype=torch.long).reshape(-1, 2)
    assert word_seconds(transcripts, sizes, pos).tolist() == expected


def test_a_transcript_takes_lists_and_tensors():
    assert Transcript(["a", "b"], [(0, 1), (1, 2.5)]).seconds.tolist() == [[0, 1], [1, 2.5]]
    assert Transcript(["a", "b"], torch.zeros(2, 2)).text == "a b"
    assert Transcript([], []).seconds.shape == (0, 2)
    assert Transcript([], []).text == ""


@pytest.mark.parametrize(
    ("words", "seconds", "message"),
    [
        (["a"], [(0, 1), (1, 2)], r"1 words and seconds of shape \[2, 2\]"),
        (["a"], [0.0], r"seconds of shape \[1\]"),
        (["a"], [], r"seconds of shape \[0\]"),
        (["a", "b"], [(0, 1), (2, 1)], r"seconds\[1\] of word 'b' is \[2.0, 1.0\]"),
        (["a"], [(float("nan"), 1)], r"seconds\[0\]"),
        (["a"], [(-1, 1)], r"expected 0 <= start <= end"),
    ],
)
def test_words_without_sound_times_are_input_errors(words, seconds, message):
    with pytest.raises(InputError, match=message):
        Transcript(words, seconds)
