"""Modalities dropped at random in training, so that a model learns to do without them."""

from collections.abc import Collection

import numpy as np
from jaxtyping import Bool, Float
from torch.utils.data import get_worker_info

from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeType, with_modalities

__all__ = ["ModalityDropout"]


class ModalityDropout:
    r"""Drops each modality of each sample with a probability, but never all that a sample has.

    For sample b and node type m, :math:`u_{bm} \sim U(0, 1)` is drawn and the sample loses its nodes of m if
    :math:`u_{bm} < p`. Where it would lose everything, the type with the largest :math:`u_{bm}` stays: any of
    them, with the same probability. Nothing is scaled, as nothing is summed over modalities here.

    Neverova, Wolf, Taylor and Nebout, "ModDrop: adaptive multi-modal gesture recognition", PAMI 2016,
    arXiv 1501.00102. There a dropped channel is multiplied by zero, and all channels of a sample may go at
    once; here it is zero nodes, as where the modality is missing, and one always stays.

    Call it on a batch before the layout is planned, such as
    `fit(..., prepare=lambda batch: plan(dropout(batch)))`. It draws anew in each call, so make one for each
    run. In a data worker it draws from the worker's seed too, so that no two workers or epochs drop alike.

    Args:
        p: probability, 0..1.
        node_types: those that may go; None for all. Others always stay, and a sample that has one of them may
            lose all the given ones.
        seed: of what is drawn, at least 0.

    Raises:
        InputError: p is no probability.
    """

    def __init__(self, p: float, node_types: Collection[NodeType] | None = None, seed: int = 0) -> None:
        if not 0 <= p <= 1:
            raise InputError(f"ModalityDropout(p={p}): expected a probability, 0..1")
        if isinstance(node_types, str):
            raise InputError(f"ModalityDropout(node_types={node_types!r}): give a list, [{node_types!r}]")
        self.p = p
        self.node_types = None if node_types is None else tuple(dict.fromkeys(node_types))
        self.seed = seed
        self._worker_seed: int | None = None
        self._random = np.random.default_rng(seed)

    def __call__(self, graph: HeteroGraph) -> HeteroGraph:
        """The batch with some modalities of some samples gone; it looks at no tensor to choose.

        Raises:
            InputError: `node_types` names a type that the graph does not have.
        """
        droppable = tuple(graph.schema.nodes) if self.node_types is None else self.node_types
        if unknown := set(droppable) - graph.schema.nodes.keys():
            raise InputError(
                f"ModalityDropout(node_types={list(droppable)}) got a graph without node type "
                f"{min(unknown)!r}: it has {sorted(graph.schema.nodes)}"
            )
        if not droppable:
            return graph
        drawn = self._generator().random((len(droppable), graph.num_graphs))
        return with_modalities(graph, dict(zip(droppable, self._kept(graph, droppable, drawn), strict=True)))

    def _kept(
        self, graph: HeteroGraph, droppable: tuple[NodeType, ...], drawn: Float[np.ndarray, "M B"]
    ) -> Bool[np.ndarray, "M B"]:
        """Which of the droppable node types each sample keeps."""
        present = np.array([graph.sizes[key] for key in droppable]).reshape(drawn.shape) > 0
        kept = drawn >= self.p
        safe = (kept & present).any(0)
        for key in graph.schema.nodes.keys() - set(droppable):
            safe |= np.asarray(graph.sizes[key]) > 0
        # One that the sample does not have cannot be the one that stays.
        last = np.where(present, drawn, -1.0).argmax(0)
        kept[last, np.arange(len(last))] |= ~safe
        return kept

    def _generator(self) -> np.random.Generator:
        worker = get_worker_info()
        if worker is not None and worker.seed != self._worker_seed:
            self._worker_seed = worker.seed
            self._random = np.random.default_rng([self.seed, worker.seed])
        return self._random
