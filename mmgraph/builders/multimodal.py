"""One builder for each input, linkers between them, one graph out."""

from collections.abc import Iterable, Sequence
from typing import Any

from tqdm import tqdm

from mmgraph.builders.base import Builder
from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, Schema, collate, join, validate
from mmgraph.linkers.base import Linker

__all__ = ["MultimodalBuilder"]

CHUNK = 256
"""Samples built at once: enough to be fast, few enough to bound memory."""


class MultimodalBuilder:
    """Pictures, texts, sounds (and whatever else has a builder) into one heterogeneous graph.

    ```python
    build = MultimodalBuilder(RegionBuilder(), TokenBuilder(), SegmentBuilder(),
                              linkers=[CompleteLinker("token", "region")])
    graph = build(image="dog.jpg", text="what does the dog chase?", audio=None)
    ```

    Args:
        *builders: one for each node type; each takes its items under the keyword `builder.input`.
        linkers: relations between node types, made in this order.
        reverse: add a `rev_` relation for each that is not symmetric, so that messages flow both ways.
        check: validate each graph; costs a few per cent.

    Raises:
        InputError: no builder, or two that take one keyword.
    """

    def __init__(
        self,
        *builders: Builder,
        linkers: Iterable[Linker] = (),
        reverse: bool = True,
        check: bool = True,
    ) -> None:
        self.builders = builders
        self.linkers = tuple(linkers)
        self.reverse = reverse
        self.check = check
        names = [builder.input for builder in builders]
        names += [linker.input for linker in self.linkers if linker.input is not None]
        if not builders or len(set(names)) < len(names):
            raise InputError(
                f"MultimodalBuilder got inputs {names}: give at least one builder, "
                "and let no two take the same keyword (input=...)"
            )
        self.inputs = tuple(names)

    @property
    def schema(self) -> Schema:
        """Every node type and edge type that this builder makes, whatever is missing."""
        return self._build({name: [None] for name in self.inputs}, [""]).schema

    def __call__(self, *, id: str = "0", **inputs: Any) -> HeteroGraph:
        """The graph of one sample.

        Args:
            id: the sample's name, used in messages.
            **inputs: one item for each keyword; one that is None or left out is a missing modality.

        Raises:
            InputError: an unknown keyword, or an item that its builder cannot use.
        """
        self._check_names(inputs)
        return self._build({name: [inputs.get(name)] for name in self.inputs}, [id])

    def batch(self, *, ids: Sequence[str] | None = None, **inputs: Sequence[Any]) -> HeteroGraph:
        """The graph of many samples, in one vectorised pass.

        A bar shows the progress of long work on a terminal.

        Args:
            ids: the samples' names; "0", "1", ... by default.
            **inputs: a sequence of items for each keyword, all of one length; None where one is missing.

        Raises:
            InputError: an unknown keyword, sequences of different lengths, or an unusable item.
        """
        self._check_names(inputs)
        inputs = {name: items for name, items in inputs.items() if items is not None}
        for name, items in inputs.items():
            if isinstance(items, str | bytes):
                raise InputError(f"batch got one {name} item, {items!r:.60}: give a sequence of items")
        lengths = {name: len(items) for name, items in inputs.items()}
        if ids is not None:
            lengths["ids"] = len(ids)
        if len(set(lengths.values())) != 1:
            raise InputError(f"batch got sequences of lengths {lengths}: give the same number of each")
        count = next(iter(lengths.values()))
        names = [str(i) for i in range(count)] if ids is None else list(ids)
        starts: Iterable[int] = range(0, max(count, 1), CHUNK)
        if count > CHUNK:
            starts = tqdm(starts, desc="building", unit="chunk", disable=None)
        return collate([self._chunk(inputs, names, slice(start, start + CHUNK)) for start in starts])

    def _chunk(self, inputs: dict[str, Sequence[Any]], names: Sequence[str], part: slice) -> HeteroGraph:
        ids = names[part]
        items = {
            name: list(inputs[name][part]) if name in inputs else [None] * len(ids) for name in self.inputs
        }
        return self._build(items, ids)

    def _build(self, items: dict[str, list[Any]], ids: Sequence[str]) -> HeteroGraph:
        graph = join([builder.batch(items[builder.input], ids) for builder in self.builders])
        for linker in self.linkers:
            graph = linker(graph, None if linker.input is None else items[linker.input])
        if self.reverse:
            graph = graph.with_reverse()
        return validate(graph) if self.check else graph

    def _check_names(self, inputs: dict[str, Any]) -> None:
        if not inputs:
            raise InputError(f"no input given: this builder takes {list(self.inputs)}")
        if unknown := inputs.keys() - set(self.inputs):
            raise InputError(
                f"unknown input {min(unknown)!r}: this builder takes {list(self.inputs)} "
                "(add a builder for it, or check the spelling)"
            )
