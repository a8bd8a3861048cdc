import torch

from mmgraph.data.synthetic import ANSWERS, Scenes, flatten, true_alignment
from mmgraph.graph import split
from mmgraph.tasks.vqa import make_builder, make_split
from mmgraph.tasks.vqa.truth import padded_truth

PAIRS = [("token", "region"), ("segment", "region")]


def test_the_truth_of_a_batch_is_that_of_its_samples_padded():
    scenes = list(Scenes("train", 3, questions_per_scene=4))
    asked = [(scenes[number], question) for number, question in flatten(scenes)]
    builder = make_builder([question.text for _, question in asked], ("image", "audio"))
    graph = make_split(scenes, builder, ANSWERS["full"]).graphs.graph
    found = padded_truth(graph, asked, PAIRS)
    for number, (one, (scene, question)) in enumerate(zip(split(graph), asked, strict=True)):
        truth = true_alignment(one, scene, question)
        for pair in PAIRS:
            rows, columns = truth[pair].shape
            assert torch.equal(found[pair][number, :rows, :columns], truth[pair])
            assert int(found[pair][number].sum()) == int(truth[pair].sum())
