import torch
from torch import nn

from mmgraph.models.transformer_block import TransformerBlock

DIM, HEADS = 8, 2


def test_it_is_the_encoder_layer_of_torch():
    block = TransformerBlock(DIM, HEADS, 0.0).double()
    layer = nn.TransformerEncoderLayer(
        DIM, HEADS, 2 * DIM, 0.0, nn.functional.gelu, batch_first=True, norm_first=True, dtype=torch.float64
    )
    layer.load_state_dict(
        {
            **{
                f"self_attn.in_proj_{part}": getattr(block.query_key_value, part)
                for part in ("weight", "bias")
            },
            **{f"self_attn.out_proj.{part}": getattr(block.output, part) for part in ("weight", "bias")},
            **{f"norm1.{part}": getattr(block.norm, part) for part in ("weight", "bias")},
            **{f"norm2.{part}": getattr(block.feed_forward[0], part) for part in ("weight", "bias")},
            **{f"linear1.{part}": getattr(block.feed_forward[1], part) for part in ("weight", "bias")},
            **{f"linear2.{part}": getattr(block.feed_forward[3], part) for part in ("weight", "bias")},
        }
    )
    x = torch.randn(3, 5, DIM, dtype=torch.float64)
    allowed = (torch.rand(3, 5, 5) < 0.5) | torch.eye(5, dtype=torch.bool)
    expected = layer(x, src_mask=~allowed.repeat_interleave(HEADS, 0))
    assert torch.allclose(block(x, allowed), expected, atol=1e-12)


def test_its_attention_adds_no_weight():
    assert not [name for name in TransformerBlock(DIM, HEADS, 0.0).state_dict() if "attention" in name]
