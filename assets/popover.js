// What Streamlit pops up stands at the end of the document, far from its button for the Tab key. Here Tab goes from the
// button into it, and from its last stop on to what follows the button; Shift+Tab goes back the same way.
window.simmerPopover ??= addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Tab" || event.ctrlKey || event.metaKey || event.altKey) return;
    const body = document.querySelector("[data-testid=stPopoverBody]");
    const button = document.querySelector("[data-testid=stPopoverButton][aria-expanded=true]");
    if (!body || !button) return;
    const stops = (root) =>
      [...root.querySelectorAll("*")].flatMap((node) => [
        ...(node.tabIndex >= 0 && !node.disabled && node.getClientRects().length ? [node] : []),
        ...(node.shadowRoot ? stops(node.shadowRoot) : []),
      ]);
    const all = stops(body);
    const at = all.indexOf(event.composedPath()[0]);
    if (!event.shiftKey && event.target === button && all.length) {
      event.preventDefault();
      all[0].focus();
    } else if (event.shiftKey ? at === 0 || event.target === body : at === all.length - 1 && at >= 0) {
      if (event.shiftKey) event.preventDefault();
      button.focus(); // from here the browser itself goes on
    }
  },
  { capture: true },
) ?? true;
