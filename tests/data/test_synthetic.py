import json
import re
import runpy
import sys
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmgraph.data.scenes.families import FULL, SORT_OF_CLEVR
from mmgraph.data.synthetic import (
    ANSWERS,
    COLOURS,
    PITCHES,
    RATE,
    SHAPES,
    Mention,
    Question,
    Scene,
    SceneObject,
    Scenes,
    flatten,
    question_only_baseline,
    true_alignment,
)
from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeSpec, Sample, Schema, collate

DATASETS = Path(__file__).parent.parent.parent / "datasets"


@pytest.fixture(scope="module")
def full():
    return list(Scenes("train", 250))


@pytest.fixture(scope="module")
def sort_of_clevr():
    return list(Scenes("train", 250, kind="sort-of-clevr"))


# ---------------------------------------------------------------------- the oracle sees and hears


def seen(image):
    """What is in a picture, from its pixels: the centre and shape of each colour."""
    found = {}
    for colour, value in COLOURS.items():
        rows, columns = np.nonzero((image == value).all(-1))
        if len(rows):
            height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
            shape = "square" if len(rows) == height * width else "circle"
            found[colour] = (float(columns.min() + width / 2), float(rows.min() + height / 2), shape)
    return found


def notes(samples):
    """Onset and samples of each note: where 10 ms are loud on average."""
    loud = np.convolve(samples.astype(float) ** 2, np.ones(80) / 80, "same") > 1e-4
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(int), [0]]))).reshape(-1, 2)
    return [(start, samples[start:end]) for start, end in edges if end - start > 400]


def strength(spectrum, hertz, length):
    place = round(hertz * length / RATE)
    return spectrum[max(place - 6, 0) : place + 7].max() if hertz < RATE / 2 else 0.0


def heard(samples):
    """What sounds, in order: the colour by the strongest frequency, the shape by the octave above it."""
    found = []
    for _, wave in notes(samples):
        spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
        pitch = spectrum.argmax() * RATE / len(wave)
        colour = min(PITCHES, key=lambda name: abs(np.log(PITCHES[name] / pitch)))
        assert abs(np.log2(PITCHES[colour] / pitch)) < 1 / 12
        octave = strength(spectrum, 2 * pitch, len(wave)) / spectrum.max()
        twelfth = strength(spectrum, 3 * pitch, len(wave)) / spectrum.max()
        assert (octave > 0.3 and twelfth < 0.1) or (octave < 0.1 and twelfth > 0.2)
        found.append((colour, "circle" if octave > twelfth else "square"))
    return found


# ---------------------------------------------------------------------- the oracle reads English

COLOUR = f"({'|'.join(COLOURS)})"
NOUN = "(?:object|thing)"
NTH = "(first|second|third|fourth|fifth|last)"
DIRECTION = "(left of|right of|above|below)"
PLACE = ["first", "second", "third", "fourth", "fifth"]


class Oracle:
    """Answers a question from its text, what is seen and what is heard; None is what must not be needed."""

    def __init__(self, see, hear, margin=0):
        self.see, self.hear, self.margin = see, hear, margin

    def nth(self, word, sequence):
        return sequence[-1 if word == "last" else PLACE.index(word)]

    def lies(self, one, direction, other):
        axis = direction in ("above", "below")
        first, second = self.see[one][axis], self.see[other][axis]
        assert abs(first - second) > self.margin
        return first < second if direction in ("left of", "above") else first > second

    def beyond(self, direction, one):
        return [colour for colour in self.see if colour != one and self.lies(colour, direction, one)]

    def ranked(self, one, among):
        x, y, _ = self.see[one]
        found = sorted(((self.see[c][0] - x) ** 2 + (self.see[c][1] - y) ** 2, c) for c in among)
        return [c for _, c in found], [distance for distance, _ in found]

    def nearest(self, one, among):
        order, distances = self.ranked(one, among)
        assert distances.count(distances[0]) == 1
        assert len(order) == 1 or distances[1] ** 0.5 - distances[0] ** 0.5 >= self.margin
        return order[0]

    def furthest(self, one):
        order, distances = self.ranked(one, set(self.see) - {one})
        assert distances.count(distances[-1]) == 1
        assert distances[-1] ** 0.5 - distances[-2] ** 0.5 >= self.margin
        return order[-1]

    def outermost(self, word):
        axis = word in ("topmost", "lowest")
        places = {colour: place[axis] for colour, place in self.see.items()}
        best = (min if word in ("leftmost", "topmost") else max)(places.values())
        (colour,) = [c for c, place in places.items() if abs(place - best) <= self.margin]
        return colour

    def among(self, word, direction, one):
        group = self.beyond(direction, one)
        order = [colour for colour, _ in self.hear if colour in group]
        assert len(order) > 1
        return self.nth(word, order)

    def stated(self, colour, shape):
        assert self.see[colour][2] == shape
        return colour

    def denote(self, words):
        """The colour of the one object that a description stands for."""
        for pattern, meaning in (
            (f"{COLOUR} {NOUN}", lambda c: c),
            (f"{COLOUR} (square|circle)", self.stated),
            (f"{NOUN} that sounds {NTH}", lambda n: self.nth(n, self.hear)[0]),
            (f"sounds {NTH}", lambda n: self.nth(n, self.hear)[0]),
            (f"{NOUN} (?:closest|nearest) to the (.+)", self.closest),
            (f"{NOUN} (?:furthest|most distant) from the (.+)", lambda d: self.furthest(self.denote(d))),
            (f"closest {NOUN} {DIRECTION} the (.+)", self.closest_beyond),
            (f"(leftmost|rightmost|topmost|lowest) {NOUN}", self.outermost),
            (f"{NTH} to sound of the objects {DIRECTION} the (.+)", self.denote_among),
        ):
            match = re.fullmatch(pattern, words)
            if match:
                return meaning(*match.groups())
        raise AssertionError(f"what is {words!r}?")

    def closest(self, words):
        one = self.denote(words)
        return self.nearest(one, set(self.see) - {one})

    def closest_beyond(self, direction, words):
        one = self.denote(words)
        return self.nearest(one, self.beyond(direction, one))

    def denote_among(self, word, direction, words):
        return self.among(word, direction, self.denote(words))

    def shape_of(self, words):
        """The shape of what is described; by ear alone where the description is of a sound alone."""
        by_ear = re.fullmatch(rf"(?:{NOUN} that )?sounds {NTH}", words)
        colour = self.denote(words)
        return dict(self.hear)[colour] if by_ear else self.see[colour][2]

    def half(self, words, side):
        place = self.see[self.denote(words)][side in ("top", "bottom")]
        assert abs(place - 37.5) > self.margin
        return place < 37.5 if side in ("left", "top") else place > 37.5

    def shapes(self):
        return [shape for _, _, shape in self.see.values()]

    def same_shapes(self, words):
        return self.shapes().count(self.see[self.denote(words)][2])

    def more(self, one, other):
        return self.shapes().count(one) > self.shapes().count(other)

    def does_sound(self, colour):
        return colour in [c for c, _ in self.hear]

    def before(self, one, when, other):
        order = [colour for colour, _ in self.hear]
        return (order.index(one) < order.index(other)) == (when == "before")

    def sounding_beyond(self, direction, words):
        return sum(map(self.does_sound, self.beyond(direction, self.denote(words))))

    def answer(self, text):
        side = "(left|right|top|bottom)"
        found = []
        for pattern, meaning in (
            (r"what shape is the (.+)\?", self.shape_of),
            (r"what is the shape of the (.+)\?", self.shape_of),
            (r"is the (.+) a square or a circle\?", self.shape_of),
            (rf"what shape (sounds {NTH})\?", lambda d, _: self.shape_of(d)),
            (r"what colour is the (.+)\?", self.denote),
            (r"what is the colour of the (.+)\?", self.denote),
            (rf"what colour (sounds {NTH})\?", lambda d, _: self.denote(d)),
            (
                rf"of the objects {DIRECTION} the (.+), what colour is the closest {NOUN} to it\?",
                self.closest_beyond,
            ),
            (
                rf"of the objects {DIRECTION} the (.+), what colour is the {NTH} to sound\?",
                lambda direction, d, n: self.denote_among(n, direction, d),
            ),
            (rf"is the (.+) on the {side}\?", self.half),
            (rf"is the (.+) in the {side} half of the picture\?", self.half),
            (r"how many objects have the shape of the (.+)\?", self.same_shapes),
            (r"counting the (.+) too, how many objects have its shape\?", self.same_shapes),
            (r"how many (square|circle)s (?:are there|do you see)\?", lambda s: self.shapes().count(s)),
            (r"are there more (square|circle)s than (square|circle)s\?", self.more),
            (r"do the (square|circle)s outnumber the (square|circle)s\?", self.more),
            (
                rf"(?:is|does) the (.+?)(?: lie)? {DIRECTION} the (.+)\?",
                lambda d, direction, e: self.lies(self.denote(d), direction, self.denote(e)),
            ),
            (r"how many sounds (?:are there|do you hear)\?", lambda: len(self.hear)),
            (
                r"how many (square|circle)s (?:sound|do you hear)\?",
                lambda s: [shape for _, shape in self.hear].count(s),
            ),
            (
                r"is the (.+) of the same shape as the (.+)\?",
                lambda d, e: self.shape_of(d) == self.shape_of(e),
            ),
            (
                r"have the (.+) and the (.+) the same shape\?",
                lambda d, e: self.shape_of(d) == self.shape_of(e),
            ),
            (rf"(?:does the {COLOUR} {NOUN} sound|do you hear the {COLOUR} {NOUN})\?", self.either),
            (rf"does the {COLOUR} {NOUN} sound (before|after) the {COLOUR} {NOUN}\?", self.before),
            (rf"how many of the objects {DIRECTION} the (.+) sound\?", self.sounding_beyond),
            (
                r"how many objects (?:do not sound|stay silent)\?",
                lambda: len(self.see) - len(self.hear),
            ),
        ):
            match = re.fullmatch(pattern, text)
            if match:
                found.append(meaning(*match.groups()))
        assert len(found) == 1, f"{text!r} is understood in {len(found)} ways"
        return {True: "yes", False: "no"}[found[0]] if isinstance(found[0], bool) else str(found[0])

    def either(self, one, other):
        return self.does_sound(one or other)


def check_answers(scenes, margin=0):
    for scene in scenes:
        see, hear = seen(scene.image), [] if scene.samples is None else heard(scene.samples)
        for question in scene.questions:
            senses = see if "image" in question.needs else None, hear if "audio" in question.needs else None
            assert Oracle(*senses, margin).answer(question.text) == question.answer, (scene, question)


def test_an_oracle_that_sees_and_hears_no_more_than_needed_gives_every_answer(full):
    check_answers(full, margin=2)
    assert {q.family for scene in full for q in scene.questions} == {family.name for family in FULL}


def test_nothing_needed_can_be_left_out(full):
    for scene in full[:50]:
        see, hear = seen(scene.image), heard(scene.samples)
        for question in scene.questions:
            for missing in question.needs:
                senses = (None, hear) if missing == "image" else (see, None)
                with pytest.raises((TypeError, AttributeError), match="NoneType"):
                    Oracle(*senses).answer(question.text)


def test_an_oracle_gives_every_answer_of_sort_of_clevr(sort_of_clevr):
    check_answers(sort_of_clevr)
    check_answers(Scenes("test", 30, kind="sort-of-clevr", balanced=True))
    check_answers(Scenes("test", 30, balanced=False), margin=2)


def test_every_wording_is_used(full):
    templates = {question.template for scene in full for question in scene.questions}
    assert len(templates) >= sum(len(family.wordings) for family in FULL)
    assert len({family.name for family in FULL}) == len(FULL)


# ---------------------------------------------------------------------- what there is


def test_objects_lie_inside_and_apart_and_have_different_colours(full, sort_of_clevr):
    for scene in full + sort_of_clevr:
        boxes = np.array([item.box for item in scene.objects])
        assert boxes.min() >= 1
        assert boxes.max() <= 74
        assert len({item.colour for item in scene.objects}) == len(boxes)
        for a, b in combinations(boxes, 2):
            assert max(b[0] - a[2], a[0] - b[2], b[1] - a[3], a[1] - b[3]) >= 1


def test_the_picture_shows_the_objects_and_nothing_else(full, sort_of_clevr):
    for scene in full + sort_of_clevr:
        found = seen(scene.image)
        assert found == {item.colour: (*item.centre, item.shape) for item in scene.objects}
        covered = np.zeros((75, 75), dtype=bool)
        for x1, y1, x2, y2 in (item.box for item in scene.objects):
            assert (scene.image[y1:y2, x1:x2] != 255).any(-1).any(0).all()
            assert (scene.image[y1:y2, x1:x2] != 255).any(-1).any(1).all()
            covered[y1:y2, x1:x2] = True
        assert (scene.image[~covered] == 255).all()


def test_sort_of_clevr_has_six_silent_objects_and_ten_questions_of_both_kinds(sort_of_clevr):
    families = {family.name for family in SORT_OF_CLEVR}
    for scene in sort_of_clevr:
        assert scene.sound is None
        assert [item.colour for item in scene.objects] == list(COLOURS)
        assert [question.relational for question in scene.questions] == [False, True] * 10
        assert {question.family for question in scene.questions} <= families
    circles = np.mean([[o.shape == "circle" for o in scene.objects] for scene in sort_of_clevr], axis=0)
    assert (abs(circles - 0.5) < 0.12).all()


def test_three_to_six_objects_are_there_and_two_or_more_sound(full):
    numbers = Counter(len(scene.objects) for scene in full)
    sounding = Counter(sum(o.onset is not None for o in scene.objects) for scene in full)
    assert set(numbers) == {3, 4, 5, 6}
    assert set(sounding) == {2, 3, 4, 5, 6}
    assert max(sounding.values()) < 0.3 * len(full)
    circles = Counter(sum(o.shape == "circle" for o in scene.objects) for scene in full)
    squares = Counter(sum(o.shape == "square" for o in scene.objects) for scene in full)
    assert set(circles) == set(squares) == {0, 1, 2, 3, 4, 5, 6}
    assert max(circles.values()) < 0.25 * len(full)


def test_each_note_has_its_colours_pitch_its_shapes_timbre_and_its_time(full):
    for scene in full:
        assert scene.sound == (scene.samples, RATE)
        assert scene.samples.dtype == np.float32
        assert abs(scene.samples).max() < 1
        objects = sorted((o for o in scene.objects if o.onset is not None), key=lambda o: o.onset)
        assert heard(scene.samples) == [(o.colour, o.shape) for o in objects]
        assert [start / RATE for start, _ in notes(scene.samples)] == pytest.approx(
            [o.onset for o in objects], abs=0.01
        )
        assert all(0.05 - 1e-9 < b.onset - a.end < 0.15 + 1e-9 for a, b in pairwise(objects))
        assert all(o.end - o.onset == pytest.approx(0.25) for o in objects)
        assert 0.05 - 1e-9 < len(scene.samples) / RATE - objects[-1].end < 0.15 + 1e-9


def test_pitches_are_a_third_apart_and_differ_in_order():
    steps = [12 * np.log2(b / a) for a, b in pairwise(PITCHES.values())]
    assert list(PITCHES) == list(COLOURS)
    assert min(steps) > 3.9
    assert sum(steps) == pytest.approx(24)


def test_loudness_and_gaps_vary(full):
    loudness = [abs(wave).max() for scene in full for _, wave in notes(scene.samples)]
    assert min(loudness) < 0.28
    assert max(loudness) > 0.45
    assert len({scene.objects[0].onset for scene in full if scene.objects[0].onset}) > 100


# ---------------------------------------------------------------------- chance


def same(a, b):
    assert (a.id, a.objects, a.questions) == (b.id, b.objects, b.questions)
    assert a.image.tobytes() == b.image.tobytes()
    assert (a.samples is None) == (b.samples is None)
    assert a.samples is None or a.samples.tobytes() == b.samples.tobytes()


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**40),
    st.integers(0, 10**6),
    st.sampled_from(sorted(ANSWERS)),
    st.sampled_from(["train", "validation", "test"]),
)
def test_a_scene_depends_on_seed_split_and_index_alone(seed, index, kind, split):
    scenes = Scenes(split, 10**6 + 9, seed, kind)
    first = scenes[index]
    scenes[index + 1], scenes[0]
    same(first, scenes[index])
    same(first, Scenes(split, index + 1, seed, kind)[index])
    other = Scenes(split, index + 1, seed + 1, kind)[index]
    assert other.image.tobytes() != first.image.tobytes()


def test_a_scene_stays_what_it_was_when_it_was_published():
    scene = Scenes("train", 1)[0]
    assert repr(scene) == (
        "Scene(train-000000: red square, green square, blue square, orange square, yellow square; "
        "1.40 s; 20 questions)"
    )
    assert (scene.questions[0].text, scene.questions[0].answer) == ("what shape sounds last?", "square")


def test_splits_share_no_picture(full):
    pictures = [scene.image.tobytes() for scene in full]
    for split in ("validation", "test"):
        pictures += [scene.image.tobytes() for scene in Scenes(split, 250, questions_per_scene=0)]
    assert len(set(pictures)) == 750


def test_more_questions_change_neither_the_media_nor_the_first_questions():
    for kind in ANSWERS:
        few, many = Scenes("train", 5, kind=kind, questions_per_scene=3), Scenes("train", 5, kind=kind)
        for a, b in zip(few, many, strict=True):
            same(a, replace(b, questions=b.questions[:3]))
            assert len(b.questions) == 20


def test_noise_and_background_change_the_picture_alone():
    plain = Scenes("train", 3)
    noisy = Scenes("train", 3, pixel_noise=4.0, background=(10, 20, 30))
    for a, b in zip(plain, noisy, strict=True):
        same(replace(a, image=b.image), b)
        corner = b.image[0].astype(float)
        assert corner.mean(0) == pytest.approx([10, 20, 30], abs=3)
        assert (corner.std(0) > 2).all()
        x1, y1, x2, y2 = b.objects[0].box
        assert abs(b.image[y1:y2, x1:x2].astype(float) - a.image[y1:y2, x1:x2])[5, 5].max() < 25
    assert len(np.unique(Scenes("train", 1, background=(0, 0, 0))[0].image[0])) == 1


# ---------------------------------------------------------------------- questions


def test_answers_are_known_and_numbered():
    for kind in ANSWERS:
        scenes = Scenes("validation", 20, kind=kind)
        assert [scenes.answers[i] for i in scenes.answer_index.values()] == list(scenes.answer_index)
        assert {question.answer for _, question in flatten(scenes)} <= set(scenes.answers)
    assert set(ANSWERS["sort-of-clevr"]) < set(ANSWERS["full"])


def test_mentions_are_the_words_that_name_the_objects(full, sort_of_clevr):
    for scene in full + sort_of_clevr:
        order = sorted((o.onset, a) for a, o in enumerate(scene.objects) if o.onset is not None)
        for question in scene.questions:
            ends = [0]
            for mention in question.mentions:
                words = question.text[mention.start : mention.end]
                objects = [scene.objects[a] for a in mention.objects]
                assert ends[-1] <= mention.start < mention.end
                ends.append(mention.end)
                if words in ("squares", "circles"):
                    expected = [o for o in scene.objects if o.shape == words[:-1]]
                    assert objects == expected
                    continue
                (item,) = objects
                colour, _, noun = words.partition(" ")
                if colour in COLOURS:
                    assert item.colour == colour
                    assert noun in ("object", "thing", item.shape)
                elif match := re.search(f"sounds {NTH}", words):
                    place = -1 if match[1] == "last" else PLACE.index(match[1])
                    assert mention.objects == (order[place][1],)
                elif words in ("object", "thing") and question.answer in (*COLOURS, *SHAPES):
                    assert question.answer in (item.colour, item.shape)
                else:
                    assert question.family == "side_sound"
                    assert question.answer == item.colour
            colours = re.findall(COLOUR, question.text)
            assert len(colours) == sum(
                question.text[m.start : m.end].split()[0] in COLOURS for m in question.mentions
            )


def test_a_template_has_no_mention_left():
    question = Question(
        "is the red square above the blue circle?",
        "yes",
        "side",
        frozenset({"image"}),
        True,
        (Mention(7, 17, (0,)), Mention(28, 39, (1,))),
    )
    assert question.template == "is the _ above the _?"


def test_answers_are_even_in_every_family(full):
    answers = defaultdict(Counter)
    for _, question in flatten(full):
        answers[question.family][question.answer] += 1
    for family, found in answers.items():
        binary = set(found) <= {"yes", "no"} or set(found) <= set(SHAPES)
        limit = 0.62 if binary else 0.25 if set(found) <= set(COLOURS) else 0.3
        assert len(found) == 2 if binary else len(found) >= 5
        assert found.total() > 80, family
        assert max(found.values()) / found.total() < limit, (family, found)


def test_the_text_alone_gives_little(full):
    train = [question for scene in full[:150] for question in scene.questions]
    test = [question for scene in full[150:] for question in scene.questions]
    found = question_only_baseline(train, test)
    assert found["all"].num_questions == len(test) == 2000
    assert 0.12 < found["all"].majority < 0.25
    assert found["all"].best < 0.42
    assert {family.name for family in FULL} < set(found)


def test_balancing_sort_of_clevr_evens_its_counts():
    most = {}
    for balanced in (False, True):
        scenes = Scenes("train", 80, kind="sort-of-clevr", balanced=balanced)
        counts = Counter(q.answer for _, q in flatten(scenes) if q.family == "same_shape")
        most[balanced] = max(counts.values()) / counts.total()
    assert most[True] < 0.25 < most[False]


def test_the_baseline_answers_with_what_is_frequent():
    def ask(text, answer, family="f", count=1):
        return [Question(text, answer, family, frozenset({"image"}), False, ())] * count

    train = (
        ask("a?", "x", count=12) + ask("b?", "y", count=9) + ask("c?", "y", "g", 10) + ask("c?", "z", "g", 11)
    )
    found = question_only_baseline(
        train, ask("a?", "x") + ask("b?", "y") + ask("c?", "z", "g") + ask("?", "y", "h")
    )
    # "y" is the most frequent of all (19), "x" in family f (12); "b?" is too rare to speak for itself.
    assert found["all"].majority == 0.5
    assert found["f"].family == 0.5
    assert found["f"].text == 0.5
    assert (found["g"].text, found["g"].majority, found["h"].text) == (1, 0, 1)
    assert list(found) == ["all", "image", "non-relational", "f", "g", "h"]
    with pytest.raises(InputError, match="empty"):
        question_only_baseline(train, [])
    with pytest.raises(InputError, match="empty"):
        question_only_baseline([], train)


def test_the_baseline_takes_rare_texts_for_what_their_template_is():
    def ask(word, answer, count):
        mention = Mention(3, 3 + len(word), (0,))
        text = f"is {word} left?"
        return [Question(text, answer, "f", frozenset({"image"}), False, (mention,))] * count

    other = [replace(ask("it", "no", 1)[0], text="is it right?")] * 30
    train = ask("this", "yes", 6) + ask("that", "yes", 6) + ask("it", "no", 2) + other
    found = question_only_baseline(train, ask("this", "yes", 1) + ask("it", "no", 1))
    assert (found["f"].text, found["f"].family) == (0.5, 0.5)
    assert question_only_baseline(train, ask("this", "yes", 1))["f"].text == 1
    assert question_only_baseline(train, ask("this", "yes", 1))["f"].family == 0


def test_flatten_numbers_the_scenes_from_0():
    scenes = Scenes("train", 3, questions_per_scene=2)
    pairs = flatten(scenes)
    assert [number for number, _ in pairs] == [0, 0, 1, 1, 2, 2]
    assert [question for _, question in pairs] == [q for scene in scenes for q in scene.questions]


# ---------------------------------------------------------------------- the true alignment

SCENE = Scene(
    id="by-hand",
    image=np.zeros((75, 75, 3), dtype=np.uint8),
    samples=np.zeros(8000, dtype=np.float32),
    objects=(
        SceneObject("square", "red", (10, 10, 21, 21), 0.5, 0.75),
        SceneObject("circle", "green", (40, 40, 51, 51)),
        SceneObject("circle", "blue", (60, 5, 71, 16), 0.1, 0.35),
    ),
    questions=(),
)
ASKED = Question(
    "are circles near the red one?",
    "no",
    "by hand",
    frozenset({"image"}),
    True,
    (Mention(4, 11, (1, 2)), Mention(21, 28, (0,))),
)


def by_hand(**sizes):
    pos = {
        "region": torch.tensor(
            [[10, 10, 21, 21], [40, 40, 51, 46], [40, 40, 51, 45], [0, 0, 75, 75], [60, 5, 71, 27]]
        )
        / 75,
        "token": torch.tensor([[0, 3], [4, 11], [12, 16], [17, 20], [21, 24], [25, 28], [28, 29]]),
        # A third of the first note, half of it, all of the second, the gap, both notes, and a point.
        "segment": torch.tensor([[0, 0.18], [0, 0.225], [0.4, 0.9], [0.35, 0.5], [0.0, 1.0], [0.2, 0.2]]),
    }
    kinds = {"region": "box", "token": "characters", "segment": "seconds"}
    names = [name for name in kinds if sizes.get(name) is not None]
    return HeteroGraph.create(
        Schema({"user": NodeSpec(1)} | {name: NodeSpec(1, pos=kinds[name]) for name in names}),
        [Sample("s", text=ASKED.text if sizes.get("token") else None)],
        x={name: torch.zeros(sizes[name], 1) for name in names} | {"user": torch.zeros(2, 1)},
        pos={name: pos[name][: sizes[name]] for name in names},
    )


def test_alignment_of_a_scene_made_by_hand():
    found = true_alignment(by_hand(region=5, token=7, segment=6), SCENE, ASKED)
    region = {
        0: 0,
        1: 1,
        4: 2,
    }  # region 1 covers 6/11 of its circle, region 2 only 5/11; region 4 exactly half
    token = {1: (1, 2), 4: (0,), 5: (0,)}
    segment = {1: (2,), 2: (0,), 4: (0, 2)}
    expected = torch.tensor([[region.get(r) in token.get(t, ()) for r in range(5)] for t in range(7)])
    assert torch.equal(found["token", "region"], expected)
    expected = torch.tensor([[region.get(r) in segment.get(s, ()) for r in range(5)] for s in range(6)])
    assert torch.equal(found["segment", "region"], expected)
    expected = [[bool({*token.get(t, ())} & {*segment.get(s, ())}) for t in range(7)] for s in range(6)]
    assert torch.equal(found["segment", "token"], torch.tensor(expected))
    for (source, target), matrix in found.items():
        assert matrix.dtype == torch.bool
        assert torch.equal(matrix, found[target, source].T)
    assert len(found) == 6


def test_alignment_uses_the_overlap_that_is_asked_for():
    graph = by_hand(region=5, token=7)
    strict = true_alignment(graph, SCENE, ASKED, min_iou=0.55)["token", "region"]
    loose = true_alignment(graph, SCENE, ASKED, min_iou=0.4)["token", "region"]
    assert strict.any(0).tolist() == [True, False, False, False, False]
    assert loose.any(0).tolist() == [True, True, True, False, True]


def test_alignment_of_a_missing_modality_is_empty():
    found = true_alignment(by_hand(region=0, token=7, segment=0), SCENE, ASKED)
    assert found["token", "region"].shape == (7, 0)
    assert found["segment", "token"].shape == (0, 7)
    assert set(true_alignment(by_hand(region=5, token=7), SCENE, ASKED)) == {
        ("region", "token"),
        ("token", "region"),
    }
    assert true_alignment(by_hand(region=5), SCENE, ASKED) == {}
    silent = replace(ASKED, mentions=())
    assert not true_alignment(by_hand(region=5, token=7), SCENE, silent)["token", "region"].any()


def test_alignment_of_drawn_scenes_finds_every_mentioned_object(full):
    schema = Schema({"region": NodeSpec(1, pos="box"), "token": NodeSpec(1, pos="characters")})
    for scene in full[:20]:
        boxes = torch.tensor([o.box for o in scene.objects]) / 75
        for question in scene.questions:
            words = torch.tensor([match.span() for match in re.finditer(r"\w+", question.text)])
            graph = HeteroGraph.create(
                schema,
                x={"region": torch.zeros(len(boxes), 1), "token": torch.zeros(len(words), 1)},
                pos={"region": boxes, "token": words},
            )
            found = true_alignment(graph, scene, question)["token", "region"]
            mentioned = {a for mention in question.mentions for a in mention.objects}
            assert set(found.any(0).nonzero().flatten().tolist()) == mentioned


def test_alignment_refuses_what_does_not_fit():
    graph = by_hand(region=5, token=7)
    with pytest.raises(InputError, match="graph of 2 samples"):
        true_alignment(collate([graph, graph]), SCENE, ASKED)
    with pytest.raises(InputError, match="'s' was built from the text 'are circles near"):
        true_alignment(graph, SCENE, replace(ASKED, text="what colour is the red one?"))
    for wrong in (0.0, 1.5):
        with pytest.raises(InputError, match="min_iou"):
            true_alignment(graph, SCENE, ASKED, min_iou=wrong)


# ---------------------------------------------------------------------- arguments and files


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "dev"}, "split='dev'.*'train', 'validation', 'test'"),
        ({"kind": "clevr"}, "kind='clevr'.*'sort-of-clevr', 'full'"),
        ({"num_scenes": -1}, "num_scenes=-1"),
        ({"seed": -1}, "seed=-1"),
        ({"questions_per_scene": -1}, "questions_per_scene=-1"),
        ({"pixel_noise": -0.5}, "pixel_noise=-0.5"),
        ({"pixel_noise": float("nan")}, "pixel_noise=nan"),
        ({"background": (0, 0, 256)}, "background=.*0..255"),
        ({"background": (128, 128, 128)}, "invisible"),
    ],
)
def test_arguments_that_make_no_sense_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        Scenes(**{"split": "train", "num_scenes": 1} | arguments)


def test_a_sequence_ends_where_it_says():
    scenes = Scenes("train", 2, questions_per_scene=0)
    assert len(scenes) == len(list(scenes)) == 2
    assert scenes[1].questions == ()
    for index in (-1, 2):
        with pytest.raises(IndexError, match=f"scene {index} of 2"):
            scenes[index]
    assert list(Scenes("train", 0)) == []


def test_the_script_writes_what_was_drawn(tmp_path):
    write = runpy.run_path(str(DATASETS / "write_scenes.py"))["write_scenes"]
    for kind, split in (("full", "train"), ("sort-of-clevr", "test")):
        scenes = Scenes(split, 3, kind=kind)
        write(scenes, str(tmp_path))
        folder = tmp_path / split
        rows = [json.loads(line) for line in (folder / "scenes.jsonl").read_text().splitlines()]
        asked = [json.loads(line) for line in (folder / "questions.jsonl").read_text().splitlines()]
        assert json.loads((folder / "about.json").read_text())["answers"] == list(scenes.answers)
        for scene, row in zip(scenes, rows, strict=True):
            assert np.array_equal(np.array(Image.open(folder / row["image"])), scene.image)
            assert [SceneObject(**{**o, "box": tuple(o["box"])}) for o in row["objects"]] == [*scene.objects]
            assert (row["sound"] is None) == (scene.sound is None)
            if scene.sound is not None:
                samples, rate = soundfile.read(folder / row["sound"], dtype="float32")
                assert rate == scene.rate
                assert np.allclose(samples, scene.samples, atol=2**-15)
        for (number, question), row in zip(flatten(scenes), asked, strict=True):
            assert (row["scene"], row["text"], row["answer"]) == (number, question.text, question.answer)
            assert [(m["start"], m["end"], tuple(m["objects"])) for m in row["mentions"]] == [
                (m.start, m.end, m.objects) for m in question.mentions
            ]


def test_the_script_says_in_one_line_what_is_wrong(tmp_path, monkeypatch):
    (tmp_path / "test").mkdir()
    for options, message in ((["--split", "test"], "already there"), (["--seed", "-1"], "seed=-1")):
        monkeypatch.setattr(sys, "argv", ["write_scenes.py", "--out", str(tmp_path), *options])
        with pytest.raises(SystemExit, match=message):
            runpy.run_path(str(DATASETS / "write_scenes.py"), run_name="__main__")
    assert not (tmp_path / "train").exists()


def test_the_baseline_script_prints_a_table_and_writes_figures(tmp_path, monkeypatch, capsys):
    figures = tmp_path / "figures.json"
    arguments = ["scene_baselines.py", "--num-train", "20", "--num-test", "10", "--json", str(figures)]
    monkeypatch.setattr(sys, "argv", arguments)
    runpy.run_path(str(DATASETS / "scene_baselines.py"), run_name="__main__")
    assert "| full | questions |" in capsys.readouterr().out
    found = json.loads(figures.read_text())
    assert 10 < found["sort-of-clevr.relational.text"] < 60
    assert 10 < found["full.all.majority"] < 40


def test_only_the_chosen_families_are_asked():
    chosen = ("closest", "sound_colour")
    scenes = Scenes("train", 20, families=chosen)
    assert {q.family for scene in scenes for q in scene.questions} == set(chosen)
    assert all(len(scene.questions) == 20 for scene in scenes)


def test_a_family_with_nothing_to_ask_leaves_fewer_questions():
    scenes = Scenes("train", 30, families=("sound_same",), questions_per_scene=3)
    assert {len(scene.questions) for scene in scenes} == {0, 3}


@pytest.mark.parametrize("options", [{"families": ("nonsense",)}, {"families": ()}])
def test_unknown_families_are_named(options):
    with pytest.raises(InputError, match="give some of"):
        Scenes("train", 1, **options)
    with pytest.raises(InputError, match="with kind='full'"):
        Scenes("train", 1, kind="sort-of-clevr", families=("closest",))
