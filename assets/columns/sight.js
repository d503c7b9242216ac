// What stands below the columns is drawn once it comes near the window: until then a move of a slider is answered
// without it. Once it was asked for it is there at once; that it has left the window again is said with the next
// message.

const FURTHER_DOWN = [".st-key-run", ".st-key-own_knob"];
const SCROLLED = '[data-testid="stMain"]';
const NEAR = "40px"; // below the window

export function watch(root, state, ask) {
  const want = () => {
    if (state.below && !state.data.below && !("below" in state.asked)) ask(state, "below", true);
  };
  state.inSight ??= new Map();
  state.observer ??= new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) state.inSight.set(target, isIntersecting);
      for (const place of state.inSight.keys()) if (!place.isConnected) state.inSight.delete(place);
      state.below = [...state.inSight.values()].some(Boolean);
      want();
    },
    { root: document.querySelector(SCROLLED), rootMargin: `0px 0px ${NEAR} 0px` },
  );
  const look = () => {
    if (!root.isConnected) return state.observer.disconnect();
    for (const selector of FURTHER_DOWN) {
      const place = document.querySelector(selector);
      if (place && !state.inSight.has(place)) {
        state.inSight.set(place, false);
        state.observer.observe(place);
      }
    }
  };
  clearTimeout(state.looking);
  look();
  want();
  state.looking = setTimeout(look, 300); // they come after the columns
}
