"""A batch laid out for the layers: blocks of nodes and relations over them."""

from dataclasses import dataclass

from torch import Tensor

from mmgraph.graph import EdgeType, HeteroGraph, NodeType
from mmgraph.ops.relation import Blocks, Relation, blocks, complete_relation, listed_relation

__all__ = ["Layout", "lay_out"]


@dataclass(frozen=True)
class Layout:
    """What every layer of a model shares about one batch."""

    blocks: dict[NodeType, Blocks]
    relations: dict[EdgeType, Relation]

    def into(self, target: NodeType, cross: bool = True) -> dict[EdgeType, Relation]:
        """The relations that reach a node type; without the cross-modal ones if `cross` is False."""
        return {
            key: relation
            for key, relation in self.relations.items()
            if key[2] == target and (cross or key[0] == target)
        }


def lay_out(graph: HeteroGraph) -> Layout:
    """Blocks and relations of a batch, on its device, without waiting for it."""
    nodes = {key: blocks(graph.batch[key], graph.sizes[key]) for key in graph.schema.nodes}
    relations = {}
    for key, spec in graph.schema.edges.items():
        index = graph.edge_index[key]
        attr = graph.edge_attr[key] if spec.has_attr else None
        if isinstance(index, Tensor):
            score = graph.edge_score.get(key)
            relations[key] = listed_relation(nodes[key[0]], nodes[key[2]], index, attr, score)
        else:
            relations[key] = complete_relation(nodes[key[0]], nodes[key[2]], attr)
    return Layout(nodes, relations)
