"""A tiny GPT-2 with random weights so large that what it says depends on what it has read."""

import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel

TOKENS, WIDTH, BEGIN_TOKEN, END_TOKEN = 14, 24, 0, 3


def gpt2() -> GPT2LMHeadModel:
    config = GPT2Config(
        vocab_size=TOKENS,
        n_positions=40,
        n_embd=WIDTH,
        n_layer=2,
        n_head=2,
        bos_token_id=BEGIN_TOKEN,
        eos_token_id=END_TOKEN,
        pad_token_id=None,
        resid_pdrop=0.1,
        embd_pdrop=0.1,
        attn_pdrop=0.1,
    )
    model = GPT2LMHeadModel(config)
    for weight in model.parameters():
        if weight.ndim > 1:
            nn.init.normal_(weight, std=0.35)
    return model.eval()


def prompts(samples: int = 6, length: int = 3) -> torch.Tensor:
    return torch.randint(4, TOKENS, (samples, length))
