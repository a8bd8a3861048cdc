"""How long it takes to score captions and answers.

    python -m experiments.benchmarks.scoring --json scoring.json

5,000 images with a caption and five references each, 11 words on average, made like plain captions with
a vocabulary of 6,000 nouns, most of them rare; and 20,000 questions with ten answers
each. Both are read from files in COCO's and VQA's form. Nothing is remembered from the round before.

Figures: `captions.5000.seconds` to read, tokenise and score by all metrics; `captions.5000.bleu` and so on,
of each metric; `captions.5000.words` of the tokenizer; `captions.5000.speedup_pycocoevalcap`, the time of
pycocoevalcap's scorers of BLEU, ROUGE-L and CIDEr on words over ours; `vqa.20000.seconds`. Seconds are CPU
time, with one thread; medians.
"""

import contextlib
import io
import json as jsonlib
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge
from tqdm import tqdm

from experiments.benchmarks.arguments import arguments
from experiments.benchmarks.timing import write_figures
from mmgraph.metrics.captioning import ALL_CAPTION_METRICS, bleu, cider, in_words, rouge_l, stem
from mmgraph.metrics.captioning.tokenize import forget_words
from mmgraph.tasks.score_files import score_caption_files, score_vqa_files

__all__ = ["captions", "main"]

IMAGES, REFERENCES, QUESTIONS = 5000, 5, 20_000
ADJECTIVES = ("red", "blue", "black", "white", "small", "large", "young", "old", "wooden", "two", "several")
VERBS = ("riding", "holding", "wearing", "standing", "sitting", "playing", "walking", "eating", "running")
PREPOSITIONS = ("on", "in", "near", "with", "behind", "next to", "in front of", "at", "under", "over")
"""Words that captions are made of, besides nouns."""


def main(quick: bool = False, json: str | None = None) -> dict[str, float]:
    """Measure, and print the seconds.

    Args:
        quick: one round instead of three.
        json: where the figures go, as a flat JSON object.

    Returns:
        the figures.
    """
    torch.set_num_threads(1)
    candidates, references = captions(IMAGES)
    functions: dict[str, Callable[[], object]] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = write_captions(Path(folder), candidates, references)
        functions["seconds"] = lambda: score_caption_files(*files)
        functions["words"] = lambda: in_words(candidates, references)
        corpus = in_words(candidates, references)
        for metric in ALL_CAPTION_METRICS:
            functions[metric.__name__] = lambda metric=metric: metric(corpus)
        functions["ours"] = lambda: [metric(corpus) for metric in (bleu, rouge_l, cider)]
        said = {key: [" ".join(one.candidate)] for key, one in corpus.items()}
        known = {key: [" ".join(words) for words in one.references] for key, one in corpus.items()}
        functions["theirs"] = lambda: [
            scorer.compute_score(known, said) for scorer in (Bleu(4), Rouge(), Cider())
        ]
        questions = write_answers(Path(folder), QUESTIONS)
        functions["vqa"] = lambda: score_vqa_files(*questions)
        seconds = measured(functions, rounds=1 if quick else 3)
    vqa, ours, theirs = (seconds.pop(name) for name in ("vqa", "ours", "theirs"))
    figures = {f"captions.{IMAGES}.{name}": value for name, value in seconds.items()}
    figures |= {f"captions.{IMAGES}.speedup_pycocoevalcap": theirs / ours, f"vqa.{QUESTIONS}.seconds": vqa}
    for name, value in figures.items():
        print(f"  {name:<40} {value:9.3f}")
    write_figures(figures, json)
    return figures


def measured(functions: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median CPU seconds of each function; in a round each is called once, and remembers nothing."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    bar = tqdm(total=rounds * len(functions), desc="scoring", disable=None)
    for _ in range(rounds):
        for name, function in functions.items():
            forget_words()
            stem.cache_clear()
            start = time.process_time()
            # pycocoevalcap prints.
            with contextlib.redirect_stdout(io.StringIO()):
                function()
            times[name].append(time.process_time() - start)
            bar.update()
    bar.close()
    return {name: statistics.median(values) for name, values in times.items()}


def captions(images: int) -> tuple[dict[int, str], dict[int, list[str]]]:
    """Captions and five references of each image, which speak of the same things."""
    draw = random.Random(0)
    nouns = [f"{first}{second}" for first in SYLLABLES for second in SYLLABLES]
    draw.shuffle(nouns)
    candidates, references = {}, {}
    for key in range(images):
        # The nth noun is drawn about 1 / n as often as the first.
        things = [nouns[int(len(nouns) ** draw.random()) - 1] for _ in range(3)]
        candidates[key] = caption(draw, things)
        references[key] = [caption(draw, things) for _ in range(REFERENCES)]
    return candidates, references


CONSONANTS, VOWELS = "bdfgklmnprst", "aeiou"
SYLLABLES = [f"{a}{vowel}{b}" for a in CONSONANTS for vowel in VOWELS for b in ("", "n", "r")][:78]


def caption(draw: random.Random, things: list[str]) -> str:
    """Such as "A red bando is riding a kar on the deltas in front of a lamp ."."""
    said = draw.sample(things, 2)
    plural = draw.random() < 0.3
    subject = f"{draw.choice(ADJECTIVES)} {said[0]}{'s' if plural else ''}"
    verb = draw.choice(VERBS)
    text = f"{draw.choice(('A', 'The'))} {subject} {draw.choice(('', 'is '))}{verb} a {said[1]}"
    text += f" {draw.choice(PREPOSITIONS)} {draw.choice(('a', 'the'))} {draw.choice(things)}"
    return text + draw.choice(
        (" .", ".", "", f", {draw.choice(PREPOSITIONS)} the {draw.choice(things)}'s kon.")
    )


def write_captions(
    folder: Path, candidates: dict[int, str], references: dict[int, list[str]]
) -> tuple[Path, Path]:
    """Results and captions in COCO's form."""
    results, known = folder / "results.json", folder / "captions.json"
    annotations = [{"image_id": key, "caption": text} for key, texts in references.items() for text in texts]
    images = [{"id": key, "file_name": f"{key}.jpg"} for key in references]
    results.write_text(jsonlib.dumps([{"image_id": k, "caption": v} for k, v in candidates.items()]))
    known.write_text(jsonlib.dumps({"images": images, "annotations": annotations}))
    return results, known


def write_answers(folder: Path, questions: int) -> tuple[Path, Path]:
    """Results and annotations in VQA's form."""
    draw = random.Random(0)
    words = ["yes", "no", "Two", "a red one", "left-hand", "dont know", "1,000", "on the table."]
    results, known = folder / "answers.json", folder / "annotations.json"
    annotations = [
        {
            "question_id": key,
            "question_type": "what",
            "answer_type": "other",
            "answers": [{"answer": draw.choice(words[key % 5 :])} for _ in range(10)],
        }
        for key in range(questions)
    ]
    said = [{"question_id": key, "answer": draw.choice(words)} for key in range(questions)]
    results.write_text(jsonlib.dumps(said))
    known.write_text(jsonlib.dumps({"annotations": annotations}))
    return results, known


if __name__ == "__main__":
    main(**vars(arguments(__doc__, "one round instead of three")))
