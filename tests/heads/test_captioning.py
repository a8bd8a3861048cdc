import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from mmgraph.data.captions.vocabulary import BEGIN, END, PAD, UNKNOWN
from mmgraph.errors import InputError
from mmgraph.graph import without
from mmgraph.heads import CaptionHead
from mmgraph.heads.search import Beam, DiverseBeam, Greedy, Nucleus
from mmgraph.models import FusionModel
from tests.heads.example import DIM, cut, encoded, from_nodes, graphs, lively
from tests.nn.example import SCHEMA

WORDS, LENGTH = 30, 7
SEARCHES = [Greedy, Beam, DiverseBeam, Nucleus]
TARGET = torch.tensor(
    [
        [5, 6, 7, END, PAD, PAD],
        [8, END, PAD, PAD, PAD, PAD],
        [9, 9, 5, 6, 11, END],
        [END, PAD, PAD, PAD, PAD, PAD],
    ]
)


def head(**options):
    return lively(CaptionHead(DIM, WORDS, max_length=LENGTH, **options))


def test_the_loss_is_the_smoothed_cross_entropy_of_each_word_up_to_end():
    model, example = head(label_smoothing=0.2).double(), encoded(dtype=torch.float64)
    log_probability = model(example, TARGET).log_softmax(-1)
    total, count = 0.0, 0
    for b, row in enumerate(TARGET.tolist()):
        for t, word in enumerate(row[: row.index(END) + 1]):
            total -= 0.8 * log_probability[b, t, word] + 0.2 * log_probability[b, t].mean()
            count += 1
    terms = model.loss(example, TARGET)
    assert torch.allclose(terms["caption"], total / count)
    assert float(terms["other"]) == 0.25


def test_more_padding_changes_nothing_and_padding_alone_costs_nothing():
    model, example = head(), encoded()
    wider = torch.cat([TARGET, torch.full((4, 1), PAD)], 1)
    assert torch.allclose(model.loss(example, TARGET)["caption"], model.loss(example, wider)["caption"])
    assert float(model.loss(example, torch.zeros_like(TARGET))["caption"].detach()) == 0.0


def test_a_word_depends_on_those_before_it_and_on_no_other():
    model, example = head(), encoded()
    changed = TARGET.clone()
    changed[:, 2] = 20
    before, after = model(example, TARGET), model(example, changed)
    assert torch.equal(before[:, :3], after[:, :3])
    assert bool((before[:, 3:] != after[:, 3:]).any(-1).all())


def test_words_depend_on_every_node_of_their_sample_and_on_no_other_s():
    model, example = head().double(), encoded(dtype=torch.float64)
    for key, x in example.nodes.items():
        nodes = {**example.nodes, key: x.clone().requires_grad_()}
        model(from_nodes(example.graph, nodes), TARGET)[1].sum().backward()
        own = example.graph.batch[key] == 1
        assert bool((nodes[key].grad[own].abs().sum(1) > 1e-9).all())
        assert not bool(nodes[key].grad[~own].any())


def test_a_sample_says_alone_what_it_says_in_a_batch():
    model, whole = head(), encoded()
    together = {kind: model.search(whole, kind()) for kind in (Greedy, Beam, DiverseBeam)}
    for i in range(4):
        alone = cut(whole, [i])
        assert torch.allclose(model(alone, TARGET[i : i + 1])[0], model(whole, TARGET)[i], atol=1e-5)
        for kind, found in together.items():
            assert torch.equal(model.search(alone, kind()).ids[0], found.ids[i])


def test_a_batch_of_none_is_a_batch():
    model, example = head(), cut(encoded(), [])
    assert float(model.loss(example, TARGET[:0])["caption"].detach()) == 0.0
    for kind in SEARCHES:
        assert model.predict(example, kind()).shape == (0, LENGTH)
    assert model.alignments(example, TARGET[:0])["token"].plan.shape == (0, 6, 0)


@pytest.mark.parametrize("key", SCHEMA.nodes)
def test_any_modality_may_be_missing_from_all_samples(key):
    model, example = head(), encoded(without(cut(encoded(), [0, 3]).graph, [key]))
    loss = model.loss(example, TARGET[:2])["caption"]
    loss.backward()
    assert bool(torch.isfinite(loss))
    assert all(bool(torch.isfinite(p.grad).all()) for p in model.parameters())
    assert model.predict(example, Beam()).shape == (2, LENGTH)
    assert model.alignments(example, TARGET[:2])[key].plan.shape == (2, 6, 0)


def test_every_weight_is_trained():
    model = head(types=tuple(SCHEMA.nodes))
    model.loss(encoded(), TARGET)["caption"].backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert bool(torch.isfinite(weight.grad).all()), name
        assert bool(weight.grad.any()), name


def test_the_words_are_also_the_output_s_weights():
    model = head()
    assert sum(weight.shape == (WORDS, DIM) for weight in model.parameters()) == 1
    assert model.decoder.logits(torch.randn(1, 1, DIM)).shape == (1, 1, WORDS)


def test_it_learns_a_few_sentences_by_heart():
    model, example = CaptionHead(DIM, WORDS, max_length=LENGTH, label_smoothing=0.0), encoded()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(80):
        optimizer.zero_grad()
        model.loss(example, TARGET)["caption"].backward()
        optimizer.step()
    written = torch.cat([TARGET, torch.full((4, 1), PAD)], 1)
    assert torch.equal(model.predict(example), written)
    assert torch.equal(model.predict(example, Beam(n_best=3)), written)


def test_words_that_never_come_never_come():
    model, example = head(), encoded()
    with torch.no_grad():
        model.decoder.norm.bias += 3 * model.decoder.word.weight[[PAD, BEGIN, UNKNOWN]].sum(0)
    assert bool((model(example, TARGET).argmax(-1) <= UNKNOWN).all())
    ids = model.search(example, Nucleus(1.0, samples=20)).ids
    ended = (ids == END).cumsum(-1) > 0
    assert bool((ids[~ended] > UNKNOWN).all())


def test_predicting_is_without_dropout_and_leaves_the_mode_as_it_was():
    model, example = head(dropout=0.5).train(), encoded()
    assert torch.equal(model.predict(example), model.predict(example))
    assert model.training
    assert model.decoder.training


def test_log_probabilities_are_those_that_searches_add_up():
    model, example = head(), encoded()
    found = model.search(example, Nucleus(1.0, samples=5))
    each = model.log_probabilities(example, found.ids)
    assert torch.allclose(each.sum(-1), found.scores, atol=1e-4)
    assert bool((each[found.ids == PAD] == 0).all())
    assert each.requires_grad


def test_what_is_drawn_is_another_with_another_seed():
    model, example = head(), encoded()
    assert model.draw(example, 3, 1).shape == (4, 3, LENGTH)
    assert torch.equal(model.draw(example, 3, 1), model.draw(example, 3, 1))
    assert not torch.equal(model.draw(example, 3, 1), model.draw(example, 3, 2))


def test_alignments_are_what_each_word_looked_at_in_the_last_layer():
    model, example = head(layers=2).eval(), encoded()
    last, queries = model.decoder.layers[-1], []
    handle = last.cross_query.register_forward_hook(lambda module, inputs, output: queries.append(output))
    with torch.no_grad():
        model(example, TARGET)
        handle.remove()
        nodes = {
            key: model.memory.norm(x) + model.memory.kind[model.memory.types.index(key)]
            for key, x in example.nodes.items()
        }
        plans = {key: alignment.plan for key, alignment in model.alignments(example, TARGET).items()}
        for b in range(4):
            own = {key: x[example.graph.batch[key] == b] for key, x in nodes.items()}
            key_of_all = last.cross_key_value(torch.cat(list(own.values())))[:, :DIM]
            heads = [
                (queries[0][b, :, h : h + 4] @ key_of_all[:, h : h + 4].T / 2).softmax(-1)
                for h in range(0, DIM, 4)
            ]
            expected = torch.stack(heads).mean(0) * (TARGET[b] != PAD)[:, None]
            for key, part in zip(own, expected.split([len(x) for x in own.values()], 1), strict=True):
                assert torch.allclose(plans[key][b, :, : part.shape[1]], part, atol=1e-5)
                assert not bool(plans[key][b, :, part.shape[1] :].any())


def test_the_rows_of_a_word_over_all_types_sum_to_one_and_those_of_padding_to_zero():
    model, example = head(), encoded()
    alignments = model.alignments(example, TARGET)
    total = sum(alignment.plan.sum(-1) for alignment in alignments.values())
    assert torch.allclose(total, (TARGET != PAD).float(), atol=1e-5)
    assert all(float(alignment.loss) == 0 for alignment in alignments.values())


def test_attention_has_every_layer_and_head_of_which_alignments_are_the_last_layer_s_mean():
    model, example = head(layers=3), encoded()
    attention, alignments = model.attention(example, TARGET), model.alignments(example, TARGET)
    for key, weights in attention.items():
        assert weights.shape == (4, 3, 4, 6, max(example.graph.sizes[key]))
        assert torch.allclose(weights[:, -1].mean(1), alignments[key].plan)
    assert not torch.allclose(attention["token"][:, 0], attention["token"][:, 1])


def test_a_sentence_that_is_too_long_and_heads_that_do_not_divide_are_refused():
    with pytest.raises(InputError, match="8 words is longer than max_length=7"):
        head().loss(encoded(), torch.full((4, 8), 5))
    with pytest.raises(InputError, match="3 heads do not divide the width 16"):
        CaptionHead(DIM, WORDS, heads=3)


class Writer(nn.Module):
    """A model and its head: the loss of a batch, or what a search finds."""

    def __init__(self):
        super().__init__()
        self.model, self.head = FusionModel(SCHEMA, DIM, heads=2), CaptionHead(DIM, 2000, max_length=LENGTH)

    def forward(self, graph, target, search=None):
        encoded = self.model.encode(graph)
        if search is None:
            return sum(self.head.loss(encoded, target).values())
        found = self.head.search(encoded, search)
        return [
            found.ids,
            found.scores,
            *(a.plan for a in self.head.alignments(encoded, found.best).values()),
        ]


def on_the_accelerator(module, device, *arguments, **options):
    """Call a module on a device that cannot be read; returns the output and the weights."""
    mode = FakeTensorMode()

    def fake(tensor):
        return FakeTensor(mode, tensor.detach().to("meta"), device)

    weights = {name: nn.Parameter(fake(p)) for name, p in module.named_parameters()}
    buffers = {name: fake(b) for name, b in module.named_buffers()}
    moved = tuple(fake(x) if isinstance(x, torch.Tensor) else x.apply(fake) for x in arguments)
    with mode:
        found = torch.func.functional_call(module, {**weights, **buffers}, moved, options)
        if not isinstance(found, list):
            torch.autograd.grad(found, list(weights.values()), allow_unused=True)
        return found


def test_training_never_waits_for_the_device(accelerator):
    assert on_the_accelerator(Writer(), accelerator, graphs(), TARGET).device.type == "sim"


@pytest.mark.parametrize("kind", SEARCHES)
def test_searching_never_waits_for_the_device_if_it_never_looks(kind, accelerator):
    found = on_the_accelerator(Writer(), accelerator, graphs(), TARGET, search=kind(check_every=None))
    assert all(tensor.device.type == "sim" for tensor in found)
    assert found[0].shape[-1] == LENGTH
