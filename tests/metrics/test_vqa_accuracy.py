import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmgraph.errors import InputError
from mmgraph.metrics import normalise_answer, soft_accuracy, vqa_accuracy

ANSWERS = st.lists(st.sampled_from(["yes", "no", "2", "two", "Yes."]), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("answer", "normalised"),
    [
        ("Yes", "yes"),
        (" The  red dog.\n", "red dog"),
        ("a an the", ""),
        ("none of ten", "0 of 10"),
        ("zero one two three four five six seven eight nine", "0 1 2 3 4 5 6 7 8 9"),
        ("twenty-two", "twenty 2"),
        # Marks become a space, unless there is one beside them.
        ("red/blue", "red blue"),
        ("red / blue", "red blue"),
        ("left-hand side - up", "lefthand side up"),
        ("what?", "what"),
        ("(red),blue!", "red blue"),
        ("t-shirt;[a]", "t shirt"),
        # A comma between digits takes all marks without a space.
        ("1,000", "1000"),
        ("1,000-5/6", "100056"),
        ("1, 2", "1 2"),
        # Full stops stay before a digit.
        ("3.5", "3.5"),
        ("3.5.", "3.5"),
        ("a.m.", "am"),
        (".5", ".5"),
        ("u.s. 5.", "us 5"),
        # Contractions, by one apostrophe.
        ("dont know", "don't know"),
        ("don't know", "don't know"),
        ("Its whats its", "its what's its"),
        ("couldntve couldnt've couldn'tve", "couldntve couldn't've couldn't've"),
        ("yall'd've oclock", "y'all'd've o'clock"),
        ("ow's'at somebody'd", "'ow's'at somebodyd"),
        ("were shell hell wed", "were shell hell wed"),
        ("", ""),
    ],
)
def test_answers_are_normalised_as_the_official_evaluator_does(answer, normalised):
    assert normalise_answer(answer) == normalised


def test_only_so_many_full_stops_are_removed_as_the_official_evaluator_removes():
    assert normalise_answer("." * 40) == "." * 8


@pytest.mark.parametrize(("same", "accuracy"), [(0, 0.0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1.0), (9, 1.0)])
def test_an_answer_of_so_many_of_ten_people(same, accuracy):
    assert soft_accuracy("yes", ["yes"] * same + ["no"] * (10 - same)) == pytest.approx(accuracy)


def test_where_people_differ_all_is_normalised():
    people = ["two dogs"] * 2 + ["The 2 dogs."] * 2 + ["cat"] * 6
    assert soft_accuracy("2 Dogs", people) == 1.0
    assert soft_accuracy("A cat", people) == 1.0


def test_where_all_wrote_the_same_the_answer_has_to_be_written_so():
    assert soft_accuracy("yes", ["yes"] * 10) == 1.0
    assert soft_accuracy("Yes", ["yes"] * 10) == 0.0
    assert soft_accuracy(" yes\n", ["yes\t"] * 10) == 1.0
    assert soft_accuracy("Yes", ["yes"] * 9 + ["no"]) == 1.0


@given(predicted=st.sampled_from(["yes", "no", "2", "Two", "none"]), answers=ANSWERS)
def test_it_is_the_mean_over_people_left_out(predicted, answers):
    raw = len(set(answers)) == 1
    known = answers if raw else [normalise_answer(one) for one in answers]
    said = predicted if raw else normalise_answer(predicted)
    shares = [
        min(1, sum(other == said for n, other in enumerate(known) if n != left_out) / 3)
        for left_out in range(len(known))
    ]
    assert soft_accuracy(predicted, answers) == pytest.approx(sum(shares) / len(shares))


@given(answers=ANSWERS, order=st.randoms(use_true_random=False))
def test_the_order_of_people_does_not_matter(answers, order):
    before = soft_accuracy("yes", answers)
    order.shuffle(answers)
    assert soft_accuracy("yes", answers) == before


@given(text=st.text(alphabet="aAtwoneh.,'/- 1\n?", max_size=15))
def test_normalising_leaves_lower_case_without_articles_and_double_spaces(text):
    found = normalise_answer(text)
    assert found == found.lower() == " ".join(found.split())
    assert not {"a", "an", "the", "one", "two", "none"} & set(found.split())
    assert not set(found) & set(",/-?")


def test_accuracies_are_means_over_questions_and_by_type():
    people = [["yes"] * 10, ["2"] * 2 + ["3"] * 8, ["red"] * 10]
    found = vqa_accuracy(["yes", "2", "blue"], people, ["yes/no", "number", "other"])
    assert found.per_question == pytest.approx((1.0, 0.6, 0.0))
    assert found.overall == pytest.approx(1.6 / 3)
    assert found.by_type == pytest.approx({"number": 0.6, "other": 0.0, "yes/no": 1.0})
    assert vqa_accuracy(["yes"], [["yes"] * 10]).by_type == {}
    assert math.isnan(vqa_accuracy([], []).overall)


def test_what_does_not_fit_together_is_said():
    with pytest.raises(InputError, match="1 predictions, the answers to 2 questions and 2 types"):
        vqa_accuracy(["a"], [["a"], ["a"]])
    with pytest.raises(InputError, match="question 1 has no answer"):
        vqa_accuracy(["a", "a"], [["a"], []])
