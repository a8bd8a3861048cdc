import csv
import json
import tarfile
import time

import pytest

from mmgraph.metrics.captioning import tokenize
from tests.metrics.captioning.sample import PAIRS, java_words, needs_java


@pytest.mark.parametrize(("caption", "words"), PAIRS)
def test_captions_have_the_words_that_stanford_s_tokenizer_finds(caption, words):
    assert tokenize(caption) == words.split()


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("A dog.", ["a", "dog"]),
        ("", []),
        (" . , ! ", []),
        ("a\ndog\t runs", ["a", "dog", "runs"]),
        ("can't", ["ca", "n't"]),
        ("It’s the dog's", ["it", "'s", "the", "dog", "'s"]),
        ("cannot", ["can", "not"]),
        ("“red” 'and' ``blue''", ["red", "and", "blue"]),
        ("a t-shirt - 3-year-old", ["a", "t-shirt", "3-year-old"]),
        ("1,000 at 50%", ["1,000", "at", "50", "%"]),
        ("(one)", ["-lrb-", "one", "-rrb-"]),
        ("no. No. 5", ["no", "no.", "5"]),
        ("in the U.S.", ["in", "the", "u.s."]),
        ("what?! wow!!", ["what", "?!", "wow", "!!"]),
        ("crème brûlée", ["crème", "brûlée"]),
        ("a 😀 dog", ["a", "dog"]),
    ],
)
def test_the_documented_rules_hold(caption, words):
    assert tokenize(caption) == words


def test_what_stands_beside_a_word_does_not_change_it_but_for_numbers():
    assert tokenize("a b can't U.S. c") == [
        word for part in ("a", "b", "can't", "U.S.", "c") for word in tokenize(part)
    ]


def test_words_of_words_are_the_same_words_in_plain_captions():
    plain = [words for _, words in PAIRS if words.replace(" ", "").isalpha()]
    assert len(plain) > 20
    assert all(tokenize(words) == words.split() for words in plain)


@pytest.mark.parametrize(
    "piece", ["a,", "a-", "<a", "1.a", "a'", "a@", "=.", "n't", "a/", "http://.", "aeiou'"]
)
def test_hostile_captions_take_time_in_proportion_to_their_length(piece):
    start = time.process_time()
    tokenize(piece * 20_000)
    assert time.process_time() - start < 3


@needs_java
def test_real_captions_have_the_words_that_stanford_s_tokenizer_finds(data_folder, tmp_path):
    with (data_folder / "flickr8k_800" / "captions.txt").open(encoding="utf-8") as file:
        captions = [row[1] for row in list(csv.reader(file))[1:]]
    captions += coco_captions(data_folder)
    captions = list(dict.fromkeys(" ".join(caption.split()) for caption in captions))
    assert len(captions) > 4000
    assert [tokenize(caption) for caption in captions] == java_words(captions, tmp_path)


def coco_captions(data_folder):
    """Of all four files of COCO's captions among the samples."""
    found = []
    with tarfile.open(data_folder / "format_samples_vl" / "format_samples_json.tar.gz") as archive:
        for member in archive:
            if "/captions_" in member.name:
                found += [one["caption"] for one in json.load(archive.extractfile(member))["annotations"]]
    return found
