"""How fast sentences are written: ours against transformers' generate.

    OMP_NUM_THREADS=1 python -m experiments.benchmarks.decoding --json decoding.json

Both have the same weights: the peer is GPT-2 with cross attention, whose layout our decoder shares, and gets
the nodes as encoder_hidden_states. Both write 20 words about each of 64 samples of 36 regions and 20
segments, from a vocabulary of 10,000, with a width of 256 and 4 layers, greedily and with 5 beams. That they
write the same words is checked before anything is timed. Neither ends early, as END hardly ever comes.

`greedy.matmul_share` and `beam5.matmul_share` are the time of our matrix products, done again by themselves,
over that of the search; `greedy.matmul_limit` and `beam5.matmul_limit` are the peer's time over theirs: what
no search with these products can exceed.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel

from experiments.benchmarks.arguments import arguments
from experiments.benchmarks.timing import interleaved, report
from mmgraph.data.captions.vocabulary import BEGIN, END, PAD
from mmgraph.graph import HeteroGraph, NodeSpec, Schema
from mmgraph.heads import CaptionHead
from mmgraph.heads.decoder import WordDecoder
from mmgraph.heads.search import Beam, Greedy, Search
from mmgraph.models import Encoded

BATCH, WORDS, VOCABULARY, WIDTH, LAYERS, HEADS = 64, 20, 10_000, 256, 4, 4
NODES = {"region": 36, "segment": 20}
BEAMS = 5
SEARCHES: dict[str, Search] = {"greedy": Greedy(), f"beam{BEAMS}": Beam(BEAMS)}


def example() -> Encoded:
    """Nodes as a model would have encoded them."""
    graph = HeteroGraph.create(
        Schema({key: NodeSpec(1) for key in NODES}),
        BATCH,
        x={key: torch.zeros(BATCH * count, 1) for key, count in NODES.items()},
        sizes={key: (count,) * BATCH for key, count in NODES.items()},
    )
    nodes = {key: torch.randn(BATCH * count, WIDTH) for key, count in NODES.items()}
    return Encoded(graph, nodes, {}, {}, torch.zeros(BATCH, WIDTH))


def ours() -> CaptionHead:
    """A head with weights so large that nodes and earlier words matter, and that hardly ever ends."""
    head = CaptionHead(WIDTH, VOCABULARY, LAYERS, HEADS, WORDS, types=tuple(NODES), never=()).eval()
    for name, weight in head.named_parameters():
        if weight.ndim > 1:
            nn.init.normal_(weight, std=0.02 if name.endswith("word.weight") else 0.1)
    nn.init.zeros_(head.decoder.word.weight[END])
    return head


def theirs(decoder: WordDecoder) -> GPT2LMHeadModel:
    """GPT-2 with cross attention and our decoder's weights."""
    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=WORDS,
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        activation_function="gelu",
        add_cross_attention=True,
        bos_token_id=BEGIN,
        eos_token_id=END,
        pad_token_id=PAD,
    )
    model = GPT2LMHeadModel(config).eval()
    body = model.transformer
    with torch.no_grad():
        _copy(body.wte, decoder.word)
        _copy(body.wpe, decoder.position)
        _copy(body.ln_f, decoder.norm)
        for block, layer in zip(body.h, decoder.layers, strict=True):
            norm, up, _, down = layer.feed_forward
            _copy(block.ln_1, layer.self_norm)
            _copy(block.attn.c_attn, layer.query_key_value)
            _copy(block.attn.c_proj, layer.self_output)
            _copy(block.ln_cross_attn, layer.cross_norm)
            _copy(block.crossattention.q_attn, layer.cross_query)
            _copy(block.crossattention.c_attn, layer.cross_key_value)
            _copy(block.crossattention.c_proj, layer.cross_output)
            _copy(block.ln_2, norm)
            _copy(block.mlp.c_fc, up)
            _copy(block.mlp.c_proj, down)
    return model


def _copy(to: nn.Module, source: nn.Module) -> None:
    """The weights of a module; GPT-2 has those of its linear maps transposed."""
    to.weight.copy_(source.weight.T if isinstance(source, nn.Linear) else source.weight)
    if getattr(source, "bias", None) is not None:
        to.bias.copy_(source.bias)


def generate(model: GPT2LMHeadModel, nodes: Tensor, beams: int) -> Tensor:
    """The words that transformers writes, `[B, L]`."""
    config = GenerationConfig(
        max_new_tokens=WORDS,
        num_beams=beams,
        do_sample=False,
        bos_token_id=BEGIN,
        eos_token_id=END,
        pad_token_id=PAD,
    )
    begin = torch.full((len(nodes), 1), BEGIN)
    found = model.generate(
        begin, generation_config=config, encoder_hidden_states=nodes, attention_mask=torch.ones_like(begin)
    )
    return found[:, 1:]


class Products(TorchDispatchMode):
    """Remembers the matrix products that are done while it is on, and does them again."""

    KINDS = ("mm", "addmm", "bmm", "baddbmm")

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Callable[..., Tensor], Sequence[Any], dict[str, Any]]] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function.overloadpacket.__name__ in self.KINDS:
            self.calls.append((function, args, kwargs or {}))
        return function(*args, **(kwargs or {}))

    def again(self) -> None:
        """All of them, in their order, with what they were given."""
        for function, args, named in self.calls:
            function(*args, **named)


def products_of(search: Callable[[], object]) -> Products:
    """The matrix products of a search."""
    with Products() as products:
        search()
    return products


@torch.no_grad()
def main(quick: bool = False, json: str | None = None) -> None:
    """Check that both write the same, time both in turn, and print the table.

    Args:
        quick: fewer rounds.
        json: where the figures go, as a flat JSON object.
    """
    torch.set_num_threads(1)
    torch.manual_seed(0)
    encoded, head = example(), ours()
    nodes, model = head.memory(encoded).nodes, theirs(head.decoder)
    calls: dict[str, Callable[[], object]] = {}
    for name, search in SEARCHES.items():
        beams = BEAMS if isinstance(search, Beam) else 1
        calls[f"{name}.ours"] = partial(head.predict, encoded, search)
        calls[f"{name}.transformers"] = partial(generate, model, nodes, beams)
        written, expected = calls[f"{name}.ours"](), calls[f"{name}.transformers"]()
        assert torch.equal(written, expected), f"{name}: the words differ"
        print(f"{name}: the same {written.shape[1]} words, {len(written.unique())} different ones")
        calls[f"{name}.products"] = products_of(calls[f"{name}.ours"]).again
    seconds = interleaved(calls, rounds=3 if quick else 9, calls=1)
    figures = {}
    for name in SEARCHES:
        own, peer, products = (seconds[f"{name}.{side}"] for side in ("ours", "transformers", "products"))
        figures[f"{name}.speedup_transformers"] = peer / own
        figures[f"{name}.matmul_share"] = products / own
        figures[f"{name}.matmul_limit"] = peer / products
    report(f"{WORDS} words about {BATCH} samples", seconds, figures, json)


if __name__ == "__main__":
    main(**vars(arguments(__doc__, "fewer rounds")))
