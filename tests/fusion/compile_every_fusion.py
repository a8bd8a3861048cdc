"""Trace every example into one graph, and print what went wrong, as JSON by name.

A process of its own: Dynamo cannot trace the shape checks that the tests switch on.
"""

import json

import torch

from tests.fusion.every_fusion import EXAMPLES, NAMES, Example, example_input


def fault(example: Example) -> str:
    """What differs between the compiled fusion and the plain one, or why it does not compile."""
    torch.manual_seed(0)
    fusion = example.make(NAMES).double().eval()
    results = []
    for function in (fusion, torch.compile(fusion, fullgraph=True, backend="eager")):
        pooled, present = example_input()
        leaves = {name: value.requires_grad_() for name, value in pooled.items()}
        out = function(leaves, present)
        results.append([out, *torch.autograd.grad(out.square().sum(), list(leaves.values()))])
    close = [torch.allclose(a, b, atol=1e-10) for a, b in zip(*results, strict=True)]
    return "" if all(close) else f"values {[i for i, same in enumerate(close) if not same]} differ"


def main() -> None:
    torch.set_num_threads(1)
    found = {}
    for name, example in EXAMPLES.items():
        torch._dynamo.reset()
        try:
            found[name] = fault(example)
        except Exception as error:  # the test shows whatever it was
            found[name] = str(error)[:2000] or type(error).__name__
    print(json.dumps(found))


if __name__ == "__main__":
    main()
