import torch

from mmgraph.graph import select
from mmgraph.models import LateFusionModel
from tests.nn.example import SCHEMA, batch


def test_no_modality_hears_of_another():
    model, graph = LateFusionModel(SCHEMA, 16, heads=2).eval(), select(batch(), [0, 1, 2, 4])
    before = model.encode(graph).pooled
    graph.x["token"].copy_((graph.x["token"] + 1) % 11)
    after = model.encode(graph).pooled
    assert torch.equal(before["region"], after["region"])
    assert torch.equal(before["segment"], after["segment"])
    assert not torch.equal(before["token"], after["token"])


def test_the_fused_vector_is_the_mean_of_what_is_there():
    model, graph = LateFusionModel(SCHEMA, 16, heads=2).eval(), select(batch(), [0, 1, 2, 4])
    found = model.encode(graph)
    assert torch.allclose(
        found.fused[1], (found.pooled["token"][1] + found.pooled["segment"][1]) / 2, atol=1e-6
    )


def test_every_modality_has_weights_of_its_own():
    model = LateFusionModel(SCHEMA, 16, heads=2)
    ids = [id(p) for encoder in model.encoders.values() for p in encoder.parameters()]
    assert len(ids) == len(set(ids))
    assert set(model.encoders) == {"of_region", "of_token", "of_segment"}
