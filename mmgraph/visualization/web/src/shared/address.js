// The view in the page's address, where it has one.

// In a frame of a notebook the page has no address of its own: there the view is not kept.
export function putHash(hash) {
  try {
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  } catch (error) {
    if (error.name !== "SecurityError") throw error;
  }
}
