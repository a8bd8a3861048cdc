"""How much memory a call needs at its worst moment."""

from collections.abc import Callable

from torch.profiler import ProfilerActivity, profile

__all__ = ["peak_bytes"]


def peak_bytes(function: Callable[[], object]) -> int:
    """The most bytes of tensors, above those that were there before, that exist at one time during the call.

    Torch's allocator for the CPU reports every block that it gives or takes back, in forward and backward
    passes and within kernels, so this is exact. What a library allocates past it (scratch space of the matrix
    product, index structures of DGL) is not counted; nor is memory that the result holds after the call.
    """
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        function()
    blocks = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = most = 0
    for event in sorted(blocks, key=lambda event: event.start_ns()):
        held += event.nbytes()
        most = max(most, held)
    return most
