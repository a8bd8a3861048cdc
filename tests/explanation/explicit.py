"""Models whose attention, plans and pools are written out, so that autograd reaches every weight itself."""

from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor

from mmgraph.models.plan_messages import PlanMessages
from mmgraph.nn import AttentionPool
from mmgraph.nn.masked_attention import MaskedAttention


@dataclass
class Written:
    """Every weight that a model computed, in the order in which it did; their `grad` is autograd's."""

    attention: list[Tensor] = field(default_factory=list)
    plans: list[Tensor] = field(default_factory=list)
    pools: list[Tensor] = field(default_factory=list)


def write_out(monkeypatch: pytest.MonkeyPatch) -> Written:
    """From now on, the three modules compute their weights in the open and keep them."""
    written = Written()

    def attend(self, query, key, value, bias, visible):
        logits = torch.einsum("bhik,bhjk->bhij", query, key) / query.shape[-1] ** 0.5
        logits = logits if bias is None else logits + bias
        weight = logits.exp() * visible[:, None]
        weight = weight / weight.sum(-1, keepdim=True).clamp(min=1e-300)
        weight.retain_grad()
        written.attention.append(weight)
        return torch.einsum("bhij,bhjk->bhik", weight, value)

    def receive(self, share, message):
        share.retain_grad()
        written.plans.append(share)
        return torch.einsum("bij,bjd->bid", share, message)

    def pool(self, x, blocks):
        weight = self.weights(x, blocks)
        weight.retain_grad()
        written.pools.append(weight)
        return torch.einsum("bl,bld->bd", weight, blocks.pad(x))

    monkeypatch.setattr(MaskedAttention, "forward", attend)
    monkeypatch.setattr(PlanMessages, "forward", receive)
    monkeypatch.setattr(AttentionPool, "forward", pool)
    return written
