import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from transformers.cache_utils import DynamicLayer

from mmgraph.data.captions.vocabulary import END, FIRST, PAD
from mmgraph.errors import InputError
from mmgraph.graph import without
from mmgraph.heads import PrefixCaptionHead
from mmgraph.heads.search import Beam, DiverseBeam, Greedy, Nucleus
from mmgraph.objectives import SelfCritical, self_critical
from mmgraph.training.checkpoint import load_weights, save_weights
from tests.heads.example import DIM, cut, encoded, lively
from tests.heads.language_model import BEGIN_TOKEN, END_TOKEN, gpt2

LENGTH, PREFIX = 6, 3
TARGET = torch.tensor(
    [[5, 6, 8, END, PAD], [9, END, PAD, PAD, PAD], [10, 9, 5, 6, END], [END, PAD, PAD, PAD, PAD]]
)


@pytest.fixture
def folder(tmp_path):
    gpt2().save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def head(model=None, **options):
    return lively(
        PrefixCaptionHead(DIM, gpt2() if model is None else model, PREFIX, max_length=LENGTH, **options)
    )


def test_the_loss_is_the_language_model_s_after_the_prefix(folder):
    model, example = head(folder), encoded()
    prefix = model.prefix(example)
    assert prefix.shape == (4, PREFIX, 24)
    total, count = 0.0, 0
    for b, row in enumerate(TARGET.tolist()):
        words = row[: row.index(END)]
        tokens = torch.tensor([BEGIN_TOKEN, *(word - FIRST for word in words), END_TOKEN])
        embedded = model.language_model.get_input_embeddings()(tokens[:-1])
        logits = model.language_model(inputs_embeds=torch.cat([prefix[b], embedded])[None]).logits[0, PREFIX:]
        total += nn.functional.cross_entropy(logits, tokens[1:], reduction="sum")
        count += len(words) + 1
    terms = model.loss(example, TARGET)
    assert torch.allclose(terms["caption"], total / count, atol=1e-5)
    assert float(terms["other"]) == 0.25


def test_only_the_mapper_is_trained_and_all_of_it():
    model = head(types=("region", "token", "segment")).train()
    assert not model.language_model.training
    model.loss(encoded(), TARGET)["caption"].backward()
    for name, weight in model.named_parameters():
        if name.startswith("language_model."):
            assert weight.grad is None
            assert not weight.requires_grad
        else:
            assert bool(torch.isfinite(weight.grad).all()), name
            assert bool(weight.grad.any()), name


def test_the_state_dict_is_the_mapper_s_and_goes_to_a_head_with_the_same_language_model(folder, tmp_path):
    first, second, example = head(folder), head(folder), encoded()
    assert not [name for name in first.state_dict() if "language_model" in name]
    save_weights(first, tmp_path / "head.safetensors", {})
    load_weights(second, tmp_path / "head.safetensors")
    assert torch.equal(first(example, TARGET), second(example, TARGET))
    outer = nn.ModuleDict({"head": head(folder)})
    outer.load_state_dict({f"head.{name}": value for name, value in first.state_dict().items()})
    assert torch.equal(first(example, TARGET), outer["head"](example, TARGET))


@pytest.mark.parametrize("search", [Greedy(), Beam(5), DiverseBeam(), Nucleus(0.9, samples=3)])
def test_every_search_writes_ids_with_end_then_pad(search):
    ids = head().search(encoded(), search).ids
    ended = (ids == END).cumsum(-1) - (ids == END).long() > 0
    assert torch.equal(ids == PAD, ended)
    assert bool(((ids == END) | (ids >= FIRST) | ended).all())


def test_greedy_words_are_the_likeliest_of_the_full_forward_pass():
    model, example = head().eval(), encoded()
    ids = model.predict(example)
    assert torch.equal(model(example, ids).argmax(-1)[ids != PAD], ids[ids != PAD])
    assert len(torch.unique(ids, dim=0)) > 1


def test_log_probabilities_are_the_language_model_s_for_every_sentence_of_a_sample():
    model, example = head().eval(), encoded()
    ids = torch.stack([TARGET, TARGET.flip(0)], 1)
    found = model.log_probabilities(example, ids)
    for s in range(2):
        one = model(example, ids[:, s]).log_softmax(-1)
        for b, row in enumerate(ids[:, s].tolist()):
            expected = [
                one[b, place, word].detach() if word != PAD else 0.0 for place, word in enumerate(row)
            ]
            assert torch.allclose(found[b, s].detach(), torch.tensor(expected), atol=1e-5)
    assert (
        float(model.log_probabilities(example, torch.full((4, 1, 1), FIRST + END_TOKEN)).max()) == -torch.inf
    )


def test_drawn_sentences_come_as_often_as_their_probability_says():
    model = head().eval()
    one = cut(encoded(), [0])
    ids = model.draw(one, 4000, seed=1)
    assert ids.shape == (1, 4000, LENGTH)
    likely = model.log_probabilities(one, ids[:, :, :1]).detach().exp()[0, :, 0]
    first = ids[0, :, 0]
    for word in first.unique():
        share = (first == word).double().mean()
        assert abs(float(share - likely[first == word][0])) < 0.04
    assert torch.equal(ids, model.draw(one, 4000, seed=1))
    assert not torch.equal(ids, model.draw(one, 4000, seed=2))


def test_self_critical_training_makes_what_is_worth_more_likelier_and_leaves_the_language_model():
    model, example = head().train(), encoded()
    assert isinstance(model, self_critical.Writer)
    word = int(model.draw(example, 20, seed=5)[0, :, 0].mode().values)

    def likelihood():
        first = torch.full((4, 1, 1), word)
        return float(model.log_probabilities(example, first).detach().exp().mean())

    objective = SelfCritical(model, lambda ids, graph: (ids[:, 0] == word).float(), samples=8)
    before, weights = likelihood(), model.language_model.get_input_embeddings().weight.clone()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    for _ in range(20):
        optimizer.zero_grad()
        objective.loss(example)["self_critical"].backward()
        assert all(bool(p.grad.isfinite().all()) for p in model.mapper.parameters())
        optimizer.step()
    assert likelihood() > before + 0.1
    assert torch.equal(weights, model.language_model.get_input_embeddings().weight)


def test_a_sample_says_alone_what_it_says_in_a_batch():
    model, whole = head().eval(), encoded()
    together = model.predict(whole, Beam(3))
    for i in range(4):
        assert torch.equal(model.predict(cut(whole, [i]), Beam(3))[0], together[i])


@pytest.mark.parametrize("key", ["region", "token", "segment"])
def test_any_modality_may_be_missing(key):
    model, example = head(), encoded(without(cut(encoded(), [0, 3]).graph, [key]))
    loss = model.loss(example, TARGET[:2])["caption"]
    loss.backward()
    assert bool(torch.isfinite(loss))


def test_it_learns_a_few_sentences_by_heart():
    model, example = head(), encoded()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=3e-2)
    for _ in range(150):
        optimizer.zero_grad()
        model.loss(example, TARGET)["caption"].backward()
        optimizer.step()
    assert torch.equal(model.predict(example)[:, :5], TARGET)


def test_a_name_that_would_have_to_be_fetched_is_refused(tmp_path):
    with pytest.raises(InputError, match="'gpt2' is no directory"):
        PrefixCaptionHead(DIM, "gpt2")
    with pytest.raises(InputError, match="transformers cannot load"):
        PrefixCaptionHead(DIM, tmp_path)


def test_weights_that_are_no_safetensors_are_refused(folder):
    torch.save(gpt2().state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match="cannot load"):
        PrefixCaptionHead(DIM, folder)


def test_code_that_comes_with_a_model_is_not_run(folder):
    config = folder / "config.json"
    auto = '"auto_map": {"AutoConfig": "own.Own", "AutoModelForCausalLM": "own.Own"}, "model_type": "own"'
    config.write_text(config.read_text().replace('"model_type": "gpt2"', auto))
    (folder / "own.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\nclass Own: pass\n")
    with pytest.raises(InputError, match="cannot load"):
        PrefixCaptionHead(DIM, folder)
    assert not (folder / "ran").exists()


def test_what_the_language_model_cannot_do_is_said():
    with pytest.raises(InputError, match="has only 40 places"):
        PrefixCaptionHead(DIM, gpt2(), prefix=20, max_length=21)
    model = gpt2()
    model.config.bos_token_id = None
    with pytest.raises(InputError, match="has None as its begin token: give begin="):
        PrefixCaptionHead(DIM, model)
    assert PrefixCaptionHead(DIM, model, begin=5).ids.begin == 5
    with pytest.raises(InputError, match="heads divides dim"):
        PrefixCaptionHead(DIM, gpt2(), heads=3)


def start_empty(self, keys, values):
    self.dtype, self.device, self.is_initialized = keys.dtype, keys.device, True
    self.keys, self.values = keys[..., :0, :], values[..., :0, :]


class Writer(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = PrefixCaptionHead(DIM, gpt2(), PREFIX, max_length=LENGTH)

    def forward(self, example, target, search=None):
        if search is None:
            return self.head.loss(example, target)["caption"]
        return self.head.search(example, search).ids


@pytest.mark.parametrize("search", [None, Greedy(None), Beam(5, check_every=None), Nucleus(check_every=None)])
def test_it_never_waits_for_the_device(search, accelerator, monkeypatch):
    # The pretended device cannot make a tensor of a list, which transformers does for an empty one.
    monkeypatch.setattr(DynamicLayer, "lazy_initialization", start_empty)
    mode = FakeTensorMode()

    def fake(tensor):
        return FakeTensor(mode, tensor.detach().to("meta"), accelerator)

    writer, example = Writer(), encoded()
    weights = {name: nn.Parameter(fake(p), p.requires_grad) for name, p in writer.named_parameters()}
    buffers = {name: fake(b) for name, b in writer.named_buffers()}
    moved = type(example)(
        example.graph.apply(fake),
        {key: fake(x) for key, x in example.nodes.items()},
        {},
        {},
        fake(example.fused),
    )
    arguments = moved, fake(TARGET), search
    with mode:
        found = torch.func.functional_call(writer, {**weights, **buffers}, arguments)
        if search is None:
            torch.autograd.grad(found, [w for w in weights.values() if w.requires_grad], allow_unused=True)
    assert found.device.type == "sim"
