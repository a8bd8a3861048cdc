import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.explanation.attention import attention
from mmgraph.models import MultimodalTransformer
from mmgraph.nn import RelationalAttention
from tests.explanation.sample import DIM, HEADS, SCHEMA, fusion_model, sample, subject


def test_maps_are_the_weights_of_every_layer_and_head():
    model, graph, asked = fusion_model(layers=3), sample(), []
    explained = subject(model)

    def ask(layer, given, _):
        asked.append(layer.weights(*given))

    handles = [m.register_forward_hook(ask) for m in model.modules() if isinstance(m, RelationalAttention)]
    model.eval().encode(graph)
    for handle in handles:
        handle.remove()
    found = attention(explained, graph)
    assert set(found.maps) == {(a, b) for a in SCHEMA.nodes for b in SCHEMA.nodes}
    for (looking, seen), weights in found.maps.items():
        # A message of the layer goes from its source to its target: the target looks.
        expected = torch.cat([layer[seen, looking] for layer in asked])
        assert (weights.layers, weights.heads) == (3, HEADS)
        assert torch.allclose(weights.values, expected, atol=1e-4)


def test_blocks_of_the_transformer_are_layers_and_the_first_stays_within_types():
    model = MultimodalTransformer(SCHEMA, DIM, layers=2, heads=HEADS)
    found = attention(subject(model), sample())
    assert all(weights.layers == 4 for weights in found.maps.values())
    across, within = found.maps["token", "region"].values, found.maps["token", "token"].values
    assert not across[0].any()
    assert not across[2].any()
    assert across[1].min() > 0
    assert torch.allclose(within[0].sum(-1), torch.ones(HEADS, 4, dtype=torch.float64), atol=1e-4)


def test_a_node_has_the_mean_attention_that_it_receives():
    found = attention(subject(fusion_model()), sample())
    for key, counts in found.nodes.items():
        received = [found.maps[other, key].values for other in SCHEMA.nodes]
        assert torch.allclose(counts, torch.cat(received, 2).mean((0, 1, 2)), atol=1e-4)
    full = attention(subject(MultimodalTransformer(SCHEMA, DIM, heads=HEADS)), sample())
    assert float(sum(value.sum() for value in full.nodes.values())) == pytest.approx(1)


@pytest.mark.parametrize("settings", [{"layer": "gat"}, {"layers": 0}])
def test_a_model_without_attention_is_an_error_that_names_what_works(settings):
    with pytest.raises(
        InputError, match=r"no layer with attention.*integrated_gradients.*plan where it aligns"
    ):
        attention(subject(fusion_model(**settings)), sample())
