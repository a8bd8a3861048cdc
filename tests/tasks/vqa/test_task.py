import json
from dataclasses import replace

import pytest
import torch

from mmgraph.comparison.task import Task
from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph
from mmgraph.tasks.vqa import VQA
from mmgraph.tasks.vqa.arms import CONTROLS, arm

SIZE = {"train_scenes": 6, "validation_scenes": 3, "test_scenes": 3, "questions_per_scene": 6}
SMALL = VQA(**SIZE, steps=2, validate_every=2, dim=16, heads=2, batch_size=16)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for split in ("train", "validation", "test"):
        SMALL.prepare(split, folder)
    return folder


@pytest.mark.parametrize("name", [*CONTROLS, "aligner:transport", "alone:cycle", "fusion:low_rank"])
def test_every_arm_trains_and_is_tested_with_the_weights_that_it_left(name, data, tmp_path):
    trained = SMALL.train(name, 0, data, tmp_path)
    tested = SMALL.test(name, 0, data, tmp_path)
    assert {"accuracy", "relational", "parameters", "cpu_seconds", "peak_mib"} <= trained.keys()
    assert 0 <= tested["accuracy"] <= 1
    assert tested == SMALL.test(name, 0, data, tmp_path)
    assert json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1])["step"] == 2
    if arm(name).only is None:
        assert "subset.token+region+segment" in tested
        assert tested["subset.token+region+segment"] == tested["accuracy"]


def test_a_task_is_what_compare_takes():
    assert isinstance(SMALL, Task)
    assert json.dumps(dict(SMALL.settings()))


def test_arms_see_what_they_should(data):
    whole = SMALL._load("train", arm("full"), data).graph
    assert whole.equal(HeteroGraph.load(data / "train.safetensors"))
    text = SMALL._load("train", arm("text"), data).graph
    assert text.num_nodes("region") == text.num_nodes("segment") == 0
    assert text.num_nodes("token") == whole.num_nodes("token")
    shuffled = SMALL._load("train", arm("shuffled"), data).graph
    key = ("region", "near", "region")
    assert not torch.equal(shuffled.edge_index[key], whole.edge_index[key])
    assert shuffled.edge_sizes(key) == whole.edge_sizes(key)


def test_the_same_seed_gives_the_same_scores_and_another_others(data, tmp_path):
    task = replace(SMALL, steps=4, validate_every=4)
    first, second, third = (
        task.train("full", seed, data, tmp_path / name) for seed, name in ((0, "a"), (0, "b"), (1, "c"))
    )
    costs = {"cpu_seconds", "peak_mib"}
    assert {k: v for k, v in first.items() if k not in costs} == {
        k: v for k, v in second.items() if k not in costs
    }
    assert first != third


def test_unknown_arms_are_errors_that_list_those_there_are():
    with pytest.raises(InputError, match=r"no arm 'magic'.*no_graph.*aligner:attention\|.*fusion:concat\|"):
        SMALL.describe("magic")
    with pytest.raises(InputError, match="no arm 'aligner:magic'"):
        SMALL.describe("aligner:magic")
