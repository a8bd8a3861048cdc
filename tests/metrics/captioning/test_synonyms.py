import os
import subprocess
import sys

import pytest

from mmgraph.metrics.captioning import no_synonyms
from tests.metrics.captioning.tiny_wordnet import write_tiny_wordnet

CODE = """
from mmgraph.metrics.captioning import in_words, meteor, wordnet
found = wordnet()
if found is None:
    print("none")
else:
    for pair in ("sofa couches", "ran run", "men man", "bike bicycles", "sofa dog", "the the"):
        print(pair, bool(frozenset.intersection(*map(found, pair.split()))))
score = meteor(in_words(["a big couch"], [["a large sofa"]]))["meteor"]
print(score.note, round(score.value, 4))
"""


def printed(data, hidden=""):
    """What the code prints in a process of its own, where nltk finds the data, or where nltk is hidden."""
    code = f"import sys; sys.modules['nltk.corpus'] = None\n{CODE}" if hidden else CODE
    environment = {**os.environ, "NLTK_DATA": str(data), "HOME": str(data)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_words_that_share_a_synset_are_synonyms_in_all_their_forms(tmp_path):
    write_tiny_wordnet(tmp_path)
    *pairs, score = printed(tmp_path)
    assert pairs == [
        "sofa couches True",
        "ran run True",
        "men man True",
        "bike bicycles True",
        "sofa dog False",
        "the the False",
    ]
    # Three words: 0.25 for "a", twice 0.75 times 0.8, of 1.75; one chunk of equal length.
    assert score == f"exact, stem, WordNet synonyms {1.45 / 1.75:.4f}"


@pytest.mark.parametrize("hidden", ["", "nltk"])
def test_without_nltk_or_its_data_there_are_none_and_the_score_says_so(tmp_path, hidden):
    assert printed(tmp_path, hidden) == ["none", "exact, stem 0.0571"]


def test_no_synonyms_means_no_meanings():
    assert no_synonyms("dog") == frozenset()
