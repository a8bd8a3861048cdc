"""What holds for every recommender, stated once; its numbers are compared in a test file of its own."""

import inspect
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from mmgraph.data.recommendation import Preferences
from mmgraph.errors import InputError
from mmgraph.models.recommendation import (
    RECOMMENDERS,
    ItemGraph,
    Recommender,
    Resampling,
    Triplets,
    build_recommendation_graph,
    make_recommender,
)
from mmgraph.ops.csr import csr
from mmgraph.ops.light_propagation import light_graph
from mmgraph.training import load_weights, save_weights
from tests.models.recommendation.world import ITEMS, USERS, batch, interactions, rated, world


def make(name, graph, dtype=torch.float64, seed=0, dim=8, **options):
    torch.manual_seed(seed)
    sizes = {"dim": dim} if "dim" in inspect.signature(RECOMMENDERS[name]).parameters else {}
    return make_recommender(name, graph, **sizes, **options).to(dtype)


LEARNS = [name for name in RECOMMENDERS if list(make(name, world()).parameters())]
NEEDS_FEATURES = {"vbpr", "mmgcn", "grcn", "lattice", "slmrec", "freedom"}
ALL = pytest.mark.parametrize("name", RECOMMENDERS)
ALL_THAT_LEARN = pytest.mark.parametrize("name", LEARNS)


def epoch_graph(model, graph, generator=None):
    """What an epoch is trained on."""
    generator = torch.Generator().manual_seed(0) if generator is None else generator
    return model.training_graph(graph, generator) if isinstance(model, Resampling) else graph


def total(model, graph, some):
    return sum(model.loss(graph, some).values())


def step(model, optimizer, graph, some):
    loss = total(model, graph, some)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


def assert_finite(model, graph, some=None):
    """Vectors, terms, and the gradients of both."""
    found = model(graph)
    values = [found.users.square().mean() + found.items.square().mean()]
    assert found.users.isfinite().all()
    assert found.items.isfinite().all()
    for one in () if some is None else some:
        values += model.loss(epoch_graph(model, graph), one).values()
    assert all(bool(value.isfinite()) for value in values)
    model.zero_grad()
    if sum(values).requires_grad:
        sum(values).backward()
    for parameter, weight in model.named_parameters():
        assert weight.grad is None or bool(weight.grad.isfinite().all()), parameter


@ALL
def test_it_has_a_test_file_of_its_own(name):
    module = RECOMMENDERS[name].__module__.rsplit(".", 1)[1]
    assert (Path(__file__).parent / f"test_{module}.py").exists()


@ALL
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_gives_every_user_and_item_a_vector_in_the_precision_of_the_graph(name, dtype):
    graph = world(dtype)
    model = make(name, graph, dtype)
    assert isinstance(model, Recommender)
    found = model(graph)
    assert found.users.shape == (USERS, found.items.shape[1])
    assert found.items.shape == (ITEMS, found.users.shape[1])
    assert found.users.dtype == found.items.dtype == dtype
    terms = model.loss(graph, batch())
    assert terms
    assert all(term.shape == () for term in terms.values())


@ALL_THAT_LEARN
def test_every_parameter_gets_a_gradient_within_some_epochs(name):
    graph, generator = world(), torch.Generator().manual_seed(0)
    model = make(name, graph)
    for _ in range(3):
        total(model, epoch_graph(model, graph, generator), batch()).backward()
    for parameter, weight in model.named_parameters():
        assert weight.grad is not None, parameter
        assert bool(weight.grad.isfinite().all()), parameter
        assert bool(weight.grad.any()), parameter


# ---------------------------------------------------------------------------- order and numbering


@ALL
def test_the_order_of_the_interactions_does_not_matter(name):
    table, some = interactions(), batch()
    graph = world()
    order = torch.randperm(len(table))
    users, items = table.edge_index[:, order]
    other = replace(
        graph, interactions=light_graph(csr(torch.stack([users, items]), USERS, ITEMS), dtype=torch.float64)
    )
    model = make(name, graph).eval()
    found, again = model(graph), model(other)
    assert torch.allclose(found.users, again.users, atol=1e-12)
    assert torch.allclose(found.items, again.items, atol=1e-12)
    mixed = Triplets(some.users[order], some.items[order], some.negatives[order])
    assert torch.allclose(total(model, graph, some), total(model, other, mixed), atol=1e-12)


def renumbered(graph, users, items):
    """The same graph with other numbers: user u is called `users[u]`."""
    entries, back = graph.interactions.csr, items.argsort()
    ends = torch.stack([users[entries.source.long()], items[entries.target.long()]])
    similar = {}
    for name, one in graph.similar.items():
        moved = csr(items[torch.stack([one.csr.source, one.csr.target]).long()], ITEMS, ITEMS)
        similar[name] = ItemGraph(moved, one.weight[moved.order])
    return replace(
        graph,
        interactions=light_graph(csr(ends, USERS, ITEMS), dtype=torch.float64),
        features={name: found[back] for name, found in graph.features.items()},
        similar=similar,
    )


@ALL
def test_other_numbers_of_users_and_items_permute_the_vectors_and_change_no_loss(name):
    graph, some = world(), batch()
    users, items = torch.randperm(USERS), torch.randperm(ITEMS)
    other_graph = renumbered(graph, users, items)
    model, other = make(name, graph).eval(), make(name, other_graph).eval()
    # Whatever has a row for each user or item is renumbered as well.
    rows = {USERS: users.argsort(), ITEMS: items.argsort()}
    rows[USERS + ITEMS] = torch.cat([rows[USERS], USERS + rows[ITEMS]])
    with torch.no_grad():
        for mine, theirs in zip(model.parameters(), other.parameters(), strict=True):
            theirs.copy_(mine[rows[len(mine)]] if len(mine) in rows else mine)
    found, again = model(graph), other(other_graph)
    assert torch.allclose(found.users, again.users[users], atol=1e-10)
    assert torch.allclose(found.items, again.items[items], atol=1e-10)
    renamed = Triplets(users[some.users], items[some.items], items[some.negatives])
    assert torch.allclose(total(model, graph, some), total(other, other_graph, renamed), atol=1e-10)


# ------------------------------------------------------------------------------------------ edges


@ALL
def test_who_has_no_interactions_and_what_has_no_features_leave_everything_finite(name):
    graph = world()
    alone = Triplets(torch.tensor([USERS - 1]), torch.tensor([ITEMS - 1]), torch.tensor([[4, 4]]))
    model = make(name, graph)
    assert_finite(model, graph, [batch(), alone])


@ALL
def test_a_graph_without_any_interaction_leaves_everything_finite(name):
    none = torch.zeros(2, 0, dtype=torch.long)
    graph = replace(world(), interactions=light_graph(csr(none, USERS, ITEMS), dtype=torch.float64))
    assert_finite(make(name, graph), graph, [batch()])


@ALL
def test_a_modality_that_no_item_has_leaves_everything_finite(name):
    graph = world()
    lost = graph.features["audio"]
    lost = replace(lost, x=torch.zeros_like(lost.x), present=torch.zeros_like(lost.present))
    nothing = ItemGraph(csr(torch.zeros(2, 0, dtype=torch.long), ITEMS, ITEMS), torch.zeros(0).double())
    graph = replace(
        graph,
        features={**graph.features, "audio": lost},
        similar={**graph.similar, "audio": nothing},
    )
    assert_finite(make(name, graph), graph, [batch()])


@ALL
def test_what_lies_in_the_rows_of_missing_features_does_not_matter(name):
    graph = world()
    model = make(name, graph).eval()
    mixed = {
        modality: replace(found, x=torch.where(found.present[:, None], found.x, 7.0))
        for modality, found in graph.features.items()
    }
    assert torch.equal(model(replace(graph, features=mixed)).items, model(graph).items)


@ALL
def test_modalities_in_another_order_give_the_same_vectors(name):
    graph = world()
    other = replace(graph, features=dict(reversed(graph.features.items())))
    model = make(name, graph).eval()
    assert torch.equal(model(graph).items, model(other).items)


@ALL
def test_without_any_features_it_works_or_says_what_it_needs(name):
    graph = replace(world(), features={}, similar={})
    if name in NEEDS_FEATURES:
        with pytest.raises(InputError, match="needs features of the items"):
            make(name, graph)
    else:
        assert_finite(make(name, graph), graph, [batch()])


@ALL
@pytest.mark.parametrize("negatives", [0, 1, 3])
def test_batches_of_any_size_have_finite_losses_and_gradients(name, negatives):
    graph, some = world(), batch(negatives)
    parts = [
        Triplets(some.users[:count], some.items[:count], some.negatives[:count])
        for count in (0, 1, len(some.users))
    ]
    assert_finite(make(name, graph), graph, parts)


# ------------------------------------------------------------------------------- repeated results


@ALL
def test_it_gives_the_same_twice_and_keeps_no_tensor(name):
    graph = world()
    model = make(name, graph).eval()
    first, second = model(graph), model(graph)
    assert torch.equal(first.users, second.users)
    assert torch.equal(first.items, second.items)
    assert torch.equal(total(model, graph, batch()), total(model, graph, batch()))
    for module in model.modules():
        assert not [key for key, value in vars(module).items() if isinstance(value, torch.Tensor)]


@ALL_THAT_LEARN
def test_equal_seeds_give_equal_weights_and_other_seeds_others(name):
    graph, trained = world(), []
    for seed in (0, 0, 1):
        model = make(name, graph, seed=seed)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        generator = torch.Generator().manual_seed(seed)
        for _ in range(3):
            step(model, optimizer, epoch_graph(model, graph, generator), batch())
        trained.append([weight.detach() for weight in model.parameters()])
    assert all(torch.equal(one, other) for one, other in zip(trained[0], trained[1], strict=True))
    assert not all(torch.equal(one, other) for one, other in zip(trained[0], trained[2], strict=True))


@ALL
def test_weights_saved_and_loaded_give_the_same_vectors(name, tmp_path):
    graph = world()
    model, other = make(name, graph, seed=0).eval(), make(name, graph, seed=1).eval()
    save_weights(model, tmp_path / "m.safetensors", {})
    load_weights(other, tmp_path / "m.safetensors")
    found, again = model(graph), other(graph)
    assert torch.equal(found.users, again.users)
    assert torch.equal(found.items, again.items)


# ---------------------------------------------------------------------------- devices and learning


def pretend(mode, device, value):
    """The same with all tensors on a device where nothing can be read."""
    if isinstance(value, torch.Tensor):
        return FakeTensor(mode, value.detach().to("meta"), device)
    if isinstance(value, dict):
        return {key: pretend(mode, device, one) for key, one in value.items()}
    if is_dataclass(value):
        named = {one.name: getattr(value, one.name) for one in fields(value)}
        return replace(value, **{key: pretend(mode, device, one) for key, one in named.items()})
    return value


class Both(torch.nn.Module):
    """Vectors and loss in one call."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, graph, own, some):
        return self.model(graph), total(self.model, own, some)


@ALL_THAT_LEARN
def test_vectors_and_a_step_of_training_never_wait_for_the_device(name, accelerator):
    graph = world(torch.float32)
    model = make(name, graph, torch.float32)
    own, mode = epoch_graph(model, graph), FakeTensorMode()
    weights = {
        f"model.{key}": torch.nn.Parameter(pretend(mode, accelerator, value))
        for key, value in model.state_dict().items()
    }
    given = [pretend(mode, accelerator, value) for value in (graph, own, batch())]
    with mode:
        found, loss = torch.func.functional_call(Both(model), weights, tuple(given))
        loss.backward()
        torch.optim.Adam(list(weights.values()), foreach=True).step()
    assert loss.device.type == found.users.device.type == found.items.device.type == accelerator.type


@pytest.fixture(scope="module")
def planted():
    data = Preferences(150, 80, interactions=12, sharpness=8.0, popularity=0.3).data
    return data, build_recommendation_graph(data, k=5)


def ranked_below(found, graph, held_out):
    """How many of the items that its user has not seen rank below a held-out one: 0.5 by chance."""
    scores, new = found.users @ found.items.T, rated(graph) == 0
    own = scores[held_out.users, held_out.items][:, None]
    below = ((own > scores[held_out.users]) & new[held_out.users]).sum(1)
    return float((below / (new[held_out.users].sum(1) - 1)).mean())


@ALL_THAT_LEARN
def test_it_learns_a_planted_taste(name, planted):
    data, graph = planted
    # With its decay, BM3 has a long way to go.
    model = make(name, graph, torch.float32, dim=16, **({"decay": 0.0} if name == "bm3" else {}))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    generator = torch.Generator().manual_seed(0)
    before = ranked_below(model(graph), graph, data.validation)
    means, unseen = [], (rated(graph) == 0).float()
    for _ in range(10):
        own, losses = epoch_graph(model, graph, generator), []
        for rows in torch.randperm(len(data.train), generator=generator).split(512):
            users = data.train.users[rows]
            negatives = unseen[users].multinomial(1, generator=generator)
            losses.append(step(model, optimizer, own, Triplets(users, data.train.items[rows], negatives)))
        means.append(float(torch.stack(losses).mean()))
    assert means[-1] < means[0]
    assert ranked_below(model.eval()(graph), graph, data.validation) > max(0.6, before + 0.02)


def test_a_name_that_is_none_is_an_error_and_so_is_an_option_that_is_none():
    with pytest.raises(InputError, match="no recommender 'bpr'"):
        make_recommender("bpr", world())
    with pytest.raises(InputError, match="got options"):
        make_recommender("bpr_mf", world(), depth=3)
