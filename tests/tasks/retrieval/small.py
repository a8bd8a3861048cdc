"""Small data for retrieval."""

from mmgraph.tasks.captioning import SceneCaptions
from mmgraph.tasks.retrieval import Retrieval, RetrievalData, RetrieverBudget, RetrieverSettings
from tests.tasks.captioning.small import write_photographs

MODEL = RetrieverSettings(dim=16, width=8, layers=1, heads=2)
BUDGET = RetrieverBudget(steps=4, batch_size=8, validate_every=2, hide_words=0.2, hide_features=0.2)
WHOLE = "statistics+cells:2"
SCENES = RetrievalData(scenes=SceneCaptions(train=8, validation=4, test=3, references=2), whole=WHOLE)


def scene_task():
    return Retrieval(SCENES, MODEL, BUDGET)


def photograph_task(folder):
    data = RetrievalData("photographs", photographs=write_photographs(folder), whole=WHOLE, mirrored=True)
    return Retrieval(data, MODEL, BUDGET)
