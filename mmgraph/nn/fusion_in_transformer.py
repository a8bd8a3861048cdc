"""Self-attention over the nodes of all modalities at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.graph import NodeType
from mmgraph.nn.glorot import glorot
from mmgraph.nn.typed import node_type_key
from mmgraph.ops.blocks import Blocks
from mmgraph.ops.linear_maps import stack
from mmgraph.ops.masked import masked_softmax

__all__ = ["Cost", "FusionInTransformer"]


@dataclass(frozen=True)
class Cost:
    """Multiplications with additions of one forward pass.

    Args:
        joint: of the layer.
        separate: of self-attention within each modality alone, with the same maps.
    """

    joint: int
    separate: int

    @property
    def ratio(self) -> float:
        """How many times as much the layer costs."""
        return self.joint / max(self.separate, 1)


class FusionInTransformer(nn.Module):
    r"""Self-attention in which every head sees the keys and values of all modalities of a sample.

    For node i of type t, over all nodes j of its sample, of whatever type u(j):

    .. math::
        a_{ij} = \mathrm{softmax}_j \frac{(Q_t x_i)^\top K_{u(j)} x_j}{\sqrt K}, \qquad
        y_i = O_t \sum_j a_{ij} V_{u(j)} x_j

    Merged attention of Hendricks et al., "Decoupling the Role of Data, Attention, and Losses in Multimodal
    Transformers", TACL 2021, arXiv 2102.00529, with maps for each modality, as in the fusion by
    self-attention of Nagrani et al., "Attention Bottlenecks for Multimodal Fusion", NeurIPS 2021, arXiv
    2107.00135; without residual, norm and feed-forward. It is self-attention, and cross-modal attention in
    every direction, under one softmax. What that costs is told by `cost`.

    Args:
        types: the modalities.
        dim: width of the nodes; `heads` divides it.
        heads: number of heads.

    Shape:
        x by node type `[N, dim]`, blocks by node type -> `[N, dim]` by node type, of which some may have no
        nodes.

    Raises:
        InputError: heads does not divide dim, or a modality is missing.
    """

    def __init__(self, types: Sequence[NodeType], dim: int, heads: int = 4) -> None:
        super().__init__()
        if dim % heads:
            raise InputError(f"FusionInTransformer(dim={dim}, heads={heads}): heads has to divide dim")
        self.types, self.dim, self.heads = tuple(types), dim, heads
        self.query, self.key, self.value, self.output = (self._maps() for _ in range(4))

    def forward(
        self, x: Mapping[NodeType, Tensor], blocks: Mapping[NodeType, Blocks]
    ) -> dict[NodeType, Tensor]:
        """New nodes of every modality."""
        query, key, value = self._project(x, blocks)
        mask = self._mask(blocks)
        if not mask.shape[0] or not mask.shape[1]:
            return {node_type: self._output(node_type, x[node_type]) for node_type in self.types}
        bias = torch.zeros_like(mask, dtype=query.dtype)
        bias = bias.masked_fill(~mask, torch.finfo(query.dtype).min)[:, None, None]
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        parts = self._split(mixed.transpose(1, 2).flatten(2), blocks, dim=1)
        return {key: self._output(key, blocks[key].unpad(part)) for key, part in parts.items()}

    def weights(
        self, x: Mapping[NodeType, Tensor], blocks: Mapping[NodeType, Blocks]
    ) -> dict[tuple[NodeType, NodeType], Float[Tensor, "B H T S"]]:
        """How much each node counts for each, by (source, target) types.

        Over all sources of a target they sum to one.
        """
        query, key, _ = self._project(x, blocks)
        mask = self._mask(blocks)
        weight = masked_softmax(query @ key.transpose(-1, -2) / key.shape[-1] ** 0.5, mask[:, None, None])
        weight = weight * mask[:, None, :, None]
        found = {}
        for target, rows in self._split(weight, blocks, dim=2).items():
            for source, part in self._split(rows, blocks, dim=3).items():
                found[source, target] = part
        return found

    def cost(self, sizes: Mapping[NodeType, Sequence[int]]) -> Cost:
        r"""What a forward pass computes, padding included, and what it would without fusion.

        With D the width, :math:`N_m` the nodes of modality m in all samples, B the samples and :math:`L_m`
        the nodes of the sample that has most of them:

        .. math::
            \mathrm{joint} = 4 D^2 \sum_m N_m + 2 B D \Bigl( \sum_m L_m \Bigr)^2, \qquad
            \mathrm{separate} = 4 D^2 \sum_m N_m + 2 B D \sum_m L_m^2

        The maps cost the same. For M modalities of one length, attention costs M times as much.

        Args:
            sizes: for each modality, how many nodes each sample has.
        """
        self._check("sizes", sizes)
        samples = len(sizes[self.types[0]])
        maps = 4 * self.dim**2 * sum(sum(sizes[key]) for key in self.types)
        longest = [max(sizes[key], default=0) for key in self.types]
        pairs = 2 * samples * self.dim
        return Cost(maps + pairs * sum(longest) ** 2, maps + pairs * sum(length**2 for length in longest))

    def _maps(self) -> nn.ModuleDict:
        return nn.ModuleDict(
            {node_type_key(key): glorot(self.dim, self.dim, bias=True) for key in self.types}
        )

    def _linear(self, maps: nn.ModuleDict, node_type: NodeType) -> nn.Linear:
        linear = maps[node_type_key(node_type)]
        assert isinstance(linear, nn.Linear)
        return linear

    def _output(self, node_type: NodeType, mixed: Float[Tensor, "N D"]) -> Float[Tensor, "N D"]:
        return self._linear(self.output, node_type)(mixed)

    def _project(
        self, x: Mapping[NodeType, Tensor], blocks: Mapping[NodeType, Blocks]
    ) -> tuple[Float[Tensor, "B H L K"], Float[Tensor, "B H L K"], Float[Tensor, "B H L K"]]:
        """Queries, keys and values of all modalities, one behind the other."""
        self._check("x", x)
        self._check("blocks", blocks)
        padded = []
        for node_type in self.types:
            linears = [self._linear(maps, node_type) for maps in (self.query, self.key, self.value)]
            weight, bias = stack([(linear.weight, linear.bias) for linear in linears])
            padded.append(blocks[node_type].pad(nn.functional.linear(x[node_type], weight, bias)))
        query, key, value = torch.cat(padded, dim=1).chunk(3, dim=-1)
        heads = [part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (query, key, value)]
        return heads[0], heads[1], heads[2]

    def _mask(self, blocks: Mapping[NodeType, Blocks]) -> Bool[Tensor, "B L"]:
        return torch.cat([blocks[key].mask for key in self.types], dim=1)

    def _split(self, whole: Tensor, blocks: Mapping[NodeType, Blocks], dim: int) -> dict[NodeType, Tensor]:
        lengths = [blocks[key].mask.shape[1] for key in self.types]
        return dict(zip(self.types, whole.split(lengths, dim), strict=True))

    def _check(self, name: str, given: Iterable[NodeType]) -> None:
        missing = set(self.types) - set(given)
        if missing:
            raise InputError(
                f"{name} lacks the modalities {sorted(missing)}: give all of {list(self.types)}, with no "
                "nodes where there are none"
            )
