from dataclasses import replace

import pytest
import torch
from torch.nn.functional import leaky_relu

from mmgraph.data.recommendation import InteractionTable, ItemFeatures
from mmgraph.errors import InputError
from mmgraph.models.recommendation import GRCN
from mmgraph.ops.csr import csr
from mmgraph.ops.light_propagation import light_graph
from tests.models.recommendation.oracle import assert_same, mapped, pairs_apart, size
from tests.models.recommendation.world import ITEMS, USERS, batch, rated, world


def make(graph, **options):
    torch.manual_seed(0)
    model = GRCN(graph, **{"dim": 5, **options}).double()
    with torch.no_grad():
        # Small ones leave all affinities nearly alike.
        for name in model.project:
            model.project[name].weight.mul_(4)
    return model


def length_one(x):
    return x / x.norm(dim=1, keepdim=True).clamp(min=1e-12)


def softmax_among(scores, there):
    """Over each row's interactions; zeros without any."""
    powers = scores.exp() * there
    return powers / powers.sum(1, keepdim=True).clamp(min=1e-300)


def dense_weights(model, graph, routing):
    """`[U, I]` of what goes to users, `[I, U]` of what goes to items, and the modalities' vectors."""
    there = rated(graph)
    sure = model.confidence[:USERS], model.confidence[USERS:]
    to_users, to_items, beside = [], [], []
    for number, name in enumerate(graph.features):
        items = length_one(leaky_relu(mapped(model, graph, name)))
        users = length_one(model.prototypes[name])
        for _ in range(routing):
            users = length_one(users + softmax_among(users @ items.T, there) @ items)
        down, up = softmax_among(users @ items.T, there), softmax_among(items @ users.T, there.T)
        beside.append(torch.cat([users + down @ items, items + up @ users]))
        to_users.append(down * sure[1][:, number])
        to_items.append(up * sure[0][:, number])
    largest = [torch.stack(found).amax(0).clamp(min=0) for found in (to_users, to_items)]
    return *largest, beside


def dense(model, graph, routing, layers):
    down, up, beside = dense_weights(model, graph, routing)
    x = length_one(torch.cat([model.users, model.items]))
    total = x
    for _ in range(layers):
        x = torch.cat([down @ x[USERS:], up @ x[:USERS]])
        total = total + x
    return torch.cat([total, *beside], 1)


@pytest.mark.parametrize(("routing", "layers"), [(3, 2), (1, 1), (0, 3)])
def test_vectors_losses_and_gradients_are_those_of_dense_matrices(routing, layers):
    graph, some = world(), batch()
    model = make(graph, routing=routing, layers=layers, decay=0.3)
    found, expected = model(graph), dense(model, graph, routing, layers)
    assert_same(model, torch.cat([found.users, found.items]), expected)
    terms = model.loss(graph, some)
    assert_same(model, terms["bpr"], pairs_apart(*expected.split([USERS, ITEMS]), some))
    tables = [model.users, *model.prototypes.values()]
    assert_same(model, terms["decay"], 0.3 * size(some, tables, [model.items]))


def per_receiver(entries, weight):
    return torch.zeros(entries.num_targets, dtype=weight.dtype).index_add_(0, entries.target.long(), weight)


def test_with_one_modality_and_full_confidence_the_weights_of_a_receiver_sum_to_one():
    graph = world()
    graph = replace(graph, features={"image": graph.features["image"]})
    model = make(graph)
    with torch.no_grad():
        model.confidence.fill_(1.0)
    refined = model.refined(graph)
    there = rated(graph)
    to_users = per_receiver(refined.to_users, refined.user_weight)
    to_items = per_receiver(refined.to_items, refined.item_weight)
    assert torch.allclose(to_users, there.any(1).double())
    assert torch.allclose(to_items, there.any(0).double())


def test_an_edge_goes_by_the_modality_that_is_surest_and_is_pruned_where_none_is():
    graph = world()
    model = make(graph)
    with torch.no_grad():
        model.confidence.fill_(1.0)
    both = model.refined(graph)
    alone = []
    for number in range(2):
        with torch.no_grad():
            model.confidence.fill_(-1.0)[:, number] = 1.0
        alone.append(model.refined(graph))
    for side in ("user_weight", "item_weight"):
        one, other = (getattr(found, side) for found in alone)
        assert torch.equal(getattr(both, side), torch.maximum(one, other))
    with torch.no_grad():
        model.confidence.fill_(-1.0)
    none = model.refined(graph)
    assert not none.user_weight.any()
    assert not none.item_weight.any()
    x = length_one(torch.cat([model.users, model.items]))
    assert torch.allclose(model(graph).users[:, :5], x[:USERS])


def test_routing_draws_a_user_to_what_its_items_have_in_common_and_the_odd_one_counts_less():
    # A user of four items, three alike and one that points the other way.
    x = torch.tensor([[1.0, 0.1], [1.0, -0.1], [1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64)
    table = InteractionTable(torch.zeros(4, dtype=torch.long), torch.arange(4))
    graph = replace(
        world(),
        interactions=light_graph(csr(table.edge_index, 1, 4), dtype=torch.float64),
        features={"image": ItemFeatures(x, torch.ones(4, dtype=torch.bool))},
        similar={},
    )
    weights = []
    for routing in (0, 1, 3):
        model = make(graph, dim=2, routing=routing)
        with torch.no_grad():
            model.confidence.fill_(1.0)
            model.project["image"].weight.copy_(torch.eye(2))
            model.project["image"].bias.zero_()
            model.prototypes["image"].copy_(torch.tensor([[0.0, 1.0]]))
        refined = model.refined(graph)
        entries = refined.to_users
        weights.append(torch.zeros(4).double().index_add_(0, entries.source.long(), refined.user_weight))
    odd = [float(weight[3].detach()) for weight in weights]
    assert odd[0] > odd[1] > odd[2]
    assert all(weight[:3].min() > weight[3] for weight in weights[1:])
    assert odd[2] < 0.1


def test_affinities_of_large_features_are_finite():
    graph = world()
    large = {name: replace(found, x=found.x * 1e6) for name, found in graph.features.items()}
    graph = replace(graph, features=large)
    model = make(graph)
    sum(model.loss(graph, batch()).values()).backward()
    assert all(bool(weight.grad.isfinite().all()) for weight in model.parameters())


def test_without_features_the_error_says_what_to_do():
    with pytest.raises(InputError, match=r"GRCN needs features of the items.*such as lightgcn"):
        GRCN(replace(world(), features={}, similar={}))
