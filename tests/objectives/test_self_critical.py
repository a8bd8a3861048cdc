import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from mmgraph.data.captions.vocabulary import END, PAD
from mmgraph.errors import InputError
from mmgraph.heads import CaptionHead
from mmgraph.models import FusionModel
from mmgraph.objectives import SelfCritical, reward_of_texts
from tests.heads.example import DIM, cut, encoded, graphs, lively
from tests.nn.example import SCHEMA

WORDS, LENGTH, SEVEN = 12, 6, 7


def sevens(ids, graph):
    """How many words of a sentence are the seventh."""
    return (ids == SEVEN).sum(1).float()


class Coin:
    """Writes one of two words by the logits of the samples: small enough to differentiate by hand."""

    def __init__(self):
        self.logits = torch.tensor([[0.3, -0.5], [1.0, 0.2]], requires_grad=True)

    def predict(self, encoded):
        return self.logits.argmax(1)[:, None] + 4

    def draw(self, encoded, samples, seed, check_every):
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.multinomial(self.logits.detach().softmax(1), samples, True, generator=generator)
        return drawn[..., None] + 4

    def log_probabilities(self, encoded, ids):
        return self.logits.log_softmax(1)[:, None].expand(-1, ids.shape[1], -1).gather(2, ids - 4)


def two():
    return cut(encoded(), [0, 3])


WORTH = torch.tensor([1.0, 3.0])


def worth(ids, graph):
    return WORTH[ids[:, 0] - 4]


@pytest.mark.parametrize("baseline", ["greedy", "mean"])
def test_the_gradient_is_that_of_reinforce_with_the_baseline_computed_by_hand(baseline):
    coin = Coin()
    objective = SelfCritical(coin, worth, samples=4, baseline=baseline)
    ids = coin.draw(None, 4, 3, None)
    terms = objective.terms(two(), ids)
    terms["self_critical"].backward()
    probability = coin.logits.detach().softmax(1)
    expected = torch.zeros(2, 2)
    for b in range(2):
        drawn = [int(word) - 4 for word in ids[b, :, 0]]
        for s, word in enumerate(drawn):
            others = [float(WORTH[w]) for i, w in enumerate(drawn) if i != s]
            base = float(WORTH[int(coin.logits[b].argmax())]) if baseline == "greedy" else sum(others) / 3
            one_hot = torch.eye(2)[word]
            # The gradient of log softmax is the word minus the probabilities.
            expected[b] -= (float(WORTH[word]) - base) * (one_hot - probability[b]) / 8
    assert len(set(ids.flatten().tolist())) == 2
    assert torch.allclose(coin.logits.grad, expected, atol=1e-6)
    assert float(terms["other"]) == 0.25


@pytest.mark.parametrize("baseline", ["greedy", "mean"])
def test_on_average_the_gradient_is_that_of_the_expected_reward(baseline):
    coin = Coin()
    objective = SelfCritical(coin, worth, samples=20_000, baseline=baseline)
    objective.loss(two())["self_critical"].backward()
    exact = Coin()
    (-(exact.logits.softmax(1) @ WORTH).mean()).backward()
    assert torch.allclose(coin.logits.grad, exact.logits.grad, atol=0.01)


def test_each_call_draws_anew_and_a_seed_repeats_a_run():
    model, example = lively(CaptionHead(DIM, WORDS, max_length=LENGTH)), encoded()
    first, second = SelfCritical(model, sevens, seed=1), SelfCritical(model, sevens, seed=1)
    ids = first.draw(example)
    assert ids.shape == (4, 5, LENGTH)
    assert torch.equal(ids, second.draw(example))
    assert not torch.equal(ids, first.draw(example))


@pytest.mark.parametrize("baseline", ["greedy", "mean"])
def test_what_is_rewarded_is_written_after_a_few_steps(baseline):
    model, example = CaptionHead(DIM, WORDS, max_length=LENGTH), encoded()
    objective = SelfCritical(model, sevens, baseline=baseline)
    assert float(sevens(model.predict(example), None).mean()) < 3
    optimizer = torch.optim.Adam(objective.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        objective.loss(example)["self_critical"].backward()
        optimizer.step()
    assert float(sevens(model.predict(example), None).mean()) == LENGTH


def test_every_weight_is_trained_and_padding_has_no_part():
    model, example = lively(CaptionHead(DIM, WORDS, max_length=LENGTH, types=tuple(SCHEMA.nodes))), encoded()
    ids = torch.randint(4, WORDS, (4, 3, LENGTH))
    ids[:, :, -3] = END
    ids[:, :, -2:] = PAD
    objective = SelfCritical(model, sevens, samples=3)
    loss = objective.terms(example, ids)["self_critical"]
    assert torch.allclose(loss, objective.terms(example, ids[..., :-2])["self_critical"], atol=1e-5)
    loss.backward()
    for name, weight in model.named_parameters():
        assert bool(torch.isfinite(weight.grad).all()), name
        assert bool(weight.grad.any()), name


def test_a_reward_of_texts_reads_sentences_and_the_ids_of_their_samples():
    seen = []

    def score(texts, samples):
        seen.append((texts, samples))
        return [len(text) for text in texts]

    reward = reward_of_texts(lambda ids: ["x" * int(row.sum()) for row in ids], score)
    graph = graphs()
    assert reward(torch.tensor([[1, 0], [1, 1], [0, 0], [3, 0]]), graph).tolist() == [1.0, 2.0, 0.0, 3.0]
    assert seen == [(["x", "xx", "", "xxx"], [sample.id for sample in graph.samples])]


def test_a_reward_that_is_not_one_number_a_sample_is_named():
    model, example = CaptionHead(DIM, WORDS, max_length=LENGTH), encoded()
    for wrong, shape in ((torch.zeros(()), r"torch.Size\(\[\]\)"), ([0.0] * 4, "list")):
        with pytest.raises(InputError, match=f"the reward gave {shape} for 4 sentences"):
            SelfCritical(model, lambda ids, graph, wrong=wrong: wrong).loss(example)


@pytest.mark.parametrize(
    "options", [{"baseline": "mean", "samples": 1}, {"baseline": "greedy", "samples": 0}]
)
def test_too_few_samples_are_refused(options):
    with pytest.raises(InputError, match="at least 2"):
        SelfCritical(Coin(), worth, **options)


class Training(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = FusionModel(SCHEMA, DIM, heads=2)
        self.objective = SelfCritical(CaptionHead(DIM, WORDS, max_length=LENGTH), sevens, check_every=None)

    def forward(self, graph):
        return sum(self.objective.loss(self.model.encode(graph)).values())


def test_with_a_reward_of_ids_it_never_waits_for_the_device(accelerator):
    mode, training = FakeTensorMode(), Training()

    def fake(tensor):
        return FakeTensor(mode, tensor.detach().to("meta"), accelerator)

    weights = {name: nn.Parameter(fake(p)) for name, p in training.named_parameters()}
    buffers = {name: fake(b) for name, b in training.named_buffers()}
    graph = graphs().apply(fake)
    with mode:
        loss = torch.func.functional_call(training, {**weights, **buffers}, (graph,))
        torch.autograd.grad(loss, list(weights.values()), allow_unused=True)
    assert loss.device.type == "sim"
