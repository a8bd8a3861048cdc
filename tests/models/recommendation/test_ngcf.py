import pytest
import torch
from torch.nn.functional import leaky_relu

from mmgraph.models.recommendation import NGCF
from tests.models.recommendation.oracle import assert_same, pairs_apart, size
from tests.models.recommendation.world import ITEMS, USERS, batch, normalised, rated, square, world


def make(graph, **options):
    torch.manual_seed(0)
    return NGCF(graph, **{"dim": 4, "layers": (6, 3), "dropout": 0.0, **options}).double()


def layers(model, graph):
    """What each layer gives, by dense matrices."""
    x = torch.cat([model.users, model.items])
    matrix, found = square(normalised(graph)), [x]
    one = torch.eye(USERS + ITEMS, dtype=torch.float64)
    for first, second in zip(model.sums, model.products, strict=True):
        common = (matrix @ x) * x
        x = (matrix + one) @ x @ first.weight.T + first.bias + common @ second.weight.T + second.bias
        x = leaky_relu(x, 0.2)
        found.append(x)
    return found


def dense(model, graph):
    own, *rest = layers(model, graph)
    return torch.cat([own, *(x / x.norm(dim=1, keepdim=True) for x in rest)], 1)


@pytest.mark.parametrize("widths", [(6, 3), (4,), ()])
def test_vectors_losses_and_gradients_are_those_of_dense_matrices(widths):
    graph, some = world(), batch()
    model = make(graph, layers=widths, decay=0.3)
    found, expected = model(graph), dense(model, graph)
    assert found.users.shape == (USERS, 4 + sum(widths))
    assert_same(model, torch.cat([found.users, found.items]), expected)
    terms = model.loss(graph, some)
    assert_same(model, terms["bpr"], pairs_apart(*expected.split([USERS, ITEMS]), some))
    assert_same(model, terms["decay"], 0.3 * size(some, [model.users], [model.items]))


def test_a_users_first_layer_is_the_sum_of_the_messages_that_the_paper_sends_it():
    graph = world()
    model = make(graph, layers=(6,))
    chosen = rated(graph)
    first, second = model.sums[0].weight, model.products[0].weight
    x, y = model.users, model.items
    for u in (0, 4, USERS - 1):
        total = first @ x[u] + model.sums[0].bias + model.products[0].bias
        for i in chosen[u].nonzero()[:, 0].tolist():
            weight = 1 / (chosen[u].sum() * chosen[:, i].sum()).sqrt()
            total = total + weight * (first @ y[i] + second @ (y[i] * x[u]))
        expected = leaky_relu(total, 0.2)
        assert torch.allclose(model(graph).users[u, 4:], expected / expected.norm())


def test_messages_are_dropped_in_training_only_and_the_rest_is_scaled_up():
    graph = world()
    model = make(graph, layers=(50,), dropout=0.4)
    found = model(graph).users[:, 4:]
    plain = layers(model, graph)[1][:USERS]
    kept = found.ne(0)
    assert 0.3 < 1 - float(kept.double().mean()) < 0.5
    expected = torch.where(kept, plain, 0.0)
    assert torch.allclose(found, expected / expected.norm(dim=1, keepdim=True))
    model.eval()
    assert torch.allclose(model(graph).users, dense(model, graph)[:USERS])


def test_a_user_and_an_item_without_interactions_are_left_with_themselves():
    graph = world()
    model = make(graph, layers=(6,))
    found = model(graph)
    for mine, own in ((found.users[-1], model.users[-1]), (found.items[-1], model.items[-1])):
        x = leaky_relu(model.sums[0](own) + model.products[0].bias, 0.2)
        assert torch.allclose(mine, torch.cat([own, x / x.norm()]))
