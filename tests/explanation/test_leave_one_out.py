from dataclasses import replace

import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.explanation import Subject, leave_one_out
from mmgraph.graph import split, subgraph
from tests.explanation.planted_models import Worth, sample, subject
from tests.models.every_model import EXAMPLES
from tests.nn.example import batch, one

ALL = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())


def ready(example):
    model, head = example.make().eval(), example.head().eval()
    return Subject.answer(model, head, 1)


@torch.no_grad()
def confidence(asked, graph):
    return float(asked.confidence(asked.model.encode(graph)))


@ALL
def test_a_node_counts_what_the_model_loses_without_it(example):
    asked, graph = ready(example), one(4, 3, 2)
    found = leave_one_out(asked, graph).nodes
    whole = confidence(asked, graph)
    for key, scores in found.items():
        assert scores.dtype == torch.float64
        for number, score in enumerate(scores.tolist()):
            cut = subgraph(graph, {key: torch.arange(len(scores)) != number})
            assert score == pytest.approx(whole - confidence(asked, cut), abs=2e-6)


def test_a_missing_modality_has_no_scores_and_renamed_nodes_keep_theirs():
    graph = sample(region=[1.0, -2.0, 0.5], word=[], sound=[0.25])
    found = leave_one_out(subject(Worth()), graph).nodes
    assert len(found["word"]) == 0
    order = torch.tensor([2, 0, 1])
    turned = replace(graph, x={**graph.x, "region": graph.x["region"][order]})
    assert torch.allclose(leave_one_out(subject(Worth()), turned).nodes["region"], found["region"][order])
    assert found["region"][1] < 0 < found["region"][2] < found["region"][0]


def test_a_sample_of_one_node_and_a_batch_are_named():
    with pytest.raises(InputError, match=r"'0' with a single node: .* integrated_gradients explains it"):
        leave_one_out(subject(Worth()), sample(region=[1.0]))
    with pytest.raises(InputError, match=r"leave_one_out got a graph of 5 samples: .* mmgraph.select"):
        leave_one_out(subject(Worth()), batch())
    empty = (
        "leave_one_out got sample 's', which has no nodes of any type: give it a text, a picture or a sound"
    )
    with pytest.raises(InputError, match=empty):
        leave_one_out(subject(Worth()), split(batch())[3])
