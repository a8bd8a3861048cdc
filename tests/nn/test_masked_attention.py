import math

import numpy as np
import pytest
import torch

from mmgraph.nn.masked_attention import MaskedAttention

B, H, L, K = 2, 3, 4, 5


def example():
    query, key, value = torch.randn(3, B, H, L, K, dtype=torch.float64).unbind(0)
    visible = torch.rand(B, L, L) < 0.6
    visible[0, 1] = False
    return query, key, value, torch.randn(B, H, L, L, dtype=torch.float64), visible


def by_hand(query, key, value, bias, visible):
    """Weights and mix, entry by entry."""
    weights, mixed = np.zeros((B, H, L, L)), np.zeros((B, H, L, K))
    for b, h, i in np.ndindex(B, H, L):
        seen = [j for j in range(L) if visible[b, i, j]]
        logits = {
            j: float(query[b, h, i] @ key[b, h, j]) / math.sqrt(K) + float(bias[b, h, i, j]) for j in seen
        }
        total = sum(math.exp(logit) for logit in logits.values())
        for j in seen:
            weights[b, h, i, j] = math.exp(logits[j]) / total
            mixed[b, h, i] += weights[b, h, i, j] * value[b, h, j].numpy()
    return torch.from_numpy(weights), torch.from_numpy(mixed)


def test_weights_and_mix_are_those_of_a_loop():
    query, key, value, bias, visible = example()
    weights, mixed = by_hand(query, key, value, bias, visible)
    attention = MaskedAttention()
    assert torch.allclose(attention.weights(query, key, bias, visible), weights, atol=1e-12)
    assert torch.allclose(attention(query, key, value, bias, visible), mixed, atol=1e-12)


def test_no_bias_is_one_of_zeros():
    query, key, value, bias, visible = example()
    attention, zero = MaskedAttention(), torch.zeros_like(bias)
    assert torch.equal(
        attention(query, key, value, None, visible), attention(query, key, value, zero, visible)
    )
    assert torch.equal(
        attention.weights(query, key, None, visible), attention.weights(query, key, zero, visible)
    )


def test_a_place_that_sees_nothing_takes_nothing_and_has_finite_gradients():
    parts = [part.requires_grad_() if part.is_floating_point() else part for part in example()]
    mixed = MaskedAttention()(*parts)
    assert not mixed[0, :, 1].any()
    assert mixed[0, :, 0].any()
    mixed.sum().backward()
    assert all(bool(part.grad.isfinite().all()) for part in parts[:4])
    assert not parts[0].grad[0, :, 1].any()


def test_it_has_no_weights_of_its_own():
    attention = MaskedAttention("clusters")
    assert not attention.state_dict()
    assert "clusters" in repr(attention)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_mix_has_the_precision_of_what_comes(dtype):
    query, key, value, bias, visible = example()
    parts = [part.to(dtype) for part in (query, key, value)]
    for given in (bias.to(dtype), None):
        mixed = MaskedAttention()(*parts, given, visible)
        assert mixed.dtype == dtype
        assert bool(mixed.isfinite().all())
