// Presenting: the comparison on a projector, driven by keys wherever the focus is. A clicker's keys walk too.

const KEYS = "← → words · ↑ ↓ temperature · 1, 2, … column · space plays · Esc leaves";

// What a key asks for, where `word` is picked and there are so many `columns`; undefined if nothing.
export function wish(key, word, columns) {
  const step = { ArrowLeft: -1, PageUp: -1, ArrowRight: 1, PageDown: 1 }[key];
  if (step) return { word: word + step };
  if (key === "ArrowUp" || key === "ArrowDown") return { turn: key };
  if (/^[1-6]$/.test(key) && Number(key) <= columns) return { column: Number(key) - 1 };
  return { " ": { play: true }, Escape: { leave: true } }[key];
}

// Whether a key is somebody else's: it is part of a shortcut, or for a field that is typed or chosen in.
export function belongsElsewhere(event, target) {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  return Boolean(target?.matches?.("textarea, select, input:not([type=range]), [role=slider], [contenteditable]"));
}

// Called at every update. `walk` goes to a word, `turn` moves the slider of a column as a key does.
export function present(root, state, { walk, turn }) {
  const title = state.data.present;
  root.classList.toggle("presenting", Boolean(title));
  const head = root.querySelector(".presented") ?? (title ? root.insertBefore(newHead(state), root.firstChild) : null);
  if (head) {
    head.hidden = !title;
    if (title) head.querySelector("b").textContent = title;
  }
  state.driven = Math.min(state.driven ?? 0, state.data.columns.length - 1);
  showDriven(state);
  if (!title || state.keys) return;
  state.keys = (event) => {
    if (!root.isConnected || !state.data.present) {
      for (const type of ["keydown", "keyup"]) document.removeEventListener(type, state.keys, true);
      state.keys = null;
      return;
    }
    const asked = wish(event.key, state.word, state.data.columns.length);
    if (!asked || belongsElsewhere(event, event.composedPath()[0])) return;
    // Also of a key that comes up again: a space would press the button that has the focus.
    event.preventDefault();
    event.stopPropagation();
    if (event.type === "keyup") return;
    if (asked.word !== undefined) walk(state, asked.word, 120);
    if (asked.turn) turn(state, state.driven, asked.turn);
    if (asked.column !== undefined) state.driven = asked.column;
    if (asked.play && !event.repeat) state.play();
    if (asked.leave) leave(state);
    showDriven(state);
  };
  for (const type of ["keydown", "keyup"]) document.addEventListener(type, state.keys, true);
}

function leave(state) {
  state.play(false);
  state.trigger("leave", true);
}

function newHead(state) {
  const head = document.createElement("div");
  head.className = "presented";
  const keys = document.createElement("span");
  keys.className = "keys";
  keys.textContent = KEYS;
  const button = document.createElement("button"); // for those who have no Esc key
  button.type = "button";
  button.textContent = "Leave";
  button.title = "Leave the presentation (Esc)";
  button.onclick = () => leave(state);
  head.append(document.createElement("b"), keys, button);
  return head;
}

function showDriven(state) {
  [...state.part(".columns").children].forEach((section, k) =>
    section.classList.toggle("driven", Boolean(state.data.present) && k === state.driven),
  );
}
