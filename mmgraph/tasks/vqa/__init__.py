"""Questions about scenes that can be seen and heard."""

from mmgraph.tasks.vqa.answerer import Answerer
from mmgraph.tasks.vqa.choose import choose
from mmgraph.tasks.vqa.data import Split, draw, make_builder, make_split
from mmgraph.tasks.vqa.explanations import explain_media, explain_samples, unknown_words
from mmgraph.tasks.vqa.gallery import Gallery, write_gallery
from mmgraph.tasks.vqa.load_run import LoadedRun, load_run
from mmgraph.tasks.vqa.model_settings import ArmSettings, FusionSettings
from mmgraph.tasks.vqa.recipe import Recipe
from mmgraph.tasks.vqa.scene_data import SceneData
from mmgraph.tasks.vqa.scores import Scores, score
from mmgraph.tasks.vqa.task import VQA

__all__ = [
    "VQA",
    "Answerer",
    "ArmSettings",
    "FusionSettings",
    "Gallery",
    "LoadedRun",
    "Recipe",
    "SceneData",
    "Scores",
    "Split",
    "choose",
    "draw",
    "explain_media",
    "explain_samples",
    "load_run",
    "make_builder",
    "make_split",
    "score",
    "unknown_words",
    "write_gallery",
]
