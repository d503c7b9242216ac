// Streamlit's number fields keep the wheel to themselves, so that a page seems stuck where one stands under the
// pointer. Here the page gets it back; a field that is being typed in is left, so that the browser turns no number.
window.simmerWheel ??= addEventListener(
  "wheel",
  (event) => {
    if (!event.target.matches?.("input[type=number]")) return;
    event.target.blur();
    event.stopPropagation();
  },
  { capture: true, passive: true },
) ?? true;
