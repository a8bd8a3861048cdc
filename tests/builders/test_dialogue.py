import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.builders.dialogue import DialogueBuilder, Utterance
from mmgraph.builders.tokens.vocabulary import HashedVocabulary
from mmgraph.builders.tokens.words import split_words
from mmgraph.errors import InputError
from mmgraph.graph import collate, split, validate

NEXT, CONTINUED, ANSWERED = (
    ("utterance", relation, "utterance") for relation in ("next", "continued_by", "answered_by")
)
TALK = [
    Utterance("Ann", "Guess what! We won, we won."),
    {"speaker": "Bob", "text": "Really?"},
    Utterance("Ann", ""),
    Utterance("Cleo", "We won?"),
]


def speakers(names):
    return [Utterance(name, "") for name in names]


def pairs(graph, key):
    return sorted(map(tuple, graph.edges(key).T.tolist()))


@given(st.lists(st.text("AB", max_size=6), max_size=3), st.integers(0, 4), st.integers(0, 4))
@settings(max_examples=60, deadline=None)
def test_windows_and_speakers_are_those_of_a_double_loop(talks, past, future):
    graph = validate(DialogueBuilder(8, past=past, future=future).batch([speakers(talk) for talk in talks]))
    same, other, start = [], [], 0
    for talk in talks:
        for hears in range(len(talk)):
            for heard in range(len(talk)):
                if heard != hears and hears - past <= heard <= hears + future:
                    edges = same if talk[heard] == talk[hears] else other
                    edges.append((start + heard, start + hears))
        start += len(talk)
    assert pairs(graph, CONTINUED) == sorted(same)
    assert pairs(graph, ANSWERED) == sorted(other)
    path = nx.disjoint_union_all([nx.Graph(), *(nx.path_graph(len(talk)) for talk in talks)])
    assert pairs(graph, NEXT) == sorted(path.edges)
    assert graph.schema.edges[CONTINUED].symmetric == (past == future)


def test_without_a_future_no_edge_leads_back_in_time():
    graph = DialogueBuilder(8, future=0)(speakers("ABBA"))
    for key in (NEXT, CONTINUED, ANSWERED):
        assert (graph.edges(key)[0] < graph.edges(key)[1]).all()


def test_x_is_the_bag_of_words_of_length_one():
    graph = validate(DialogueBuilder(64)(TALK))
    for row, text in zip(
        graph.x["utterance"], ["Guess what! We won, we won.", "Really?", "", "We won?"], strict=True
    ):
        expected = np.zeros(64)
        np.add.at(expected, HashedVocabulary(64).encode(split_words(text)).numpy(), 1)
        expected /= max(np.linalg.norm(expected), 1e-9)
        assert np.allclose(row, expected)
    assert graph.label["utterance"] == (
        "Ann: Guess what! We won, we won.",
        "Bob: Really?",
        "Ann: ",
        "Cleo: We won?",
    )


def test_given_features_and_times_are_kept():
    talk = [
        Utterance("Ann", features=[1, 2], seconds=(0, 1.5)),
        Utterance("Bob", "hm", np.array([3.0, 4.0]), (1.5, 2)),
        {"speaker": "Ann", "features": torch.tensor([5.0, 6.0]), "seconds": [2, 4]},
    ]
    graph = validate(DialogueBuilder(2, features="given", timed=True)(talk))
    assert graph.x["utterance"].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert graph.pos["utterance"].tolist() == [[0, 1.5], [1.5, 2], [2, 4]]
    assert graph.label["utterance"] == ("Ann", "Bob: hm", "Ann")


@pytest.mark.parametrize("build", [DialogueBuilder(16, past=1), DialogueBuilder(2, "given", timed=True)])
def test_a_batch_is_its_singles_collated_and_split_undoes_it(build):
    timed = [Utterance(name, "a b", [1, 2], (0, 1)) for name in "ABB"]
    talk = timed if build.timed else TALK
    items = [talk, None, [], talk[:1]]
    singles = [build(item, str(i)) for i, item in enumerate(items)]
    batch = validate(build.batch(items))
    assert batch.sizes["utterance"] == (len(talk), 0, 0, 1)
    assert batch.difference(collate(singles)) == ""
    assert [a.difference(b) for a, b in zip(split(batch), singles, strict=True)] == [""] * 4
    assert build.batch([]).num_graphs == 0


@pytest.mark.parametrize(
    ("options", "turn", "message"),
    [
        ({}, Utterance("A"), r"sample 's': utterance 1 has no text"),
        ({"features": "given"}, Utterance("A", "a"), "utterance 1 has no features, .*'given'"),
        ({}, Utterance("A", "a", seconds=(0, 1)), "seconds, which would be dropped, but timed=False"),
        ({"timed": True}, Utterance("A", "a"), "no seconds, but timed=True"),
        ({}, {"speaker": "A", "words": "a"}, r"dict with keys \['speaker', 'words'\]"),
        ({}, {"speaker": "A", "text": 3}, "utterance 1 is a dict"),
        ({"timed": True}, {"speaker": "A", "text": "", "seconds": [2, 1]}, r"seconds are \[2, 1\], expected"),
        ({"timed": True}, {"speaker": "A", "text": "", "seconds": [0, float("nan")]}, "expected"),
        ({"timed": True}, {"speaker": "A", "text": "", "seconds": 3}, "seconds are 3, expected"),
        ({"features": "given"}, Utterance("A", features=["x"]), "features of utterance 1 are no numbers"),
        ({}, ("A", "a"), "is a tuple, expected an Utterance or a dict"),
    ],
)
def test_an_utterance_that_lacks_something_is_named(options, turn, message):
    first = Utterance("A", "a", [0.0], (0, 1) if options.get("timed") else None)
    with pytest.raises(InputError, match=message):
        DialogueBuilder(1, **options)([first, turn], "s")


def test_features_of_another_width_are_named():
    with pytest.raises(
        InputError, match=r"sample 's': features of utterance 0 have shape \[3\], expected \[2\]"
    ):
        DialogueBuilder(2, "given")([Utterance("A", features=[1, 2, 3])], "s")


@pytest.mark.parametrize("options", [{"dim": 0}, {"past": -1}, {"future": -1}, {"features": "glove"}])
def test_wrong_arguments_are_input_errors(options):
    with pytest.raises(InputError, match=next(iter(options))):
        DialogueBuilder(**options)
