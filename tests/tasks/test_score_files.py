import json

import pytest

from mmgraph.errors import InputError
from mmgraph.tasks.score_files import score_caption_files, score_vqa_files


@pytest.fixture
def write(tmp_path):
    def write(name, value):
        path = tmp_path / name
        path.write_text(json.dumps(value))
        return path

    return write


@pytest.fixture
def captions(write):
    def captions(said, known=("a dog runs", "a cat sleeps", "two men")):
        results = [{"image_id": key, "caption": text} for key, text in said.items()]
        annotations = [{"image_id": n, "caption": text} for n, text in enumerate(known)]
        return write("results.json", results), write("captions.json", {"annotations": annotations})

    return captions


@pytest.fixture
def answers(write):
    def answers(said):
        results = [{"question_id": key, "answer": text} for key, text in said.items()]
        known = [
            {"question_id": n, "question_type": "x", "answer_type": kind, "answers": [{"answer": text}] * 10}
            for n, (kind, text) in enumerate([("yes/no", "yes"), ("yes/no", "no"), ("other", "red")])
        ]
        return write("results.json", results), write("annotations.json", {"annotations": known})

    return answers


def test_captions_are_scored_against_their_references(captions):
    found = score_caption_files(*captions({2: "Two men.", 0: "a dog runs", 1: "a dog"}))
    assert found["bleu_1"].per_image[2] == pytest.approx(1.0)
    assert list(found["cider"].per_image) == [2, 0, 1]


def test_a_part_of_karpathy_s_file_is_scored_alone(captions, write):
    images = [
        {"imgid": n, "split": split, "sentences": [{"raw": "a dog"}]}
        for n, split in enumerate(["train", "test"])
    ]
    results, _ = captions({1: "a dog"})
    references = write("karpathy.json", {"images": images})
    assert score_caption_files(results, references, "test")["bleu_1"].value == pytest.approx(1.0)
    with pytest.raises(InputError, match=r"image 0 of .*karpathy.json is missing"):
        score_caption_files(results, references)


def test_missing_captions_are_an_error_unless_a_part_is_wanted(captions):
    files = captions({0: "a dog runs"})
    with pytest.raises(
        InputError, match=r"results.json: image 1 \(and 1 more\) of .*captions.json is missing"
    ):
        score_caption_files(*files)
    assert list(score_caption_files(*files, partial=True)["bleu_1"].per_image) == [0]


@pytest.mark.parametrize("partial", [True, False])
def test_captions_of_foreign_images_are_an_error(captions, partial):
    with pytest.raises(InputError, match=r"results.json: image 9 is not in .*captions.json"):
        score_caption_files(*captions({0: "a", 9: "b", 1: "c", 2: "d"}), partial=partial)


def test_nothing_to_score_is_an_error(captions, answers):
    for score, files in ((score_caption_files, captions({})), (score_vqa_files, answers({}))):
        with pytest.raises(InputError, match="there is nothing to score: the list is empty"):
            score(*files, partial=True)


def test_answers_are_scored_over_all_questions_and_by_type(answers):
    found = score_vqa_files(*answers({2: "red", 0: "yes", 1: "yes"}))
    assert found.overall == pytest.approx(2 / 3)
    assert found.by_type == {"other": 1.0, "yes/no": 0.5}


def test_missing_and_foreign_answers_are_errors(answers):
    with pytest.raises(InputError, match=r"question 0 \(and 1 more\) of .*annotations.json is missing"):
        score_vqa_files(*answers({2: "red"}))
    assert score_vqa_files(*answers({2: "red"}), partial=True).overall == 1.0
    with pytest.raises(InputError, match=r"question 5 is not in .*annotations.json"):
        score_vqa_files(*answers({5: "red"}), partial=True)
