"""The figures of explanations are those of the definitions, and the script writes what it found."""

import json

import pytest
import torch

from experiments import explanations
from mmgraph.data.synthetic import flatten
from mmgraph.explanation import Attribution, Explanation, Fidelity, WeightMap
from mmgraph.tasks.vqa import explain_samples, load_run
from tests.tasks.vqa.runs import untrained_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return load_run(untrained_run(tmp_path_factory.mktemp("run")))


def test_every_scene_gives_one_question(run):
    numbers = explanations.one_of_each_scene(run, 200)
    asked = flatten(run.recipe.data.scenes("validation"))
    assert [asked[number][0] for number in numbers] == [0, 1, 2]
    assert numbers == [0, 5, 10]
    assert explanations.one_of_each_scene(run, 2) == [0, 5]


def test_agreement_is_that_of_the_strongest_weight_and_of_the_score_on_mentioned_regions(run):
    (explanation,) = explain_samples(run, [0], methods=["plan"])
    words, regions = (explanation.graph.num_nodes(key) for key in ("token", "region"))
    truth = torch.zeros(words, regions, dtype=torch.bool)
    truth[1, 2] = truth[3, 0] = True
    plan = torch.full((words, regions), -2.0)
    plan[1, 2] = -1.0
    plan[3, 1] = 3.0
    score = torch.zeros(regions)
    score[0], score[1], score[2] = 1.0, 2.0, -5.0
    found = Attribution("x", {("token", "region"): WeightMap.of(plan)}, {"region": score})
    known = Explanation(explanation.graph, truth={("token", "region"): truth})
    figures = explanations.agreement(known, found)
    assert figures["words on their regions"] == (0.5, pytest.approx(1 / regions))
    assert figures["share on mentioned"] == (pytest.approx(1 / 3), pytest.approx(2 / regions))
    nothing = Explanation(explanation.graph, truth={("token", "region"): torch.zeros_like(truth)})
    assert explanations.agreement(nothing, found) == {}
    assert explanations.agreement(known, Attribution("y")) == {}


def test_a_gain_is_what_is_better_whichever_way_better_lies():
    own, chance = Fidelity(0.1, 0.5, 0.7, 0.2), Fidelity(0.3, 0.4, 0.6, 0.5)
    pairs = explanations.fidelity(Attribution("x", fidelity=own, chance=chance))
    gains = {name: explanations.summarise(name, [pair] * 3).gain.mean for name, pair in pairs.items()}
    assert gains == pytest.approx(
        {"sufficiency": 0.2, "comprehensiveness": 0.1, "insertion": 0.1, "deletion": 0.3}
    )
    assert explanations.fidelity(Attribution("x", fidelity=own)) == {}
    assert not explanations.summarise("insertion", [(0.5, 0.5), (0.7, 0.4)]).beats_chance
    assert explanations.summarise("insertion", [(0.5, 0.4), (0.6, 0.4)]).gain.low < 0
    assert explanations.summarise("insertion", [(0.55, 0.4), (0.56, 0.4)]).beats_chance


def test_the_script_writes_its_table_and_figures(run, tmp_path, capsys):
    config = explanations.Config(
        run=str(run.folder), questions=3, methods=("relevance", "plan"), out=str(tmp_path)
    )
    rows = explanations.run(config)
    found = json.loads((tmp_path / "results.json").read_text())
    assert found["questions"] == 3
    assert set(found["methods"]) == {"relevance", "plan"}
    row = rows["plan"]["deletion"]
    assert found["methods"]["plan"]["deletion"]["gain"]["mean"] == row.gain.mean
    assert found["methods"]["plan"]["deletion"]["beats_chance"] == row.beats_chance
    table = (tmp_path / "table.md").read_text()
    assert table == capsys.readouterr().out
    assert "| plan | " in table
    assert "relevance beats chance in " in table


def test_without_a_run_it_trains_one(tmp_path):
    config = explanations.Config(
        questions=1, methods=("plan",), seconds=0.5, train_scenes=4, out=str(tmp_path)
    )
    explanations.run(config)
    assert load_run(tmp_path / "run").recipe.data.kind == "sort-of-clevr"
    found = json.loads((tmp_path / "results.json").read_text())
    assert found["methods"]["plan"]["deletion"]["gain"]["low"] is None
