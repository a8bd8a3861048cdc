import numpy as np
import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.explanation.plan import plan
from tests.explanation.sample import fusion_model, sample, subject


def by_hand(found, sources):
    """Shares row by row, as `mmgraph.alignment.shares` says in words."""
    rows = found.plan[0].detach().double().numpy()
    return np.stack([row / max(row.sum(), 1 / sources) for row in rows])


@pytest.mark.parametrize("aligner", ["attention", "transport"])
def test_maps_are_the_shares_of_the_models_plans(aligner):
    model, graph = fusion_model(aligner=aligner), sample()
    found = plan(subject(model), graph)
    alignments = model.eval().encode(graph).alignments
    assert set(found.maps) == set(alignments)
    for (source, target), alignment in alignments.items():
        expected = by_hand(alignment, graph.num_nodes(source))
        assert np.allclose(found.maps[source, target].values[0, 0].numpy(), expected, atol=1e-4)


def test_a_node_counts_what_it_gives_and_receives():
    found = plan(subject(fusion_model()), sample())
    first, second = (found.maps[key, "region"].values[0, 0] for key in ("token", "segment"))
    assert torch.allclose(found.nodes["region"], first.sum(0) / 4 + second.sum(0) / 2, atol=1e-4)
    assert torch.allclose(found.nodes["token"], first.sum(1) / 4, atol=1e-4)
    assert float(found.nodes["region"].sum()) == pytest.approx(2, abs=1e-6)


def test_a_type_is_source_of_one_pair_and_target_of_another():
    model = fusion_model(align=[("token", "region"), ("region", "segment")])
    found = plan(subject(model), sample())
    received, given = (found.maps[pair].values[0, 0] for pair in model.align.pairs)
    assert torch.allclose(found.nodes["region"], received.sum(0) / 4 + given.sum(1) / 3, atol=1e-4)


def test_a_pair_with_a_missing_side_has_no_map():
    found = plan(subject(fusion_model()), sample(3, 0, 2))
    assert set(found.maps) == {("segment", "region")}
    assert float(found.nodes["region"].sum()) == pytest.approx(1, abs=1e-6)
    assert not plan(subject(fusion_model()), sample(0, 4, 2)).nodes["token"].any()


def test_a_model_that_aligns_nothing_is_an_error():
    with pytest.raises(InputError, match=r"plan: this FusionModel aligns nothing.*align=.*transport"):
        plan(subject(fusion_model(align=())), sample())
