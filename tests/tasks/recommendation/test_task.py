import json
import pickle

import pytest
import torch

from mmgraph.comparison import Task, compare
from mmgraph.errors import InputError
from mmgraph.metrics.ranking import RANKING_METRICS
from mmgraph.models.recommendation import make_recommender
from mmgraph.tasks.recommendation import (
    ModelSettings,
    Recommendation,
    RecommendationSource,
    RecommenderBudget,
    load_recommendations,
)
from mmgraph.tasks.recommendation.arms import arm
from tests.tasks.recommendation.small import WORLD, small_task, trained, work_here

COSTS = {"parameters", "cpu_seconds", "peak_mib"}


def scored(folder, task, arm="aligned", seed=0):
    """What training gives, without what it cost."""
    task.prepare("train", folder / "data")
    found = task.train(arm, seed, folder / "data", folder / "run")
    return {name: value for name, value in found.items() if name not in COSTS - {"parameters"}}


def test_a_task_is_what_compare_takes_and_goes_to_other_processes():
    task = small_task()
    assert isinstance(task, Task)
    assert json.dumps(dict(task.settings()))
    assert pickle.loads(pickle.dumps(task)) == task
    assert (task.name, task.reference, task.metric) == ("recommendation", "aligned", "recall@20")


def test_a_comparison_has_its_table_and_every_cells_files_and_the_test_stays_closed(tmp_path, monkeypatch):
    work_here(monkeypatch)
    task = small_task()
    arms = ["aligned", "popularity", "aligned:no_graph"]
    report = compare(task, arms, 2, tmp_path, open_test=False)
    assert {row.arm for row in report.rows} == set(arms)
    assert (report.split, report.seeds, report.metric) == ("validation", 2, "recall@20")
    assert not list(tmp_path.rglob("test.json"))
    for name in ("aligned", "popularity", "aligned-no_graph"):
        for seed in range(2):
            cell = tmp_path / "cells" / name / f"seed{seed}"
            assert {"run.json", "results.json", "model.safetensors"} <= {file.name for file in cell.iterdir()}
    assert "| popularity |" in (tmp_path / "table.md").read_text()
    opened = compare(task, arms, 2, tmp_path, open_test=True)
    assert opened.split == "test"
    assert len(list(tmp_path.rglob("test.json"))) == 6
    for row in report.rows:
        (other,) = [one for one in opened.rows if one.arm == row.arm]
        assert row.values != other.values


def test_equal_seeds_give_equal_numbers_and_weights(tmp_path):
    found = {}
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        scores = scored(tmp_path / name, small_task(), seed=seed)
        found[name] = scores, (tmp_path / name / "run" / "model.safetensors").read_bytes()
    assert found["first"] == found["again"]
    assert found["first"][1] != found["other"][1]


def test_the_scores_have_these_names_and_the_table_shows_the_first_ones(tmp_path):
    shown = {name for name in scored(tmp_path, small_task(score="mrr@5")) if not name.startswith("also.")}
    assert shown == {"parameters", *(f"{name}@{k}" for name in ("recall", "ndcg") for k in (5, 10, 20))}
    source = RecommendationSource(preferences=WORLD, neighbours=3, cold_share=0.2)
    found = scored(tmp_path / "cold", small_task(source, score="ndcg@5"))
    assert {name for name in found if "cold" in name and not name.startswith("also.")} == {
        "cold.recall@5",
        "cold_only.recall@5",
    }
    assert {f"also.cold.{name}@20" for name in RANKING_METRICS} <= found.keys()
    assert {"also.coverage@20", "also.gini@20", "also.popularity@20", "also.novelty@20"} <= found.keys()
    assert {"also.popularity.q1.recall@20", "also.activity.q5.ndcg@10"} <= found.keys()


@pytest.mark.parametrize(
    "score", ["luck@20", "recall", "recall@", "recall@x", "recall@0", "cold.recall@20", "20"]
)
def test_a_score_that_there_is_not_is_an_error_before_anything_is_read(score):
    with pytest.raises(
        InputError, match=r"score='.*': expected one of recall, ndcg, .* with a length, such as"
    ):
        Recommendation(score=score)


@pytest.mark.parametrize("metric", RANKING_METRICS)
def test_any_metric_may_pick_the_weights(metric, tmp_path):
    task = small_task(score=f"{metric}@7")
    run = trained(tmp_path, task, "popularity")
    scores = task.train("popularity", 0, tmp_path / "data", run)
    assert task.metric == f"{metric}@7"
    written = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    value = scores.get(task.metric, scores.get(f"also.{task.metric}"))
    assert written["validation"] == pytest.approx(value)


def test_a_models_own_settings_are_its_own_and_its_controls_have_them_too(tmp_path):
    own = ModelSettings({"dim": 5}, RecommenderBudget(epochs=1, batch_size=64))
    task = small_task(models={"lightgcn": own})
    for name, epochs in (("lightgcn", 1), ("lightgcn:shuffled", 1), ("bpr_mf", 2)):
        run = trained(tmp_path, task, name)
        found = load_recommendations(run)
        assert found.model.users.shape[1] == (5 if "lightgcn" in name else 64)
        lines = (run / "metrics.jsonl").read_text().splitlines()
        assert len({json.loads(line)["epoch"] for line in lines}) == epochs


def test_the_number_of_parameters_is_that_of_the_model(tmp_path):
    found = scored(tmp_path, small_task(), "lightgcn")
    assert found["parameters"] == (WORLD.num_users + WORLD.num_items) * 8
    assert scored(tmp_path, small_task(), "popularity")["parameters"] == 0


def ranked_by_hand(found, seen, held_out, k):
    """Recall at k of each user with held-out items, from sorted lists."""
    scores = (found.users @ found.items.T).tolist()
    values = []
    for user, row in enumerate(scores):
        relevant = {int(i) for u, i in held_out.edge_index.T.tolist() if u == user}
        masked = {int(i) for table in seen for u, i in table.edge_index.T.tolist() if u == user}
        if relevant:
            order = sorted(set(range(len(row))) - masked, key=lambda item: (-row[item], item))
            values.append(len(relevant & set(order[:k])) / len(relevant))
    return sum(values) / len(values)


def test_validation_items_are_masked_in_the_test_or_not_as_is_asked_for(tmp_path):
    data, found = WORLD.data, {}
    for mask in (True, False):
        task = small_task(mask_validation=mask)
        run = trained(tmp_path, task)
        embedded = load_recommendations(run).embedded
        found[mask] = task.test("aligned", 0, tmp_path / "data", run)["recall@10"]
        seen = [data.train, data.validation] if mask else [data.train]
        assert found[mask] == pytest.approx(ranked_by_hand(embedded, seen, data.open_test(), 10))
    assert found[True] > found[False]


def test_a_control_is_trained_on_what_it_sees_and_masked_by_what_users_chose(tmp_path):
    run = trained(tmp_path, arm="aligned:no_graph")
    scores = small_task().train("aligned:no_graph", 0, tmp_path / "data", run)
    found = load_recommendations(run)
    assert found.graph.interactions.csr.num_edges == 0
    expected = ranked_by_hand(found.embedded, [WORLD.data.train], WORLD.data.validation, 20)
    assert scores["recall@20"] == pytest.approx(expected)


def test_new_weights_are_those_of_the_seed():
    task = small_task()
    graph = task.data.graph(task.data.load())
    model = task.new(arm("lightgcn"), graph, 5)
    torch.manual_seed(5)
    assert torch.equal(model.users, make_recommender("lightgcn", graph, dim=8).users)


def test_an_arm_that_there_is_not_is_an_error():
    with pytest.raises(InputError, match="no recommender 'magic'"):
        small_task().describe("magic")
    assert small_task().describe("lightgcn:late") == "a model of each modality alone, their scores added"
