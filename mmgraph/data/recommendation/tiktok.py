"""TikTok's micro-videos as DiffMM splits them: who liked what, with image and sound features of the videos.

Jiang et al., "DiffMM: Multi-Modal Diffusion Model for Recommendation", ACM MM 2024, arXiv 2406.11781.
"""

import logging
import os
from pathlib import Path

from mmgraph.data.recommendation.catalogue import Catalogue
from mmgraph.data.recommendation.features import read_item_features
from mmgraph.data.recommendation.interaction_table import InteractionTable
from mmgraph.data.recommendation.pairs import read_pairs
from mmgraph.data.recommendation.recommendation_data import RecommendationData
from mmgraph.errors import InputError

__all__ = ["load_tiktok"]

FEATURES = {"image": "image_feat.npy", "audio": "audio_feat.npy"}

log = logging.getLogger(__name__)


def load_tiktok(folder: str | os.PathLike[str]) -> RecommendationData:
    """Read the data set: 9,308 users, 6,710 items, features of image and audio, the given split.

    The test part is taken where `tst.npz` lies beside the others. Without it, that is logged, and `open_test`
    raises.

    Args:
        folder: has `trn.npz`, `val.npz`, `image_feat.npy` and `audio_feat.npy`.

    Raises:
        InputError: a file is missing or damaged; it says which.
    """
    place = Path(folder)
    for name in ("trn.npz", "val.npz", *FEATURES.values()):
        if not (place / name).is_file():
            raise InputError(
                f"{os.fspath(folder)} has no {name}: give the folder of DiffMM's TikTok data "
                "(github.com/HKUDS/DiffMM), with its matrices written as .npz with row, col and shape"
            )
    train = read_pairs(place / "trn.npz")
    num_users, num_items = train.shape
    item_ids = tuple(map(str, range(num_items)))
    features = {name: read_item_features(place / file, item_ids) for name, file in FEATURES.items()}
    catalogue = Catalogue(tuple(map(str, range(num_users))), item_ids, features)
    validation = read_pairs(place / "val.npz").table()
    return RecommendationData(catalogue, train.table(), validation, _test(place), name="TikTok")


def _test(folder: Path) -> InteractionTable | None:
    file = folder / "tst.npz"
    if file.is_file():
        return read_pairs(file).table()
    log.info("%s is not there: TikTok is loaded without its test part", file)
    return None
