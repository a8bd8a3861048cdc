import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.fusion import ConceptFusion
from tests.fusion.every_fusion import NAMES, WIDTH, example_input


def test_it_equals_the_formula_by_hand():
    fusion = ConceptFusion(NAMES, WIDTH, concepts=4).double()
    pooled, present = example_input()
    out = fusion(pooled, present)
    for i in range(7):
        read = []
        for m, name in enumerate(NAMES):
            if bool(present[name][i]):
                query = fusion.query[m](pooled[name][i])
                weight = torch.stack([query.dot(c) / WIDTH**0.5 for c in fusion.concepts]).softmax(0)
                read.append(sum(share * c for share, c in zip(weight, fusion.concepts, strict=True)))
        assert torch.allclose(out[i], sum(read) / len(read), atol=1e-12)


def test_readings_sum_to_one_where_a_modality_is_there_and_to_zero_where_not():
    pooled, present = example_input()
    readings = ConceptFusion(NAMES, WIDTH).double().readings(pooled, present)
    here = torch.stack([present[name] for name in NAMES], dim=1)
    assert torch.allclose(readings.sum(-1), here.double())


def test_two_modalities_that_mean_the_same_concept_give_it():
    fusion = ConceptFusion(("image", "text"), WIDTH, concepts=3).double()
    for query in fusion.query:
        query.weight.data = torch.eye(WIDTH, dtype=torch.float64)
        query.bias.data.zero_()
    pooled = {name: 1e3 * fusion.concepts[1:2].detach() for name in ("image", "text")}
    present = {name: torch.ones(1, dtype=torch.bool) for name in pooled}
    fusion.concepts.data = torch.nn.functional.normalize(fusion.concepts.data)
    assert torch.allclose(fusion(pooled, present)[0], fusion.concepts[1], atol=1e-6)


def test_no_concept_is_an_error():
    with pytest.raises(InputError, match="at least one concept"):
        ConceptFusion(NAMES, WIDTH, concepts=0)
