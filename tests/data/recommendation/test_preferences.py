import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from scipy.stats import chisquare

from mmgraph.data.recommendation import Preferences, picture_features, sound_features
from mmgraph.data.recommendation.item_media import MIDDLE, RATE, TOPICS, melody, words
from mmgraph.data.recommendation.preferences import MODALITIES
from mmgraph.errors import InputError

SMALL = Preferences(200, 120, seed=5)


def recall(world: Preferences, scores: torch.Tensor, at: int = 20) -> float:
    """Share of the validation interactions among each user's best unseen items."""
    scores = scores.clone()
    scores[world.data.train.users, world.data.train.items] = -torch.inf
    best = scores.topk(at).indices
    held = world.data.validation
    return float((best[held.users] == held.items[:, None]).any(1).float().mean())


def test_the_seed_decides_everything():
    one, other = Preferences(30, 40, seed=3), Preferences(30, 40, seed=3)
    assert torch.equal(one.data.train.edge_index, other.data.train.edge_index)
    assert torch.equal(one.catalogue.features["audio"].x, other.catalogue.features["audio"].x)
    third = Preferences(30, 40, seed=4)
    assert not torch.equal(one.truth.factors, third.truth.factors)


def test_scores_are_the_sum_over_modalities_and_popularity():
    truth, users = SMALL.truth, torch.tensor([7, 3])
    expected = truth.popularity.repeat(2, 1).double()
    for row, user in enumerate(users.tolist()):
        for m in range(3):
            match = truth.factors[m].double() @ truth.tastes[m, user].double()
            expected[row] += truth.sharpness / 4**0.5 * truth.weights[user, m].double() * match
    assert torch.allclose(truth.scores(users).double(), expected, atol=1e-4)
    parts = truth.by_modality(users)
    assert torch.allclose(parts.sum(1) + truth.popularity, truth.scores(users), atol=1e-5)
    assert torch.allclose(truth.weights.sum(1), torch.ones(200))


def test_the_modality_that_speaks_adds_most():
    users, items = SMALL.data.train.users, SMALL.data.train.items
    parts = SMALL.truth.by_modality(torch.arange(200))
    assert torch.equal(SMALL.truth.speaks(users, items), parts[users, :, items].argmax(1))


def test_the_oracle_ranks_better_than_each_modality_and_these_better_than_popularity():
    users = torch.arange(200)
    oracle = recall(SMALL, SMALL.truth.scores(users))
    parts = [recall(SMALL, part) for part in SMALL.truth.by_modality(users).unbind(1)]
    popular = recall(SMALL, torch.bincount(SMALL.data.train.items, minlength=120).float().repeat(200, 1))
    assert oracle > max(parts) + 0.2
    assert min(parts) > popular - 0.05
    assert oracle > 0.6


def test_without_taste_and_popularity_every_item_is_as_likely():
    world = Preferences(2000, 25, sharpness=0, popularity=0, interactions=5)
    counts = torch.bincount(world.interaction_table.items, minlength=25)
    assert counts.sum() == 10_000
    assert chisquare(counts.numpy()).pvalue > 1e-3


def test_the_first_draw_is_a_softmax_of_the_scores():
    # Of many users with one taste, 5 of 20 items each: compared with draws one after the other.
    world = Preferences(4000, 20, sharpness=0, popularity=1.0, interactions=5, seed=2)
    found = torch.bincount(world.interaction_table.items, minlength=20) / 4000
    rng, chance = np.random.default_rng(0), world.truth.popularity.double().softmax(0).numpy()
    drawn = np.zeros(20)
    for _ in range(4000):
        drawn[rng.choice(20, 5, replace=False, p=chance / chance.sum())] += 1
    assert np.abs(found.numpy() - drawn / 4000).max() < 0.04


def test_nobody_takes_an_item_twice_and_everybody_takes_five_to_half_of_them():
    table = SMALL.interaction_table
    counts = torch.bincount(table.users, minlength=200)
    assert len(table.each_pair_once()) == len(table)
    assert counts.min() >= 5
    assert counts.max() <= 60
    assert 17 < counts.float().mean() < 23
    assert table.times.min() >= 0


def test_blocks_of_users_change_nothing_but_the_noise(monkeypatch):
    from mmgraph.data.recommendation import preferences

    monkeypatch.setattr(preferences, "BLOCK", 120 * 50)
    world = Preferences(200, 120, seed=5)
    assert torch.equal(
        torch.bincount(world.interaction_table.users), torch.bincount(SMALL.interaction_table.users)
    )
    assert recall(world, world.truth.scores(torch.arange(200))) > 0.6


def test_features_tell_their_own_modalitys_factors():
    world = Preferences(20, 600, noise=0.1)
    for place, name in enumerate(MODALITIES):
        x, z = world.catalogue.features[name].x.double(), world.truth.factors[place].double()
        x = torch.cat([x, torch.ones(600, 1)], 1)
        weight = torch.linalg.lstsq(x[:500].T @ x[:500] + torch.eye(x.shape[1]), x[:500].T @ z[:500]).solution
        error = (x[500:] @ weight - z[500:]).square().mean() / z[500:].var()
        assert error < 0.3


@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
def test_modalities_share_as_much_as_they_are_told(shared):
    factors = Preferences(20, 4000, shared=shared).truth.factors
    found = np.corrcoef(factors.reshape(3, -1).numpy())
    assert np.allclose(found, np.full((3, 3), shared) + (1 - shared) * np.eye(3), atol=0.05)
    assert np.allclose(factors.std().item(), 1, atol=0.05)


def test_a_share_of_the_items_lacks_a_modality():
    world = Preferences(50, 100, missing={"image": 0.3, "audio": 0.05})
    present = {name: int(own.present.sum()) for name, own in world.catalogue.features.items()}
    assert present == {"image": 70, "text": 100, "audio": 95}
    assert not world.catalogue.features["image"].x[~world.catalogue.features["image"].present].any()
    everywhere = Preferences(50, 100, missing=0.5).catalogue.features.values()
    assert [int(own.present.sum()) for own in everywhere] == [50, 50, 50]


def test_cold_items_are_in_no_training_interaction():
    world = Preferences(200, 100, cold_share=0.2)
    cold = world.data.cold_items
    assert cold.sum() >= 20
    tested = torch.isin(world.data.open_test().items, cold.nonzero()[:, 0])
    assert tested.float().mean() > 0.4


@pytest.mark.parametrize(
    "arguments",
    [
        {"num_users": 0},
        {"num_items": 19},
        {"factors": 0},
        {"factors": 9},
        {"seed": -1},
        {"interactions": 4.9},
        {"interactions": 251},
        {"sharpness": -1},
        {"picky": 0},
        {"shared": 1.1},
        {"noise": -0.1},
        {"missing": 1.0},
        {"missing": {"smell": 0.1}},
        {"cold_share": 1.0},
        {"dims": {"image": 3}},
    ],
)
def test_arguments_outside_their_range_are_errors(arguments):
    with pytest.raises(InputError, match=rf"Preferences\({next(iter(arguments))}="):
        Preferences(**arguments)


def test_media_are_written_for_the_items_that_have_them(tmp_path):
    world = Preferences(20, 30, interactions=6, missing=0.2)
    data = world.write_media(tmp_path / "media")
    assert data.train is world.data.train
    for name, suffix in (("image", "png"), ("text", "txt"), ("audio", "wav")):
        files = data.catalogue.media[name]
        assert sorted(files) == world.catalogue.features[name].present.nonzero()[:, 0].tolist()
        assert all(file == tmp_path / "media" / name / f"{item}.{suffix}" for item, file in files.items())
    item, file = next(iter(data.catalogue.media["text"].items()))
    first = file.read_text().split()
    assert len(first) == 12
    assert data.catalogue.title(item) == f"{item}: {first[0]} {first[1]}"
    with pytest.raises(InputError, match="is already there"):
        world.write_media(tmp_path / "media")


def test_pictures_show_the_visual_factors(tmp_path):
    world = Preferences(20, 60, factors=1)
    media = world.write_media(tmp_path / "media").catalogue.media
    z = world.truth.factors[0, :, 0].numpy()
    pixels = [np.asarray(Image.open(media["image"][item])).astype(float) for item in range(60)]
    redness = np.array([(own[..., 0] - own[..., 2]).mean() for own in pixels])
    assert np.corrcoef(redness, z)[0, 1] > 0.85
    found = picture_features(media["image"], 60).standardised().x
    assert float(torch.linalg.matrix_rank(found)) > 3


def test_sounds_show_the_acoustic_factors(tmp_path):
    z = np.array([0.0, 2.5, -2.5], dtype=np.float32)
    samples = melody(z)
    notes = samples.reshape(3, -1)
    spectrum = np.abs(np.fft.rfft(notes, 2**15))
    pitches = spectrum.argmax(1) * RATE / 2**15
    assert np.allclose(pitches, [MIDDLE, MIDDLE * 2**1.5, MIDDLE * 2**-1.5], rtol=0.01)
    assert np.abs(samples).max() <= 1
    soundfile.write(tmp_path / "x.wav", samples, RATE)
    assert sound_features({0: tmp_path / "x.wav"}, 1).present.all()


def test_texts_show_the_textual_factors():
    rng = np.random.default_rng(0)
    text = words(np.array([0.0, 2.5, 0.0, -0.1], dtype=np.float32), rng).split()
    upper = TOPICS[1][0]
    assert sum(word in upper for word in text) > 8
    assert not set(text) & {*TOPICS[1][1], *TOPICS[3][0]}
