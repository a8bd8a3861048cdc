import pytest
import torch
from torch.nn.functional import softplus
from torch_geometric.nn.models import LightGCN as PyGLightGCN

from mmgraph.errors import InputError
from mmgraph.models.recommendation import LightGCNRecommender
from tests.models.recommendation.world import ITEMS, USERS, batch, interactions, light, world

DIM = 6


def pair(layers=3, **options):
    """Ours and PyG's, with the same weights in float64."""
    torch.manual_seed(0)
    ours = LightGCNRecommender(world(), DIM, layers, **options).double()
    theirs = PyGLightGCN(USERS + ITEMS, DIM, layers).double()
    with torch.no_grad():
        theirs.embedding.weight.copy_(torch.cat([ours.users, ours.items]))
    edges = interactions().edge_index + torch.tensor([[0], [USERS]])
    return ours, theirs, torch.cat([edges, edges.flip(0)], 1)


def bpr_of_pyg(model, edges, chosen, **options):
    negatives = chosen.negatives.flatten()
    label = torch.stack(
        [chosen.users.repeat(2), USERS + torch.cat([chosen.items, negatives])],
    )
    positive, negative = model(edges, label).chunk(2)
    return model.recommendation_loss(positive, negative, node_id=label.unique(), **options)


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_the_same_weights_give_the_same_embeddings_as_in_pyg(layers):
    ours, theirs, edges = pair(layers)
    found = ours(world())
    # PyG normalises in float32.
    assert torch.allclose(torch.cat([found.users, found.items]), theirs.get_embedding(edges), atol=1e-6)


def test_the_same_bpr_and_gradients_as_in_pyg():
    ours, theirs, edges = pair(decay=0.0)
    chosen = batch(1)
    mine = ours.loss(world(), chosen)["bpr"]
    expected = bpr_of_pyg(theirs, edges, chosen, lambda_reg=0.0)
    assert torch.allclose(mine, expected, atol=1e-6)
    gradient = torch.cat(torch.autograd.grad(mine, [ours.users, ours.items]))
    assert torch.allclose(gradient, torch.autograd.grad(expected, theirs.embedding.weight)[0], atol=1e-6)


def test_the_same_steps_as_in_pyg():
    ours, theirs, edges = pair(decay=0.0)
    chosen = batch(1)
    both = [torch.optim.Adam(model.parameters(), lr=0.05) for model in (ours, theirs)]
    for _ in range(10):
        for optimizer, loss in (
            (both[0], lambda: ours.loss(world(), chosen)["bpr"]),
            (both[1], lambda: bpr_of_pyg(theirs, edges, chosen, lambda_reg=0.0)),
        ):
            optimizer.zero_grad()
            loss().backward()
            optimizer.step()
    assert torch.allclose(torch.cat([ours.users, ours.items]), theirs.embedding.weight, atol=1e-4)


def test_the_decay_is_of_the_vectors_before_propagation():
    ours, *_ = pair(decay=0.3)
    chosen = batch(2)
    rows = [ours.users[chosen.users], ours.items[chosen.items], ours.items[chosen.negatives.flatten()]]
    expected = 0.3 * 0.5 * sum(row.square().sum() for row in rows) / len(chosen.users)
    assert torch.allclose(ours.loss(world(), chosen)["decay"], expected)


def test_the_loss_is_bpr_of_powers_of_a_dense_matrix():
    ours, *_ = pair()
    chosen = batch(3)
    users, items = light(world(), ours.users, ours.items, 3).split([USERS, ITEMS])
    scores = users @ items.T
    margin = scores[chosen.users[:, None], chosen.negatives] - scores[chosen.users, chosen.items][:, None]
    assert torch.allclose(ours.loss(world(), chosen)["bpr"], softplus(margin).mean(), atol=1e-10)


def test_by_softmax_its_term_is_called_so():
    ours, *_ = pair(loss="softmax", temperature=0.2)
    assert set(ours.loss(world(), batch(3))) == {"softmax", "decay"}


def test_a_loss_that_there_is_not_is_an_error():
    with pytest.raises(InputError, match="LightGCNRecommender got loss='hinge'"):
        LightGCNRecommender(world(), loss="hinge")
