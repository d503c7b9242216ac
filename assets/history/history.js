// One action of a person is one entry of the browser's history, or none.
//
// Streamlit makes an entry for every message about the address: an example that sets five controls makes five, through
// states that nobody made, and a drag one for every stop of the hand; a control that a person moves makes none at all. Here
// the first change of the address after an action makes an entry, and what follows from it is written into that entry.

const GOES_ON = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End"]);

export default function () {
  if (window.simmerHistory) return; // it outlives the page that it was drawn on
  window.simmerHistory = true;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let acted = false;
  let place = null;

  function act(event) {
    const target = event.composedPath().find((node) => node.className?.includes?.("st-key-")) ?? event.target;
    // A walk with the arrow keys over one control is one action.
    if (GOES_ON.has(event.key) && target === place) return;
    if (event.repeat) return;
    acted = true;
    place = target;
  }

  function write(data, title, url) {
    const news = new URL(url, location.href).href !== location.href;
    (news && acted ? push : replace)(data, title, url);
    if (news) acted = false;
  }

  addEventListener("pointerdown", act, true);
  addEventListener("keydown", act, true);
  addEventListener("popstate", () => (acted = false), true);
  history.pushState = write;
  history.replaceState = write;
}
