import jaxtyping
import pytest
import torch

import mmgraph as mg
from mmgraph.errors import InputError
from mmgraph.explanation import (
    DEFAULT_METHODS,
    METHODS,
    Explanation,
    Prediction,
    Subject,
    chance_fidelity,
    explain,
    explain_answer,
    fidelity,
    modality_weights,
)
from mmgraph.graph import select, without
from mmgraph.heads import AnswerHead
from mmgraph.models import FusionModel
from tests.explanation.planted_models import Worth, sample, subject
from tests.models.every_model import ANSWERS, EXAMPLES
from tests.nn.example import SCHEMA, batch, one

ALL = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())


def model_and_head(answers=ANSWERS):
    return FusionModel(SCHEMA, 16, heads=2, align=[("token", "region")]), AnswerHead(16, answers)


def test_all_methods_are_measured_beside_chance_and_survive_a_file(tmp_path):
    graph, (model, head) = one(4, 3, 2), model_and_head()
    asked = Subject.answer(model, head, 1)
    made = explain(asked, graph, list(METHODS), title="why?", about={"run": "first"}, seed=3)
    assert made.methods == tuple(METHODS)
    assert made.about == {"run": "first"}
    chance = chance_fidelity(asked, graph, seed=3)
    for found in made.attributions:
        assert found.chance == chance
        assert found.fidelity is not None
    exact = made["leave_one_out"]
    assert exact.fidelity == fidelity(asked, graph, exact.nodes)
    assert made.modality_weights == modality_weights(asked, graph)
    made.save(tmp_path / "why.json")
    again = mg.Explanation.load(tmp_path / "why.json")
    assert again.methods == made.methods
    assert again.title == "why?"
    assert again["edge_mask"].fidelity == made["edge_mask"].fidelity


@ALL
@pytest.mark.parametrize("missing", [(), ("region", "segment")])
def test_by_default_every_model_is_explained_by_what_suits_it_and_says_why_not_by_others(example, missing):
    graph = without(one(4, 3, 2), missing)
    made = explain(Subject.answer(example.make(), example.head(), 0), graph, measure=False)
    left_out = {key.removeprefix("without ") for key in made.about}
    assert left_out | set(made.methods) == set(DEFAULT_METHODS)
    assert not left_out & set(made.methods)
    assert {"integrated_gradients", "leave_one_out"} <= set(made.methods)
    assert all(made.about.values())


def test_the_first_named_stands_first_and_without_measuring_nothing_is_measured():
    graph, (model, head) = one(4, 3, 2), model_and_head()
    made = explain(Subject.answer(model, head, 1), graph, ["leave_one_out", "attention"], measure=False)
    assert made.methods == ("leave_one_out", "attention")
    assert all(found.fidelity is None and found.chance is None for found in made.attributions)
    assert not made.modality_weights


def test_truth_prediction_and_media_go_along():
    graph, (model, head) = one(4, 3, 2), model_and_head()
    truth = {("token", "region"): torch.rand(3, 4) < 0.5}
    prediction = Prediction("red", 0.5)
    picture = torch.zeros(6, 5, 3, dtype=torch.uint8).numpy()
    made = mg.explain(
        Subject.answer(model, head, 1),
        graph,
        ["attention"],
        image=picture,
        truth=truth,
        prediction=prediction,
        measure=False,
    )
    assert isinstance(made, Explanation)
    assert made.truth == truth
    assert made.prediction == prediction
    assert made.image.size == (5, 6)
    assert made.sound is None


def test_the_answer_given_is_explained_with_its_alternatives():
    graph, (model, head) = one(4, 3, 2), model_and_head(tuple("abcdefgh"))
    model.eval(), head.eval()
    with torch.no_grad():
        chances = head(model.encode(graph)).softmax(-1)[0]
    made = explain_answer(model, head, graph, expected=2, methods=["leave_one_out"])
    order = chances.argsort(descending=True).tolist()
    assert made.prediction.answer == "abcdefgh"[order[0]]
    assert made.prediction.probability == pytest.approx(chances.max().item(), abs=1e-6)
    assert made.prediction.expected == "c"
    assert [name for name, _ in made.prediction.alternatives] == ["abcdefgh"[i] for i in order[1:6]]
    exact = explain(Subject.answer(model, head, order[0]), graph, ["leave_one_out"])
    for key, value in exact["leave_one_out"].nodes.items():
        assert torch.equal(made["leave_one_out"].nodes[key], value)
    assert not made.about


def test_another_answer_can_be_asked_for_by_word_or_number():
    graph, (model, head) = one(4, 3, 2), model_and_head()
    model.eval(), head.eval()
    with torch.no_grad():
        last = int(head(model.encode(graph))[0].argmin())
    by_word = explain_answer(model, head, graph, ANSWERS[last], about={"run": "x"}, methods=["leave_one_out"])
    by_number = explain_answer(model, head, graph, last, methods=["leave_one_out"], measure=False)
    wanted = explain(Subject.answer(model, head, last), graph, ["leave_one_out"], measure=False)
    for made in (by_word, by_number):
        for key, value in wanted["leave_one_out"].nodes.items():
            assert torch.equal(made["leave_one_out"].nodes[key], value)
        assert made.about["explained"] == f"the answer {ANSWERS[last]!r}, not the one given"
        assert made.prediction.answer != ANSWERS[last]
    assert by_word.about["run"] == "x"


def test_modules_have_their_modes_and_no_gradients_afterwards():
    graph, (model, head) = one(4, 3, 2), model_and_head()
    head.eval()
    explain_answer(model, head, graph)
    assert model.training
    assert not head.training
    assert all(parameter.grad is None for parameter in [*model.parameters(), *head.parameters()])
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
    assert not any(getattr(part, name) for part in model.modules() for name in hooks)


def test_mistakes_are_named(monkeypatch):
    graph, (model, head) = one(4, 3, 2), model_and_head()
    asked = Subject.answer(model, head, 1)
    transformer = EXAMPLES["MultimodalTransformer"].make()
    with pytest.raises(InputError, match="aligns nothing"):
        explain(Subject.answer(transformer, head, 1), graph, ["plan"])
    with pytest.raises(InputError, match="explain got a graph of 2 samples"):
        explain(asked, select(batch(), [0, 1]))
    with pytest.raises(InputError, match="the model was made for another schema"):
        explain(asked, sample(region=[1.0]), measure=False)
    with pytest.raises(InputError, match=r"answer='blue': the head has 3 answers, \('yes', 'no', 'red'\)"):
        explain_answer(model, head, graph, "blue")
    with pytest.raises(InputError, match="expected=3: the head has 3 answers"):
        explain_answer(model, head, graph, expected=3)
    head.answers = ANSWERS[:2]
    with pytest.raises(InputError, match="a head with 2 answers and 3 logits"):
        explain_answer(model, head, graph)
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(InputError, match=r"got the method 'magic': expected one of .*'rollout'"):
        explain(asked, graph, ["magic"])
    with pytest.raises(InputError, match=r"give a list, \['attention'\]"):
        explain(asked, graph, "attention")


def test_a_model_without_weights_is_explained_by_what_needs_none():
    made = explain(subject(Worth()), sample(region=[1.0, -1.0], word=[2.0]))
    assert "leave_one_out" in made.methods
    assert "NodeEncoder" in made.about["without integrated_gradients"]
    assert made["leave_one_out"].nodes["region"][0] > 0 > made["leave_one_out"].nodes["region"][1]
