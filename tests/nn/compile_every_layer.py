"""Trace every example into one graph, and print what went wrong, as JSON by name.

A process of its own: Dynamo cannot trace the shape checks that the tests switch on.
"""

import json
import sys
from dataclasses import replace

import torch

from tests.nn.every_layer import EXAMPLES, Example, batch, planned


def fault(example: Example, form: str | None) -> str:
    """What differs between the compiled layer and the plain one, or why it does not compile."""
    torch.manual_seed(0)
    layer, graph = example.make().double().eval(), planned(batch(), form)
    results = []
    for function in (example.call, torch.compile(example.call, fullgraph=True, backend="eager")):
        leaves = {key: value.clone().requires_grad_() for key, value in graph.x.items()}
        outputs = function(layer, replace(graph, x=leaves))
        gradients = torch.autograd.grad(
            sum(value.square().sum() for value in outputs.values()), list(leaves.values()), allow_unused=True
        )
        results.append([*outputs.values(), *(g for g in gradients if g is not None)])
    close = [torch.allclose(a, b, atol=1e-10) for a, b in zip(*results, strict=True)]
    return "" if all(close) else f"values {[i for i, same in enumerate(close) if not same]} differ"


def main() -> None:
    torch.set_num_threads(1)
    found = {}
    for name, example in EXAMPLES.items():
        for form in (None, "csr"):
            torch._dynamo.reset()
            try:
                found[f"{name}-{form}"] = fault(example, form)
            except Exception as error:  # the test shows whatever it was
                found[f"{name}-{form}"] = str(error)[:2000] or type(error).__name__
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
