from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cross_entropy, normalize

from mmgraph.models.recommendation import AlignedGraphs
from mmgraph.ops.csr import csr
from mmgraph.ops.light_propagation import light_graph
from tests.models.recommendation.oracle import assert_same, size
from tests.models.recommendation.world import (
    ITEMS,
    USERS,
    batch,
    interactions,
    light,
    neighbours,
    rated,
    world,
)


def make(graph, **options):
    torch.manual_seed(0)
    model = AlignedGraphs(graph, **{"dim": 5, "drop": 0.0, "hide": 0.0, **options}).double()
    with torch.no_grad():
        model.gate.copy_(torch.tensor([0.3, -0.5]))
    return model


def views(model, graph):
    """Each modality's own vectors of the items."""
    found = {}
    for name, one in graph.features.items():
        x = one.x - one.x[one.present].mean(0)
        x = x / x.norm(dim=1, keepdim=True)
        found[name] = (x @ model.project[name].weight.T + model.project[name].bias) * one.present[:, None]
    return found


def dense(model, graph, item_graphs=1.0):
    known = torch.stack([one.present for one in graph.features.values()]).any(0)
    own = rated(graph).any(0) | ~known
    items = model.items * own[:, None] + sum(views(model, graph).values())
    shares = item_graphs * model.gate.softmax(0)
    received = [neighbours(one) @ items for one in graph.similar.values()]
    items = items + shares[0] * received[0] + shares[1] * received[1]
    return light(graph, model.users, items, 2).split([USERS, ITEMS])


@pytest.mark.parametrize("item_graphs", [1.0, 0.4])
def test_vectors_and_gradients_are_those_of_dense_matrices(item_graphs):
    graph = world()
    model = make(graph, item_graphs=item_graphs)
    found, (users, items) = model(graph), dense(model, graph, item_graphs)
    assert_same(model, found.users, users)
    assert_same(model, found.items, items / items.norm(dim=1, keepdim=True))


def test_the_loss_is_a_cross_entropy_over_the_negatives_of_the_whole_batch():
    graph, some = world(), batch()
    model = make(graph, decay=0.3)
    users, items = (normalize(side, dim=1) for side in dense(model, graph))
    own = (users[some.users] * items[some.items]).sum(1, keepdim=True)
    others = users[some.users] @ items[some.negatives.flatten()].T
    logits = torch.cat([own, others], 1) / 0.2
    terms = model.loss(graph, some)
    assert terms.keys() == {"softmax", "decay"}
    assert_same(model, terms["softmax"], cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long)))
    assert_same(model, terms["decay"], 0.3 * size(some, [model.users], [model.items]))


def test_an_epoch_keeps_a_share_of_the_interactions_and_nothing_else_changes():
    graph = world()
    own = make(graph, drop=0.3).training_graph(graph, torch.Generator().manual_seed(0))
    count = len(interactions())
    assert own.interactions.csr.num_edges == round(0.7 * count)
    assert bool((rated(own) <= rated(graph)).all())
    assert own.similar is graph.similar
    assert own.features is graph.features


def test_an_alignment_brings_a_modalitys_vectors_to_their_items():
    graph, some = world(), batch()
    model = make(graph, align=1.0, decay=0.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    terms = []
    for _ in range(20):
        term = model.loss(graph, some)["align"]
        optimizer.zero_grad()
        term.backward()
        optimizer.step()
        terms.append(float(term.detach()))
    assert terms[-1] < 0.7 * terms[0]


def test_hidden_items_have_no_interactions_in_an_epoch_and_users_are_normalised_without_them():
    graph = world()
    own = make(graph, hide=0.5).training_graph(graph, torch.Generator().manual_seed(0))
    weight = own.interactions.weight
    entries = own.interactions.csr
    total = torch.zeros(ITEMS, dtype=weight.dtype).index_add_(0, entries.target.long(), weight)
    before = rated(graph).sum(0)
    hidden = (total == 0) & (before > 0)
    assert 1 <= int(hidden.sum()) <= round(0.5 * ITEMS)
    left = rated(graph) * (~hidden)
    degrees = left.sum(1, keepdim=True).clamp(min=1), left.sum(0, keepdim=True).clamp(min=1)
    expected = left / (degrees[0] * degrees[1]).sqrt()
    found = torch.zeros(USERS, ITEMS, dtype=torch.float64)
    found[entries.source.long(), entries.target.long()] = weight.double()
    assert torch.allclose(found, expected, atol=1e-6)


def test_a_new_item_lies_where_its_features_say_and_one_without_any_keeps_its_own_vector():
    graph = world()
    model = make(graph, item_graphs=0.0)
    known = torch.stack([one.present for one in graph.features.values()]).any(0)
    new = rated(graph).sum(0) == 0
    assert bool((new & known).any())
    with torch.no_grad():
        before = model(graph).items
        model.items += 1.0
        after = model(graph).items
    assert torch.allclose(after[new & known], before[new & known])
    assert not torch.allclose(after[~new], before[~new])


def test_without_any_interaction_every_item_has_its_own_vector():
    graph = world()
    ends = torch.zeros(2, 0, dtype=torch.long)
    none = replace(graph, interactions=light_graph(csr(ends, USERS, ITEMS), dtype=torch.float64), similar={})
    torch.manual_seed(0)
    model = AlignedGraphs(none, dim=5).double()
    expected = model.items + sum(views(model, none).values())
    found = model(none).items
    assert torch.allclose(found, normalize(expected / 3, dim=1))
