"""A WordNet of a few words, in the form of its database, where nltk finds it."""

COPYRIGHT = "  1 This is a tiny database for tests, in the form of WordNet 3.0 Copyright 2006.  \n"
SYNSETS = {
    "noun": [["sofa", "couch"], ["bicycle", "bike"], ["dog", "hound"], ["man"]],
    "verb": [["run"], ["ride", "sit"]],
    "adj": [["big", "large"]],
    "adv": [["quickly", "rapidly"]],
}
KINDS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
EXCEPTIONS = {"noun": "men man\n", "verb": "ran run\nrode ride\n"}


def write_tiny_wordnet(folder):
    """Write it to `folder`, a place for nltk's path of data."""
    root = folder / "corpora" / "wordnet"
    root.mkdir(parents=True)
    names = ("adj.all", "noun.artifact", "verb.motion", "adv.all")
    numbers = {"adj": 3, "noun": 1, "verb": 2, "adv": 4}
    lines = (f"{n:02}\t{name}\t{numbers[name.split('.')[0]]}\n" for n, name in enumerate(names))
    (root / "lexnames").write_text("".join(lines))
    for kind, synsets in SYNSETS.items():
        data, places = COPYRIGHT, {}
        for words in synsets:
            for word in words:
                places.setdefault(word, []).append(len(data))
            data += line(len(data), KINDS[kind], words)
        index = "".join(entry(word, KINDS[kind], offsets) for word, offsets in sorted(places.items()))
        (root / f"data.{kind}").write_text(data)
        (root / f"index.{kind}").write_text(COPYRIGHT + index)
        (root / f"{kind}.exc").write_text(EXCEPTIONS.get(kind, ""))
    for name in ("index.sense", "cntlist.rev"):
        (root / name).write_text("")


def line(offset, kind, words):
    frames = " 01 + 02 00" if kind == "v" else ""
    return (
        f"{offset:08} 00 {kind} {len(words):02x} {' '.join(f'{w} 0' for w in words)} 000{frames} | a word  \n"
    )


def entry(word, kind, offsets):
    return f"{word} {kind} {len(offsets)} 0 {len(offsets)} 0 {' '.join(f'{o:08}' for o in offsets)}  \n"
