from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from mmgraph import InputError
from mmgraph.explanation import Attribution, Explanation, Path, Prediction, WeightMap, skeleton
from mmgraph.graph import COMPLETE, EdgeSpec, HeteroGraph, NodeSpec, Sample, Schema, select, validate
from mmgraph.media.sound import Waveform
from tests.browser.samples import full


@pytest.fixture(scope="module")
def whole():
    return full()


def a_graph(**sample) -> HeteroGraph:
    """A sample with features, edges of every kind, scores and a target."""
    schema = Schema(
        {"region": NodeSpec(4, pos="box"), "token": NodeSpec(3)},
        {
            ("region", "near", "region"): EdgeSpec(classes=("left", "right"), inverse=(1, 0)),
            ("token", "mentions", "region"): EdgeSpec(scored=True),
            ("region", "informs", "region"): EdgeSpec(complete=True, attr_dim=2),
        },
    )
    return HeteroGraph.create(
        schema,
        [Sample("s", **sample)],
        x={"region": torch.randn(2, 4), "token": torch.randn(1, 3)},
        pos={"region": torch.tensor([[0.0, 0.0, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0]])},
        edge_index={
            ("region", "near", "region"): torch.tensor([[0, 1], [1, 0]]),
            ("token", "mentions", "region"): torch.tensor([[0], [1]]),
            ("region", "informs", "region"): COMPLETE,
        },
        edge_attr={
            ("region", "near", "region"): torch.tensor([0, 1]),
            ("region", "informs", "region"): torch.randn(4, 2),
        },
        edge_score={("token", "mentions", "region"): torch.tensor([0.7])},
        target={"answer": torch.tensor([3])},
    )


def test_a_skeleton_keeps_places_edges_classes_and_scores_and_no_features():
    graph = a_graph()
    found = validate(skeleton(graph))
    assert found.pos["region"].equal(graph.pos["region"])
    for key in graph.schema.edges:
        if graph.edge_index[key] is COMPLETE:
            assert found.edge_index[key] is COMPLETE
            assert key not in found.edge_attr
        else:
            assert found.edge_index[key].equal(graph.edge_index[key])
    assert found.edge_attr[("region", "near", "region")].tolist() == [0, 1]
    assert found.edge_score[("token", "mentions", "region")].equal(torch.tensor([0.7]))
    assert all(x.dtype == torch.long and not x.any() for x in found.x.values())
    assert not found.target


def test_the_media_are_those_that_the_sample_names_unless_others_are_given(tmp_path):
    Image.new("RGB", (4, 3), "red").save(tmp_path / "a.png")
    graph = a_graph(files={"image": str(tmp_path / "a.png"), "audio": str(tmp_path / "gone.wav")})
    found = Explanation.of(graph)
    assert found.image.size == (4, 3)
    assert found.sound is None
    assert Explanation.of(graph, image=Image.new("RGB", (7, 5))).image.size == (7, 5)
    assert Explanation.of(a_graph()).image is None


def test_sounds_come_as_samples_or_decoded():
    waveform = Waveform(torch.zeros(10), 100, 0.1)
    assert Explanation.of(a_graph(), audio=waveform).sound is waveform
    assert Explanation.of(a_graph(), audio=(np.zeros(16000), 16000)).sound.seconds == 1.0


def test_methods_are_found_by_name_and_replaced_by_name(whole):
    assert whole.methods == ("attention", "rollout", "relevance", "leave one out")
    assert whole["rollout"].method == "rollout"
    with pytest.raises(InputError, match=r"no method 'magic'.*'attention', 'rollout'"):
        whole["magic"]
    more = whole.with_attribution(Attribution("rollout", note="again"))
    assert more.methods == ("attention", "relevance", "leave one out", "rollout")
    assert more["rollout"].note == "again"
    assert whole["rollout"].note == ""
    assert "9 region" in repr(whole)


def test_whether_it_is_right_is_known_where_the_answer_is():
    assert Prediction("dog", 0.5, "dog").right is True
    assert Prediction("dog", 0.5, "cat").right is False
    assert Prediction("dog", 0.5).right is None


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_probability_lies_between_0_and_1(wrong):
    with pytest.raises(InputError, match=r"probability of 'dog'.*expected 0\.\.1"):
        Prediction("dog", wrong)
    with pytest.raises(InputError, match=r"probability of 'cat'"):
        Prediction("dog", 0.5, None, (("cat", wrong),))
    assert Prediction("dog", 1 + 1e-7).probability > 1


def test_a_batch_is_refused(whole):
    with pytest.raises(InputError, match=r"graph of 2 samples.*select"):
        Explanation(select(whole.graph, [0, 0]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attributions": (Attribution("a"), Attribution("a"))}, "two attributions of one name"),
        (
            {"attributions": (Attribution("a", {("token", "region"): WeightMap.of(torch.zeros(3, 9))}),)},
            r"map \('token', 'region'\) of 'a' has shape \[3, 9\], but the sample has 10 token and 9 region",
        ),
        (
            {"attributions": (Attribution("a", {("word", "region"): WeightMap.of(torch.zeros(3, 9))}),)},
            "there are no 'word' nodes",
        ),
        ({"attributions": (Attribution("a", {}, {"token": torch.zeros(3)}),)}, r"shape \[3\], but"),
        ({"attributions": (Attribution("a", {}, {"word": torch.zeros(3)}),)}, "scores of 'word' nodes"),
        (
            {"attributions": (Attribution("a", {}, {"region": torch.tensor([0.0] * 8 + [float("nan")])}),)},
            "scores of 'region' nodes of 'a' have nan at 8",
        ),
        ({"truth": {("token", "region"): torch.zeros(2, 2, dtype=torch.bool)}}, r"truth.*shape \[2, 2\]"),
        ({"paths": (Path((("token", 0), ("region", 9)), ("x",), 1.0),)}, r"paths\[0\] passes 'region' 9"),
        ({"paths": (Path((("token", -1),), (), 1.0),)}, r"passes 'token' -1"),
        ({"paths": (Path((("word", 0),), (), 1.0),)}, r"passes 'word' 0"),
        ({"paths": (Path((("token", 0), ("token", 1)), (), 1.0),)}, "2 nodes and 0 relations"),
        ({"paths": (Path((("token", 0),), (), float("nan")),)}, "weighs nan"),
        ({"modality_weights": {"token": float("inf")}}, r"modality_weights\['token'\] is inf"),
    ],
)
def test_what_does_not_fit_the_sample_is_named(whole, changes, message):
    with pytest.raises(InputError, match=message):
        replace(whole, **changes)
