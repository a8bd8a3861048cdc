import math

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.nn.functional import cross_entropy, normalize

from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeSpec, Schema, select, without
from mmgraph.graph.schema import parameter_name
from mmgraph.heads import RetrievalHead
from mmgraph.models import Encoded, FusionModel, LateFusionModel
from mmgraph.ops.hardest_hinge import hardest_hinge
from tests.nn.example import batch

NAMES, DIM = ("region", "token", "segment"), 8
GRAPH = HeteroGraph.create(Schema({"point": NodeSpec(2)}), 5)
TARGET = torch.tensor([4, 1, 1, 7, 9])
PRESENT = {
    "region": torch.tensor([True, True, True, False, True]),
    "token": torch.tensor([True, True, True, True, False]),
    "segment": torch.tensor([True, False, True, True, True]),
}


def encoded(present=PRESENT, dtype=torch.float32, count=5):
    pooled = {key: torch.randn(count, DIM, dtype=dtype, requires_grad=True) for key in NAMES}
    return Encoded(
        GRAPH, {}, pooled, present, torch.zeros(count, DIM, dtype=dtype), {}, {"other": torch.tensor(0.5)}
    )


def everything(**options):
    return RetrievalHead(
        NAMES, DIM, 6, hinge=1.0, match=[("token", "region"), ("region", "segment")], **options
    )


def by_hand(cosines, both, target, temperature):
    """Cross-entropy over the candidates that are there and of other things, one query at a time."""
    losses = []
    here = both.nonzero()[:, 0].tolist()
    for scores in (cosines, cosines.T):
        for b in here:
            rivals = [c for c in here if c == b or target[c] != target[b]]
            losses.append(
                cross_entropy(scores[b, rivals][None] / temperature, torch.tensor([rivals.index(b)]))
            )
    return torch.stack(losses).mean()


def test_the_contrast_of_each_two_modalities_is_that_of_the_samples_that_have_both():
    head, example = RetrievalHead(NAMES, DIM, 6, temperature=0.3), encoded()
    terms, places = head.loss(example, TARGET), head.embed(example)
    assert set(terms) == {
        "contrast_region_token",
        "contrast_region_segment",
        "contrast_token_segment",
        "other",
    }
    for a, b in (("region", "token"), ("region", "segment"), ("token", "segment")):
        both = PRESENT[a] & PRESENT[b]
        expected = by_hand(places[a] @ places[b].T, both, TARGET, 0.3)
        assert torch.allclose(terms[f"contrast_{a}_{b}"], expected, atol=1e-6)
    assert float(terms["other"]) == 0.5


def test_places_are_unit_vectors_of_the_projection_and_zero_where_a_modality_is_missing():
    head, example = RetrievalHead(NAMES, DIM, 6), encoded()
    for key, place in head.embed(example).items():
        expected = (
            normalize(head.project[parameter_name(key)](example.pooled[key]), dim=1) * PRESENT[key][:, None]
        )
        assert place.shape == (5, 6)
        assert torch.allclose(place, expected)
    assert RetrievalHead(NAMES, DIM).embed(example)["token"].shape == (5, DIM)


def test_prediction_is_the_same_without_gradients():
    head, example = RetrievalHead(NAMES, DIM), encoded()
    for key, place in head.predict(example).items():
        assert not place.requires_grad
        assert torch.equal(place, head(example)[key])


def test_captions_of_one_picture_are_no_negatives_of_each_other():
    """Samples 1 and 2 are of one thing: what 2 says in the other modality does not reach 1's losses."""
    head = RetrievalHead(("region", "token"), DIM, hinge=1.0, match=[("region", "token")])
    example = encoded({key: torch.ones(5, dtype=torch.bool) for key in NAMES})
    target, apart = torch.tensor([1, 1]), torch.tensor([1, 2])
    two = Encoded(
        GRAPH,
        {},
        {key: value[1:3] for key, value in example.pooled.items()},
        {key: value[1:3] for key, value in example.present.items()},
        example.fused[1:3],
    )
    assert float(head.loss(two, target)["contrast_region_token"]) == 0
    assert float(head.loss(two, target)["hinge_region_token"]) == 0
    assert float(head.loss(two, apart)["contrast_region_token"]) > 0
    assert float(head.loss(two, apart)["hinge_region_token"]) > 0
    torch.manual_seed(1)
    one = head.loss(two, target)["match_region_token"]
    own = head.matcher("region", "token")(two.pooled["region"], two.pooled["token"])
    assert torch.allclose(one, nn.functional.softplus(-own).mean())


def test_the_hinge_has_its_weight_and_its_margin():
    example = encoded()
    head = RetrievalHead(NAMES, DIM, hinge=0.3, margin=0.5)
    places, different = head.embed(example), TARGET[:, None] != TARGET
    both = PRESENT["region"] & PRESENT["token"]
    expected = 0.3 * hardest_hinge(places["region"] @ places["token"].T, both, different, 0.5)
    assert torch.allclose(head.loss(example, TARGET)["hinge_region_token"], expected)


def test_the_temperature_starts_where_it_is_told_and_stays_above_the_coldest():
    head, example = RetrievalHead(NAMES, DIM, temperature=0.5, coldest=0.2), encoded()
    assert math.exp(-float(head.log_scale)) == pytest.approx(0.5)
    with torch.no_grad():
        head.log_scale.fill_(-math.log(0.2))
    coldest = head.loss(example, TARGET)["contrast_region_token"]
    with torch.no_grad():
        head.log_scale.fill_(9.0)
    assert torch.allclose(head.loss(example, TARGET)["contrast_region_token"], coldest)


def test_gradients_are_those_of_finite_differences():
    head = RetrievalHead(NAMES, DIM, 6, temperature=0.5, hinge=0.7).double()
    example = encoded(dtype=torch.float64)
    names = list(example.pooled)

    def loss(*pooled):
        parts = dict(zip(names, pooled, strict=True))
        found = head.loss(Encoded(GRAPH, {}, parts, PRESENT, example.fused), TARGET)
        return torch.stack(list(found.values())).sum()

    assert torch.autograd.gradcheck(loss, tuple(example.pooled.values()))


@pytest.mark.parametrize("gone", [(), ("token",), ("region", "token"), NAMES])
def test_a_modality_that_no_sample_has_costs_nothing_and_gradients_stay_finite(gone):
    present = {key: PRESENT[key] & (key not in gone) for key in NAMES}
    head, example = everything(), encoded(present)
    terms = head.loss(example, TARGET)
    sum(terms.values()).backward()
    for name, term in terms.items():
        without_pairs = any(key in name.split("_") for key in gone)
        assert (float(term) == 0) == without_pairs, name
    for tensor in (*example.pooled.values(), *head.parameters()):
        assert tensor.grad is None or bool(tensor.grad.isfinite().all())


def test_what_is_missing_gets_no_gradient_and_changes_nothing():
    head, example = everything(), encoded()
    for key in NAMES:
        example.pooled[key].data[~PRESENT[key]] = 1e4
    torch.manual_seed(3)
    terms = head.loss(example, TARGET)
    sum(terms.values()).backward()
    for key in NAMES:
        assert float(example.pooled[key].grad[~PRESENT[key]].abs().sum()) == 0
        assert float(example.pooled[key].grad[PRESENT[key]].abs().sum()) > 0
        example.pooled[key].data[~PRESENT[key]] = -3.0
    torch.manual_seed(3)
    assert all(torch.equal(terms[name], term) for name, term in head.loss(example, TARGET).items())


def test_an_empty_batch_has_no_loss():
    example = encoded({key: torch.zeros(0, dtype=torch.bool) for key in NAMES}, count=0)
    terms = everything().loss(example, torch.zeros(0, dtype=torch.long))
    del terms["other"]
    assert len(terms) == 8
    assert all(float(term) == 0 for term in terms.values())


@pytest.mark.parametrize("late", [True, False])
def test_models_that_encode_apart_say_the_same_of_a_text_without_its_picture(late):
    graph = select(batch(), [0, 1, 2, 4])
    model = LateFusionModel(graph.schema, DIM) if late else FusionModel(graph.schema, DIM, cross_from=2)
    head = RetrievalHead(NAMES, DIM)
    model.eval()
    whole = head.predict(model.encode(graph))["token"]
    texts = [number for number, size in enumerate(graph.sizes["token"]) if size]
    assert len(texts) == 3
    alone = without(select(graph, texts), ["region", "segment"])
    assert torch.allclose(whole[texts], head.predict(model.encode(alone))["token"], atol=1e-5)


def test_what_does_not_fit_is_an_error():
    with pytest.raises(InputError, match="expected two different ones at least"):
        RetrievalHead(["token"], DIM)
    with pytest.raises(InputError, match="expected two different ones at least"):
        RetrievalHead(["token", "token"], DIM)
    with pytest.raises(
        InputError, match=r"temperature=0.001, coldest=0.01\): expected temperature >= coldest"
    ):
        RetrievalHead(NAMES, DIM, temperature=0.001)
    with pytest.raises(InputError, match=r"hinge=-1.0, margin=0.2"):
        RetrievalHead(NAMES, DIM, hinge=-1.0)
    with pytest.raises(InputError, match=r"has \('token', 'user'\): expected two of"):
        RetrievalHead(NAMES, DIM, match=[("token", "user")])
    with pytest.raises(InputError, match=r"no MatchHead of \('region', 'token'\)"):
        everything().matcher("region", "token")


def test_training_never_waits_for_the_device(accelerator):
    head, example = everything(), encoded()
    mode = FakeTensorMode()

    def fake(tensor):
        return FakeTensor(mode, tensor.detach().to("meta"), accelerator)

    weights = {name: nn.Parameter(fake(p)) for name, p in head.named_parameters()}
    moved = Encoded(
        GRAPH,
        {},
        {key: fake(value) for key, value in example.pooled.items()},
        {key: fake(value) for key, value in PRESENT.items()},
        fake(example.fused),
    )
    target = fake(TARGET)
    with mode:
        terms = torch.func.functional_call(
            Loss(head), {f"head.{k}": v for k, v in weights.items()}, (moved, target)
        )
        found = torch.autograd.grad(terms, list(weights.values()))
    assert all(gradient.device.type == "sim" for gradient in found)


class Loss(nn.Module):
    def __init__(self, head):
        super().__init__()
        self.head = head

    def forward(self, example, target):
        return torch.stack(list(self.head.loss(example, target).values())).sum()
