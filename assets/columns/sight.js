// What stands below the columns is drawn as long as it is in sight: until then a move of a slider is answered without
// it. Once it comes into the window it is asked for; that it has left is said with the next message.

const FURTHER_DOWN = ".st-key-further_down";
const SCROLLED = '[data-testid="stMain"]';
const SEEN = "-12px"; // what less of it stands at the foot of the window shows no word

export function watch(root, state, ask) {
  const want = () => {
    if (state.below && !state.data.below && !("below" in state.asked)) ask(state, "below", true);
  };
  state.observer ??= new IntersectionObserver(
    (entries) => {
      state.below = entries.at(-1).isIntersecting;
      want();
    },
    { root: document.querySelector(SCROLLED), rootMargin: `0px 0px ${SEEN} 0px` },
  );
  const look = () => {
    if (!root.isConnected) return state.observer.disconnect();
    const place = document.querySelector(FURTHER_DOWN);
    if (place && place !== state.place) {
      state.observer.disconnect();
      state.observer.observe(place);
      state.place = place;
    }
    // Until then it may be about other words.
    place?.setAttribute("aria-busy", String(!state.data.below));
  };
  clearTimeout(state.looking);
  look();
  want();
  state.looking = setTimeout(look, 300); // it comes after the columns
}
