import numpy as np
import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

from mmgraph.errors import InputError
from mmgraph.graph import GraphStore, collate, select, split, validate
from tests.nn.example import batch


def test_a_cut_equals_the_samples_put_together():
    graph = batch()
    singles = split(graph)
    for order in ([0], [4, 1, 1, 0], [2, 3], [], [3, 3]):
        if order:
            cut = validate(GraphStore(graph)[order])
            assert not cut.difference(collate([singles[i] for i in order]))
        else:
            assert GraphStore(graph)[order].num_graphs == 0


def test_one_number_gives_one_sample():
    graph = batch()
    assert GraphStore(graph)[2].equal(split(graph)[2])
    assert select(graph, [2]).equal(split(graph)[2])


@pytest.mark.parametrize("workers", [0, 1])
def test_a_store_feeds_a_data_loader(workers):
    store = GraphStore(batch())
    sampler = BatchSampler(SequentialSampler(store), 2, drop_last=False)
    loader = DataLoader(store, sampler=sampler, batch_size=None, num_workers=workers)
    batches = list(loader)
    assert [b.num_graphs for b in batches] == [2, 2, 1]
    assert collate(batches).equal(store.graph)


def test_a_number_that_is_no_sample_s_is_an_error():
    with pytest.raises(InputError, match="sample 5 was asked for, but there are 5"):
        GraphStore(batch())[[0, 5]]
    with pytest.raises(InputError, match="sample -1"):
        select(batch(), [-1])


def test_edges_in_any_order_are_cut_right():
    graph = batch()
    key = ("token", "next", "token")
    turned = graph.apply(lambda t: t)
    turned.edge_index[key] = graph.edge_index[key].flip(1)
    cut = validate(select(turned, [1, 0]))
    assert cut.num_edges(key) == sum(graph.edge_sizes(key)[i] for i in (1, 0))
    assert torch.equal(
        torch.unique(cut.edges(key), dim=1), torch.unique(select(graph, [1, 0]).edges(key), dim=1)
    )


def test_a_store_can_be_walked_and_sliced_and_takes_numbers_of_any_library():
    store = GraphStore(batch())
    assert [graph.num_graphs for graph in store] == [1] * 5
    assert store[1:3].equal(store[[1, 2]])
    assert store[torch.tensor([1, 2])].equal(store[np.array([1, 2])])
    assert store[np.int64(1)].equal(store[1])
    for wrong in ([True, False], 1.5, ["a"]):
        with pytest.raises(InputError, match="give a number, a slice or numbers"):
            store[wrong]
