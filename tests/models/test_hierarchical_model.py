import torch

from mmgraph.graph import select
from mmgraph.models import HierarchicalModel
from tests.nn.example import SCHEMA, batch


def test_modalities_meet_in_clusters_and_not_before():
    model, graph = HierarchicalModel(SCHEMA, 16, heads=2, clusters=3).eval(), select(batch(), [0, 1, 2, 4])
    before = model.encode(graph)
    graph.x["token"].copy_((graph.x["token"] + 1) % 11)
    after = model.encode(graph)
    assert torch.equal(before.nodes["region"], after.nodes["region"])
    assert not torch.allclose(before.pooled["region"][0], after.pooled["region"][0])
    assert torch.equal(before.pooled["segment"][2], after.pooled["segment"][2]), "sample 2 has no token"


def test_clusters_of_a_missing_modality_are_not_heard():
    model, graph = HierarchicalModel(SCHEMA, 16, heads=2, clusters=3).eval(), select(batch(), [2])
    before = model(graph)
    torch.nn.init.normal_(model.cluster["of_token"].assign.bias)
    assert torch.equal(before, model(graph))
