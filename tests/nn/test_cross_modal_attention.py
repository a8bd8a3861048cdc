import pytest
import torch
from torch import nn

from mmgraph.errors import InputError
from mmgraph.nn.cross_modal_attention import CrossModalAttention
from mmgraph.nn.hetero_conv import HeteroConv
from tests.nn.hetero import randomize
from tests.nn.relations import cases
from tests.ops.tracing import no_shape_checks

NAMES = [case.name for case in cases()]
SCORES = ["scaled", "dot", "additive"]
DIM, SOURCE, HEADS, WIDTH = 6, 5, 2, 3


def example(name, score="scaled", dtype=torch.float64):
    case = next(case for case in cases() if case.name == name)
    layer = CrossModalAttention(DIM, HEADS, source_dim=SOURCE, score=score).to(dtype)
    randomize(layer)
    return case, layer, case.x(SOURCE, DIM, dtype)


def by_hand(layer, x, edge_index, score):
    """Outputs and weights, target by target."""
    query = layer.query(x[1]).view(-1, HEADS, WIDTH)
    key, value = (linear(x[0]).view(-1, HEADS, WIDTH) for linear in (layer.key, layer.value))
    rows, weights = [], torch.zeros(edge_index.shape[1], HEADS).to(x[0].dtype)
    for i in range(len(x[1])):
        edges = (edge_index[1] == i).nonzero()[:, 0]
        k, q = key[edge_index[0, edges]], query[i]
        if score == "additive":
            logits = (layer.vector * (q + k).tanh()).sum(-1)
        else:
            logits = (q * k).sum(-1) / (WIDTH**0.5 if score == "scaled" else 1)
        share = logits.softmax(0)
        weights[edges] = share.detach()
        rows.append((share[..., None] * value[edge_index[0, edges]]).sum(0).flatten())
    return layer.output(torch.stack(rows)), weights


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("name", NAMES)
def test_it_equals_the_equation_in_outputs_gradients_and_weights(name, score, dtype):
    tolerance = 1e-10 if dtype == torch.float64 else 1e-5
    case, layer, x = example(name, score, dtype)
    expected, weights = by_hand(layer, x, case.edge_index, score)
    found = layer(x, case.relation)
    assert torch.allclose(found, expected, atol=tolerance)
    assert torch.allclose(layer.weights(x, case.relation), weights, atol=tolerance)
    direction = torch.randn_like(expected)
    leaves = [*x, *layer.parameters()]
    mine, other = (
        torch.autograd.grad((out * direction).sum(), leaves, allow_unused=True) for out in (found, expected)
    )
    for a, b, leaf in zip(mine, other, leaves, strict=True):
        a, b = (torch.zeros_like(leaf) if g is None else g for g in (a, b))
        assert torch.allclose(a, b, atol=tolerance * max(1, float(b.abs().max())))


def test_on_a_complete_relation_it_is_torchs_multi_head_attention():
    case, layer, _ = example("complete")
    theirs = nn.MultiheadAttention(DIM, HEADS, kdim=SOURCE, vdim=SOURCE, batch_first=True).double()
    named = dict(zip(("q", "k", "v"), (layer.query, layer.key, layer.value), strict=True))
    with torch.no_grad():
        for letter, linear in named.items():
            getattr(theirs, f"{letter}_proj_weight").copy_(linear.weight)
        theirs.in_proj_bias.copy_(torch.cat([linear.bias for linear in named.values()]))
        theirs.out_proj.load_state_dict(layer.output.state_dict())
    x = case.x(SOURCE, DIM)
    relation = case.relation
    source, target = relation.source.pad(x[0]), relation.target.pad(x[1])
    reached = relation.source.mask.any(1)
    expected = theirs(target, source, source, key_padding_mask=~relation.source.mask, need_weights=False)[0]
    expected = torch.where(reached[:, None, None], expected, layer.output.bias)
    assert torch.allclose(layer(x, relation), relation.target.unpad(expected), atol=1e-12)


@pytest.mark.parametrize("score", SCORES)
def test_gradcheck(score):
    case, layer, x = example("some-csr", score)
    assert torch.autograd.gradcheck(lambda *x: layer(x, case.relation), x, fast_mode=True)


def test_relations_from_several_modalities_go_into_one_sum():
    keys = [("token", "informs", "region"), ("segment", "informs", "region")]
    layers = {key: CrossModalAttention(DIM, HEADS).double() for key in keys}
    x = {key: torch.randn(3, DIM).double() for key in ("token", "region", "segment")}
    edges = {key: torch.tensor([[0, 1, 2, 0], [0, 0, 1, 2]]) for key in keys}
    expected = sum(layer((x[key[0]], x["region"]), edges[key]) for key, layer in layers.items())
    assert torch.allclose(HeteroConv(layers)(x, edges)["region"], expected, atol=1e-12)


def test_dropout_acts_in_training_only():
    case, layer, x = example("complete")
    dropping = CrossModalAttention(DIM, HEADS, source_dim=SOURCE, dropout=0.5).double()
    dropping.load_state_dict(layer.state_dict())
    assert not torch.allclose(dropping(x, case.relation), dropping(x, case.relation))
    assert torch.allclose(dropping.eval()(x, case.relation), layer(x, case.relation))


def test_errors_say_what_came_and_what_to_do():
    with pytest.raises(InputError, match=r"dim=6, heads=4\): heads has to divide dim"):
        CrossModalAttention(6, 4)
    with no_shape_checks(), pytest.raises(InputError, match="give 'scaled', 'dot' or 'additive'"):
        CrossModalAttention(6, 2, score="cosine")
    key = ("a", "to", "a")
    hetero = HeteroConv({key: CrossModalAttention(4)})
    with pytest.raises(InputError, match=r"got edge_attr \[1, 2\] and reads none"):
        hetero({"a": torch.ones(2, 4)}, {key: torch.tensor([[0], [1]])}, {key: torch.zeros(1, 2)})
    with pytest.raises(InputError, match="has no attention"):
        HeteroConv({key: CrossModalAttention(4)}, "softmax")
