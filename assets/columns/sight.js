// What stands below the columns is drawn when it is in sight and the hand rests: a slider that is dragged is answered
// without it. It carries the number of the drawing of the columns that it is about (`data-drawing`).

const FURTHER_DOWN = ".st-key-further_down";
const SCROLLED = '[data-testid="stMain"]';
const SEEN = "-12px"; // what less of it stands at the foot of the window shows no word
const STILL = 150; // milliseconds
const SOON = 30; // milliseconds until it is looked for again
const OVERDUE = 3000; // milliseconds after which it is asked for again

export function watch(root, state) {
  const look = () => {
    if (!root.isConnected) return state.observer.disconnect();
    const place = document.querySelector(FURTHER_DOWN); // it comes after the columns
    if (place && place !== state.place) {
      state.observer.disconnect();
      state.observer.observe(place);
      state.place = place;
    }
    const fresh = place?.querySelector("[data-drawing]")?.dataset.drawing === String(state.data.drawing);
    place?.setAttribute("aria-busy", String(!fresh));
    const moves = Object.keys({ ...state.asked, ...state.next }).length > 0; // and will be answered
    const wanted = place && state.below && !fresh && !moves;
    if (wanted && performance.now() - state.wanted > OVERDUE) {
      state.wanted = performance.now();
      state.say("rest", Date.now());
    }
    clearTimeout(state.looking);
    if (wanted || !place) state.looking = setTimeout(look, place ? STILL : SOON);
  };
  state.observer ??= new IntersectionObserver(
    (entries) => {
      state.below = entries.at(-1).isIntersecting;
      if (state.below) look();
    },
    { root: document.querySelector(SCROLLED), rootMargin: `0px 0px ${SEEN} 0px` },
  );
  if (state.drawing !== state.data.drawing) Object.assign(state, { drawing: state.data.drawing, wanted: -Infinity });
  clearTimeout(state.looking);
  state.looking = setTimeout(look, state.place ? STILL : 0);
}
