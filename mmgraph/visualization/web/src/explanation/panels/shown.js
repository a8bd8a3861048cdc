// When a panel draws itself: when it is open and something it shows has changed.

// draw(width) is called when the panel opens, when one of the values named by `watch` changes, when the panel
// gets another width, and when the page turns light or dark. A hidden panel waits until it is shown.
export function drawWhenShown(root, store, watch, draw) {
  let drawn = 0;
  const refresh = () => {
    drawn = Math.floor(root.clientWidth - padding(root));
    if (root.clientWidth) draw(drawn);
    else drawn = 0;
  };
  store.subscribe((state, changed) => {
    if (watch.some((name) => changed.has(name))) refresh();
  });
  new ResizeObserver(() => {
    if (Math.floor(root.clientWidth - padding(root)) !== drawn) refresh();
  }).observe(root);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
  refresh();
}

function padding(root) {
  const style = getComputedStyle(root);
  return parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
}
