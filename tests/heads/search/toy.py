"""Steps over a few tokens whose probabilities depend on all tokens so far, and all their sequences."""

from itertools import product

import torch

PAD, BEGIN, END, TOKENS = 0, 1, 2, 6
MEMORY = 997


class ToySteps:
    """Tokens from random tables; a state remembers a number made of all tokens so far.

    `end_bonus` is added to the logit of END.
    """

    def __init__(self, num_samples=3, max_length=4, tokens=TOKENS, seed=0, end_bonus=0.0):
        self.num_samples, self.max_length = num_samples, max_length
        self.begin, self.end, self.pad, self.device = BEGIN, END, PAD, torch.device("cpu")
        generator = torch.Generator().manual_seed(seed)
        logits = torch.randn(num_samples, MEMORY, tokens, generator=generator, dtype=torch.float64)
        logits[..., END] += end_bonus
        logits[..., [PAD, BEGIN]] = -torch.inf
        self.table = logits.log_softmax(-1)
        self.calls = 0

    def start(self, beams):
        return {"memory": torch.zeros(self.num_samples, beams, dtype=torch.long)}

    def step(self, last, state):
        self.calls += 1
        state["memory"] = (31 * state["memory"] + last) % MEMORY
        return self.table[torch.arange(self.num_samples)[:, None], state["memory"]]

    def reorder(self, parent, state):
        state["memory"] = state["memory"].gather(1, parent)

    def next(self, sample, sequence):
        """Log-probabilities after a sequence, without a state."""
        memory = 0
        for token in (BEGIN, *sequence):
            memory = (31 * memory + token) % MEMORY
        return self.table[sample, memory]

    def log_probability(self, sample, sequence):
        return sum(float(self.next(sample, sequence[:i])[token]) for i, token in enumerate(sequence))

    def sequences(self):
        """Every sequence that may come: up to END, or as long as there is room."""
        words = range(END + 1, self.table.shape[-1])
        ended = [(*head, END) for n in range(self.max_length) for head in product(words, repeat=n)]
        return ended + list(product(words, repeat=self.max_length))


def padded(sequence, length):
    return [*sequence, *[PAD] * (length - len(sequence))]
