import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.ops.blocks import blocks
from mmgraph.ops.nodes import Nodes

SIZES = (2, 0, 3)
PLACES = blocks(torch.tensor([0, 0, 2, 2, 2]), SIZES)


def rows(width: int = 4) -> torch.Tensor:
    return torch.randn(5, width, requires_grad=True)


def test_each_form_is_made_from_the_other_and_gradients_pass():
    x = rows()
    nodes = Nodes(x, blocks=PLACES)
    assert nodes.padded.shape == (3, 3, 4)
    assert torch.equal(Nodes(padded=nodes.padded, blocks=PLACES).flat, x)
    nodes.padded.square().sum().backward()
    assert torch.allclose(x.grad, 2 * x)


def test_a_block_by_heads_is_the_same_nodes():
    nodes = Nodes(rows(), blocks=PLACES)
    by_head = nodes.heads_first(2)
    assert by_head.shape == (3, 2, 3, 2)
    assert torch.equal(by_head[2, 1, 0], nodes.flat[2, 2:])
    given = Nodes(heads_first=by_head.contiguous(), blocks=PLACES)
    assert torch.equal(given.flat, nodes.flat)
    assert torch.equal(given.padded, nodes.padded)
    assert given.heads_first(2).dtype == given.dtype == nodes.dtype


def test_forms_are_made_once():
    nodes = Nodes(rows(), blocks=PLACES)
    assert nodes.padded is nodes.padded
    left, right = nodes.split([1, 3])
    assert left.padded.untyped_storage().data_ptr() == right.padded.untyped_storage().data_ptr()


def test_parts_are_columns_in_both_forms():
    x = rows()
    left, right = Nodes(x, blocks=PLACES).split([1, 3])
    assert torch.equal(left.flat, x[:, :1])
    assert torch.equal(PLACES.unpad(right.padded), x[:, 1:])
    assert left.dtype == torch.float32


def test_a_shared_vector_reaches_every_node_of_its_sample():
    shared = Nodes(padded=torch.arange(3.0)[:, None, None], blocks=PLACES)
    assert shared.shared
    assert torch.equal(shared.flat[:, 0], torch.tensor([0.0, 0, 2, 2, 2]))
    doubled = shared.linear((torch.full((1, 1), 2.0), torch.ones(1)))
    assert doubled.shared
    assert torch.equal(doubled.flat[:, 0], torch.tensor([1.0, 1, 5, 5, 5]))


def test_a_block_of_one_node_is_not_taken_for_shared():
    alone = blocks(torch.tensor([1]), (0, 1))
    nodes = Nodes(torch.ones(1, 1), blocks=alone)
    assert nodes.padded.shape == (2, 1, 1)
    mapped = nodes.linear((torch.ones(1, 1), torch.ones(1)))
    assert torch.equal(mapped.padded[:, 0, 0], torch.tensor([0.0, 2.0]))


def test_sums_and_products_take_either_form():
    x, y = rows(), rows()
    flat, padded = Nodes(x, blocks=PLACES), Nodes(padded=PLACES.pad(y), blocks=PLACES)
    assert torch.allclose((flat + padded).flat, x + y)
    assert torch.allclose((padded * padded).flat, y * y)


def test_padding_without_samples_is_an_error():
    with pytest.raises(InputError, match="samples of these nodes are not known"):
        _ = Nodes(rows()).padded


def test_a_map_for_another_width_is_an_error():
    with pytest.raises(InputError, match="width 4, but the layer was made for nodes of width 3"):
        Nodes(rows(), blocks=PLACES).linear((torch.ones(2, 3), None))
