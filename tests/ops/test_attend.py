from dataclasses import replace
from itertools import product

import pytest
import torch

from mmgraph.ops.attend import (
    Attention,
    attend,
    attend_jointly,
    attention_weights,
    joint_attention_weights,
)
from mmgraph.ops.blocks import blocks
from mmgraph.ops.edge_features import EdgeFeatures
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.relation import relation_of_edges, relation_of_pairs
from mmgraph.ops.scores import Dot
from tests.nn.relations import cases
from tests.ops.attention import HEADS, SCORES, WIDTH, close, logit, relation_of, score_of, values_of

NAMES = [case.name for case in cases()]


def case_of(name, source="token"):
    return next(case for case in cases(source) if case.name == name)


def attention_of(case, values, kind, edges):
    """Attention with edge terms of every kind, or with none."""
    relation = relation_of(case)
    message = EdgeFeatures(values["features"], values["message_map"]) if edges else None
    return Attention(
        relation,
        score_of(kind, values, relation, edges),
        Nodes(values["value"], blocks=relation.source),
        values["bias"] if edges else None,
        message,
    )


def by_hand(parts):
    """Attention edge by edge, one softmax over all parts (case, values, kind, edges): output, weights."""
    targets = parts[0][0].num_targets
    weights = [torch.zeros(case.edge_index.shape[1], HEADS).double() for case, *_ in parts]
    rows = []
    for i in range(targets):
        logits, messages, places = [], [], []
        for part, (case, values, kind, edges) in enumerate(parts):
            for number, (j, end) in enumerate(case.edge_index.T.tolist()):
                if end != i:
                    continue
                bias = values["bias"][number] if edges else 0.0
                logits.append(logit(kind, values, i, j, number if edges else None) + bias)
                message = values["value"][j].view(HEADS, WIDTH)
                if edges:
                    feature = values["features"][number]
                    message = message + torch.einsum("f,fhk->hk", feature, values["message_map"])
                messages.append(message)
                places.append((part, number))
        if not logits:
            rows.append(torch.zeros(HEADS * WIDTH).double())
            continue
        share = torch.stack(logits).softmax(0)
        rows.append((share[..., None] * torch.stack(messages)).sum(0).flatten())
        for (part, number), value in zip(places, share, strict=True):
            weights[part][number] = value.detach()
    return torch.stack(rows), weights


# ---------------------------------------------------------------------- one relation


@pytest.mark.parametrize("edges", [False, True], ids=["plain", "edges"])
@pytest.mark.parametrize("kind", SCORES)
@pytest.mark.parametrize("name", NAMES)
def test_attention_equals_that_written_edge_by_edge(name, kind, edges):
    case = case_of(name)
    values = values_of(case, kind)
    attention = attention_of(case, values, kind, edges)
    expected, weights = by_hand([(case, values, kind, edges)])
    close(attend(attention).flat, expected, values)
    assert torch.allclose(attention_weights(attention), weights[0], atol=1e-12)


@pytest.mark.parametrize("name", ["complete", "some-dense"])
def test_the_fused_kernel_equals_the_composed_softmax(name):
    case = case_of(name)
    values = values_of(case, "dot")
    attention = attention_of(case, values, "dot", False)
    composed = replace(attention, bias=torch.zeros(case.edge_index.shape[1], HEADS).double())
    assert attention.plain
    assert not composed.plain
    close(attend(attention).flat, attend(composed).flat, values)


@pytest.mark.parametrize("kind", SCORES)
@pytest.mark.parametrize("name", ["complete", "some-dense", "some-csr"])
def test_gradcheck(name, kind):
    case = case_of(name)
    values = values_of(case, kind)

    def run(*leaves):
        return attend(attention_of(case, dict(zip(values, leaves, strict=True)), kind, True)).flat

    assert torch.autograd.gradcheck(run, tuple(values.values()), fast_mode=True)


@pytest.mark.parametrize("name", NAMES)
def test_large_logits_overflow_nowhere(name):
    case = case_of(name)
    values = values_of(case, "dot")
    with torch.no_grad():
        values["query"].mul_(1e4)
    attention = attention_of(case, values, "dot", False)
    close(attend(attention).flat, by_hand([(case, values, "dot", False)])[0], {"value": values["value"]})
    assert torch.autograd.grad(attend(attention).flat.sum(), values["key"])[0].isfinite().all()


@pytest.mark.parametrize("name", ["complete", "some-dense", "some-csr"])
def test_dropout_drops_weights_and_scales_the_others(name):
    case = case_of(name)
    values = values_of(case, "additive")
    attention = replace(attention_of(case, values, "additive", False), dropout=0.5)
    runs = torch.stack([attend(attention).flat for _ in range(2000)])
    expected, _ = by_hand([(case, values, "additive", False)])
    assert not torch.equal(runs[0], runs[1])
    assert torch.allclose(runs.mean(0), expected, atol=0.2)


# ---------------------------------------------------------------------- several relations


def joint(names, kind, edges, one_query=True):
    """Relations from tokens and from regions into regions."""
    parts = []
    for number, name in enumerate(names):
        case = case_of(name, ("token", "region")[number % 2])
        values = values_of(case, kind)
        if one_query and parts:
            values["query"] = parts[0][1]["query"]
        parts.append((case, values, kind, edges and number != 1))
    return parts


def leaves_of(parts):
    return {f"{n} {key}": value for n, (_, values, *_) in enumerate(parts) for key, value in values.items()}


def attentions_of(parts):
    return [attention_of(*part) for part in parts]


MIXES = [
    *product(("complete", "some-dense", "some-csr", "none-dense", "none-csr"), repeat=2),
    ("complete", "some-dense", "some-csr"),
    ("some-edge_index", "complete", "none-edge_index"),
]


@pytest.mark.parametrize("edges", [False, True], ids=["plain", "edges"])
@pytest.mark.parametrize("kind", ["dot", "additive"])
@pytest.mark.parametrize("names", MIXES, ids="+".join)
def test_joint_attention_has_one_softmax_in_every_mix_of_layouts(names, kind, edges):
    parts = joint(names, kind, edges)
    attentions = attentions_of(parts)
    expected, weights = by_hand(parts)
    close(attend_jointly(attentions).flat, expected, leaves_of(parts))
    for found, share in zip(joint_attention_weights(attentions), weights, strict=True):
        assert torch.allclose(found, share, atol=1e-12)


@pytest.mark.parametrize("names", [("complete", "some-dense"), ("complete", "some-csr")], ids="+".join)
def test_each_relation_may_ask_with_a_query_of_its_own(names):
    parts = joint(names, "dot", False, one_query=False)
    close(attend_jointly(attentions_of(parts)).flat, by_hand(parts)[0], leaves_of(parts))


@pytest.mark.parametrize("scale", [0.7, 0.3])
def test_one_kernel_over_several_relations_equals_the_composed_softmax(scale):
    """With one query object, whether or not the relations share their scale."""
    parts = joint(("complete", "some-dense"), "dot", False)
    first, second = attentions_of(parts)
    assert isinstance(second.score, Dot)
    second = replace(second, score=replace(second.score, query=first.score.query, scale=scale))
    biased = replace(first, bias=torch.zeros(first.relation.num_edges, HEADS).double())
    close(attend_jointly([first, second]).flat, attend_jointly([biased, second]).flat, leaves_of(parts))


def test_one_relation_alone_is_plain_attention():
    case = case_of("some-dense")
    attention = attention_of(case, values_of(case, "dot"), "dot", True)
    assert torch.equal(attend_jointly([attention]).flat, attend(attention).flat)
    assert torch.equal(joint_attention_weights([attention])[0], attention_weights(attention))


@pytest.mark.parametrize("names", [("complete", "some-csr"), ("some-csr", "none-csr")], ids="+".join)
def test_joint_gradcheck(names):
    parts = joint(names, "dot", True)
    leaves = leaves_of(parts)

    def run(*new):
        given = dict(zip(leaves, new, strict=True))
        fresh = [
            (case, {key: given[f"{n} {key}"] for key in values}, kind, edges)
            for n, (case, values, kind, edges) in enumerate(parts)
        ]
        return attend_jointly(attentions_of(fresh)).flat

    assert torch.autograd.gradcheck(run, tuple(leaves.values()), fast_mode=True)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", ["complete", "some-dense", "some-csr"])
def test_short_floats_stay_near_the_exact_result(name, dtype):
    case = case_of(name)
    values = values_of(case, "dot")
    short = {key: value.detach().to(dtype) for key, value in values.items()}
    found = attend(attention_of(case, short, "dot", False)).flat
    expected = attend(attention_of(case, values, "dot", False)).flat
    assert found.dtype == dtype
    assert torch.allclose(found.double(), expected, atol=0.05)


@pytest.mark.parametrize("form", [None, "csr"])
def test_a_batch_without_samples_gives_nothing_with_finite_gradients(form):
    none = blocks(torch.zeros(0, dtype=torch.long), ())
    relation = relation_of_pairs(none, none, 0, form)
    leaf = torch.zeros(0, HEADS * WIDTH, requires_grad=True)
    nodes = Nodes(leaf, blocks=none)
    attention = Attention(relation, Dot(nodes, nodes, HEADS, 1.0), nodes)
    found = attend_jointly([attention, attention]).flat
    assert found.shape == (0, HEADS * WIDTH)
    assert torch.autograd.grad(found.sum(), leaf)[0].shape == leaf.shape
    assert attention_weights(attention).shape == (0, HEADS)


@pytest.mark.parametrize("edges", [False, True], ids=["plain", "edges"])
@pytest.mark.parametrize("form", ["dense", "csr"])
def test_an_only_target_without_edges_receives_nothing(form, edges):
    """One target in each sample; that of the second has sources, but no edge."""
    source, target = blocks(torch.tensor([0, 0, 1]), (2, 1)), blocks(torch.tensor([0, 1]), (1, 1))
    relation = relation_of_edges(torch.tensor([[0, 1], [0, 0]]), 3, 2, source, target, form)
    query, key = torch.randn(2, HEADS * WIDTH), torch.randn(3, HEADS * WIDTH)
    score = Dot(Nodes(query, blocks=target), Nodes(key, blocks=source), HEADS, 1.0)
    bias = torch.randn(2, HEADS) if edges else None
    attention = Attention(relation, score, Nodes(torch.ones(3, HEADS * WIDTH), blocks=source), bias)
    expected = torch.tensor([1.0, 0.0])[:, None].expand(2, HEADS * WIDTH)
    assert torch.allclose(attend(attention).flat, expected)
    assert torch.allclose(attend_jointly([attention, attention]).flat, expected)


@pytest.mark.parametrize("name", ["complete", "all-dense", "all-csr"])
def test_targets_of_a_batch_without_any_source_receive_nothing(name):
    """Three samples with targets, none with sources."""
    none, target = blocks(torch.zeros(0).long(), (0, 0, 0)), blocks(torch.arange(3), (1, 1, 1))
    relation = relation_of_pairs(none, target, 0, None if name == "complete" else name[4:])
    query = torch.randn(3, HEADS * WIDTH, requires_grad=True)
    key = Nodes(torch.zeros(0, HEADS * WIDTH), blocks=none)
    attention = Attention(relation, Dot(Nodes(query, blocks=target), key, HEADS, 1.0), key)
    for found in (attend(attention).flat, attend_jointly([attention, attention]).flat):
        assert torch.equal(found, torch.zeros(3, HEADS * WIDTH))
        if found.requires_grad:
            gradient = torch.autograd.grad(found.sum(), query, allow_unused=True, retain_graph=True)[0]
            assert gradient is None or not gradient.any()
