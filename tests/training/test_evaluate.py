import json

import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.graph import GraphStore, HeteroGraph, NodeSpec, Schema, plan
from mmgraph.metrics import Accuracy, accuracy
from mmgraph.training import SubsetScore, SubsetScores, evaluate
from tests.nn.example import batch

TYPES = ("text", "image", "audio", "depth")
SIZES = {
    "text": [1, 1, 0, 1, 0, 0],
    "image": [1, 0, 2, 0, 0, 0],
    "audio": [0, 0, 1, 3, 1, 0],
    "depth": [0] * 6,
}


def store():
    schema = Schema({key: NodeSpec(1) for key in TYPES})
    x = {key: torch.ones(sum(sizes), 1) for key, sizes in SIZES.items()}
    return GraphStore(HeteroGraph.create(schema, 6, sizes=SIZES, x=x))


def seen(graph):
    """What a sample shows of itself, as a prediction."""
    counts = zip(*(graph.sizes[key] for key in TYPES), strict=True)
    return [
        (int(sample.id), counts_of)
        for sample, counts_of in zip(graph.samples, map(tuple, counts), strict=True)
    ]


def test_every_subset_is_predicted_from_its_modalities_alone_and_samples_without_any_are_left_out():
    asked = []

    def score(predicted, numbers):
        asked.append((predicted, numbers))
        return Accuracy(len(numbers), len(numbers))

    found = evaluate(seen, store(), score, subsets="all", batch_size=2)
    assert [row.subset for row in found.rows] == [
        ("text",),
        ("image",),
        ("audio",),
        ("text", "image"),
        ("text", "audio"),
        ("image", "audio"),
        ("text", "image", "audio"),
    ]
    assert found.modalities == ("text", "image", "audio")
    for row, (predicted, numbers) in zip(found.rows, asked, strict=True):
        left = [
            (i, tuple(SIZES[key][i] if key in row.subset else 0 for key in TYPES))
            for i in range(6)
            if any(SIZES[key][i] for key in row.subset)
        ]
        assert predicted == left
        assert numbers == [i for i, _ in left]
        assert row.left_out == 6 - len(left)
    assert [row.left_out for row in found.rows] == [3, 4, 3, 2, 1, 2, 1]


def parity(graph):
    """A wrong model: whether a sample has an even number of nodes."""
    counts = torch.zeros(graph.num_graphs, dtype=torch.long)
    for owner in graph.batch.values():
        counts += torch.bincount(owner, minlength=graph.num_graphs)
    return counts % 2


def test_the_score_of_all_is_that_of_a_plain_evaluation():
    graphs, expected = store(), [0, 1, 1, 0, 0, 1]

    def score(predicted, numbers):
        return accuracy(predicted, [expected[i] for i in numbers])

    alone = evaluate(parity, graphs, score)
    every = evaluate(parity, graphs, score, subsets="all")
    assert len(alone.rows) == 1
    assert alone.rows[0] == every.rows[-1]
    assert accuracy(parity(graphs.graph).tolist()[:5], expected[:5]) == Accuracy(4, 5)
    assert alone.of({"audio", "image", "text"}) == SubsetScore(("text", "image", "audio"), Accuracy(4, 5), 1)


def count(predicted, numbers):
    return Accuracy(0, len(numbers))


def test_what_is_always_there_stands_in_every_subset_and_once_alone():
    found = evaluate(seen, store(), count, subsets="all", always=["text"])
    assert [row.subset for row in found.rows] == [
        ("text",),
        ("text", "image"),
        ("text", "audio"),
        ("text", "image", "audio"),
    ]


def test_subsets_can_be_given_and_come_in_the_order_of_their_size():
    found = evaluate(seen, store(), count, subsets=[{"audio", "text"}, {"depth"}, {"text"}])
    assert [row.subset for row in found.rows] == [("text",), ("depth",), ("text", "audio")]
    assert found.modalities == ("text", "audio", "depth")
    assert found.of(["depth"]).left_out == 6


def test_batches_are_prepared_and_moved_and_nothing_is_recorded_for_gradients():
    seen_batches = []

    def predict(graph):
        seen_batches.append(graph)
        assert torch.is_inference_mode_enabled()
        return [0] * graph.num_graphs

    evaluate(predict, GraphStore(batch()), count, batch_size=3, prepare=plan)
    assert [graph.num_graphs for graph in seen_batches] == [3, 1]
    assert all(graph.relations for graph in seen_batches)
    evaluate(lambda graph: [graph.device] * graph.num_graphs, store(), on_meta, device="meta")


def on_meta(predicted, numbers):
    assert {device.type for device in predicted} == {"meta"}
    return Accuracy(0, len(numbers))


def test_the_table_and_the_figures():
    rows = (SubsetScore(("text",), Accuracy(3, 4), 2), SubsetScore(("text", "image"), Accuracy(6, 6), 0))
    found = SubsetScores(("text", "image"), rows)
    assert str(found).splitlines() == [
        "text  image  score",
        " x      -    75.0 % [30.1, 95.4] of 4, 2 left out",
        " x      x    100.0 % [61.0, 100.0] of 6",
    ]
    figures = json.loads(json.dumps(found.as_dict()))
    assert figures["text"] == 0.75
    assert figures["text+image.low"] == pytest.approx(0.6097, abs=1e-4)
    assert figures["text.left_out"] == 2
    assert figures["text+image.samples"] == 6
    assert found.intervals()["text",] == (0.75, *Accuracy(3, 4).interval)
    none = SubsetScores(("text",), (SubsetScore(("text",), Accuracy(0, 0), 4),))
    assert none.intervals() == {}
    with pytest.raises(InputError, match=r"no score of \['audio'\]: there are \[\['text'\]"):
        found.of(["audio"])


def test_no_bar_is_drawn_where_there_is_no_terminal(capsys):
    evaluate(seen, store(), count, subsets="all")
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_mistakes_are_named():
    with pytest.raises(InputError, match=r"subsets\[1\] has 'video'"):
        evaluate(seen, store(), count, subsets=[["text"], ["text", "video"]])
    with pytest.raises(InputError, match=r"subsets\[0\] is 'text': give a list, \['text'\]"):
        evaluate(seen, store(), count, subsets=["text"])
    with pytest.raises(InputError, match=r"always is 'text': give a list"):
        evaluate(seen, store(), count, always="text")
    with pytest.raises(InputError, match="at least one node type in each"):
        evaluate(seen, store(), count, subsets=[[]])
    with pytest.raises(InputError, match=r"the subset \['text', 'image'\] twice"):
        evaluate(seen, store(), count, subsets=[["text", "image"], ["image"]], always=["text"] * 2)
    with pytest.raises(InputError, match="gave 1 predictions for a batch of 5"):
        evaluate(lambda graph: [0], store(), count)
    with pytest.raises(InputError, match="batch_size=0"):
        evaluate(seen, store(), count, batch_size=0)
