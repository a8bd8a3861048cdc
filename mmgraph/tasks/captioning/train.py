"""Training of a captioner: the same for the experiment and for each arm of a comparison."""

from dataclasses import dataclass

import torch

from mmgraph.graph import GraphStore
from mmgraph.metrics.captioning import CiderD, DocumentFrequencies, tokenize
from mmgraph.objectives.self_critical import Reward, SelfCritical, reward_of_texts
from mmgraph.tasks.captioning.captioned_split import CaptionedSplit
from mmgraph.tasks.captioning.captioner import Captioner
from mmgraph.tasks.captioning.data import CaptionWords, DrawReference
from mmgraph.tasks.captioning.scores import fast_score
from mmgraph.training import Fitted, Run, fit, save_weights
from mmgraph.training.fit import Objective

__all__ = ["Budget", "train_captioner"]


@dataclass(frozen=True)
class Budget:
    """How long and how fast a captioner learns.

    Args:
        steps: training steps at most.
        seconds: training time at most; None for no limit.
        batch_size: pictures of a step.
        learning_rate: its highest value.
        weight_decay: of AdamW.
        validate_every: steps between validations.
        self_critical_steps: so many further steps on what the captions are worth (CIDEr-D), in place of their
            words; see `SelfCritical`.
        self_critical_rate: the highest learning rate of these.
        self_critical_samples: how many captions of each picture are drawn in such a step.
    """

    steps: int = 4000
    seconds: float | None = None
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    validate_every: int = 500
    self_critical_steps: int = 0
    self_critical_rate: float = 5e-4
    self_critical_samples: int = 5


def train_captioner(
    captioner: Captioner,
    train: GraphStore,
    truth: CaptionedSplit,
    validation: GraphStore,
    validation_truth: CaptionedSplit,
    words: CaptionWords,
    budget: Budget,
    run: Run,
    seed: int,
    device: torch.device | str = "cpu",
) -> Fitted:
    """Train on one reference of each picture a step, pick the weights whose greedy captions are best.

    Best are those with the most exact captions of scenes, or with the highest CIDEr of photographs. The steps
    on CIDEr-D, if there are any, begin with these weights, and are kept if they made the captions better.

    Args:
        captioner: with new weights; its features are fitted here.
        train: with targets.
        truth: the references of `train`.
        validation: with or without targets.
        validation_truth: the references of `validation`.
        words: from ids to words.
        budget: how long.
        run: where measurements and weights go.
        seed: of the order of the pictures and of what is drawn.
        device: where the captioner goes.
    """
    captioner.model.fit_features(train.graph)
    captioner.to(device)

    def validate() -> float:
        return fast_score(words.decode(captioner.write(validation, device=device).ids), validation_truth)

    def stage(objective: Objective, steps: int, rate: float, seconds: float | None) -> Fitted:
        return fit(
            captioner,
            objective,
            train,
            validate,
            run,
            steps=steps,
            seconds=seconds,
            batch_size=budget.batch_size,
            learning_rate=rate,
            weight_decay=budget.weight_decay,
            validate_every=budget.validate_every,
            seed=seed,
            device=device,
            prepare=DrawReference(seed),
        )

    fitted = stage(captioner, budget.steps, budget.learning_rate, budget.seconds)
    if not budget.self_critical_steps:
        return fitted
    before = {name: value.clone() for name, value in captioner.state_dict().items()}
    reward = _cider_reward(truth, words)
    critic = SelfCritical(captioner.head, reward, budget.self_critical_samples, seed=seed)
    run.log(stage="self-critical")
    further = stage(
        lambda batch: critic.loss(captioner.model.encode(batch)),
        budget.self_critical_steps,
        budget.self_critical_rate,
        None,
    )
    seconds = fitted.seconds + further.seconds
    if further.best_score > fitted.best_score:
        best = fitted.steps + further.best_step
        return Fitted(fitted.steps + further.steps, best, further.best_score, seconds)
    captioner.load_state_dict(before)
    save_weights(captioner, run.checkpoint, {"step": fitted.best_step, "validation": fitted.best_score})
    return Fitted(fitted.steps + further.steps, fitted.best_step, fitted.best_score, seconds)


def _cider_reward(truth: CaptionedSplit, words: CaptionWords) -> Reward:
    """CIDEr-D of a caption over the references of its picture, as rare as words are in training."""
    references = {
        name: tuple(tuple(tokenize(text)) for text in texts)
        for name, texts in zip(truth.ids, truth.references, strict=True)
    }
    cider = CiderD(DocumentFrequencies.of(references.values()))
    return reward_of_texts(
        words.decode,
        lambda texts, ids: [
            cider(text.split(), references[name]) for text, name in zip(texts, ids, strict=True)
        ],
    )
