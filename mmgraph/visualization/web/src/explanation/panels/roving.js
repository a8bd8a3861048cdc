// One tab stop among many elements; arrow keys move it.

// parent: holds the elements; `items()` gives them in order; columns(): how many stand in a row, for the
// up and down keys. `moved(item)` hears where the focus went. An item keeps its place when it is drawn again
// under the same data-key.
export function rove(parent, items, columns = () => 1) {
  let current = null;
  const settle = () => {
    const all = items();
    const at = all.find((item) => item.dataset.key === current) ?? all.find((item) => item.hasAttribute("data-first")) ?? all[0];
    for (const item of all) item.setAttribute("tabindex", item === at ? "0" : "-1");
    return at;
  };
  parent.addEventListener("focusin", (event) => {
    const item = items().find((one) => one.contains(event.target));
    if (!item) return;
    current = item.dataset.key;
    settle();
  });
  parent.addEventListener("keydown", (event) => {
    const all = items();
    const place = all.indexOf(document.activeElement);
    if (place < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const wide = columns();
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: wide, ArrowUp: -wide };
    let next = place + (steps[event.key] ?? 0);
    if (event.key === "Home") next = 0;
    if (event.key === "End") next = all.length - 1;
    if (next === place && !(event.key in steps)) return;
    event.preventDefault();
    if (all[next]) all[next].focus();
  });
  return settle;
}
