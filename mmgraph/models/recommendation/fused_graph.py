"""Several graphs of the same items as one."""

from collections.abc import Mapping

import torch

from mmgraph.errors import InputError
from mmgraph.models.recommendation.item_graph import ItemGraph
from mmgraph.ops.csr import csr

__all__ = ["fused_graph"]


def fused_graph(graphs: Mapping[str, ItemGraph], weights: Mapping[str, float] | None = None) -> ItemGraph:
    r"""The weighted sum of graphs, :math:`S = \sum_m w_m S_m`, each edge once: FREEDOM's frozen graph.

    Zhou and Shen, "A Tale of Two Graphs: Freezing and Denoising Graph Structures for Multimodal
    Recommendation", MM 2023, arXiv 2211.06924, where images weigh .1 and texts .9.

    Args:
        graphs: by modality, at least one, all of the same items.
        weights: w, by modality; alike and with the sum 1 if None. Those of 0 are left out.

    Raises:
        InputError: no graphs, graphs of different sizes, or weights of other modalities.
    """
    sizes = {name: found.csr.num_targets for name, found in graphs.items()}
    if len(set(sizes.values())) != 1:
        raise InputError(f"fused_graph got graphs of {sizes} items: give at least one, all of one size")
    if weights is None:
        weights = dict.fromkeys(graphs, 1 / len(graphs))
    if weights.keys() != graphs.keys():
        raise InputError(f"fused_graph got weights of {sorted(weights)} for graphs of {sorted(graphs)}")
    count = next(iter(sizes.values()))
    chosen = {name: found for name, found in graphs.items() if weights[name]}
    some = next(iter(graphs.values()))
    keys = [found.csr.source.long() * count + found.csr.target for found in chosen.values()]
    values = [weights[name] * found.weight for name, found in chosen.items()]
    every = torch.cat([*keys, some.csr.order[:0]])
    key, place = every.unique(return_inverse=True)
    total = some.weight.new_zeros(len(key)).index_add(0, place, torch.cat([*values, some.weight[:0]]))
    entries = csr(torch.stack([key // count, key % count]), count, count)
    return ItemGraph(entries, total.index_select(0, entries.order))
