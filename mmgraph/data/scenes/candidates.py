"""Every question that has exactly one right answer in a world, family by family, with its answer."""

from collections.abc import Iterator, Mapping

from mmgraph.data.scenes.world import DIRECTIONS, SHAPES, World

__all__ = ["Candidate", "Values"]

Values = Mapping[str, int | str]
Candidate = tuple[str, Values]
"""An answer, and what fills the fields of a wording: objects by number, and words."""

ORDINALS = ("first", "second", "third", "fourth", "fifth")
HALVES = {"left": "left of", "right": "right of", "top": "above", "bottom": "below"}
OUTERMOST = {"leftmost": "left of", "rightmost": "right of", "topmost": "above", "lowest": "below"}


def yes_no(fact: bool) -> str:
    """The answer that says whether a fact holds."""
    return "yes" if fact else "no"


def everyone(world: World) -> range:
    """Every object."""
    return range(len(world.objects))


def others(world: World, a: int) -> list[int]:
    """Every object but one."""
    return [b for b in everyone(world) if b != a]


def ranks(sequence: list[int]) -> list[tuple[int, str]]:
    """Each object of a sequence of two or more, and which one it is: first, second, ..., last."""
    if len(sequence) < 2:
        return []
    return list(zip(sequence, [*ORDINALS[: len(sequence) - 1], "last"], strict=True))


# ---------------------------------------------------------------------- the picture


def shape(world: World) -> Iterator[Candidate]:
    """The shape of an object."""
    for a in everyone(world):
        yield world.shapes[a], {"a": a}


def left(world: World) -> Iterator[Candidate]:
    """Whether an object is in the left half."""
    yield from _half(world, "left of")


def top(world: World) -> Iterator[Candidate]:
    """Whether an object is in the top half."""
    yield from _half(world, "above")


def _half(world: World, direction: str) -> Iterator[Candidate]:
    for a in everyone(world):
        fact = world.in_half(a, direction)
        if fact is not None:
            yield yes_no(fact), {"a": a}


def closest(world: World) -> Iterator[Candidate]:
    """The shape of the object closest to one."""
    for a in everyone(world):
        target = world.nearest(a, others(world, a))
        if target is not None:
            yield world.shapes[target], {"a": a, "target": target}


def furthest(world: World) -> Iterator[Candidate]:
    """The shape of the object furthest from one."""
    for a in everyone(world):
        target = world.furthest(a, others(world, a))
        if target is not None:
            yield world.shapes[target], {"a": a, "target": target}


def same_shape(world: World) -> Iterator[Candidate]:
    """How many objects have the shape of one, itself counted."""
    for a in everyone(world):
        yield str(world.shapes.count(world.shapes[a])), {"a": a}


def count(world: World) -> Iterator[Candidate]:
    """How many objects of a shape there are."""
    for kind in SHAPES:
        yield str(world.shapes.count(kind)), {"kind": kind}


def compare(world: World) -> Iterator[Candidate]:
    """Whether there are more objects of one shape than of the other."""
    for kind, other in (SHAPES, SHAPES[::-1]):
        fact = world.shapes.count(kind) > world.shapes.count(other)
        yield yes_no(fact), {"kind": kind, "other": other}


def side(world: World) -> Iterator[Candidate]:
    """Whether one object lies in a direction from another."""
    for a in everyone(world):
        yield from _sides(world, a, {})


def _sides(world: World, a: int, values: Values) -> Iterator[Candidate]:
    for direction in DIRECTIONS:
        for b in others(world, a):
            fact = world.lies(a, direction, b)
            if fact is not None:
                yield yes_no(fact), {**values, "a": a, "b": b, "direction": direction}


def beside(world: World) -> Iterator[Candidate]:
    """The colour of the object closest to one, of those that lie in a direction from it."""
    for a, direction, group in _groups(world):
        target = world.nearest(a, group)
        if target is not None:
            yield world.objects[target].colour, {"a": a, "direction": direction, "target": target}


def _groups(world: World) -> Iterator[tuple[int, str, list[int]]]:
    """Each object and direction in which there is something, and what."""
    for a in everyone(world):
        for direction in DIRECTIONS:
            group = world.beyond(direction, a)
            if group:
                yield a, direction, group


def outermost(world: World) -> Iterator[Candidate]:
    """The colour of the object that lies furthest in a direction."""
    for word, direction in OUTERMOST.items():
        target = world.outermost(direction)
        if target is not None:
            yield world.objects[target].colour, {"word": word, "target": target}


# ---------------------------------------------------------------------- the sound


def sound_colour(world: World) -> Iterator[Candidate]:
    """The colour of the object that sounds first, second, ..."""
    for a, nth in ranks(world.order):
        yield world.objects[a].colour, {"a": a, "a_nth": nth}


def sound_shape(world: World) -> Iterator[Candidate]:
    """The shape of the object that sounds first, second, ..."""
    for a, nth in ranks(world.order):
        yield world.shapes[a], {"a": a, "a_nth": nth}


def sound_count(world: World) -> Iterator[Candidate]:
    """How many sounds there are."""
    yield str(len(world.order)), {}


def sound_shape_count(world: World) -> Iterator[Candidate]:
    """How many objects of a shape sound."""
    heard = [world.shapes[a] for a in world.order]
    for kind in SHAPES:
        yield str(heard.count(kind)), {"kind": kind}


def sound_same(world: World) -> Iterator[Candidate]:
    """Whether two sounds come from objects of the same shape."""
    heard = ranks(world.order)
    for place, (a, nth) in enumerate(heard):
        for b, other_nth in heard[place + 1 :]:
            fact = world.shapes[a] == world.shapes[b]
            yield yes_no(fact), {"a": a, "a_nth": nth, "b": b, "b_nth": other_nth}


def sounds(world: World) -> Iterator[Candidate]:
    """Whether an object sounds at all."""
    for a in everyone(world):
        yield yes_no(a in world.order), {"a": a}


def before(world: World) -> Iterator[Candidate]:
    """Whether one object sounds before, or after, another."""
    for place, a in enumerate(world.order):
        for other, b in enumerate(world.order):
            if a != b:
                yield yes_no(place < other), {"a": a, "b": b, "when": "before"}
                yield yes_no(place > other), {"a": a, "b": b, "when": "after"}


# ---------------------------------------------------------------------- picture and sound


def sound_side(world: World) -> Iterator[Candidate]:
    """Whether the object that sounds first, second, ... lies in a direction from another."""
    for a, nth in ranks(world.order):
        yield from _sides(world, a, {"a_nth": nth})


def sound_half(world: World) -> Iterator[Candidate]:
    """Whether the object that sounds first, second, ... is in a half of the picture."""
    for a, nth in ranks(world.order):
        for half, direction in HALVES.items():
            fact = world.in_half(a, direction)
            if fact is not None:
                yield yes_no(fact), {"a": a, "a_nth": nth, "half": half}


def sound_closest(world: World) -> Iterator[Candidate]:
    """The shape of the object closest to the one that sounds first, second, ..."""
    for a, nth in ranks(world.order):
        target = world.nearest(a, others(world, a))
        if target is not None:
            yield world.shapes[target], {"a": a, "a_nth": nth, "target": target}


def side_sound(world: World) -> Iterator[Candidate]:
    """The colour of the first, second, ... to sound of the objects in a direction from one."""
    for a, direction, group in _groups(world):
        for target, nth in ranks([b for b in world.order if b in group]):
            values: Values = {"a": a, "direction": direction, "target": target, "target_nth": nth}
            yield world.objects[target].colour, values


def side_sound_count(world: World) -> Iterator[Candidate]:
    """How many of the objects in a direction from one sound."""
    for a, direction, group in _groups(world):
        heard = sum(b in world.order for b in group)
        yield str(heard), {"a": a, "direction": direction}


def silent(world: World) -> Iterator[Candidate]:
    """How many objects do not sound."""
    yield str(len(world.objects) - len(world.order)), {}
