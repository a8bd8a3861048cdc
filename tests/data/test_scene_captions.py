import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.data.scenes.captions import CLEAR, caption_facts, judge_caption, scene_captions
from mmgraph.data.scenes.world import DIRECTIONS
from mmgraph.data.synthetic import COLOURS, SHAPES, Scene, SceneObject, Scenes
from mmgraph.metrics import Accuracy

WORDS = ("a", "an", "of", "left", "right", "above", "below", "thing", *COLOURS, *SHAPES)

drawn = st.tuples(st.sampled_from(["full", "sort-of-clevr"]), st.integers(0, 10_000))


def scene_from(kind, seed):
    return Scenes("train", 1, seed, kind=kind, questions_per_scene=0)[0]


def scene_of(*objects):
    """A scene of (colour, shape, x, y of the centre)."""
    made = tuple(SceneObject(s, c, (x - 5, y - 5, x + 5, y + 5)) for c, s, x, y in objects)
    return Scene("s", Scenes("train", 1, questions_per_scene=0)[0].image, None, made, ())


THREE = scene_of(("red", "square", 10, 40), ("green", "circle", 50, 39), ("orange", "square", 40, 60))


def test_a_caption_names_every_object_in_order_and_the_clearest_relations():
    assert scene_captions(THREE, 1) == ("a red square left of a green circle above an orange square",)


def test_further_captions_speak_of_the_other_axis_where_that_is_clear():
    assert scene_captions(THREE) == (
        "a red square left of a green circle above an orange square",
        "a red square left of a green circle right of an orange square",
    )


def test_a_scene_of_one_object_has_one_caption():
    one = scene_of(("orange", "circle", 10, 10))
    assert scene_captions(one) == ("an orange circle",)
    assert judge_caption("an orange circle", one).exact


@given(drawn, st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_every_caption_is_exact_and_there_are_no_two_alike(one, most):
    scene = scene_from(*one)
    captions = scene_captions(scene, most)
    assert 1 <= len(captions) <= min(most, len(scene.objects))
    assert len(set(captions)) == len(captions)
    for text in captions:
        judgement = judge_caption(text, scene)
        assert judgement.exact
        assert judgement.right == 1
        facts = caption_facts(text)
        assert facts.objects == tuple((item.colour, item.shape) for item in scene.objects)
        for relation, a, b in zip(facts.relations, scene.objects, scene.objects[1:], strict=False):
            axis, sign = DIRECTIONS[relation]
            assert sign * (a.centre[axis] - b.centre[axis]) > CLEAR


@given(drawn, st.data())
@settings(max_examples=150, deadline=None)
def test_a_caption_with_one_other_word_is_not_exact(one, data):
    scene = scene_from(*one)
    words = data.draw(st.sampled_from(scene_captions(scene))).split()
    place = data.draw(st.integers(0, len(words) - 1))
    words[place] = data.draw(st.sampled_from([word for word in WORDS if word != words[place]]))
    assert not judge_caption(" ".join(words), scene).exact


@given(drawn, st.data())
@settings(max_examples=60, deadline=None)
def test_a_caption_without_a_word_or_with_a_word_more_is_not_exact(one, data):
    scene = scene_from(*one)
    words = scene_captions(scene, 1)[0].split()
    place = data.draw(st.integers(0, len(words) - 1))
    assert not judge_caption(" ".join(words[:place] + words[place + 1 :]), scene).exact
    more = [*words[:place], data.draw(st.sampled_from(WORDS)), *words[place:]]
    assert not judge_caption(" ".join(more), scene).exact


@given(drawn, drawn)
@settings(max_examples=60, deadline=None)
def test_a_caption_of_another_scene_is_not_exact_unless_it_is_true_there(one, another):
    scene, other = scene_from(*one), scene_from(*another)
    text = scene_captions(scene, 1)[0]
    same = [(item.colour, item.shape) for item in scene.objects] == [
        (item.colour, item.shape) for item in other.objects
    ]
    if not same:
        assert not judge_caption(text, other).exact


def test_another_order_of_the_objects_is_exact_too():
    assert judge_caption("an orange square below a green circle right of a red square", THREE).exact


def test_any_true_relation_counts_even_by_one_pixel():
    assert judge_caption("a red square below a green circle above an orange square", THREE).exact
    assert not judge_caption("a red square above a green circle above an orange square", THREE).exact


def test_upper_case_and_spaces_do_not_count():
    assert judge_caption(" A Red  square left of a green circle above an orange square\n", THREE).exact


@pytest.mark.parametrize(
    ("text", "objects", "colours", "shapes", "relations"),
    [
        ("", 0, 0, (0, 0), (0, 2)),
        ("a red circle left of a green circle above an orange square", 2, 3, (2, 3), (2, 2)),
        ("a red square right of a green circle above an orange square", 3, 3, (3, 3), (1, 2)),
        ("a red square left of a green circle", 2, 2, (2, 2), (1, 2)),
        ("a red square a green circle above an orange square", 3, 3, (3, 3), (1, 2)),
        ("a red square left of a red square left of a blue square", 0, 0, (0, 0), (0, 2)),
        ("a dog red square left of a green circle", 2, 2, (2, 2), (1, 2)),
        (
            "a red square left of a green circle above an orange square above a grey square",
            3,
            3,
            (3, 3),
            (2, 3),
        ),
    ],
)
def test_parts_that_are_right_are_counted(text, objects, colours, shapes, relations):
    found = judge_caption(text, THREE)
    assert found.objects == Accuracy(objects, 3)
    assert found.colours == Accuracy(colours, 3)
    assert found.shapes == Accuracy(*shapes)
    assert found.relations == Accuracy(*relations)
    assert not found.exact
    assert found.right < 1 or found.relations.total > 2 or not caption_facts(text).well_formed
