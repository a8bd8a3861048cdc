"""What the tests do on a page of an explanation, and what they read from it."""

import json

from tests.browser.driver import Page

__all__ = [
    "choose",
    "detail_of",
    "drawn_links",
    "focus_of",
    "nodes_of",
    "reach",
    "selector",
    "set_threshold",
    "value_of",
    "view_of",
]


def selector(key: str, index: int) -> str:
    return f'.node[data-node="{key}:{index}"]'


def drawn_links(page: Page) -> set[tuple[str, str]]:
    """Source and target of each link that is drawn."""
    found = page.evaluate(
        "Array.from(document.querySelectorAll('#links path.link'), "
        "(e) => [e.dataset.source, e.dataset.target])"
    )
    return {tuple(pair) for pair in found}


def nodes_of(page: Page, selector: str) -> list[str]:
    """The nodes that elements stand for."""
    return page.evaluate(
        f"Array.from(document.querySelectorAll({json.dumps(selector)}), (e) => e.dataset.node)"
    )


def choose(page: Page, layer, head) -> None:
    """Choose a layer and a head by what their options are called: the mean first, then one by one."""
    for name, number in (("layer", layer), ("head", head)):
        page.select(
            f"select#{name}",
            page.evaluate(
                f"document.querySelector('#{name}').options[{0 if number is None else number + 1}].value"
            ),
        )


def value_of(page: Page, select: str, text: str) -> str:
    """The value of the option that shows a text."""
    found = page.evaluate(
        f"Array.from(document.querySelector({json.dumps(select)}).options, (o) => [o.textContent, o.value])"
    )
    return next(value for shown, value in found if text.lower() in shown.lower() or value == text)


def detail_of(page: Page, name: str) -> str:
    """The line of #detail about a node."""
    lines = page.evaluate(
        "Array.from(document.querySelectorAll('#detail li, #detail tr'), (e) => e.innerText)"
    )
    found = [line for line in lines if name in line]
    assert found, (name, lines, page.text("#detail"))
    return found[0]


def focus_of(page: Page) -> str:
    """The node that has the keyboard's focus."""
    return page.evaluate("document.activeElement.dataset.node ?? ''")


def reach(page: Page, what: str, most: int = 60) -> None:
    """Press Tab until the focus is on such an element."""
    for _ in range(most):
        page.press("Tab")
        if page.evaluate(f"document.activeElement.matches({json.dumps(what)})"):
            return
    raise AssertionError(f"Tab does not reach {what}")


def set_threshold(page: Page, share: float) -> None:
    """Move the slider to a share of its way."""
    page.evaluate(f"""(() => {{
        const slider = document.querySelector("input#threshold");
        const low = Number(slider.min || 0), high = Number(slider.max || 100);
        slider.value = String(low + {share} * (high - low));
        slider.dispatchEvent(new Event("input", {{ bubbles: true }}));
        slider.dispatchEvent(new Event("change", {{ bubbles: true }}));
    }})()""")


def view_of(page: Page) -> dict:
    """What the controls, the tabs, the lock and the links say."""
    return page.evaluate("""({
        controls: Object.fromEntries(["method", "layer", "head", "threshold", "top"].map(
            (name) => [name, document.getElementById(name).value])),
        truth: document.querySelector("#truth")?.checked ?? null,
        tabs: Array.from(document.querySelectorAll("[role=tab][aria-selected=true]"), (e) => e.id),
        locked: Array.from(document.querySelectorAll(".node[aria-pressed=true]"), (e) => e.dataset.node),
        links: Array.from(document.querySelectorAll("#links path.link"),
            (e) => `${e.dataset.source} ${e.dataset.target}`).sort(),
    })""")
