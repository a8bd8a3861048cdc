import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from mmgraph import InputError
from mmgraph.explanation import WeightMap

MODEL = Path("mmgraph/visualization/web/src/explanation/model.js")


def draw(*shape, seed=0, low=0.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, generator=generator, dtype=torch.float64) * (1 - low) + low


@pytest.mark.parametrize(
    ("weights", "dtype"),
    [
        (draw(2, 3, 5, 7), "uint16"),
        (draw(2, 3, 5, 7, low=-1.0), "int16"),
        (draw(2, 2, 128, 65), "uint8"),
        (draw(2, 2, 128, 65, low=-1.0), "int8"),
        (draw(2, 2, 128, 64), "uint16"),
    ],
)
def test_a_weight_is_within_half_a_step_of_itself_and_the_largest_is_exact(weights, dtype):
    found = WeightMap.of(weights)
    assert found.codes.dtype.name == dtype
    assert found.signed == dtype.startswith("int")
    error = (found.values - weights).abs()
    step = torch.from_numpy(found.step)[:, :, None, None]
    assert (error <= step / 2 * (1 + 1e-9)).all()
    largest = weights.abs().amax((2, 3))
    torch.testing.assert_close(found.values.abs().amax((2, 3)), largest, rtol=1e-15, atol=0)
    torch.testing.assert_close(step[..., 0, 0] * np.iinfo(dtype).max, largest, rtol=1e-15, atol=0)


def test_every_layer_and_head_has_its_own_step():
    weights = draw(2, 2, 3, 3) * torch.tensor([[1e-6, 1.0], [1e6, 0.0]], dtype=torch.float64)[..., None, None]
    torch.testing.assert_close(WeightMap.of(weights).values, weights, rtol=1e-3, atol=0)


@pytest.mark.parametrize(
    ("shape", "full"), [((3, 4), (1, 1, 3, 4)), ((2, 3, 4), (1, 2, 3, 4)), ((5, 2, 3, 4), (5, 2, 3, 4))]
)
def test_missing_axes_are_one_layer_and_one_head(shape, full):
    found = WeightMap.of(torch.ones(shape))
    assert (found.layers, found.heads, *found.shape) == full
    assert found.values.equal(torch.ones(full, dtype=torch.float64))


@pytest.mark.parametrize("shape", [(0, 4), (3, 0), (0, 0), (2, 2, 0, 4), (0, 2, 3, 4), (2, 0, 3, 4)])
def test_a_map_without_nodes_layers_or_heads_has_no_weights(shape):
    found = WeightMap.of(torch.zeros(shape))
    assert found.mean().shape == shape[-2:]
    assert not found.mean().any()
    assert found.strongest(1).codes.shape == found.codes.shape


def test_a_map_of_zeros_stays_zero():
    found = WeightMap.of(torch.zeros(2, 2, 3, 4))
    assert not found.values.any()
    assert not found.step.any()


@pytest.mark.parametrize("size", [5e-324, 1e-322, 3e-320, 1e-310, 1e-303])
@pytest.mark.parametrize("count", [4, 200])
def test_the_smallest_numbers_stay_on_the_grid(size, count):
    weights = torch.linspace(0, 1, count * count, dtype=torch.float64).reshape(count, count) * size
    found = WeightMap.of(weights)
    assert (found.values >= 0).all()
    assert (found.values - weights).abs().max() <= np.finfo(np.float64).tiny * 2**16
    assert found.values.max() <= weights.max() * (1 + 1e-9)


def test_weights_near_the_largest_float_are_kept():
    weights = torch.tensor([[1.7e308, -1e308]], dtype=torch.float64)
    torch.testing.assert_close(WeightMap.of(weights).values[0, 0], weights, rtol=1e-4, atol=0)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
def test_a_weight_that_is_not_finite_is_named(wrong):
    weights = torch.zeros(2, 3)
    weights[1, 2] = wrong
    with pytest.raises(InputError, match=r"at \[0, 0, 1, 2\], expected finite"):
        WeightMap.of(weights)


def test_weights_of_another_rank_are_refused():
    with pytest.raises(InputError, match=r"expected \[S, T\]"):
        WeightMap.of(torch.zeros(1, 2, 3, 4, 5))


def test_codes_and_steps_are_checked():
    codes, step = np.zeros((1, 2, 3, 4), np.uint8), np.zeros((1, 2))
    WeightMap(codes, step)
    for wrong in (codes.astype(np.int32), codes[0]):
        with pytest.raises(InputError, match=r"expected \[L, H, S, T\]"):
            WeightMap(wrong, step)
    for wrong in (step[:, :1], np.full((1, 2), np.nan), np.full((1, 2), -1.0)):
        with pytest.raises(InputError, match="expected finite numbers >= 0"):
            WeightMap(codes, wrong)


def by_hand(found, layers, heads):
    """The mean in plain Python numbers, added as the page adds."""
    size = found.shape[0] * found.shape[1]
    total = [0.0] * size
    for layer in layers:
        for head in heads:
            step = float(found.step[layer, head])
            for place, code in enumerate(found.codes[layer, head].reshape(-1).tolist()):
                total[place] += code * step
    return [value / (len(layers) * len(heads)) for value in total]


@pytest.mark.parametrize("low", [0.0, -1.0])
@pytest.mark.parametrize("layer", [None, 0, 2])
@pytest.mark.parametrize("head", [None, 0, 3])
def test_means_are_added_one_by_one_to_the_last_bit(low, layer, head):
    found = WeightMap.of(draw(3, 4, 5, 6, low=low))
    layers = range(3) if layer is None else [layer]
    heads = range(4) if head is None else [head]
    assert found.mean(layer, head).reshape(-1).tolist() == by_hand(found, layers, heads)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
def test_the_page_has_the_same_means_to_the_last_bit(tmp_path):
    found = WeightMap.of(draw(3, 4, 5, 6, low=-0.3))
    given = {
        "shape": found.codes.shape,
        "step": found.step.tolist(),
        "codes": found.codes.reshape(-1).tolist(),
    }
    script = f"""
        import {{ WeightMap }} from {json.dumps(MODEL.resolve().as_uri())};
        const given = {json.dumps(given)};
        const map = new WeightMap({{ pair: ["a", "b"], ...given }}, Int16Array.from(given.codes));
        const views = [[null, null], [1, null], [null, 2], [2, 3]];
        console.log(JSON.stringify(views.map(([l, h]) => Array.from(map.weights(l, h)))));
    """
    (tmp_path / "run.mjs").write_text(script)
    out = subprocess.run(["node", tmp_path / "run.mjs"], capture_output=True, text=True, check=True).stdout
    views = [(None, None), (1, None), (None, 2), (2, 3)]
    assert json.loads(out) == [found.mean(*view).reshape(-1).tolist() for view in views]


def test_some_layers_and_heads_keep_their_weights_and_their_order():
    found = WeightMap.of(draw(4, 3, 2, 5))
    kept = found.chosen([3, 1], [2])
    assert kept.values.equal(found.values[[3, 1]][:, [2]])


@pytest.mark.parametrize("wrong", [4, -1])
def test_a_layer_or_head_that_is_not_there_is_refused(wrong):
    found = WeightMap.of(draw(4, 4, 2, 5))
    for call in (
        lambda: found.mean(layer=wrong),
        lambda: found.mean(head=wrong),
        lambda: found.chosen([0, wrong], [0]),
        lambda: found.chosen([0], [wrong]),
    ):
        with pytest.raises(InputError, match=rf"got (layer|head) {wrong}, but the map has 4: count from 0"):
            call()


def test_the_strongest_of_each_row_stay_by_size_and_the_first_of_equal_ones():
    found = WeightMap.of(torch.tensor([[0.5, -0.9, 0.1], [0.2, 0.2, 0.2], [0.0, 0.0, 0.0]]))
    kept = found.strongest(1).values[0, 0]
    assert (kept != 0).tolist() == [[False, True, False], [True, False, False], [False] * 3]
    assert kept[0, 1] == found.values[0, 0, 0, 1]
    assert found.strongest(3) is found
    with pytest.raises(InputError, match="top_k=0"):
        found.strongest(0)


def test_the_lowest_int8_counts_as_large():
    codes = np.array([[[[-128, 127, 3]]]], np.int8)
    assert WeightMap(codes, np.ones((1, 1))).strongest(1).codes.tolist() == [[[[-128, 0, 0]]]]
