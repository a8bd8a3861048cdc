import torch

from mmgraph.encoders import NodeEncoder
from mmgraph.nn import lay_out
from tests.nn.example import SCHEMA, batch, one


def test_standardised_features_do_not_depend_on_their_unit():
    graph, encoder = batch(), NodeEncoder(SCHEMA, 8)
    encoder.fit(graph)
    before = encoder(graph, lay_out(graph))["segment"]
    scaled = graph.apply(torch.clone)
    scaled.x["segment"].mul_(1000).add_(7)
    encoder.fit(scaled)
    assert torch.allclose(before, encoder(scaled, lay_out(scaled))["segment"], atol=1e-4)


def test_a_node_is_known_by_its_place_in_the_row():
    graph, encoder = one(0, 3, 0), NodeEncoder(SCHEMA, 8)
    graph.x["token"].fill_(4)
    out = encoder(graph, lay_out(graph))["token"]
    assert len(torch.unique(out, dim=0)) == 3


def test_a_node_is_known_by_its_box():
    graph, encoder = one(2, 0, 0), NodeEncoder(SCHEMA, 8)
    graph.x["region"].fill_(1)
    out = encoder(graph, lay_out(graph))["region"]
    assert not torch.allclose(out[0], out[1])


def test_types_without_nodes_keep_their_width():
    graph = one(0, 0, 0)
    out = NodeEncoder(SCHEMA, 8)(graph, lay_out(graph))
    assert {key: value.shape for key, value in out.items()} == dict.fromkeys(SCHEMA.nodes, (0, 8))
