"""Colours in numbers: the contrast of WCAG 2, and what is left of a difference for colour-blind readers."""

import threading
from itertools import combinations, pairwise

import numpy as np
import pytest

from mmgraph import InputError
from mmgraph.visualization.style import contrast
from mmgraph.visualization.theme import DARK, LIGHT, THEMES, current, luminance, use

BOTH = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)

# Machado, Oliveira and Fernandes (2009), for a complete lack of one kind of cone.
READERS = {
    "usual": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def ratio(first, second):
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def lab(colour, reader):
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(np.asarray(READERS[reader]) @ linear, 0, 1) / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def least_difference(colours, reader):
    return min(np.linalg.norm(lab(a, reader) - lab(b, reader)) for a, b in combinations(colours, 2))


def test_luminance_and_contrast_are_those_of_wcag():
    assert luminance("#FFFFFF") == pytest.approx(1)
    assert luminance("#000000") == 0
    assert ratio("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@BOTH
def test_text_has_a_contrast_of_four_and_a_half_against_the_paper(theme):
    for colour in (theme.ink, theme.muted, theme.plain):
        assert ratio(colour, theme.paper) >= 4.5
    assert ratio(theme.ink, theme.band) >= 4.5


def test_lines_on_a_dark_page_have_a_contrast_of_three():
    for colour in (*DARK.palette, DARK.plain, DARK.grey, DARK.true):
        assert ratio(colour, DARK.paper) >= 3
    assert all(ratio(colour, DARK.paper) >= 4.5 for colour in DARK.palette[:6])


def test_lines_on_white_have_a_contrast_of_three_but_for_two_published_colours():
    weak = [colour for colour in (*LIGHT.palette, LIGHT.plain) if ratio(colour, LIGHT.paper) < 3]
    assert weak == ["#E69F00", "#56B4E9"]


@BOTH
def test_marks_of_a_sign_have_a_contrast_of_three_against_the_paper(theme):
    assert ratio(theme.against[2], theme.paper) >= 2.95
    assert ratio(theme.toward[2], theme.paper) >= 2.95
    assert ratio(theme.ramp[-1], theme.paper) >= 7


@BOTH
@pytest.mark.parametrize("reader", list(READERS))
def test_colours_differ_for_every_reader(theme, reader):
    assert least_difference(theme.palette[:6], reader) > 16
    assert least_difference(theme.palette, reader) > 7
    for against, toward in zip(theme.against[2:], theme.toward[2:], strict=True):
        assert least_difference((against, toward), reader) > 20


@BOTH
def test_the_hues_of_both_themes_are_the_same(theme):
    for colour, published in zip(theme.palette[:6], LIGHT.palette[:6], strict=True):
        (_, a, b), (_, c, d) = lab(colour, "usual"), lab(published, "usual")
        turn = np.degrees(np.arctan2(b, a) - np.arctan2(d, c))
        assert abs((turn + 180) % 360 - 180) < 15


@BOTH
def test_the_lightness_of_a_ramp_goes_one_way(theme):
    for ramp in (theme.ramp, theme.against, theme.toward):
        steps = [lab(b, "usual")[0] - lab(a, "usual")[0] for a, b in pairwise(ramp)]
        assert all(step < -10 for step in steps) or all(step > 10 for step in steps)


@BOTH
def test_words_on_a_colour_are_read(theme):
    for colour in (*theme.palette, *theme.ramp, *theme.against, *theme.toward):
        chosen = contrast(colour)
        assert ratio(colour, "#FFFFFF" if chosen == "white" else chosen) >= 3.5


def test_a_theme_is_that_of_the_block_and_of_the_thread():
    seen = []
    with use("dark") as theme:
        thread = threading.Thread(target=lambda: seen.append(current()))
        thread.start()
        thread.join()
        assert current() is theme is DARK
        with use("light"):
            assert current() is LIGHT
        assert current() is DARK
    assert current() is LIGHT
    assert seen == [LIGHT]
    assert set(THEMES) == {"light", "dark"}


def test_an_unknown_theme_is_refused():
    with pytest.raises(InputError, match="theme='x': expected one of 'light', 'dark'"), use("x"):
        pass
