from dataclasses import replace
from typing import get_args

import pytest
import torch
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorMode,
)

from mmgraph.alignment import AlignerKind
from mmgraph.errors import InputError
from mmgraph.fusion import FusionKind, ReconstructionKind
from mmgraph.graph import COMPLETE, EdgeSpec, HeteroGraph, NodeSpec, Schema, collate, plan, select
from mmgraph.models import FusionModel
from mmgraph.nn.schema_conv import ConvKind
from tests.nn.example import SCHEMA, one
from tests.nn.example import batch as batch_with_an_empty_sample

PAIRS = [("token", "region"), ("segment", "region")]


def batch():
    return select(batch_with_an_empty_sample(), [0, 1, 2, 4])


@pytest.mark.parametrize("layer", get_args(ConvKind))
def test_any_kind_of_layer_gives_a_sample_alone_what_it_gives_in_a_batch(layer):
    model = FusionModel(SCHEMA, dim=16, align=PAIRS, layer=layer, cross_from=1).double().eval()
    graph = plan(batch().apply(lambda t: t.double() if t.is_floating_point() else t))
    together = model(graph)
    for i in range(graph.num_graphs):
        assert torch.allclose(model(select(graph, [i]))[0], together[i], atol=1e-10)
    together.sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


@pytest.mark.parametrize("aligner", get_args(AlignerKind))
def test_any_aligner_by_its_name_gives_a_sample_alone_what_it_gives_in_a_batch(aligner):
    assert_alone_as_in_a_batch(
        FusionModel(SCHEMA, dim=16, align=PAIRS, aligner=aligner, context="token", align_weight=0.5)
    )


@pytest.mark.parametrize("fusion", get_args(FusionKind))
@pytest.mark.parametrize("reconstruct", [None, *get_args(ReconstructionKind)])
def test_any_fusion_by_its_name_gives_a_sample_alone_what_it_gives_in_a_batch(fusion, reconstruct):
    assert_alone_as_in_a_batch(FusionModel(SCHEMA, dim=16, layers=1, fusion=fusion, reconstruct=reconstruct))


def assert_alone_as_in_a_batch(model):
    model, graph = model.double().eval(), batch().apply(lambda t: t.double() if t.is_floating_point() else t)
    found = model.encode(graph)
    for i in range(graph.num_graphs):
        alone = model.encode(select(graph, [i]))
        assert torch.allclose(alone.fused[0], found.fused[i], atol=1e-7)
        for pair, alignment in alone.alignments.items():
            s, t = alignment.plan.shape[1:]
            assert torch.allclose(found.alignments[pair].plan[i, :s, :t], alignment.plan[0], atol=1e-7)
    (found.fused.square().sum() + sum(found.terms.values())).backward()
    assert all(p.grad is None or bool(torch.isfinite(p.grad).all()) for p in model.parameters())


def test_late_fusion_lets_no_layer_cross():
    graph = batch()
    late = FusionModel(SCHEMA, dim=16, cross_from=2).eval()
    changed = graph.apply(torch.clone)
    changed.x["token"].copy_((graph.x["token"] + 1) % 11)
    assert torch.equal(late.encode(graph).nodes["region"], late.encode(changed).nodes["region"])
    early = FusionModel(SCHEMA, dim=16).eval()
    assert not torch.equal(early.encode(graph).nodes["region"], early.encode(changed).nodes["region"])


def test_features_are_standardised_by_the_training_data():
    model = FusionModel(SCHEMA, dim=16)
    graph = collate([one(9, 2, 3), one(7, 0, 5)])
    model.fit_features(graph)
    encoder = model.encoder.embed.types["of_region"]
    assert torch.allclose(encoder.mean, graph.x["region"].mean(0))
    assert torch.allclose(encoder.deviation, graph.x["region"].std(0))


def test_another_schema_is_named():
    model = FusionModel(SCHEMA, dim=16)
    graph = batch().with_relation(("region", "also", "region"), EdgeSpec(complete=True), COMPLETE)
    with pytest.raises(InputError, match="'region', 'also', 'region'"):
        model(graph)
    with pytest.raises(InputError, match="no node type 'tree'"):
        FusionModel(SCHEMA, align=[("tree", "region")])
    with pytest.raises(InputError, match="cross_from is 3"):
        FusionModel(SCHEMA, cross_from=3)
    with pytest.raises(InputError, match="align_weight=-1"):
        FusionModel(SCHEMA, align_weight=-1.0)


def test_the_pretended_device_raises_on_what_waits(accelerator):
    mode = FakeTensorMode()
    value = FakeTensor(mode, torch.zeros(3, device="meta"), accelerator)
    with mode:
        with pytest.raises(DataDependentOutputException):
            value.sum().item()
        with pytest.raises(DynamicOutputShapeException):
            value.nonzero()


def test_the_order_of_a_schema_changes_nothing():
    model, graph = FusionModel(SCHEMA, dim=16, align=PAIRS).eval(), batch()
    for layer in model.encoder.layers:
        torch.nn.init.normal_(layer.mix.edge_table)
    turned = Schema(dict(reversed(SCHEMA.nodes.items())), dict(reversed(SCHEMA.edges.items())))
    assert turned == SCHEMA
    expected = model(graph)
    assert torch.equal(expected, model(replace(graph, schema=turned)))
    other = FusionModel(turned, dim=16, align=PAIRS).eval()
    other.load_state_dict(
        {key: value for key, value in model.state_dict().items() if not key.startswith("fusion.")},
        strict=False,
    )
    nodes = model.encode(graph).nodes
    for key, value in other.encode(graph).nodes.items():
        assert torch.allclose(value, nodes[key], atol=1e-5)


def test_node_types_whose_names_look_alike_have_encoders_of_their_own():
    schema = Schema({name: NodeSpec(3) for name in ("a.b", "a_b", "a_dot_b", "type", "keys")})
    model = FusionModel(schema, dim=8)
    assert len(model.encoder.embed.types) == 5
    graph = HeteroGraph.create(
        schema,
        2,
        sizes=dict.fromkeys(schema.nodes, (1, 1)),
        x={name: torch.randn(2, 3) for name in schema.nodes},
    )
    assert model(graph).shape == (2, 8)


def test_an_odd_width_is_refused():
    with pytest.raises(InputError, match="expected an even width"):
        FusionModel(SCHEMA, dim=15, heads=3)
