"""Attention over the edges of one relation, or of several relations into the same targets."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops.edge_features import EdgeFeatures
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.precision import at_least_float32
from mmgraph.ops.relation import Relation, lowest
from mmgraph.ops.scores import Dot, Score, by_head
from mmgraph.ops.segment import segment_softmax, segment_sum

__all__ = ["Attention", "attend", "attend_jointly", "attention_weights", "joint_attention_weights"]

NARROW = 16
"""Sources up to which a softmax with the targets innermost was measured to be faster on a CPU."""


@dataclass(frozen=True)
class Attention:
    """What attention over one relation is made of.

    Args:
        relation: the edges.
        score: how well each source fits each target.
        value: of the sources, `[S, H * K]`.
        bias: added to the logits of the edges, `[E, H]`, in the edges' order.
        message: vectors that edges add to the values.
        dropout: probability of dropping an edge's weight, 0..1; 0 outside training.
    """

    relation: Relation
    score: Score
    value: Nodes
    bias: Float[Tensor, "E H"] | None = None
    message: EdgeFeatures | None = None
    dropout: float = 0.0

    @property
    def on_grid(self) -> bool:
        """Whether it is computed on the grid."""
        return self.relation.on_grid(self.score.work)

    @property
    def plain(self) -> bool:
        """Whether it is dot-product attention and nothing else."""
        dot = isinstance(self.score, Dot) and self.score.edge is None
        return dot and self.bias is None and self.message is None


def attend(attention: Attention) -> Nodes:
    r"""What each target receives, :math:`\sum_j a_{ij} (v_j + e_{ij})` with a softmax over its edges.

    Returns:
        `[T, H * K]`; zero for a target without edges.
    """
    if attention.on_grid and attention.plain:
        return _fused([attention])
    return _sum(attention, _softmax(attention, _logits(attention)))


def attend_jointly(attentions: Sequence[Attention]) -> Nodes:
    """Attention with one softmax over the edges of several relations into the same targets.

    The relations may be laid out differently: the softmax of all is that of each, weighted by a softmax over
    the logarithms of their normalisers.

    Returns:
        `[T, H * K]`; zero for a target without edges.

    Raises:
        InputError: the relations have not the same heads and widths.
    """
    if len(attentions) == 1:
        return attend(attentions[0])
    if len({(a.score.heads, a.value.width) for a in attentions}) > 1:
        shapes = [f"{a.score.heads} heads of {a.value.width // a.score.heads}" for a in attentions]
        raise InputError(
            f"one softmax over relations needs the same heads of all, and got {', '.join(shapes)}"
        )
    if all(a.on_grid and a.plain for a in attentions) and _one_query(attentions):
        return _fused(attentions)
    total, *others = map(_sum, attentions, _joint_softmax(attentions))
    for found in others:
        total = total + found
    return total


def attention_weights(attention: Attention) -> Float[Tensor, "E H"]:
    """The weight of each edge, in the edges' order; over the edges of a target they sum to one."""
    return _in_edge_order(attention, _softmax(attention, _logits(attention)))


def joint_attention_weights(attentions: Sequence[Attention]) -> list[Float[Tensor, "E H"]]:
    """The weights of `attend_jointly`, for each relation; over all edges of a target they sum to one."""
    return list(map(_in_edge_order, attentions, _joint_softmax(attentions)))


# Logits and shares of a relation's edges are [B, H, T, S] on the grid, or [E, H] in CSR order.


def _logits(attention: Attention) -> Tensor:
    """In float32 at least."""
    found = _grid_logits(attention) if attention.on_grid else _list_logits(attention)
    return found.to(at_least_float32(found.dtype))


def _softmax(attention: Attention, logits: Tensor) -> Tensor:
    if attention.on_grid:
        return _grid_softmax([logits])[0]
    assert attention.relation.csr is not None
    return segment_softmax(attention.relation.csr, logits)


def _sum(attention: Attention, share: Tensor) -> Nodes:
    return _grid_sum(attention, share) if attention.on_grid else _list_sum(attention, share)


def _in_edge_order(attention: Attention, share: Tensor) -> Float[Tensor, "E H"]:
    if attention.on_grid:
        return attention.relation.from_grid(share.permute(0, 2, 3, 1))
    assert attention.relation.csr is not None
    return torch.empty_like(share).index_copy(0, attention.relation.csr.order, share)


# ---------------------------------------------------------------------- on the grid


def _one_query(attentions: Sequence[Attention]) -> bool:
    """Whether the targets ask all relations the same."""
    queries = {(id(a.score.query), a.score.scale) for a in attentions if isinstance(a.score, Dot)}
    return len(queries) == 1 and len({a.dropout for a in attentions}) == 1


def _fused(attentions: Sequence[Attention]) -> Nodes:
    """Plain dot-product attention with torch's own kernel, over the sources of all relations at once."""
    first = attentions[0]
    score, relation = first.score, first.relation
    assert isinstance(score, Dot)
    query = score.query.heads_first(score.heads)
    keys = [a.score.key for a in attentions if isinstance(a.score, Dot)]
    key = _end_to_end([nodes.heads_first(score.heads) for nodes in keys])
    value = _end_to_end([a.value.heads_first(score.heads) for a in attentions])
    if not query.numel() or not key.numel():
        nothing = 0.0 * (query.sum() + key.sum() + value.sum())
        return Nodes(query.new_zeros(relation.num_targets, value.shape[1] * value.shape[3]) + nothing)
    listed = not all(a.relation.complete for a in attentions)
    height = relation.shape[1] if listed else 1
    joined = _end_to_end([a.relation.joined.expand(-1, height, -1) for a in attentions])
    hidden = torch.zeros_like(joined, dtype=query.dtype).masked_fill(~joined, lowest(query.dtype))
    mixed = torch.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=hidden[:, None], dropout_p=first.dropout, scale=score.scale
    )
    if listed and not any(a.relation.reaches_all for a in attentions):
        mixed = mixed * joined.any(2)[:, None, :, None]
    return Nodes(padded=mixed.transpose(1, 2).flatten(2), blocks=relation.target)


def _end_to_end(parts: Sequence[Tensor]) -> Tensor:
    """Keys, values or pairs of several relations, source after source: along the last dimension but one."""
    return torch.cat(list(parts), dim=2) if len(parts) > 1 else parts[0]


def _grid_logits(attention: Attention) -> Tensor:
    logits = attention.score.grid(attention.relation)
    if attention.bias is None:
        return logits
    return logits + attention.relation.to_grid(attention.bias).permute(0, 3, 1, 2)


def _grid_softmax(logits: Sequence[Tensor]) -> list[Tensor]:
    """The shares `[B, H, T, S]` of each relation, of one softmax over all of them.

    The row of a target that no edge reaches is not zero: see `Relation.clear`.
    """
    together = torch.cat(list(logits), dim=-1) if len(logits) > 1 else logits[0]
    if not together.shape[-1]:
        return list(logits)
    share = _softmax_of_rows(together)
    return [share] if len(logits) == 1 else list(share.split([part.shape[-1] for part in logits], dim=-1))


def _softmax_of_rows(logits: Float[Tensor, "B H T S"]) -> Float[Tensor, "B H T S"]:
    """Softmax over the sources; where they are few, with the targets innermost, which vectorises better."""
    if logits.shape[-1] > NARROW:
        return logits.softmax(-1)
    return logits.transpose(-1, -2).softmax(-2).transpose(-1, -2)


def _grid_sum(attention: Attention, share: Tensor) -> Nodes:
    relation = attention.relation
    share = torch.nn.functional.dropout(share, attention.dropout) if attention.dropout else share
    value = attention.value.heads_first(attention.score.heads)
    mixed = share.to(value.dtype) @ value
    if attention.message is not None:
        mixed = mixed + attention.message.sum_grid(relation, share)
    return Nodes(padded=relation.clear(mixed).transpose(1, 2).flatten(2), blocks=relation.target)


# ---------------------------------------------------------------------- on the list


def _list_logits(attention: Attention) -> Tensor:
    assert attention.relation.csr is not None
    logits = attention.score.edges(attention.relation)
    if attention.bias is None:
        return logits
    return logits + attention.bias.index_select(0, attention.relation.csr.order)


def _list_sum(attention: Attention, share: Tensor) -> Nodes:
    assert attention.relation.csr is not None
    share = torch.nn.functional.dropout(share, attention.dropout)
    value = by_head(attention.value.flat, attention.score.heads)
    mixed = segment_sum(attention.relation.csr, value, share)
    if attention.message is not None:
        mixed = mixed + attention.message.sum_edges(attention.relation, share)
    return Nodes(mixed.flatten(1), blocks=attention.relation.target)


# ---------------------------------------------------------------------- several relations


def _joint_softmax(attentions: Sequence[Attention]) -> list[Tensor]:
    """The shares of each relation's edges, of one softmax over all of them."""
    logits = [_logits(attention) for attention in attentions]
    if all(attention.on_grid for attention in attentions):
        return _grid_softmax(logits)
    found = []
    for attention, own, part in zip(attentions, logits, _parts(attentions, logits), strict=True):
        share, relation = _softmax(attention, own), attention.relation
        if attention.on_grid:
            found.append(share * Nodes(part, blocks=relation.target).padded.transpose(1, 2)[..., None])
        else:
            assert relation.csr is not None
            found.append(share * part.index_select(0, relation.csr.target))
    return found


def _parts(attentions: Sequence[Attention], logits: Sequence[Tensor]) -> list[Float[Tensor, "T H"]]:
    """How much of each target's attention goes to each relation; zeros where no edge reaches it."""
    normalisers, reached = zip(*map(_normaliser, attentions, logits), strict=True)
    here, together = torch.stack(reached)[..., None], torch.stack(normalisers)
    filled = together.masked_fill(~here, lowest(together.dtype))
    return list((filled.softmax(0) * here).unbind(0))


def _normaliser(attention: Attention, logits: Tensor) -> tuple[Float[Tensor, "T H"], Bool[Tensor, " T"]]:
    """The log of the sum of exponentials of each target's logits, and whether it has any."""
    relation = attention.relation
    if attention.on_grid:
        found = logits.logsumexp(-1).transpose(1, 2)
        any_edge = relation.joined.any(2)[..., None].expand(-1, relation.shape[1], 1)
        values = Nodes(
            padded=torch.cat([found, any_edge.to(found.dtype)], dim=-1), blocks=relation.target
        ).flat
        return values[:, :-1], values[:, -1] > 0
    csr = relation.csr
    assert csr is not None
    target = csr.target.long()[:, None].expand_as(logits)
    bottom = logits.new_full((relation.num_targets, logits.shape[1]), lowest(logits.dtype))
    highest = bottom.scatter_reduce(0, target, logits.detach(), "amax")
    total = torch.zeros_like(bottom).scatter_add(0, target, (logits - highest.gather(0, target)).exp())
    return highest + total.clamp(min=torch.finfo(total.dtype).tiny).log(), csr.rowptr.diff() > 0
