from dataclasses import replace

import pytest
import torch

from mmgraph.alignment import TopKAligner
from mmgraph.errors import InputError
from tests.alignment.every_aligner import SOURCES, TARGETS, WIDTH, example_sides


def embedded(embedding, nodes, context):
    """F of the paper, over node and context put end to end."""
    first = torch.cat([embedding.node.weight, embedding.context.weight], dim=1)
    both = torch.cat([nodes, context.expand(len(nodes), -1)], dim=1)
    return embedding.out(torch.relu(both @ first.T + embedding.node.bias))


@pytest.mark.parametrize("k", [1, 2, 50])
def test_links_are_those_of_the_paper_sample_by_sample(k):
    aligner, sides = TopKAligner(WIDTH, k, context_dim=WIDTH).double(), example_sides()
    plan = aligner(sides).plan
    parts = sides.source.split(SOURCES), sides.target.split(TARGETS)
    for b, (rows, columns) in enumerate(zip(*parts, strict=True)):
        left = embedded(aligner.source, rows, sides.context[b])
        right = embedded(aligner.target, columns, sides.context[b])
        expected = torch.zeros(4, 4, dtype=torch.float64)
        for i, row in enumerate(left @ right.T / WIDTH**0.5):
            kept = row.argsort(descending=True)[:k]
            expected[i, kept] = row[kept].softmax(0)
        assert torch.allclose(plan[b], expected), b


def test_the_context_decides_what_is_linked_where_there_is_one():
    sides = example_sides()
    other = replace(sides, context=torch.randn_like(sides.context))
    none = replace(sides, context=None)
    zero = replace(sides, context=torch.zeros_like(sides.context))
    conditioned = TopKAligner(WIDTH, 2, context_dim=WIDTH).double()
    assert not torch.allclose(conditioned(sides).plan, conditioned(other).plan)
    assert torch.allclose(conditioned(none).plan, conditioned(zero).plan)
    plain = TopKAligner(WIDTH, 2).double()
    assert torch.equal(plain(sides).plan, plain(none).plan)


def test_what_does_not_fit_is_an_error():
    with pytest.raises(InputError, match=r"TopKAligner\(k=0"):
        TopKAligner(WIDTH, k=0)
    with pytest.raises(InputError, match=r"TopKAligner\(context_dim=0"):
        TopKAligner(WIDTH, context_dim=0)
    with pytest.raises(InputError, match="context of width 6"):
        TopKAligner(WIDTH, context_dim=3).double()(example_sides())
