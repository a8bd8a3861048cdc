import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.explanation.recording import recorded
from mmgraph.models import MultimodalTransformer
from mmgraph.nn import RelationalAttention
from tests.explanation.explicit import write_out
from tests.explanation.sample import DIM, HEADS, SCHEMA, fusion_model, sample, subject


def transformer():
    return MultimodalTransformer(SCHEMA, DIM, layers=2, heads=HEADS)


def hooks(model):
    return sum(
        len(getattr(part, name))
        for part in model.modules()
        for name in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    )


def tensors_on(model):
    """The attributes of modules that are tensors and neither weights nor buffers."""
    return [value for part in model.modules() for value in vars(part).values() if torch.is_tensor(value)]


def test_the_weights_are_those_of_relational_attention():
    model, graph, asked = fusion_model(), sample(), []
    subject(model)

    def ask(layer, given, _):
        asked.append((layer.weights(*given), given[1]))

    handles = [m.register_forward_hook(ask) for m in model.modules() if isinstance(m, RelationalAttention)]
    with torch.no_grad(), recorded(model) as recording:
        model.encode(graph)
    for handle in handles:
        handle.remove()
    assert len(recording.attention) == len(asked) == 2
    starts = {"region": 0, "token": 3, "segment": 7, "": 9}
    ends = dict(zip(["region", "token", "segment"], [3, 7, 9], strict=True))
    for run, (weights, _) in zip(recording.attention, asked, strict=True):
        assert run.types == ("region", "token", "segment")
        for (source, target), weight in weights.items():
            block = run.weights()[:, :, starts[target] : ends[target], starts[source] : ends[source]]
            assert torch.equal(block, weight)


@pytest.mark.parametrize("make", [fusion_model, transformer])
@pytest.mark.parametrize("sizes", [(3, 4, 2), (0, 3, 2)])
def test_weights_and_gradients_are_those_that_autograd_gives(make, sizes, monkeypatch):
    model, graph = make(), sample(*sizes)
    explained = subject(model)
    with recorded(model) as recording:
        score = explained.score(model.encode(graph)).sum()
    kinds = (recording.attention, recording.plans, recording.pools)
    runs = [run for kind in kinds for run in kind]
    outputs = torch.autograd.grad(
        score, [run.output for run in runs], allow_unused=True, materialize_grads=True
    )
    written = write_out(monkeypatch)
    explained.score(model.encode(graph)).sum().backward()
    weights = [*written.attention, *written.plans, *written.pools]
    assert len(weights) == len(runs) > 4
    for run, output, weight in zip(runs, outputs, weights, strict=True):
        assert torch.allclose(run.weights(), weight, atol=1e-12)
        gradient = torch.zeros_like(weight) if weight.grad is None else weight.grad
        allowed = weight > 0
        assert torch.allclose(run.gradient(output)[allowed], gradient[allowed], atol=1e-12)
    assert sum(float(weight.grad.abs().sum()) for weight in written.attention) > 1e-3


def test_gradients_of_frozen_weights_are_the_same():
    model, graph = fusion_model(), sample()
    explained, found = subject(model), []
    for frozen in (False, True):
        for part in (model, explained.head):
            part.requires_grad_(not frozen)
        with recorded(model) as recording:
            score = explained.score(model.encode(graph)).sum()
        runs = [*recording.attention, *recording.plans, *recording.pools]
        found.append(torch.autograd.grad(score, [run.output for run in runs]))
    for free, frozen in zip(*found, strict=True):
        assert free.any()
        assert torch.allclose(free, frozen, atol=1e-12)


def test_nothing_stays_on_the_model_afterwards():
    model, graph = fusion_model(), sample()
    subject(model)
    with recorded(model):
        assert hooks(model) > 0
        model.encode(graph)
    assert hooks(model) == 0
    assert not tensors_on(model)
    with pytest.raises(InputError, match="no nodes of any type"), recorded(model):
        model.encode(sample(0, 0, 0))
    assert hooks(model) == 0


def test_hooks_of_others_stay():
    model = fusion_model()
    handle = model.register_forward_hook(lambda *_: None)
    with recorded(model):
        pass
    assert hooks(model) == 1
    handle.remove()


def test_what_is_encoded_is_the_same_while_it_is_recorded():
    model, graph = fusion_model().eval(), sample()
    subject(model)
    with recorded(model):
        during = model.encode(graph).fused
    assert torch.equal(during, model.encode(graph).fused)


def test_what_cannot_be_watched_is_an_error_that_names_what_can_be_done():
    message = r"got a function, expected an nn\.Module.*leave_one_out"
    with pytest.raises(InputError, match=message), recorded(hooks):
        pass
