"""What there is to see of one sample: its photograph, its text, its sound, and the nodes on each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeType
from mmgraph.graph.schema import PosKind
from mmgraph.graph.validate import validate
from mmgraph.media.picture import load_image
from mmgraph.media.sound import Waveform, load_sound

__all__ = ["KINDS", "View", "one_sample", "view_of"]

KINDS: tuple[PosKind, ...] = ("box", "characters", "seconds")
"""From the top of a figure to its bottom."""


@dataclass(frozen=True)
class View:
    """One sample, ready to lay out.

    Args:
        graph: the sample.
        types: the node type that is shown on the picture, in the text and along the sound.
        picture: the photograph.
        image_size: its width and height, or those of the empty canvas; None for no picture panel.
        text: the text that character positions count in; None for no text panel.
        spans: for each token, its characters.
        sound: the waveform.
        seconds: how long the time axis is; None for no sound panel.
    """

    graph: HeteroGraph
    types: Mapping[PosKind, NodeType]
    picture: Image.Image | None
    image_size: tuple[int, int] | None
    text: str | None
    spans: tuple[tuple[int, int], ...]
    sound: Waveform | None
    seconds: float | None

    @property
    def rank(self) -> dict[NodeType, int]:
        """The place of each node type from the top."""
        return {self.types[kind]: place for place, kind in enumerate(KINDS) if kind in self.types}

    def labels(self, kind: PosKind) -> tuple[str, ...]:
        """The labels of the nodes of a kind, or nothing."""
        return self.graph.label.get(self.types[kind], ()) if kind in self.types else ()


def one_sample(graph: HeteroGraph, name: str) -> HeteroGraph:
    """The graph on the CPU, if it holds one sample and is sound."""
    if graph.num_graphs != 1:
        raise InputError(
            f"{name} draws one sample, the graph has {graph.num_graphs}: take one out of "
            "mmgraph.split(graph), or mmgraph.select(graph, [i])"
        )
    return validate(graph.to("cpu"))


def view_of(graph: HeteroGraph, image: Any, audio: Any, first: Sequence[NodeType], name: str) -> View:
    """Gather what there is to see.

    Args:
        graph: one sample, as `one_sample` returns it.
        image: a picture, or None for the file that the sample names, if it is there.
        audio: a sound, likewise.
        first: node types that have to be shown; else the first of each kind that has nodes.
        name: the function that messages speak of.

    Raises:
        InputError: two types of one kind, or one without positions, in `first`; media that are not this
            sample's; nothing to see at all.
    """
    sample = graph.samples[0]
    types = _types(graph, first, name)
    image = _file(graph, "image") if image is None else image
    audio = _file(graph, "audio") if audio is None else audio
    picture = None if image is None else load_image(image)
    sound = audio if audio is None or isinstance(audio, Waveform) else load_sound(audio)
    _check_media(graph, picture, sound)
    has_boxes = "box" in types and graph.num_nodes(types["box"]) > 0
    size = sample.image_size if has_boxes else None
    image_size = picture.size if picture is not None else size or ((4, 3) if has_boxes else None)
    text, spans = _text(graph, types)
    view = View(graph, types, picture, image_size, text, spans, sound, _seconds(graph, types, sound))
    if view.image_size is None and view.text is None and view.seconds is None:
        raise InputError(
            f"sample {sample.id!r} has no picture, no text and no sound: {name} has nothing to draw"
        )
    return view


def _types(graph: HeteroGraph, first: Sequence[NodeType], name: str) -> dict[PosKind, NodeType]:
    types: dict[PosKind, NodeType] = {}
    for node_type in dict.fromkeys(first):
        kind = graph.schema.nodes[node_type].pos
        if kind is None:
            raise InputError(
                f"{node_type} nodes have no place in a picture, a text or a sound, so {name} cannot draw "
                "their alignment: leave it out"
            )
        if types.setdefault(kind, node_type) != node_type:
            raise InputError(
                f"{types[kind]} and {node_type} nodes both have positions of kind {kind!r}: {name} shows one "
                "type of each kind, make two figures"
            )
    for node_type, spec in graph.schema.nodes.items():
        if spec.pos is not None and graph.num_nodes(node_type):
            types.setdefault(spec.pos, node_type)
    return types


def _file(graph: HeteroGraph, name: str) -> str | None:
    path = graph.samples[0].files.get(name)
    return path if path is not None and Path(path).is_file() else None


def _check_media(graph: HeteroGraph, picture: Image.Image | None, sound: Waveform | None) -> None:
    """A picture of another shape, or a sound of another length, is not the one that the positions are in."""
    sample = graph.samples[0]
    if picture is not None and sample.image_size is not None:
        (w, h), (own_w, own_h) = picture.size, sample.image_size
        # A thumbnail's sides are rounded to whole pixels.
        if abs(w * own_h - h * own_w) > max(own_w, own_h, w, h) + 0.02 * w * own_h:
            raise InputError(
                f"the image is {w}x{h}, but sample {sample.id!r} was built from one of {own_w}x{own_h}: give "
                "the image of this sample"
            )
    if sound is not None and sample.seconds is not None and abs(sound.seconds - sample.seconds) > 0.1:
        raise InputError(
            f"the sound lasts {sound.seconds:.2f} s, but sample {sample.id!r} was built from one of "
            f"{sample.seconds:.2f} s: give the sound of this sample"
        )


def _text(
    graph: HeteroGraph, types: Mapping[PosKind, NodeType]
) -> tuple[str | None, tuple[tuple[int, int], ...]]:
    """The text and the characters of each token; tokens without a text are their labels in a row."""
    text = graph.samples[0].text
    count = graph.num_nodes(types["characters"]) if "characters" in types else 0
    if text is not None and (text.strip() or count):
        spans = graph.pos[types["characters"]].tolist() if count else []
        return text, tuple((int(first), int(last)) for first, last in spans)
    if not count:
        return None, ()
    words = graph.label.get(types["characters"]) or tuple(str(number + 1) for number in range(count))
    parts, spans, start = [], [], 0
    for word in words:
        word = "_".join(word.split()) or "·"
        parts.append(word)
        spans.append((start, start + len(word)))
        start += len(word) + 1
    return " ".join(parts), tuple(spans)


def _seconds(graph: HeteroGraph, types: Mapping[PosKind, NodeType], sound: Waveform | None) -> float | None:
    """How long the time axis is."""
    sample = graph.samples[0]
    pos = graph.pos[types["seconds"]] if "seconds" in types else None
    last = float(pos.max()) if pos is not None and pos.numel() else None
    ends = [sound.seconds if sound is not None else None, last]
    if last is not None:
        ends.append(sample.seconds)
    known = [end for end in ends if end is not None and end > 0]
    return max(known, default=None)
