"""Captions of pictures from the graph of their regions: data, model, training, report, examples.

    python -m experiments.captioning --config experiments/configs/captioning_scenes.yaml
    python -m experiments.captioning --config experiments/configs/captioning_flickr8k.yaml

The vocabulary is the training captions'. Validation picks the weights; the test split is opened once, at the
end, and only with --open_test. The controls are run by `mmgraph compare captioning`.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from mmgraph.interop.write_atomically import write_atomically
from mmgraph.tasks.captioning import (
    Budget,
    CaptionData,
    CaptionedSplit,
    Captioner,
    CaptionerSettings,
    CaptionScores,
    CaptionWords,
    kept_graphs,
    score_captions,
    train_captioner,
    typical_caption,
    with_targets,
    write_examples,
)
from mmgraph.training import Fitted, Run


@dataclass(frozen=True)
class Config:
    """Settings of the experiment.

    Args:
        data: the pictures and the words.
        model: its size.
        budget: of training.
        beam: how many captions run side by side in the report; 1 takes the likeliest word each time.
        seed: of the weights and the order; the data have one of their own.
        device: where the model lies.
        open_test: open the test split at the end.
        examples: so many of the best, the worst and random validation captions are shown; 0 for none.
        out: folder of the run.
        tensorboard: write TensorBoard's files too.
    """

    data: CaptionData = field(default_factory=CaptionData)
    model: CaptionerSettings = field(default_factory=CaptionerSettings)
    budget: Budget = field(default_factory=Budget)
    beam: int = 1
    seed: int = 0
    device: str = "cpu"
    open_test: bool = False
    examples: int = 6
    out: str = "runs/captioning"
    tensorboard: bool = False


@dataclass(frozen=True)
class Report:
    """What came out for one split.

    Args:
        model: the scores of the captions that the model wrote.
        typical: those of one and the same caption for all pictures.
    """

    model: CaptionScores
    typical: CaptionScores

    def as_dict(self) -> dict[str, object]:
        """For results.json."""
        gain = self.model.gain(self.typical)
        return {
            **self.model.as_dict(),
            "cider_interval": [self.model.mean_cider.low, self.model.mean_cider.high],
            "typical_caption": {"caption": self.typical.captions[0], **self.typical.as_dict()},
            "cider_above_typical": gain.mean,
            "cider_above_typical_interval": [gain.low, gain.high],
        }

    def markdown(self, name: str) -> str:
        """A table of the model beside the one caption for all."""
        model, typical = self.model.as_dict(), self.typical.as_dict()
        rows = [
            f"| {name}, {len(self.model.captions)} pictures | model | one caption for all |",
            "|---|---|---|",
        ]
        rows += [f"| {key} | {100 * value:.1f} | {100 * typical[key]:.1f} |" for key, value in model.items()]
        gain = self.model.gain(self.typical).text(100.0, sign=True)
        rows += ["", f"CIDEr above that of one caption for all, with its 95 % interval over pictures: {gain}"]
        return "\n".join([*rows, f"The one caption: {self.typical.captions[0]!r}"])


def run(config: Config) -> tuple[Captioner, CaptionWords, dict[str, Report]]:
    """Train, pick on validation, report, show; the test split only if the configuration opens it."""
    folder = Run(config.out, asdict(config), config.tensorboard)
    kept, data = folder.folder / "data", config.data

    train, validation = data.split("train"), data.split("validation")
    words = data.words(train)
    words.save(folder.folder / "vocabulary.json")
    typical = typical_caption(train.references)

    def graphs(name: str, split: CaptionedSplit):
        return with_targets(kept_graphs(data, name, split, kept), split, words, data.max_length)

    train_graphs, validation_graphs = graphs("train", train), graphs("validation", validation)
    torch.manual_seed(config.seed)
    captioner = config.model.make(train_graphs.graph.schema, words.num_ids, data.max_length)
    fitted = train_captioner(
        captioner,
        train_graphs,
        train,
        validation_graphs,
        validation,
        words,
        config.budget,
        folder,
        config.seed,
        config.device,
    )

    def report(name: str, split: CaptionedSplit) -> Report:
        captions = words.decode(captioner.write(graphs(name, split), config.beam, config.device).ids)
        return Report(score_captions(captions, split), score_captions([typical] * len(split), split))

    found = {"validation": report("validation", validation)}
    if config.open_test:
        found["test"] = report("test", data.split("test"))
    finish(folder, fitted, found)
    if config.examples:
        written = captioner.write(validation_graphs, config.beam, config.device)
        write_examples(
            captioner,
            validation_graphs,
            validation,
            words,
            written,
            found["validation"].model,
            folder.folder,
            config.examples,
            f"{config.out}: validation captions, best, worst and random",
        )
    return captioner, words, found


def finish(folder: Run, fitted: Fitted, found: dict[str, Report]) -> None:
    """Write results.json and results.md."""
    folder.finish({"fitted": asdict(fitted), **{name: one.as_dict() for name, one in found.items()}})
    text = "\n\n".join(one.markdown(name) for name, one in found.items())
    write_atomically(folder.folder / "results.md", (text + "\n").encode())


def main() -> None:
    from jsonargparse import auto_cli

    config = auto_cli(Config, as_positional=False)
    *_, found = run(config)
    for name, one in found.items():
        print(one.markdown(name))
    print(f"wrote {Path(config.out) / 'results.json'}")
    if config.examples:
        print(f"open {Path(config.out) / 'examples.html'}")


if __name__ == "__main__":
    main()
