import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.ops import ragged
from mmgraph.ops.blocks import blocks
from mmgraph.ops.crossover import CROSSOVER, WORKS, grid_is_faster
from mmgraph.ops.relation import relation_of_edges
from tests.nn.relations import SIZES, cases
from tests.ops.test_propagate import CASES, IDS, relation_of


def places(name: str):
    sizes = SIZES[name]
    return blocks(torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes)), sizes)


@pytest.mark.parametrize("case", CASES, ids=IDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_degrees_count_the_edges_of_each_end(case, weighted):
    relation = relation_of(case)
    weight = torch.rand(case.edge_index.shape[1]) if weighted else None
    factor = torch.ones(case.edge_index.shape[1]) if weight is None else weight
    for nodes, end, count in (
        (relation.out_degree(weight), 0, case.num_sources),
        (relation.in_degree(weight), 1, case.num_targets),
    ):
        assert torch.allclose(nodes.flat[:, 0], torch.zeros(count).index_add(0, case.edge_index[end], factor))


@pytest.mark.parametrize("form", ["dense", "csr"])
def test_two_thousand_short_weights_sum_to_two_thousand(form):
    one, many = (blocks(torch.zeros(count, dtype=torch.long), (count,)) for count in (1, 2000))
    weight = torch.ones(2000, dtype=torch.bfloat16)
    index = torch.stack([torch.arange(2000), torch.zeros(2000, dtype=torch.long)])
    assert relation_of_edges(index, 2000, 1, many, one, form).in_degree(weight).flat.tolist() == [[2000]]
    back = relation_of_edges(index.flip(0), 1, 2000, one, many, form)
    assert back.out_degree(weight).flat.tolist() == [[2000]]
    assert back.out_degree(weight).dtype == torch.bfloat16


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_ends_of_the_grid_are_the_slots_of_both_rows(case):
    relation = relation_of(case)
    if relation.grid is not None:
        source, target = relation.ends()
        assert torch.equal(source, relation.source.slot[case.edge_index[0]])
        assert torch.equal(target, relation.target.slot[case.edge_index[1]])


@pytest.mark.parametrize("case", cases("region", "region"), ids=lambda case: case.name)
def test_loops_are_found(case):
    expected = torch.zeros(case.num_targets)
    expected[case.edge_index[0][case.edge_index[0] == case.edge_index[1]]] = 1
    assert torch.equal(relation_of(case).has_loop().flat[:, 0], expected)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_values_of_edges_go_to_the_grid_and_back(case):
    relation = relation_of(case)
    if relation.grid is None:
        return
    values = torch.randn(relation.num_edges, 2)
    grid = relation.to_grid(values)
    assert torch.equal(relation.from_grid(grid), values)
    joined = relation.joined.expand(-1, relation.shape[1], -1)
    assert (grid[~joined] == 0).all()


def test_an_edge_that_stands_twice_is_listed_and_never_gridded():
    edges = torch.tensor([[0, 0, 1], [0, 0, 1]])
    two = blocks(torch.tensor([0, 0]), (2,))
    assert relation_of_edges(edges, 2, 2, two, two).form == "csr"
    with pytest.raises(InputError, match="stands twice"):
        relation_of_edges(edges, 2, 2, two, two, form="dense")


def test_a_dense_layout_needs_the_samples():
    with pytest.raises(InputError, match="needs the blocks"):
        relation_of_edges(torch.zeros(2, 0, dtype=torch.long), 2, 2, form="dense")
    with pytest.raises(InputError, match="without stored edges"):
        relation_of_edges(torch.zeros(2, 0, dtype=torch.long), 2, 2, form="complete")


def test_the_planner_lays_few_edges_out_as_a_list_and_many_as_a_grid():
    place = blocks(torch.arange(2).repeat_interleave(10), (10, 10))
    pairs = ragged.complete_pairs((10, 10), (10, 10))
    every = relation_of_edges(pairs, 20, 20, place, place)
    assert every.on_grid("dot")
    assert every.on_grid("additive")
    assert not every.on_grid("max")
    assert every.form == "dense+csr"
    few = relation_of_edges(pairs[:, ::50], 20, 20, place, place)
    assert few.form == "csr"


def test_the_grid_wins_above_some_density_and_never_where_it_does_not_fit():
    assert grid_is_faster("dot", 100, 1, 10, 10)
    assert not any(grid_is_faster(work, 0, 4, 10, 10) for work in WORKS)
    assert not grid_is_faster("sum", 2**29, 1, 2**15, 2**14)
    assert not grid_is_faster("sum", 0, 0, 0, 0)
    for work in WORKS:
        faster = [grid_is_faster(work, edges, 1, 200, 200) for edges in range(0, 40_001, 400)]
        assert faster == sorted(faster), "once the grid wins, it wins at any higher density"


def test_between_measured_sizes_the_crossover_is_interpolated():
    (low, below), (high, above) = CROSSOVER["sum"][1:3]
    middle = round((low * high) ** 0.5)
    edges = [int(density * middle**2) for density in ((below + above) / 2 - 0.02, (below + above) / 2 + 0.02)]
    assert [grid_is_faster("sum", count, 1, middle, middle) for count in edges] == [False, True]


def test_a_relation_moves_with_its_tensors():
    relation = relation_of(CASES[1])
    moved = relation.apply(torch.clone)
    assert moved.form == relation.form
    assert torch.equal(moved.joined, relation.joined)
    assert moved.joined is not relation.joined
    assert relation.to("meta").joined.device.type == "meta"
