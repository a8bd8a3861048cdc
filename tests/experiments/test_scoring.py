import json

from experiments.benchmarks import scoring
from mmgraph.metrics.captioning import tokenize


def test_the_benchmark_writes_its_figures(tmp_path, monkeypatch):
    monkeypatch.setattr(scoring, "IMAGES", 30)
    monkeypatch.setattr(scoring, "QUESTIONS", 20)
    path = tmp_path / "scoring.json"
    figures = scoring.main(quick=True, json=str(path))
    assert json.loads(path.read_text()) == figures
    names = ["seconds", "words", "bleu", "rouge_l", "cider", "meteor", "tuple_f", "distinct"]
    assert list(figures) == [
        *(f"captions.30.{name}" for name in names),
        "captions.30.speedup_pycocoevalcap",
        "vqa.20.seconds",
    ]
    assert all(value > 0 for value in figures.values())


def test_its_captions_are_as_long_and_as_varied_as_it_says():
    _, references = scoring.captions(400)
    words = [tokenize(text) for texts in references.values() for text in texts]
    assert len(words) == 2000
    assert 10 < sum(map(len, words)) / len(words) < 12
    assert len({word for text in words for word in text}) > 700
