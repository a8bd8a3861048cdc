"""What holds for every recommender; one without a row in `DENSE` fails."""

from dataclasses import fields, is_dataclass, replace

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.nn.functional import cosine_similarity, leaky_relu, normalize

from mmgraph.data.recommendation import Preferences
from mmgraph.errors import InputError
from mmgraph.models.recommendation import RECOMMENDERS, Resampling, make_recommender
from mmgraph.tasks.recommendation.evaluate import evaluate_ranking
from mmgraph.tasks.recommendation.train import RecommenderBudget, train_recommender
from mmgraph.training import Run, load_weights, save_weights
from tests.models.recommendation.world import (
    ITEMS,
    USERS,
    batch,
    interactions,
    light,
    neighbours,
    normalised,
    rated,
    square,
    world,
)

SMALL = {"popularity": {}, "ngcf": {"dim": 8, "layers": (8, 5)}}
NEEDS_FEATURES = {"vbpr", "mmgcn", "grcn", "lattice", "slmrec", "freedom"}
LEARNS = [name for name in RECOMMENDERS if name != "popularity"]


def make(name, graph, **more):
    torch.manual_seed(0)
    return make_recommender(name, graph, **(SMALL.get(name, {"dim": 8}) | more)).double()


def mapped(model, graph, name):
    """A modality's features through the model's linear map, zeros where it is missing."""
    found = graph.features[name]
    return model.project[name](found.x) * found.present[:, None]


def popularity(model, graph):
    return torch.ones(USERS, 1, dtype=torch.float64), rated(graph).sum(0)[:, None]


def bpr_mf(model, graph):
    return model.users, model.items


def lightgcn(model, graph):
    return light(graph, model.users, model.items, 3).split([USERS, ITEMS])


def vbpr(model, graph):
    users, items, bias = [model.users], [model.items], model.bias
    for name, found in graph.features.items():
        users.append(model.taste[name])
        items.append(found.x @ model.project[name].weight.T * found.present[:, None])
        bias = bias + found.x @ model.appeal[name].weight.T
    return torch.cat([*users, torch.ones(USERS, 1)], 1), torch.cat([*items, bias], 1)


def ngcf(model, graph):
    x = torch.cat([model.users, model.items])
    matrix, found = square(normalised(graph)), [x]
    for first, second in zip(model.sums, model.products, strict=True):
        common = (matrix @ x) * x
        x = ((matrix + torch.eye(len(x))) @ x) @ first.weight.T + first.bias
        x = leaky_relu(x + common @ second.weight.T + second.bias, 0.2)
        found.append(x / x.norm(dim=1, keepdim=True).clamp(min=1e-12))
    return torch.cat(found, 1).split([USERS, ITEMS])


def mmgcn(model, graph):
    pairs = square(rated(graph))
    means = pairs / pairs.sum(1, keepdim=True).clamp(min=1)
    own, found = torch.cat([model.users, model.items]), []
    for name in graph.features:
        x = normalize(torch.cat([model.taste[name], mapped(model, graph, name)]), dim=1)
        for layer in model.layers[name]:
            received = leaky_relu(means @ (x @ layer.message.weight.T))
            x = leaky_relu(layer.mix(received) + leaky_relu(layer.keep(x)) + own)
        found.append(x)
    return (sum(found) / len(found)).split([USERS, ITEMS])


def softmax_among(scores, there):
    """Softmax over each row's interactions; zeros without any."""
    powers = scores.exp() * there
    return powers / powers.sum(1, keepdim=True).clamp(min=1e-300)


def grcn(model, graph):
    there = rated(graph)
    sure = model.confidence[:USERS], model.confidence[USERS:]
    to_user, to_item, beside = [], [], []
    for number, name in enumerate(graph.features):
        items = normalize(leaky_relu(mapped(model, graph, name)), dim=1)
        users = normalize(model.prototypes[name], dim=1)
        for _ in range(3):
            users = normalize(users + softmax_among(users @ items.T, there) @ items, dim=1)
        down = softmax_among(users @ items.T, there)
        up = softmax_among(items @ users.T, there.T)
        beside.append(torch.cat([users + leaky_relu(down @ items), items + leaky_relu(up @ users)]))
        to_user.append(down * sure[1][:, number])
        to_item.append(up * sure[0][:, number])
    down, up = torch.stack(to_user).amax(0).relu(), torch.stack(to_item).amax(0).relu()
    x = normalize(torch.cat([model.users, model.items]), dim=1)
    total = x
    for _ in range(2):
        x = torch.cat([down @ x[USERS:], up @ x[:USERS]])
        total = total + x
    return torch.cat([total, *beside], 1).split([USERS, ITEMS])


def lattice(model, graph):
    mix, x = model.mix.softmax(0), 0
    for number, name in enumerate(graph.features):
        there = graph.features[name].present
        rows = normalize(mapped(model, graph, name), dim=1)
        cosine = (rows @ rows.T).masked_fill(torch.eye(ITEMS, dtype=torch.bool), -2)
        cosine = torch.where(there[:, None] & there, cosine, -2)
        best = cosine.topk(10, dim=1)
        learned = torch.zeros_like(cosine).scatter(1, best.indices, best.values.relu())
        degree = learned.sum(1), learned.sum(0)
        root = [torch.where(d > 0, d.clamp(min=1e-300).rsqrt(), 0) for d in degree]
        learned = root[0][:, None] * learned * root[1]
        x = x + mix[number] * (0.9 * neighbours(graph.similar[name]) + 0.1 * learned) @ model.items
    users, items = light(graph, model.users, model.items, 2).split([USERS, ITEMS])
    return users, items + normalize(x, dim=1)


def slmrec(model, graph):
    items = [model.items]
    for name, found in graph.features.items():
        items.append(model.project[name](normalize(found.x, dim=1)) * found.present[:, None])
    found = torch.cat([light(graph, model.users, one, 3) for one in items], 1)
    users, items = found.split([USERS, ITEMS])
    return model.fuse_users(users), model.fuse_items(items)


def bm3(model, graph):
    users, items = light(graph, model.users, model.items, 1).split([USERS, ITEMS])
    return model.predict(users), model.predict(items + model.items)


def freedom(model, graph):
    users, items = light(graph, model.users, model.items, 2).split([USERS, ITEMS])
    frozen = sum(neighbours(one) for one in graph.similar.values()) / 2
    return users, items + frozen @ model.items


def aligned(model, graph):
    items = model.items
    for name, found in graph.features.items():
        mean = found.x[found.present].mean(0)
        items = items + model.project[name](normalize(found.x - mean, dim=1)) * found.present[:, None]
    shares = model.gate.softmax(0)
    informed = sum(s * neighbours(one) @ items for s, one in zip(shares, graph.similar.values(), strict=True))
    users, items = light(graph, model.users, items + informed, 2).split([USERS, ITEMS])
    return users, normalize(items, dim=1)


DENSE = {
    one.__name__: one
    for one in (
        popularity,
        bpr_mf,
        lightgcn,
        vbpr,
        ngcf,
        mmgcn,
        grcn,
        lattice,
        slmrec,
        bm3,
        freedom,
        aligned,
    )
}


def parameters_gradients(model, users, items):
    """Of a fixed sum of the outputs, to every parameter."""
    value = sum((side * torch.linspace(-1, 2, side.numel()).view_as(side)).sum() for side in (users, items))
    return torch.autograd.grad(value, list(model.parameters()), allow_unused=True)


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_it_equals_dense_matrices_in_outputs_and_gradients(name):
    graph = world()
    model = make(name, graph).eval()
    found = model(graph)
    expected = DENSE[name](model, graph)
    assert torch.allclose(found.users, expected[0].double(), atol=1e-10)
    assert torch.allclose(found.items, expected[1].double(), atol=1e-10)
    if name == "popularity":
        return
    mine = parameters_gradients(model, found.users, found.items)
    theirs = parameters_gradients(model, *expected)
    for (parameter, _), ours, other in zip(model.named_parameters(), mine, theirs, strict=True):
        assert (ours is None) == (other is None), parameter
        assert ours is None or torch.allclose(ours, other, atol=1e-9), parameter


@pytest.mark.parametrize("name", LEARNS)
def test_every_parameter_gets_a_gradient_and_all_terms_are_finite(name):
    graph = world()
    model = make(name, graph, **({"align": 0.1} if name == "aligned" else {}))
    own = model.training_graph(graph, torch.Generator()) if isinstance(model, Resampling) else graph
    terms = model.loss(own, batch())
    sum(terms.values()).backward()
    assert all(bool(term.isfinite()) for term in terms.values())
    for parameter, value in model.named_parameters():
        assert value.grad is not None, parameter
        assert bool(value.grad.isfinite().all()), parameter
        assert bool(value.grad.any()), parameter


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_the_order_of_the_interactions_does_not_matter(name):
    table = interactions()
    mixed = table[torch.randperm(len(table))]
    graph, other = world(), world(table=mixed)
    model = make(name, graph).eval()
    for mine, theirs in zip(vars(model(graph)).values(), vars(model(other)).values(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-12)


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_without_any_features_it_works_or_says_what_it_needs(name):
    graph = replace(world(), features={}, similar={})
    if name in NEEDS_FEATURES:
        with pytest.raises(InputError, match="features of the items"):
            make(name, graph)
        return
    found = make(name, graph)(graph)
    assert found.users.shape[0] == USERS
    assert found.items.shape[0] == ITEMS


@pytest.mark.parametrize("name", sorted(NEEDS_FEATURES | {"bm3", "aligned"}))
def test_a_modality_that_no_item_has_leaves_everything_finite(name):
    graph = world()
    lost = graph.features["audio"]
    lost = replace(lost, x=torch.zeros_like(lost.x), present=torch.zeros_like(lost.present))
    graph = replace(graph, features={**graph.features, "audio": lost})
    model = make(name, graph)
    sum(model.loss(graph, batch()).values()).backward()
    for parameter, value in model.named_parameters():
        assert value.grad is None or bool(value.grad.isfinite().all()), parameter


@pytest.mark.parametrize("name", LEARNS)
def test_weights_saved_and_loaded_give_the_same_vectors(name, tmp_path):
    graph = world()
    model, other = make(name, graph).eval(), make(name, graph).eval()
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.1)
    save_weights(model, tmp_path / "m.safetensors", {})
    load_weights(other, tmp_path / "m.safetensors")
    for mine, theirs in zip(vars(model(graph)).values(), vars(other(graph)).values(), strict=True):
        assert torch.equal(mine, theirs)


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


@pytest.mark.parametrize("name", LEARNS)
def test_a_step_of_training_never_waits_for_the_device(name, accelerator):
    graph = world(torch.float32)
    model = make(name, graph).float()
    own = model.training_graph(graph, torch.Generator()) if isinstance(model, Resampling) else graph
    mode = FakeTensorMode()
    weights = {
        key: torch.nn.Parameter(pretend(mode, accelerator, value))
        for key, value in model.state_dict().items()
    }
    own, some = pretend(mode, accelerator, own), pretend(mode, accelerator, batch())
    with mode:

        class Loss(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.model = model

            def forward(self):
                return sum(self.model.loss(own, some).values())

        named = {f"model.{key}": value for key, value in weights.items()}
        loss = torch.func.functional_call(Loss(), named, ())
        loss.backward()
        torch.optim.Adam(list(weights.values()), foreach=True).step()
    assert loss.device.type == accelerator.type


@pytest.fixture(scope="module")
def planted():
    return Preferences(150, 80, interactions=12, sharpness=8.0, popularity=0.3).data


@pytest.mark.parametrize("name", LEARNS)
def test_it_learns_a_planted_taste(name, planted, tmp_path):
    from mmgraph.tasks.recommendation.build_graph import build_graph

    graph = build_graph(planted, neighbours=5)
    torch.manual_seed(0)
    own = {"ngcf": {}, "bm3": {"dim": 16, "decay": 0.0}}
    model = make_recommender(name, graph, **own.get(name, {"dim": 16}))

    def score():
        return evaluate_ranking(model(graph), graph, planted.validation, [20], groups=False)["recall@20"]

    budget = RecommenderBudget(epochs=15, batch_size=256, learning_rate=0.01, validate_every=5)
    train_recommender(model, graph, planted.train, score, budget, Run(tmp_path, {}), seed=0)
    # 20 of the 70 or so that are left, drawn at random.
    assert score() > 1.15 * 20 / 70


def test_a_name_that_is_none_is_an_error_and_so_is_an_option_that_is_none():
    with pytest.raises(InputError, match="no recommender 'bpr'"):
        make_recommender("bpr", world())
    with pytest.raises(InputError, match="got options"):
        make_recommender("bpr_mf", world(), depth=3)


def test_bm3_has_gradients_from_one_side_of_each_view_only():
    graph = world()
    model = make("bm3", graph, dropout=0.0)
    vectors = light(graph, model.users, model.items, 1)
    users, items = vectors.split([USERS, ITEMS])
    items, some = items + model.items, batch()
    u, i = users[some.users], items[some.items]
    expected = (
        2
        - cosine_similarity(model.predict(u), i.detach()).mean()
        - cosine_similarity(model.predict(i), u.detach()).mean()
    )
    found = model.loss(graph, some)["interactions"]
    assert torch.allclose(found, expected)
    wanted = list(model.parameters())
    mine = torch.autograd.grad(found, wanted, allow_unused=True)
    theirs = torch.autograd.grad(expected, wanted, allow_unused=True)
    for ours, other in zip(mine, theirs, strict=True):
        assert (ours is None) == (other is None)
        assert ours is None or torch.allclose(ours, other)


def test_the_loss_of_our_model_is_a_cross_entropy_over_the_negatives_of_the_whole_batch():
    graph, some = world(), batch()
    model = make("aligned", graph, decay=0.0)
    found = model(graph)
    users = normalize(found.users, dim=1)[some.users]
    own = (users * found.items[some.items]).sum(1, keepdim=True)
    others = users @ found.items[some.negatives.flatten()].T
    logits = torch.cat([own, others], 1) / 0.2
    expected = torch.nn.functional.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long))
    assert torch.allclose(model.loss(graph, some)["softmax"], expected)


def test_freedom_drops_the_share_that_it_is_told_to_and_popular_nodes_first():
    graph = world()
    model = make("freedom", graph, drop=0.5)
    kept = [model.training_graph(graph, torch.Generator().manual_seed(i)).interactions for i in range(200)]
    count = len(interactions())
    assert {one.csr.num_edges for one in kept} == {count - round(0.5 * count)}
    weight = graph.interactions.weight
    mean = sum(rated(replace(graph, interactions=one)) for one in kept) / len(kept)
    often = mean[graph.interactions.csr.source.long(), graph.interactions.csr.target.long()]
    order = weight.argsort()
    assert often[order[-5:]].mean() > often[order[:5]].mean() + 0.1
