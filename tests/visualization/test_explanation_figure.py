from dataclasses import replace

import pytest
import torch

pytest.importorskip("matplotlib")
from matplotlib.colors import to_hex
from matplotlib.patches import FancyBboxPatch, PathPatch, Rectangle

from mmgraph import InputError
from mmgraph.explanation import Attribution, Explanation, Fidelity, Prediction, WeightMap
from mmgraph.visualization import alignment_figure, explanation_figure
from mmgraph.visualization.heat import Heat
from mmgraph.visualization.theme import LIGHT
from tests.visualization.legible import check_legible, texts

PAIR = ("token", "region")


def one_each(columns=(0, 1, 2, 3, 0)):
    return torch.nn.functional.one_hot(torch.tensor(columns), 4).double()


def explained(case, *methods, modalities=("region", "token", "segment"), **facts):
    image = case.image if "region" in modalities else None
    audio = case.audio if "segment" in modalities else None
    return Explanation.of(case.only(*modalities), methods, image, audio, **facts)


def of_weights(weights, **changes):
    return Attribution("attention", {PAIR: WeightMap.of(weights)}, **changes)


def strokes(figure):
    patches = [patch for patch in figure.findobj(PathPatch) if type(patch) is PathPatch]
    return [patch for patch in patches if to_hex(patch.get_edgecolor()) != "#ffffff"]


def ends(figure):
    return sorted(
        tuple(map(tuple, stroke.get_path().vertices[[0, -1]].round(6))) for stroke in strokes(figure)
    )


def test_links_are_those_of_the_alignment_figure(case):
    weights = torch.rand(5, 4).double()
    figure = explanation_figure(explained(case, of_weights(weights)), top=2, title="")
    other = alignment_figure(case.graph, {PAIR: weights}, case.image, case.audio, top=2)
    count = len(strokes(figure))
    assert count == len(strokes(other)) > 3
    widths = sorted(stroke.get_linewidth() for stroke in strokes(figure))
    # The map is on a grid of 65,535 steps.
    assert widths == pytest.approx(sorted(s.get_linewidth() for s in strokes(other)), abs=1e-4)


def test_a_layer_and_a_head_can_be_chosen_and_are_named(case):
    levels = torch.stack([torch.stack([one_each(), one_each((3, 3, 3, 3, 3))])] * 3)
    found = explained(case, of_weights(levels))
    assert ends(explanation_figure(found, head=1)) == ends(
        explanation_figure(explained(case, of_weights(levels[0, 1])))
    )
    assert "method: attention, head 1, mean of 3 layers" in texts(explanation_figure(found, head=1))
    assert "method: attention, layer 2, head 0" in texts(explanation_figure(found, layer=2, head=0))
    assert "method: attention, mean of 3 layers and 2 heads" in texts(explanation_figure(found))
    assert "method: attention" in texts(explanation_figure(explained(case, of_weights(one_each()))))


def test_a_map_of_one_layer_is_shown_beside_one_layer_of_another(case):
    maps = {PAIR: WeightMap.of(torch.rand(3, 2, 5, 4)), ("segment", "token"): WeightMap.of(torch.rand(4, 5))}
    figure = explanation_figure(explained(case, Attribution("mixed", maps)), layer=2, floor=0.0)
    assert len(strokes(figure)) == 5 + 4


def test_fidelity_stands_beside_chance_in_the_numbers_of_the_page(case):
    measured, chance = Fidelity(0.0512, 0.314, 0.62, -0.25), Fidelity(0.2, 0.12, 0.4, 0.41)
    shown = texts(
        explanation_figure(explained(case, of_weights(one_each(), fidelity=measured, chance=chance)))
    )
    assert {
        "sufficiency ↓ 0.051 (chance 0.20)",
        "comprehensiveness ↑ 0.31 (chance 0.12)",
        "insertion ↑ 0.62 (chance 0.40)",
        "deletion ↓ −0.25 (chance 0.41)",
    } <= set(shown)
    alone = texts(explanation_figure(explained(case, of_weights(one_each(), fidelity=measured))))
    assert "insertion ↑ 0.62" in alone
    assert not any(
        "insertion" in text for text in texts(explanation_figure(explained(case, of_weights(one_each()))))
    )


def test_what_is_right_is_counted_over_all_sources_that_have_a_partner(case):
    truth = one_each((0, 1, 2, 0, 0)) > 0
    truth[4] = False
    found = explained(case, of_weights(one_each()), truth={PAIR: truth})
    assert "strongest region of each token: 3 of 4 right" in texts(explanation_figure(found))
    nothing = explained(case, of_weights(torch.zeros(5, 4)), truth={PAIR: truth})
    assert "strongest region of each token: 0 of 4 right" in texts(explanation_figure(nothing))
    assert not any(
        "right" in text for text in texts(explanation_figure(explained(case, of_weights(one_each()))))
    )


def test_the_answer_is_printed_with_its_probability_and_whether_it_is_right(case):
    def shown(said):
        return texts(explanation_figure(explained(case, of_weights(one_each()), prediction=said)))

    assert "answer: cat (0.83, right)" in shown(Prediction("cat", 0.83, "cat"))
    assert {"answer: cat (0.83, wrong)", "expected: dog"} <= set(shown(Prediction("cat", 0.83, "dog")))
    assert "answer: cat (0.83)" in shown(Prediction("cat", 0.83))


def test_the_title_and_the_note_are_the_explanations(case):
    found = explained(case, of_weights(one_each(), note="32 steps"), title="Who sleeps?")
    assert {"Who sleeps?", "32 steps"} <= set(texts(explanation_figure(found)))
    assert "Who sleeps?" not in texts(explanation_figure(found, title="Another"))


def test_of_weights_with_a_sign_those_above_0_are_drawn_and_the_others_counted(case):
    signed = one_each()
    signed[0] = -signed[0]
    figure = explanation_figure(explained(case, of_weights(signed)))
    assert len(strokes(figure)) == 4
    assert "weights above 0 alone; 1 of 20 are below" in texts(figure)
    assert len(strokes(explanation_figure(explained(case, of_weights(-one_each()))))) == 0


def test_pairs_that_a_picture_has_no_place_for_are_named(case):
    maps = {
        PAIR: WeightMap.of(one_each()),
        ("token", "token"): WeightMap.of(torch.rand(5, 5)),
        ("token", "user"): WeightMap.of(torch.zeros(5, 0)),
    }
    shown = texts(explanation_figure(explained(case, Attribution("all", maps))))
    assert {"not drawn: token to token", "not drawn: token to user"} <= set(shown)


@pytest.mark.parametrize("modalities", [("region", "token"), ("token", "segment"), ("token",)], ids="-".join)
def test_a_missing_modality_has_no_links_and_no_panel(case, modalities):
    sizes = {"region": 4, "token": 5, "segment": 4}
    sizes = {key: count if key in modalities else 0 for key, count in sizes.items()}
    maps = {
        (source, target): WeightMap.of(torch.ones(sizes[source], sizes[target]))
        for source, target in (PAIR, ("segment", "token"))
    }
    found = explained(case, Attribution("all", maps), modalities=modalities)
    figure = explanation_figure(found, floor=0.0)
    count = sum(sizes[source] * (sizes[target] > 0) for source, target in maps)
    assert len(strokes(figure)) == count
    check_legible(figure)


# ---------------------------------------------------------------------- scores of nodes


def of_scores(region=(0.0, 0.0, 0.0, 0.0), token=(0.0,) * 5, segment=(0.0,) * 4):
    values = {"region": region, "token": token, "segment": segment}
    return Attribution("gradients", {}, {key: torch.tensor(value) for key, value in values.items()})


def fills(figure, kind, colour):
    patches = [patch for patch in figure.findobj(kind) if type(patch) is kind]
    found = [patch for patch in patches if to_hex(patch.get_facecolor()) == colour.lower()]
    return [patch for patch in found if patch.get_fill()]


def test_a_box_is_filled_in_the_hue_of_its_sign_the_deeper_the_larger_its_score(case):
    figure = explanation_figure(explained(case, of_scores(region=(2.0, -1.0, 0.5, 0.0))))
    plus = sorted(
        (patch for patch in fills(figure, Rectangle, LIGHT.toward[2]) if patch.get_alpha() not in (None, 1)),
        key=lambda patch: -patch.get_alpha(),
    )
    minus = [p for p in fills(figure, Rectangle, LIGHT.against[2]) if p.get_alpha() not in (None, 1)]
    depths = [patch.get_alpha() for patch in (*plus[:2], *minus)]
    assert depths == pytest.approx([0.45, 0.1125, 0.225])
    # The box of region 0 is [0.1, 0.1, 0.5, 0.5], that of region 1 as wide.
    assert plus[0].get_width() == pytest.approx(minus[0].get_width())
    assert {"cat 2.00", "mat −1.00", "speaks for it", "speaks against it", "2.00 score"} <= set(texts(figure))
    assert not any(text.startswith("paw ") for text in texts(figure))


def test_words_and_segments_have_the_colour_of_their_scores_on_one_scale(case):
    figure = explanation_figure(
        explained(case, of_scores(token=(1.0, 0.0, -0.5, 0.25, 0.0), segment=(0.25, 0.0, 0.0, 0.0)))
    )
    heat = Heat(1.0, signed=True)
    from mmgraph.visualization.style import settings

    with settings():
        expected = [heat.colour(score) for score in (1.0, -0.5, 0.25)]
    counts = [len(fills(figure, FancyBboxPatch, colour)) for colour in expected]
    # One word each, and the first segment in the colour of the fourth word.
    assert counts == [1, 1, 2]


def test_scores_without_a_sign_have_one_hue(case):
    shown = texts(explanation_figure(explained(case, of_scores(token=(1.0, 0.5, 0.0, 0.0, 0.0)))))
    assert "speaks for it" in shown
    assert "speaks against it" not in shown
    assert "0" in shown


def test_scores_that_are_all_0_are_drawn(case):
    check_legible(explanation_figure(explained(case, of_scores())))


@pytest.mark.parametrize("modalities", [("region",), ("token",), ("segment",)], ids="-".join)
def test_scores_of_a_missing_modality_are_no_trouble(case, modalities):
    sizes = {"region": 4, "token": 5, "segment": 4}
    nodes = {key: torch.ones(n if key in modalities else 0) for key, n in sizes.items()}
    check_legible(explanation_figure(explained(case, Attribution("g", {}, nodes), modalities=modalities)))


def test_hostile_names_of_methods_notes_and_answers_are_drawn(case):
    found = explained(
        case,
        Attribution("$\\frac{ \x00" * 9, {PAIR: WeightMap.of(one_each())}, note="x" * 9999 + " \U0001f436"),
        prediction=Prediction("$\\bad{" * 30, 0.5, "\u202e犬" * 40),
        title="$x^{",
    )
    check_legible(explanation_figure(found, width=3.4))


# ---------------------------------------------------------------------- what is refused


def test_what_is_not_there_is_refused(case):
    found = explained(case, of_weights(torch.rand(2, 3, 5, 4)))
    with pytest.raises(InputError, match="there is no method 'x' in this explanation"):
        explanation_figure(found, "x")
    with pytest.raises(InputError, match="layer=2, but 'attention' has 2: give 0 to 1"):
        explanation_figure(found, layer=2)
    with pytest.raises(InputError, match="head=-1, but 'attention' has 3: give 0 to 2"):
        explanation_figure(found, head=-1)
    with pytest.raises(InputError, match="layer=1, but 'attention' has 1: give 0 to 0"):
        explanation_figure(explained(case, of_weights(one_each())), layer=1)
    with pytest.raises(InputError, match="has no attribution"):
        explanation_figure(explained(case))
    with pytest.raises(InputError, match="top=0"):
        explanation_figure(found, top=0)


def test_a_method_that_has_no_place_in_a_picture_names_the_other_figures(case):
    alone = Attribution("self", {("token", "token"): WeightMap.of(torch.rand(5, 5))})
    with pytest.raises(InputError, match=r"'self' has no weights between.*matrix_figure or head_grid_figure"):
        explanation_figure(explained(case, alone))
    both = replace(alone, nodes={"token": torch.rand(5)})
    assert "speaks for it" in texts(explanation_figure(explained(case, both)))
