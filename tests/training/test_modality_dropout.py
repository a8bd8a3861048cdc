import pickle

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from mmgraph.errors import InputError
from mmgraph.graph import GraphStore, HeteroGraph, NodeSpec, Schema, plan, validate, with_modalities
from mmgraph.training import ModalityDropout
from tests.nn.example import batch

TYPES = ("image", "text", "audio")


def many(sizes):
    """A node of each type where `sizes` [samples, 3] says so."""
    schema = Schema({key: NodeSpec(1) for key in TYPES})
    columns = dict(zip(TYPES, np.asarray(sizes).T.tolist(), strict=True))
    x = {key: torch.ones(sum(column), 1) for key, column in columns.items()}
    return HeteroGraph.create(schema, len(sizes), sizes=columns, x=x)


def held(graph):
    return np.array([graph.sizes[key] for key in TYPES]).T > 0


def test_each_modality_goes_with_probability_p_and_the_last_one_stays():
    """Oracle: all outcomes of three coins; if all fall, each type stays in a third of those samples."""
    p, count = 0.4, 20000
    found = held(ModalityDropout(p, seed=1)(many(np.ones((count, 3), int))))
    assert found.any(1).all()
    for outcome in np.ndindex(2, 2, 2):
        number = sum(outcome)
        chance = (1 - p) ** number * p ** (3 - number)
        if number == 1:
            chance += p**3 / 3
        if number == 0:
            chance = 0.0
        share = (found == np.array(outcome, bool)).all(1).mean()
        assert abs(share - chance) <= 4 * (chance * (1 - chance) / count) ** 0.5


def test_where_modalities_are_missing_already_one_that_is_there_stays():
    sizes = [[1, 0, 0], [0, 2, 0], [0, 1, 1], [0, 0, 0]] * 50
    graph = many(sizes)
    found = held(ModalityDropout(1.0)(graph))
    assert (found <= held(graph)).all()
    assert found.sum(1).tolist() == [1, 1, 1, 0] * 50
    assert held(ModalityDropout(0.5)(graph)).any(1).tolist() == [True, True, True, False] * 50
    alone = found[2::4]
    assert 0 < alone[:, 1].sum() < 50


def test_only_the_given_types_go_and_all_of_them_may_where_another_stays():
    dropout = ModalityDropout(1.0, ["image", "audio"])
    found = held(dropout(many([[1, 1, 1], [1, 0, 1], [0, 0, 1], [0, 1, 0]])))
    assert found[0].tolist() == [False, True, False]
    assert found[1].sum() == 1
    assert found[2].tolist() == [False, False, True]
    assert found[3].tolist() == [False, True, False]


def test_samples_lose_their_modalities_independently():
    found = held(ModalityDropout(0.5, ["image"])(many(np.ones((4000, 3), int))))[:, 0]
    assert abs(found.mean() - 0.5) < 0.04
    assert abs((found[1:] == found[:-1]).mean() - 0.5) < 0.04


def test_the_result_is_a_sound_graph_with_the_chosen_nodes():
    graph = batch()
    dropped = validate(ModalityDropout(0.7, seed=2)(graph))
    masks = {key: np.array(dropped.sizes[key]) > 0 for key in graph.schema.nodes}
    assert dropped.equal(with_modalities(graph, masks))
    assert dropped.sizes != graph.sizes


def test_the_same_seed_drops_alike_and_each_call_differs():
    graph = many(np.ones((50, 3), int))

    def calls(dropout):
        return [held(dropout(graph)).tolist() for _ in range(2)]

    first, second = calls(ModalityDropout(0.5, seed=3))
    assert first != second
    assert calls(ModalityDropout(0.5, seed=3)) == [first, second]
    assert calls(ModalityDropout(0.5, seed=4))[0] != first
    assert calls(pickle.loads(pickle.dumps(ModalityDropout(0.5, seed=3)))) == [first, second]


def test_with_probability_0_or_no_types_the_batch_is_the_same_object():
    graph = plan(batch())
    assert ModalityDropout(0.0)(graph) is graph
    assert ModalityDropout(1.0, [])(graph) is graph


def test_workers_and_epochs_do_not_drop_alike():
    store, dropout = GraphStore(many(np.ones((80, 3), int))), ModalityDropout(0.5)
    chosen = [list(range(40)), list(range(40))]
    loader = DataLoader(store, sampler=chosen, batch_size=None, num_workers=2, collate_fn=dropout)
    epochs = [[held(graph).tolist() for graph in loader] for _ in range(2)]
    assert epochs[0][0] != epochs[0][1]
    assert epochs[0][0] != epochs[1][0]
    torch.manual_seed(0)
    first = [held(graph).tolist() for graph in loader]
    torch.manual_seed(0)
    assert first == [held(graph).tolist() for graph in loader]


def test_mistakes_are_named():
    with pytest.raises(InputError, match=r"p=1\.5\): expected a probability"):
        ModalityDropout(1.5)
    with pytest.raises(InputError, match=r"give a list, \['text'\]"):
        ModalityDropout(0.5, "text")
    with pytest.raises(InputError, match=r"node type 'video': it has \['region', 'segment', 'token'\]"):
        ModalityDropout(0.5, ["region", "video"])(batch())
