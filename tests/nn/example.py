"""A small batch with every kind of relation, some modalities missing."""

import torch

from mmgraph.graph import EdgeSpec, HeteroGraph, NodeSpec, Sample, Schema, collate

SCHEMA = Schema(
    {
        "region": NodeSpec(5, pos="box"),
        "token": NodeSpec(0, 11, "characters"),
        "segment": NodeSpec(3, pos="seconds"),
    },
    {
        ("region", "near", "region"): EdgeSpec(
            complete=True, classes=("in", "out", "same"), inverse=(1, 0, 2), symmetric=True
        ),
        ("token", "next", "token"): EdgeSpec(),
        ("token", "resembles", "region"): EdgeSpec(scored=True),
        ("token", "informs", "region"): EdgeSpec(complete=True),
        ("region", "informs", "token"): EdgeSpec(complete=True),
        ("segment", "next", "segment"): EdgeSpec(attr_dim=2),
        ("segment", "depends_on", "token"): EdgeSpec(classes=("a", "b")),
    },
)


def random_edges(sources: int, targets: int) -> torch.Tensor:
    chosen = torch.rand(sources, targets) < 0.5
    return chosen.nonzero().T.contiguous()


def one(regions: int, tokens: int, segments: int) -> HeteroGraph:
    corner = torch.rand(regions, 2) * 0.5
    start = torch.rand(segments, 1)
    edges = {
        ("token", "next", "token"): random_edges(tokens, tokens),
        ("token", "resembles", "region"): random_edges(tokens, regions),
        ("segment", "next", "segment"): random_edges(segments, segments),
        ("segment", "depends_on", "token"): random_edges(segments, tokens),
    }
    count = {key: index.shape[1] for key, index in edges.items()}
    return HeteroGraph.create(
        SCHEMA,
        [Sample("s", text="x" * 99)],
        x={
            "region": torch.randn(regions, 5),
            "token": torch.randint(0, 11, (tokens,)),
            "segment": torch.randn(segments, 3),
        },
        pos={
            "region": torch.cat([corner, corner + 0.3], 1),
            "token": torch.arange(tokens)[:, None] + torch.tensor([0, 1]),
            "segment": torch.cat([start, start + 1], 1),
        },
        edge_index=edges,
        edge_attr={
            ("region", "near", "region"): torch.randint(0, 3, (regions * regions,)),
            ("segment", "next", "segment"): torch.randn(count["segment", "next", "segment"], 2),
            ("segment", "depends_on", "token"): torch.randint(
                0, 2, (count["segment", "depends_on", "token"],)
            ),
        },
        edge_score={("token", "resembles", "region"): torch.rand(count["token", "resembles", "region"])},
    )


def batch() -> HeteroGraph:
    return collate([one(3, 4, 2), one(0, 3, 4), one(5, 0, 1), one(0, 0, 0), one(2, 5, 0)])
