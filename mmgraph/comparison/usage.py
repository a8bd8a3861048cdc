"""What a piece of work costs: CPU seconds and memory."""

import contextlib
import sys
import time
from pathlib import Path
from types import TracebackType

__all__ = ["Usage"]


class Usage:
    """Measures the process while its body runs.

    ```python
    with Usage() as usage:
        train()
    usage.cpu_seconds, usage.peak_mib
    ```

    `peak_mib` is how far the process's resident memory rose above where it was at the start. Linux can set
    its high-water mark back; elsewhere an earlier, higher one hides a later peak, and the figure is too low.
    """

    cpu_seconds: float = 0.0
    peak_mib: float = 0.0

    def __enter__(self) -> "Usage":
        _forget_peak()
        self._start, self._peak = time.process_time(), _peak_mib()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cpu_seconds = time.process_time() - self._start
        self.peak_mib = _peak_mib() - self._peak


def _forget_peak() -> None:
    """Set the high-water mark to what is in use now, where the system lets us."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_mib() -> float:
    """The high-water mark of resident memory."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    # Here, as Windows has no such module.
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)
