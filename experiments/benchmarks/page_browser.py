"""How fast a page with 100 regions, 128 words and 200 segments is in Chromium.

    python -m experiments.benchmarks.page_browser --json page.json

`page.big.ready_ms` is the time from the start of loading the file until the page can be used, the median of
several openings. `page.big.hover_p95_ms` is the time from the pointer's coming over a node to the end of the
frame that shows its links, over 200 nodes of all kinds; waiting for a frame of 60 Hz alone takes up to 17 ms.
It needs Chromium and Node, as the tests of the pages do, and takes wall time: nothing else should run.
"""

import statistics
import tempfile
from pathlib import Path

from experiments.benchmarks.arguments import arguments
from experiments.benchmarks.timing import write_figures
from mmgraph.visualization import save_html
from tests.browser import samples
from tests.browser.driver import Browser, start_browser

HOVERS = {"region": 60, "token": 70, "segment": 70}


def ready_times(browser: Browser, path: Path, openings: int) -> list[float]:
    """Milliseconds until the page is ready, each time in a context that has cached nothing."""
    found = []
    for _ in range(openings):
        page = browser.open(path)
        page.ready()
        found.append(page.ready_ms())
        page.close()
    return found


def hover_times(browser: Browser, path: Path, share: float = 1.0) -> list[float]:
    """Milliseconds from pointer to frame, for nodes of all kinds in turn."""
    page = browser.open(path).ready()
    selectors = [
        f'.node[data-node="{kind}:{i}"]'
        for kind, count in HOVERS.items()
        for i in range(round(count * share))
    ]
    found = page.hover_ms(selectors)
    page.close()
    return found


def percentile(values: list[float], share: float) -> float:
    """The value that a share of the values does not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[round(100 * share) - 1]


def main(quick: bool = False, json: str | None = None) -> None:
    """Measure and print.

    Args:
        quick: fewer openings and hovers.
        json: where the figures go, as a flat JSON object.
    """
    with tempfile.TemporaryDirectory() as folder, start_browser() as browser:
        path = Path(folder) / "big.html"
        save_html(samples.big(), path)
        ready = ready_times(browser, path, 2 if quick else 7)
        hovers = hover_times(browser, path, 0.2 if quick else 1.0)
    figures = {
        "page.big.ready_ms": statistics.median(ready),
        "page.big.hover_p95_ms": percentile(hovers, 0.95),
        "page.big.hover_median_ms": statistics.median(hovers),
        "page.big.hovers": len(hovers),
    }
    for name, value in figures.items():
        print(f"  {name:<44} {value:9.1f}")
    write_figures(figures, json)


if __name__ == "__main__":
    main(**vars(arguments(__doc__, "fewer openings and hovers")))
