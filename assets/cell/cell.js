// One gate of a layer as a picture: a row a unit, a column a word, drawn on a canvas from the exact numbers. A word is
// picked by its button, a square of the picture by a click or with the arrow keys and Enter. Words are set as text,
// never as markup.
// `state` is what stays between updates: the nodes, the data shown now, the numbers [units × words], the width of a
// column and the height of a row in pixels, and where the cursor of the arrow keys stands.

const HEIGHT = 512; // pixels that the rows share; a row has whole pixels
const [NARROWEST, NARROWEST_FOR_FINGERS, WIDEST] = [17, 24, 34]; // pixels of a column

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".cell");
  const state = (root.state ??= newState(root));
  const before = state.data;
  Object.assign(state, { data, say: setTriggerValue, high: rowHeight(data.units.length) });
  state.cursor = { row: data.units.indexOf(data.unit), at: data.at };
  if (before?.values !== data.values) state.values = numbers(data.values);

  showLegend(state);
  showWords(state);
  drawPicture(state);
  layOut(state);
  state.observer?.disconnect();
  state.observer = new ResizeObserver(() => layOut(state));
  state.observer.observe(root);
  mark(state, data.at);
  if (before?.at !== data.at) reveal(state, data.at);

  return () => {
    clearTimeout(state.timer);
    state.observer.disconnect();
  };
}

function newState(root) {
  const part = (selector) => root.querySelector(selector);
  const state = { root, part, frame: part(".frame"), canvas: part("canvas"), list: part(".words"), timer: 0 };
  bindPicture(state);
  bindWords(state);
  return state;
}

// -- numbers ------------------------------------------------------------------------------------------------------

// Little-endian float32 numbers, as the server packs them.
export function numbers(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

export function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

export const rowHeight = (rows) => Math.max(1, Math.floor(HEIGHT / rows));

export function columnWidth(room, columns, coarse) {
  const least = coarse ? NARROWEST_FOR_FINGERS : NARROWEST;
  return Math.max(least, Math.min(Math.floor((room - 6) / columns), WIDEST));
}

// The colours of values as bytes, four each: the hue of the sign, as opaque as the value is near the scale's end.
export function shades(values, high, positive, negative) {
  const bytes = new Uint8ClampedArray(4 * values.length);
  values.forEach((value, i) => {
    const share = Math.max(-1, Math.min(1, value / high));
    bytes.set(share < 0 ? negative : positive, 4 * i);
    bytes[4 * i + 3] = Math.round(255 * Math.abs(share));
  });
  return bytes;
}

// Where a key takes the cursor, or undefined; with Shift ten squares at a time.
export function movedCursor({ row, at }, key, shift, rows, columns) {
  const move = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key];
  if (!move) return undefined;
  const far = shift ? 10 : 1;
  return {
    row: Math.max(0, Math.min(rows - 1, row + far * move[0])),
    at: Math.max(0, Math.min(columns - 1, at + far * move[1])),
  };
}

// The square under a point of the picture, or null beside it.
export function squareAt(x, y, wide, high, rows, columns) {
  const [at, row] = [Math.floor(x / wide), Math.floor(y / high)];
  return at >= 0 && at < columns && row >= 0 && row < rows ? { row, at } : null;
}

export function facts(data, values, row, at) {
  const value = values[row * data.words.length + at];
  return [`${data.name} ${value.toFixed(4)}`, `unit ${data.units[row]}`, `word ${at + 1}: ${data.words[at]}`];
}

// -- drawing ------------------------------------------------------------------------------------------------------

function showLegend({ data, part, root }) {
  part(".low").textContent = data.ends[0];
  part(".high").textContent = data.ends[1];
  part(".rows").textContent = data.about;
  const below = data.low < 0 ? `${data.negative || "transparent"}, ` : "";
  root.style.setProperty("--ramp", `linear-gradient(to right, ${below}transparent, ${data.positive})`);
}

// Words, as real buttons above their columns.
function showWords({ data, list }) {
  list.setAttribute("aria-label", "Words read, one a column");
  while (list.children.length > data.words.length) list.lastChild.remove();
  data.words.forEach((word, i) => {
    const button = list.children[i] ?? list.appendChild(newWord(i));
    button.className = "word" + (i < data.prompt ? " prompt" : "");
    if (button.firstChild.textContent !== word) button.firstChild.textContent = word;
    button.setAttribute("aria-label", `word ${i + 1}, ${word}`);
  });
}

function newWord(i) {
  const button = document.createElement("button");
  button.append(document.createElement("span"));
  button.dataset.at = i;
  return button;
}

// A pixel a square, stretched by the browser without smoothing.
function drawPicture({ data, values, canvas, frame, high }) {
  [canvas.width, canvas.height] = [data.words.length, data.units.length];
  const bytes = shades(values, data.high, rgb(data.positive), rgb(data.negative));
  canvas.getContext("2d").putImageData(new ImageData(bytes, canvas.width), 0, 0);
  canvas.style.height = data.units.length * high + "px";
  frame.setAttribute("aria-label", data.label);
}

// What depends on the room there is.
function layOut(state) {
  const { data, part, canvas, high, root } = state;
  const coarse = matchMedia("(pointer: coarse)").matches;
  state.wide = columnWidth(root.clientWidth, data.words.length, coarse);
  root.style.setProperty("--width", state.wide + "px");
  canvas.style.width = data.words.length * state.wide + "px";
  place(part(".column"), { left: data.at * state.wide - 1, width: state.wide + 2 });
  const row = data.units.indexOf(data.unit);
  const tall = Math.max(high, 3);
  part(".tag").textContent = `unit ${data.unit}`;
  part(".tag").classList.toggle("below", row * high < 24);
  place(part(".row"), { top: row * high + high / 2 - tall / 2 - 1.5, height: tall + 3 });
}

function place(node, box) {
  for (const [side, value] of Object.entries(box)) node.style[side] = value + "px";
}

function mark({ list, part, wide }, at) {
  list.querySelectorAll(".word").forEach((word, i) => {
    word.classList.toggle("picked", i === at);
    word.tabIndex = i === at ? 0 : -1;
    if (i === at) word.setAttribute("aria-current", "step");
    else word.removeAttribute("aria-current");
  });
  place(part(".column"), { left: at * wide - 1, width: wide + 2 });
}

function reveal({ part, wide }, at) {
  const scroll = part(".scroll");
  const left = at * wide;
  if (left < scroll.scrollLeft || left + wide > scroll.scrollLeft + scroll.clientWidth)
    scroll.scrollLeft = left - scroll.clientWidth / 2;
}

function showFacts({ data, values, part, root, frame, wide, high }, { row, at }) {
  const card = part(".card");
  card.replaceChildren(
    ...facts(data, values, row, at).map((fact) => {
      const line = document.createElement("div");
      line.textContent = fact;
      return line;
    }),
  );
  card.hidden = false;
  const [home, box] = [root.getBoundingClientRect(), frame.getBoundingClientRect()];
  const left = box.left - home.left + (at + 1) * wide + 8;
  const beside = left + card.offsetWidth > home.width ? left - card.offsetWidth - wide - 16 : left;
  place(card, { left: Math.max(0, beside), top: box.top - home.top + row * high + high + 4 });
}

function hideFacts({ part }) {
  part(".card").hidden = true;
  part(".cursor").hidden = true;
}

// -- what a hand or a key does ------------------------------------------------------------------------------------

function pick(state, at, unit, wait) {
  clearTimeout(state.timer);
  state.timer = setTimeout(() => state.say("pick", { at, unit }), wait);
}

function bindPicture(state) {
  const { frame, canvas, part } = state;
  const under = (event) => {
    const box = canvas.getBoundingClientRect();
    const { data, wide, high } = state;
    return squareAt(event.clientX - box.left, event.clientY - box.top, wide, high, data.units.length, data.words.length);
  };
  frame.onpointermove = (event) => {
    const square = under(event);
    if (square) showFacts(state, square);
    else hideFacts(state);
  };
  frame.onpointerleave = frame.onblur = () => hideFacts(state);
  frame.onclick = (event) => {
    const square = under(event);
    if (!square) return;
    state.cursor = square;
    mark(state, square.at);
    pick(state, square.at, state.data.units[square.row], 0);
  };
  frame.onkeydown = (event) => {
    const { data } = state;
    const to = movedCursor(state.cursor, event.key, event.shiftKey, data.units.length, data.words.length);
    if (to) state.cursor = to;
    else if (event.key === "Enter" || event.key === " ") pick(state, state.cursor.at, data.units[state.cursor.row], 0);
    else return;
    event.preventDefault();
    const { row, at } = state.cursor;
    const { wide, high } = state;
    place(part(".cursor"), { left: at * wide - 2, top: row * high - 2, width: wide + 4, height: high + 4 });
    part(".cursor").hidden = false;
    reveal(state, at);
    showFacts(state, state.cursor);
    part(".spoken").textContent = facts(data, state.values, row, at).join(", ");
  };
}

function bindWords(state) {
  const { list } = state;
  list.onclick = (event) => {
    const word = event.target.closest(".word");
    if (!word) return;
    mark(state, Number(word.dataset.at));
    pick(state, Number(word.dataset.at), state.data.unit, 0);
  };
  list.onkeydown = (event) => {
    const at = Number(event.target.dataset.at);
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? list.children.length - 1 : at + move;
    if (Number.isNaN(to) || to < 0 || to >= list.children.length) return;
    event.preventDefault();
    mark(state, to);
    list.children[to].focus();
    pick(state, to, state.data.unit, 150);
  };
}
