from dataclasses import replace

import pytest
import torch

from mmgraph.data.recommendation import Catalogue, InteractionTable, Knowledge, RecommendationData
from mmgraph.errors import InputError, MMGraphWarning
from mmgraph.models.recommendation import (
    build_recommendation_graph,
    co_interaction_graph,
    modality_graph,
    shared_facts_graph,
)
from tests.models.recommendation.world import ITEMS, USERS, features, interactions, neighbours

ITEM_IDS = tuple(f"i{number}" for number in range(ITEMS))
KNOWLEDGE = Knowledge.of(
    [(f"m{number}", "in", f"genre{number % 3}") for number in range(ITEMS)],
    {item: f"m{number}" for number, item in enumerate(ITEM_IDS)},
    ITEM_IDS,
)
CATALOGUE = Catalogue(
    tuple(f"u{number}" for number in range(USERS)),
    ITEM_IDS,
    features(torch.float32),
    knowledge=KNOWLEDGE,
)


def data(catalogue=CATALOGUE):
    none = torch.zeros(0, dtype=torch.long)
    return RecommendationData(catalogue, interactions(), InteractionTable(none, none), None, name="world")


def test_it_has_interactions_features_neighbours_and_facts():
    found = build_recommendation_graph(data(), k=3)
    table = interactions()
    entries = found.interactions.csr
    ends = set(zip(entries.source.tolist(), entries.target.tolist(), strict=True))
    assert ends == set(zip(table.users.tolist(), table.items.tolist(), strict=True))
    assert list(found.similar) == list(found.features) == ["image", "audio"]
    for name, own in CATALOGUE.features.items():
        assert torch.equal(neighbours(found.similar[name]), neighbours(modality_graph(own, 3)))
    assert found.knowledge is KNOWLEDGE
    assert found.users is None


def test_what_is_asked_for_is_there_and_nothing_else():
    bare = build_recommendation_graph(data(), k=0, modalities=["audio"], knowledge=False)
    assert (list(bare.features), dict(bare.similar), bare.knowledge) == (["audio"], {}, None)
    full = build_recommendation_graph(
        data(), 3, users=2, facts=4, weighted=True, symmetric=True, centred=False
    )
    expected = modality_graph(CATALOGUE.features["image"], 3, True, True, False, False)
    assert torch.equal(neighbours(full.similar["image"]), neighbours(expected))
    expected = shared_facts_graph(KNOWLEDGE, 4)
    assert torch.equal(full.similar["knowledge"].weight, expected.weight)
    expected = co_interaction_graph(interactions(), USERS, ITEMS, 2)
    assert torch.equal(full.users.csr.source, expected.csr.source)


def test_without_features_or_facts_there_are_interactions_alone():
    found = build_recommendation_graph(data(replace(CATALOGUE, features={}, knowledge=None)), facts=3)
    assert (dict(found.features), dict(found.similar), found.knowledge) == ({}, {}, None)


def test_neighbours_are_kept_and_a_damaged_file_is_made_anew(tmp_path):
    plain = build_recommendation_graph(data(), 3)
    for _ in range(2):
        found = build_recommendation_graph(data(), 3, cache=tmp_path)
        for name in plain.similar:
            assert torch.equal(found.similar[name].weight, plain.similar[name].weight)
    files = sorted(tmp_path.glob("*.safetensors"))
    assert len(files) == 2
    files[0].write_bytes(b"x")
    with pytest.warns(MMGraphWarning, match="made anew"):
        build_recommendation_graph(data(), 3, cache=tmp_path)
    build_recommendation_graph(data(), 3, cache=tmp_path, encoders={"image": "resnet 2"})
    assert len(list(tmp_path.glob("*.safetensors"))) == 3


def test_a_modality_that_is_not_there_or_has_a_name_that_is_taken_is_an_error():
    with pytest.raises(InputError, match=r"world has no modality 'text': it has \['audio', 'image'\]"):
        build_recommendation_graph(data(), modalities=["text"])
    named = replace(CATALOGUE, features={"knowledge": CATALOGUE.features["image"]})
    with pytest.raises(InputError, match="rename it"):
        build_recommendation_graph(data(named), facts=2)
