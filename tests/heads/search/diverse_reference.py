"""Diverse beam search written out, for one sample at a time."""

from tests.heads.search.toy import END, padded


def diverse(steps, sample, groups, size, diversity, penalty):
    """All groups' sequences and scores, best first: Algorithm 1 of Vijayakumar et al., with lists."""
    running = [[((), 0.0)] for _ in range(groups)]
    ended = [[] for _ in range(groups)]
    done = [False] * groups
    for step in range(steps.max_length):
        taken = {}
        for g in range(groups):
            candidates = []
            for sequence, score in running[g]:
                for token, value in enumerate(steps.next(sample, sequence).tolist()):
                    candidates.append(
                        ((*sequence, token), score + value, score + value - diversity * taken.get(token, 0))
                    )
            candidates.sort(key=lambda c: -c[2])
            candidates = candidates[: 2 * size]
            stops = [c[0][-1] == END or step + 1 == steps.max_length for c in candidates]
            if not done[g]:
                ended[g] += [
                    (c[0], c[1] / (step + 1) ** penalty)
                    for c, s in zip(candidates[:size], stops[:size], strict=True)
                    if s
                ]
                ended[g] = sorted(ended[g], key=lambda c: -c[1])[:size]
            rest = [c[:2] for c, s in zip(candidates, stops, strict=True) if not s]
            running[g] = sorted(rest, key=lambda c: -c[1])[:size]
            best = max((score for _, score in running[g]), default=float("-inf")) / (step + 1) ** penalty
            worst = ended[g][-1][1] if len(ended[g]) == size else float("-inf")
            done[g] = done[g] or not best > worst
            for sequence, *_ in candidates[:size]:
                taken[sequence[-1]] = taken.get(sequence[-1], 0) + 1
    found = sorted((c for group in ended for c in group), key=lambda c: -c[1])
    return [padded(sequence, steps.max_length) for sequence, _ in found], [score for _, score in found]
