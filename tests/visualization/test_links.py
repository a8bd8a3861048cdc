import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph import InputError
from mmgraph.alignment import Alignment
from mmgraph.visualization.links import Choice, Link, colours, links_between, strongest, weights_between
from mmgraph.visualization.theme import LIGHT

RANK = {"region": 0, "token": 1, "segment": 2}
ALL = Choice(top=9, threshold=0.0, floor=0.0, most=99)


def by_hand(weights, choice):
    largest = max(max(row) for row in weights)
    found = []
    for source, row in enumerate(weights):
        order = sorted(range(len(row)), key=lambda t: (-row[t], t))[: choice.top]
        for target in order:
            weight = row[target]
            if weight > 0 and weight >= choice.threshold * max(row) and weight >= choice.floor * largest:
                found.append((-weight, source, order.index(target), target))
    return [(source, target) for _, source, _, target in sorted(found)[: choice.most]]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 6), min_size=4, max_size=4), min_size=1, max_size=6),
    st.integers(1, 5),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.sampled_from([0.0, 0.25, 1.0]),
    st.integers(1, 30),
)
def test_the_strongest_links_are_those_of_a_plain_loop(rows, top, threshold, floor, most):
    choice = Choice(top, threshold, floor, most)
    found = strongest(torch.tensor(rows, dtype=torch.float64), choice)
    assert [tuple(pair) for pair in found.T.tolist()] == by_hand(rows, choice)


def test_only_the_top_links_above_the_thresholds_are_taken():
    weights = torch.tensor([[0.8, 0.5, 0.1], [0.2, 0.1, 0.0], [0.0, 0.0, 0.0]])

    def chosen(**changes):
        return strongest(weights, Choice(**{"top": 3, "threshold": 0.0, "floor": 0.0, "most": 99} | changes))

    assert chosen().T.tolist() == [[0, 0], [0, 1], [1, 0], [0, 2], [1, 1]]
    assert chosen(top=1).T.tolist() == [[0, 0], [1, 0]]
    assert chosen(threshold=0.5).T.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert chosen(floor=0.5).T.tolist() == [[0, 0], [0, 1]]
    assert chosen(most=1).T.tolist() == [[0, 0]]


def test_no_nodes_give_no_links():
    assert strongest(torch.zeros(0, 3), ALL).shape == (2, 0)
    assert strongest(torch.zeros(3, 0), ALL).shape == (2, 0)
    assert links_between(("token", "region"), torch.zeros(2, 2), ALL) == []


def test_a_link_knows_its_weight_its_strength_and_whether_it_is_right():
    weights, truth = torch.tensor([[0.4, 0.2]]), torch.tensor([[0.0, 1.0]])
    links = links_between(("token", "region"), weights, ALL, truth)
    assert [link.strength for link in links] == pytest.approx([1.0, 0.5])
    assert [link.weight for link in links] == pytest.approx([0.4, 0.2])
    assert [link.right for link in links] == [False, True]
    assert links_between(("token", "region"), weights, ALL)[0].right is None


def link(source, target, strength=1.0):
    return Link(source, target, strength, strength)


def test_what_is_about_one_region_has_one_colour():
    links = [
        link(("token", 2), ("region", 7)),
        link(("token", 3), ("region", 1), 0.5),
        link(("segment", 0), ("token", 2)),
        link(("segment", 1), ("region", 1), 0.6),
    ]
    colour = colours(links, RANK)
    assert colour["region", 7] == colour["token", 2] == colour["segment", 0] == LIGHT.palette[0]
    assert colour["region", 1] == colour["token", 3] == colour["segment", 1] == LIGHT.palette[1]


def test_the_direction_of_an_alignment_does_not_change_the_colours():
    links = [link(("token", 2), ("region", 7)), link(("segment", 0), ("token", 2))]
    turned = [link(x.target, x.source) for x in links]
    assert colours(links, RANK) == colours(turned, RANK)


def test_a_node_takes_the_colour_of_its_strongest_link():
    links = [link(("token", 0), ("region", 0), 0.9), link(("token", 0), ("region", 1), 1.0)]
    colour = colours(links, RANK)
    assert colour["token", 0] == colour["region", 1] != colour["region", 0]


def test_a_word_that_no_region_is_linked_with_is_plain():
    links = [link(("token", 0), ("region", 0)), link(("segment", 0), ("token", 5))]
    colour = colours(links, RANK)
    assert colour["token", 5] == colour["segment", 0] == LIGHT.plain


def test_without_regions_neighbouring_words_differ():
    links = [link(("segment", n), ("token", n), 1 / (1 + n % 3)) for n in range(12)]
    colour = colours(links, RANK)
    assert [colour["token", n] for n in range(12)] == list(LIGHT.palette)
    assert colours([], RANK) == {}


def test_an_alignment_of_one_sample_may_be_padded(case):
    plan = torch.zeros(1, 7, 6)
    plan[0, :5, :4] = 0.5
    alignment = Alignment(plan, torch.tensor(0.0))
    weights = weights_between(case.graph, ("token", "region"), alignment, "a")
    assert torch.equal(weights, torch.full((5, 4), 0.5, dtype=torch.float64))


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (torch.zeros(2, 5, 4), r"a holds 2 samples, one is drawn: give plan\[i\]"),
        (torch.zeros(5), r"a has shape \[5\], expected \[5, 4\]"),
        (torch.zeros(4, 5), r"a has shape \[4, 5\], but sample 's1' has 5 token and 4 region nodes"),
        (torch.ones(6, 4), r"a has shape \[6, 4\], but sample 's1' has 5 token"),
        (torch.full((5, 4), float("nan")), r"a\[0, 0\] is nan, expected finite weights of at least 0"),
        (-torch.eye(5, 4), r"a\[0, 0\] is -1.0, expected finite"),
    ],
)
def test_weights_that_do_not_fit_are_refused(case, plan, message):
    with pytest.raises(InputError, match=message):
        weights_between(case.graph, ("token", "region"), plan, "a")


def test_weights_between_unknown_types_are_refused(case):
    with pytest.raises(InputError, match="there are no 'word' nodes: the graph has"):
        weights_between(case.graph, ("word", "region"), torch.zeros(5, 4), "a")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"top": 0}, "top=0"),
        ({"most": 0}, "most=0"),
        ({"threshold": 1.5}, r"threshold=1.5: expected a share"),
        ({"floor": -0.1}, r"floor=-0.1: expected a share"),
    ],
)
def test_a_choice_out_of_range_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        Choice(**{"top": 1, "threshold": 0.5, "floor": 0.2, "most": 5} | changes)


def test_truth_judges_only_the_sources_it_speaks_of():
    weights, truth = torch.tensor([[0.4, 0.2], [0.1, 0.3]]), torch.tensor([[0.0, 1.0], [0.0, 0.0]])
    links = links_between(("token", "region"), weights, ALL, truth)
    assert {(link.source[1], link.target[1]): link.right for link in links} == {
        (0, 0): False,
        (0, 1): True,
        (1, 0): None,
        (1, 1): None,
    }


def test_weights_below_0_are_taken_where_they_are_asked_for(case):
    weights = torch.full((5, 4), -0.5)
    with pytest.raises(InputError, match=r"expected finite weights of at least 0"):
        weights_between(case.graph, ("token", "region"), weights, "w")
    assert (weights_between(case.graph, ("token", "region"), weights, "w", signed=True) == -0.5).all()
    weights[1, 2] = float("inf")
    with pytest.raises(InputError, match=r"w\[1, 2\] is inf, expected finite weights$"):
        weights_between(case.graph, ("token", "region"), weights, "w", signed=True)
