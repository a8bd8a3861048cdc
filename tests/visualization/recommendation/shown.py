"""A small user with reasons of every kind, weights and scores to draw."""

from PIL import Image

from mmgraph.visualization import Neighbourhood, ShownItem, ShownReason

LONG = "A title that goes on and on, until nobody reads it any more, and then even further than that"
HOSTILE = '<script>alert(1)</script> & "$\\frac{" \x1b[31m\u202e'

WEIGHTS = {
    "aligned": [{"image": 0.2, "text": 0.5, "audio": 0.3}, {"image": 0.4, "text": 0.3, "audio": 0.3}],
    "lattice": [{"image": 0.75, "text": 0.25}],
}

GROUPS = ("cold", *(f"popularity.q{fifth}" for fifth in range(1, 6)))
ARMS_BY_POPULARITY = {
    "aligned": {group: (0.1 + 0.05 * n, 0.05 + 0.05 * n, 0.2 + 0.05 * n) for n, group in enumerate(GROUPS)},
    "popularity": dict.fromkeys(GROUPS[1:], (0.0, 0.0, 0.0)),
}


def picture(colour="red", size=(40, 60)):
    return Image.new("RGB", size, colour)


CHOSEN = [
    ShownItem("chosen 0", picture("navy")),
    ShownItem("chosen 1"),
    ShownItem(LONG, picture("teal", (90, 20))),
    *(ShownItem(f"chosen {n}", picture()) for n in range(3, 12)),
]
RECOMMENDED = [
    ShownItem("first", picture("orange")),
    ShownItem("second"),
    ShownItem(LONG, picture()),
    ShownItem(HOSTILE, picture()),
    ShownItem("fifth", picture()),
    ShownItem("sixth", picture()),
    ShownItem("seventh", picture()),
]
REASONS = [
    ShownReason(
        "because you chose A: both look alike (image 34 %)", 2, "image", ("image", 0.34), "both look alike"
    ),
    ShownReason("S1", 1, "knowledge", ("knowledge", 0.12), "in common: directed by Jane"),
    ShownReason("S2", 2, "users", ("interactions", 0.8), "12 others chose both"),
    ShownReason(HOSTILE, 0, None),
    ShownReason("you have chosen nothing yet"),
    ShownReason("S5", 2, "motion", ("motion", -0.03), "both are alike in motion"),
    ShownReason("S6", 1, "image", ("image", 12.0), "both look alike"),
]


def user(count=7, held_out=frozenset({1})):
    held_out = frozenset(place for place in held_out if place < count)
    return Neighbourhood("user 42", CHOSEN, RECOMMENDED[:count], REASONS[:count], held_out)
