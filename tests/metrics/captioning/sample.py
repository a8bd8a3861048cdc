"""Captions and what Stanford's tokenizer makes of them, and the programs that captions are compared with."""

import functools
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from pycocoevalcap.tokenizer import ptbtokenizer

from mmgraph.metrics.captioning import in_words

# What `java edu.stanford.nlp.process.PTBTokenizer -preserveLines -lowerCase` of CoreNLP 3.4.1, without the
# punctuation that pycocoevalcap removes, made of captions and of a line for each kind of rule.
STORED = json.loads((Path(__file__).parent / "ptb_captions.json").read_text(encoding="utf-8"))
PAIRS = STORED["rules"] + [
    pair for image in STORED["images"].values() for pair in (image["candidate"], *image["references"])
]
JARS = Path(ptbtokenizer.__file__).parents[1]
TOKENIZER = JARS / "tokenizer" / "stanford-corenlp-3.4.1.jar"
METEOR = JARS / "meteor" / "meteor-1.5.jar"

needs_java = pytest.mark.skipif(
    shutil.which("java") is None or not TOKENIZER.is_file() or not METEOR.is_file(), reason="needs Java"
)


def raw():
    """Candidates and references as people wrote them."""
    images = STORED["images"].items()
    candidates = {key: image["candidate"][0] for key, image in images}
    return candidates, {key: [text for text, _ in image["references"]] for key, image in images}


def tokenised():
    """The same as Stanford's tokenizer has them, with spaces between the words."""
    images = STORED["images"].items()
    candidates = {key: image["candidate"][1] for key, image in images}
    return candidates, {key: [text for _, text in image["references"]] for key, image in images}


def corpus():
    return in_words(*tokenised(), str.split)


def coco_scores(scorer):
    """What a scorer of pycocoevalcap says of the words: the corpus, and each image."""
    candidates, references = tokenised()
    return scorer.compute_score(references, {key: [text] for key, text in candidates.items()})


def java_words(captions, folder):
    """What Stanford's tokenizer makes of captions, without the punctuation that pycocoevalcap removes."""
    path = folder / "captions.txt"
    path.write_text("\n".join(captions), encoding="utf-8")
    command = ["java", "-cp", str(TOKENIZER), "edu.stanford.nlp.process.PTBTokenizer", "-preserveLines"]
    printed = subprocess.run(
        [*command, "-lowerCase", "-encoding", "UTF-8", str(path)],
        capture_output=True,
        check=True,
        timeout=120,
    ).stdout.decode()
    removed = ptbtokenizer.PUNCTUATIONS
    return [[word for word in line.split() if word not in removed] for line in printed.split("\n")]


class JavaMeteor:
    """METEOR 1.5's program."""

    def __init__(self, *options):
        command = ["java", "-Xmx1G", "-jar", str(METEOR), "-", "-", "-stdio", "-l", "en", *options]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, encoding="utf-8"
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()

    def _ask(self, line, answers=1):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return [self.process.stdout.readline().strip() for _ in range(answers)]

    def scores(self, images):
        """The corpus, and each image."""
        counts = []
        for one in images:
            texts = [" ".join(words) for words in (*one.references, one.candidate)]
            counts += self._ask(" ||| ".join(["SCORE", *texts]))
        *each, whole = map(float, self._ask(" ||| ".join(["EVAL", *counts]), len(counts) + 1))
        return whole, each


@functools.cache
def java_meteor():
    """The corpus and each image of the sample, by METEOR 1.5's program without synonyms and paraphrases."""
    with JavaMeteor("-m", "exact stem") as program:
        return program.scores(corpus().values())
