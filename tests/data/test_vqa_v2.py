import json
import tarfile

import pytest

from mmgraph.data.vqa_v2 import AnsweredQuestion, read_vqa_annotations, read_vqa_results
from mmgraph.errors import InputError


def annotation(key, **more):
    return {
        "question_id": key,
        "question_type": "what is",
        "answer_type": "other",
        "answers": [{"answer": "red", "answer_confidence": "yes", "answer_id": 1}, {"answer": "blue"}],
        **more,
    }


@pytest.fixture
def write(tmp_path):
    def write(value):
        path = tmp_path / "file.json"
        path.write_text(json.dumps(value))
        return path

    return write


def test_annotations_give_the_answers_and_types_of_each_question(write):
    assert read_vqa_annotations(write({"info": 1, "annotations": [annotation(7)]})) == {
        7: AnsweredQuestion(("red", "blue"), "other", "what is")
    }


def test_results_give_the_answer_to_each_question(write):
    found = read_vqa_results(write([{"question_id": 1, "answer": "a"}, {"question_id": 2, "answer": ""}]))
    assert found == {1: "a", 2: ""}


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        (1, "the file.annotations is 1, expected a list"),
        ([{}], r"annotations\[0\] lacks 'question_id'"),
        ([annotation("x")], r"annotations\[0\].question_id is 'x', expected an integer"),
        ([annotation(1, answers=[])], r"annotations\[0\] has no answer"),
        ([annotation(1, answers=[{"answer": 2}])], r"annotations\[0\].answers\[0\].answer is 2, expected a"),
        ([annotation(1, answer_type=None)], r"annotations\[0\].answer_type is None"),
        ([annotation(1), annotation(1)], r"annotations\[1\]: question 1 is there twice"),
    ],
)
def test_damaged_annotations_are_errors_with_the_file_and_the_place(write, annotations, message):
    path = write({"annotations": annotations})
    with pytest.raises(InputError, match=message) as error:
        read_vqa_annotations(path)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "the results is an object of 0, expected a list"),
        ([{"question_id": 1}], r"\[0\] lacks 'answer'"),
        ([{"question_id": True, "answer": "a"}], r"\[0\].question_id is True, expected an integer"),
        ([{"question_id": 1, "answer": "a"}] * 2, r"\[1\]: question 1 is there twice"),
    ],
)
def test_damaged_results_are_errors_with_the_file_and_the_place(write, value, message):
    path = write(value)
    with pytest.raises(InputError, match=message) as error:
        read_vqa_results(path)
    assert str(error.value).startswith(f"{path}: ")


def test_the_official_files_are_read(data_folder, tmp_path):
    path = tmp_path / "annotations.json"
    with tarfile.open(data_folder / "format_samples_vl" / "format_samples_json.tar.gz") as archive:
        names = [name for name in archive.getnames() if "/vqa2/" in name and "annotations" in name]
        assert len(names) >= 6
        for name in names:
            path.write_bytes(archive.extractfile(name).read())
            found = read_vqa_annotations(path)
            assert len(found) == 100
            assert {len(one.answers) for one in found.values()} == {10}
            assert {one.answer_type for one in found.values()} <= {"yes/no", "number", "other"}
