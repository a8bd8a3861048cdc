import math
import re

import pytest
import torch

from mmgraph.comparison import Illustrated
from mmgraph.errors import MissingExtraError
from mmgraph.tasks.recommendation import examples, load_recommendations, write_examples
from mmgraph.tasks.recommendation.examples import modality_weights
from tests.tasks.recommendation.small_run import TASK, train


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    return train(tmp_path_factory.mktemp("run"), ("aligned", "lightgcn"), seeds=2)


def test_the_page_shows_the_best_the_worst_and_others_with_the_weights_of_all_seeds(cell, tmp_path):
    assert isinstance(TASK, Illustrated)
    page = TASK.gallery("aligned", 0, cell, tmp_path, 6)
    assert page == tmp_path / "examples.html"
    text = page.read_text(encoding="utf-8")
    for group in ("best", "worst", "random"):
        assert len(re.findall(rf"<h2>user \d+ \({group}\)</h2>", text)) == 2
    assert "Recommended by aligned" in text
    assert text.count("over 2 seeds") == 3
    assert text.count("because you chose") > 6
    pytest.importorskip("matplotlib")
    assert (tmp_path / "modality_weights.png").exists()


def test_the_best_users_have_their_held_out_items_in_the_list_and_the_worst_have_none(cell, tmp_path):
    found, held_out = load_recommendations(cell), TASK.data.load().validation
    text = write_examples(found, held_out, tmp_path, 1).read_text(encoding="utf-8")
    sections = dict(re.findall(r"<h2>user \d+ \((\w+)\)</h2>(.*?)</section>", text, re.DOTALL))
    assert "chosen in held-out data" in sections["best"]
    assert "chosen in held-out data" not in sections["worst"]
    (best,) = re.findall(r"<h2>user (\d+) \(best\)</h2>", text)
    listed = {one.item for one in found.recommend(int(best), 10)}
    own = set(held_out.items[held_out.users == int(best)].tolist())
    assert sections["best"].count('class="card true"') == len(listed & own)


def test_a_model_without_weights_of_modalities_has_a_page_without_them(cell, tmp_path):
    (tmp_path / "modality_weights.png").write_bytes(b"of another model")
    other = cell.parents[1] / "lightgcn" / "seed0"
    text = TASK.gallery("lightgcn", 0, other, tmp_path, 1).read_text(encoding="utf-8")
    assert "How much each modality counts" not in text
    assert not (tmp_path / "modality_weights.png").exists()


def test_the_weights_are_those_of_each_run(cell):
    found = load_recommendations(cell)
    runs = [cell, cell.parent / "seed1"]
    weights = modality_weights(found, runs)
    for run, mine in zip(runs, weights, strict=True):
        assert mine == pytest.approx(load_recommendations(run).model.modality_weights())
    assert weights[0] != weights[1]
    assert modality_weights(load_recommendations(cell.parents[1] / "lightgcn" / "seed0"), runs) == []


def test_without_matplotlib_the_page_is_there_and_the_picture_is_not(cell, tmp_path, monkeypatch):
    def missing(*given):
        raise MissingExtraError("matplotlib", "plot")

    monkeypatch.setattr("mmgraph.tasks.recommendation.examples.modality_weights_figure", missing)
    assert TASK.gallery("aligned", 0, cell, tmp_path, 1).exists()
    assert not (tmp_path / "modality_weights.png").exists()


def test_the_same_run_gives_the_same_page(cell, tmp_path):
    torch.manual_seed(1)
    first = TASK.gallery("aligned", 0, cell, tmp_path / "a", 3).read_bytes()
    torch.manual_seed(2)
    assert TASK.gallery("aligned", 0, cell, tmp_path / "b", 3).read_bytes() == first


def test_a_control_without_edges_lists_nothing_that_was_chosen_and_is_judged_by_these_lists(
    tmp_path, monkeypatch
):
    cell = train(tmp_path / "run", ("aligned:no_graph",), seeds=1)
    found, held_out = load_recommendations(cell), TASK.data.load().validation
    expected = []
    for user in held_out.users.unique().tolist():
        chosen = set(found.interactions.items[found.interactions.users == user].tolist())
        listed = [one.item for one in found.recommend(user, 10, why=False)]
        assert not chosen & set(listed)
        own = set(held_out.items[held_out.users == user].tolist())
        gains = [1 / math.log2(rank + 2) for rank, item in enumerate(listed) if item in own]
        expected.append(sum(gains) / sum(1 / math.log2(rank + 2) for rank in range(min(10, len(own)))))
    judged = []
    choose = examples.choose_examples
    monkeypatch.setattr(examples, "choose_examples", lambda *given: judged.append(given[0]) or choose(*given))
    write_examples(found, held_out, tmp_path / "page", 1)
    assert judged == [pytest.approx(expected)]
