import pytest
import torch
from torch_geometric.data import Data, HeteroData
from torch_geometric.loader import LinkLoader, NodeLoader
from torch_geometric.nn import SAGEConv
from torch_geometric.sampler import NegativeSampling
from torch_geometric.utils import k_hop_subgraph, trim_to_layer

from mmgraph.errors import InputError
from mmgraph.interop import PyGNeighbourSampler

NODES, EDGES = 50, 200
RATES, RATED = ("user", "rates", "film"), ("film", "rev_rates", "user")


def one_type():
    data = Data(edge_index=torch.randint(0, NODES, (2, EDGES)), x=torch.arange(NODES).float()[:, None])
    data.edge_attr = torch.arange(EDGES)
    return data


def two_types():
    data = HeteroData()
    data["user"].x, data["film"].x = torch.arange(12).float()[:, None], torch.arange(9).float()[:, None]
    index = torch.stack([torch.randint(0, 12, (60,)), torch.randint(0, 9, (60,))])
    data[RATES].edge_index, data[RATED].edge_index = index, index.flip(0)
    data[RATES].edge_attr = torch.arange(60)
    return data


@pytest.mark.parametrize("workers", [0, 2])
def test_node_loader_gives_neighbourhoods_with_their_features(workers):
    data = one_type()
    loader = NodeLoader(data, PyGNeighbourSampler(data, [3, 2]), batch_size=8, num_workers=workers)
    seen = []
    for batch in loader:
        seen.append(batch.n_id[: batch.batch_size])
        assert torch.equal(batch.x[:, 0].long(), batch.n_id)
        assert torch.equal(batch.n_id[batch.edge_index], data.edge_index[:, batch.e_id])
        assert torch.equal(batch.edge_attr, batch.e_id)
        assert sum(batch.num_sampled_nodes) == batch.num_nodes
        assert torch.bincount(batch.edge_index[1]).max() <= 3
    assert torch.equal(torch.cat(seen), torch.arange(NODES))


def test_with_all_neighbours_a_network_gives_the_seeds_what_the_whole_graph_gives():
    data = one_type()
    layers = [SAGEConv(1, 4), SAGEConv(4, 2)]

    def network(x, edge_index):
        return layers[1](layers[0](x, edge_index).relu(), edge_index)

    whole = network(data.x, data.edge_index)
    for batch in NodeLoader(data, PyGNeighbourSampler(data, [-1, -1]), batch_size=9):
        seeds = slice(batch.batch_size)
        assert torch.allclose(network(batch.x, batch.edge_index)[seeds], whole[batch.n_id[seeds]], rtol=1e-4)
        # PyG's own trimming, which reads the counts of nodes and edges of each hop.
        x, edge_index = batch.x, batch.edge_index
        counts = batch.num_sampled_nodes, batch.num_sampled_edges
        for number, layer in enumerate(layers):
            x, edge_index, _ = trim_to_layer(number, *counts, x, edge_index)
            x = layer(x, edge_index)
            x = x.relu() if number == 0 else x
        assert torch.allclose(x[seeds], whole[batch.n_id[seeds]], rtol=1e-4)


def test_all_neighbours_are_those_of_pyg():
    data = one_type()
    batch = next(iter(NodeLoader(data, PyGNeighbourSampler(data, [-1, -1]), batch_size=4)))
    expected = k_hop_subgraph(torch.arange(4), 2, data.edge_index, num_nodes=NODES)[0]
    assert torch.equal(batch.n_id.sort().values, expected)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("disjoint", [False, True])
def test_node_loader_takes_heterogeneous_graphs(workers, disjoint):
    data = two_types()
    sampler = PyGNeighbourSampler(data, {RATES: [2, 2], RATED: [3, 3]}, disjoint=disjoint)
    loader = NodeLoader(data, sampler, input_nodes="film", batch_size=4, num_workers=workers)
    for batch in loader:
        for key in (RATES, RATED):
            ends = [batch[key[::2][end]].n_id[batch[key].edge_index[end]] for end in (0, 1)]
            assert torch.equal(torch.stack(ends), data[key].edge_index[:, batch[key].e_id])
            if disjoint:
                of = [batch[key[::2][end]].batch[batch[key].edge_index[end]] for end in (0, 1)]
                assert torch.equal(*of)
        assert torch.equal(batch["user"].x[:, 0].long(), batch["user"].n_id)
        assert torch.equal(batch[RATES].edge_attr, batch[RATES].e_id)


@pytest.mark.parametrize("disjoint", [False, True])
@pytest.mark.parametrize("negatives", [None, "binary", "triplet"])
def test_link_loader_gives_edges_and_negative_ones(negatives, disjoint):
    data = two_types()
    sampler = PyGNeighbourSampler(data, [2, 2], disjoint=disjoint)
    sampling = None if negatives is None else NegativeSampling(negatives, 2)
    loader = LinkLoader(
        data, sampler, edge_label_index=(RATES, None), neg_sampling=sampling, batch_size=7, num_workers=2
    )
    for batch in loader:
        number = batch[RATES].input_id
        expected = data[RATES].edge_index[:, number]
        if negatives == "triplet":
            found = batch["user"].src_index, batch["film"].dst_pos_index
            assert batch["film"].dst_neg_index.shape == (len(number), 2)
        else:
            found = batch[RATES].edge_label_index[:, : len(number)]
        if negatives == "binary":
            assert batch[RATES].edge_label.tolist() == [1] * len(number) + [0] * 2 * len(number)
        assert torch.equal(batch["user"].n_id[found[0]], expected[0])
        assert torch.equal(batch["film"].n_id[found[1]], expected[1])


@pytest.mark.parametrize("disjoint", [False, True])
@pytest.mark.parametrize("negatives", ["binary", "triplet"])
def test_link_loader_takes_graphs_of_one_node_type(negatives, disjoint):
    data = one_type()
    sampler = PyGNeighbourSampler(data, [2], disjoint=disjoint)
    loader = LinkLoader(data, sampler, neg_sampling=NegativeSampling(negatives, 1), batch_size=16)
    for batch in loader:
        expected = data.edge_index[:, batch.input_id]
        if negatives == "triplet":
            found = torch.stack([batch.src_index, batch.dst_pos_index])
        else:
            found = batch.edge_label_index[:, : len(batch.input_id)]
        assert torch.equal(batch.n_id[found], expected)


def test_a_seed_makes_every_epoch_the_same_and_none_draws_anew():
    data = one_type()
    for seed, same in ((3, True), (None, False)):
        loader = NodeLoader(data, PyGNeighbourSampler(data, [1], seed=seed), batch_size=50, num_workers=1)
        first, second = (next(iter(loader)).e_id for _ in range(2))
        assert torch.equal(first, second) == same


def test_workers_draw_differently():
    data = Data(
        edge_index=torch.stack([torch.arange(100), torch.zeros(100, dtype=torch.long)]), num_nodes=100
    )
    loader = NodeLoader(
        data, PyGNeighbourSampler(data, [5]), torch.zeros(2, dtype=torch.long), batch_size=1, num_workers=2
    )
    first, second = (batch.e_id for batch in loader)
    assert not torch.equal(first, second)


def test_errors_say_what_came():
    data = two_types()
    with pytest.raises(InputError, match="got dict, expected Data or HeteroData"):
        PyGNeighbourSampler.__init__.__wrapped__(object.__new__(PyGNeighbourSampler), {}, [1])
    lacking = HeteroData()
    lacking["user"].num_nodes, lacking["film"].num_nodes = 2, 3
    lacking[RATES].edge_attr = torch.zeros(0)
    with pytest.raises(InputError, match="has no edge_index"):
        PyGNeighbourSampler(lacking, [1])
    loader = NodeLoader(
        data, PyGNeighbourSampler(data, [1]), "film", input_time=torch.zeros(9, dtype=torch.long)
    )
    with pytest.raises(InputError, match="leave them out"):
        next(iter(loader))
