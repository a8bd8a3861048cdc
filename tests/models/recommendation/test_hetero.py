from dataclasses import replace

import pytest
import torch

from mmgraph.graph import validate
from mmgraph.interop import load
from mmgraph.models.recommendation import build_recommendation_graph
from tests.models.recommendation.test_build_recommendation_graph import CATALOGUE, ITEM_IDS, KNOWLEDGE, data
from tests.models.recommendation.world import ITEMS, USERS

GRAPH = build_recommendation_graph(data(), 3, users=2)
KEYS = [
    ("user", "rates", "item"),
    ("item", "resembles_image", "item"),
    ("item", "resembles_audio", "item"),
    ("user", "resembles", "user"),
    ("item", "knows", "entity"),
    ("entity", "knows", "entity"),
]


def test_everything_is_there_with_its_scores_and_the_graph_is_sound():
    found = validate(GRAPH.to_hetero(CATALOGUE, features=True))
    assert list(found.edge_index) == KEYS
    assert found.sizes == {"user": (USERS,), "item": (ITEMS,), "entity": (KNOWLEDGE.num_entities,)}
    graphs = [GRAPH.interactions, *GRAPH.similar.values(), GRAPH.users]
    for key, own in zip(KEYS, graphs, strict=False):
        assert torch.equal(found.edge_index[key], torch.stack([own.csr.source, own.csr.target]).long())
        assert torch.equal(found.edge_score[key], own.weight)
    assert found.num_edges(("item", "knows", "entity")) == ITEMS
    assert found.schema.edges["item", "knows", "entity"].classes == ("in", "rev_in")
    assert found.label["item"] == ITEM_IDS
    assert torch.equal(found.extra["item"]["image"], CATALOGUE.features["image"].x)
    assert torch.equal(found.extra["item"]["audio_present"], CATALOGUE.features["audio"].present)


def test_facts_that_no_item_is_in_join_entities():
    item_entity = KNOWLEDGE.item_entity.clone()
    item_entity[0] = -1
    found = validate(replace(GRAPH, knowledge=replace(KNOWLEDGE, item_entity=item_entity)).to_hetero())
    ((head,), (tail,)) = found.edge_index["entity", "knows", "entity"].tolist()
    assert (KNOWLEDGE.entities[head], KNOWLEDGE.entities[tail]) == ("m0", "genre0")
    assert found.num_edges(("item", "knows", "entity")) == ITEMS - 1
    assert not found.label
    assert not found.extra


def test_interactions_alone_are_users_and_items():
    found = validate(replace(GRAPH, features={}, similar={}, users=None, knowledge=None).to_hetero())
    assert list(found.edge_index) == KEYS[:1]


def test_other_libraries_take_it():
    hetero = GRAPH.to_hetero(CATALOGUE)
    pyg = hetero.to_pyg()
    assert torch.equal(pyg["user", "rates", "item"].edge_index, hetero.edge_index["user", "rates", "item"])
    drawn = hetero.to_networkx()
    assert drawn.number_of_nodes() == USERS + ITEMS + KNOWLEDGE.num_entities
    assert drawn.number_of_edges() == sum(hetero.num_edges(key) for key in KEYS)


def test_dgl_takes_it():
    pytest.importorskip("dgl")
    dgl = GRAPH.to_hetero().to_dgl()
    assert dgl.num_edges(("user", "rates", "item")) == GRAPH.interactions.csr.num_edges


def test_it_is_written_and_read(tmp_path):
    hetero = GRAPH.to_hetero(CATALOGUE)
    hetero.save(tmp_path / "x.json")
    again = load(tmp_path / "x.json")
    assert again.schema == hetero.schema
    for key in KEYS:
        assert torch.equal(again.edge_index[key], hetero.edge_index[key])
