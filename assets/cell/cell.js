// One gate of a layer as a picture: a row a unit, a column a word, drawn on a canvas from the exact numbers. A word is
// picked by its button, a cell by a click or with the arrow keys and Enter. Words are set as text, never as markup.

const HEIGHT = 512; // pixels that the rows share; a row has whole pixels

function numbers(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".cell");
  const find = (selector) => root.querySelector(selector);
  const state = (root.state ??= { timer: 0 });
  const frame = find(".frame"), canvas = find("canvas"), scroll = find(".scroll"), card = find(".card");
  const columns = data.words.length, rows = data.units.length;
  if (state.packed !== data.values) {
    state.values = numbers(data.values);
    state.packed = data.values;
  }
  const values = state.values;
  const coarse = matchMedia("(pointer: coarse)").matches;
  const high = Math.max(1, Math.floor(HEIGHT / rows));
  state.data = data;
  state.cursor = { row: data.units.indexOf(data.unit), at: data.at };

  // The legend says what the colours mean, in numbers.
  find(".low").textContent = data.ends[0];
  find(".high").textContent = data.ends[1];
  find(".rows").textContent = data.about;
  const mix = (color) => (color === "" ? "transparent" : color);
  root.style.setProperty("--ramp", data.low < 0
    ? `linear-gradient(to right, ${mix(data.negative)}, transparent, ${mix(data.positive)})`
    : `linear-gradient(to right, transparent, ${mix(data.positive)})`);

  // Words, as real buttons above their columns.
  const list = find(".words");
  list.setAttribute("aria-label", "Words read, one a column");
  while (list.children.length > columns) list.lastChild.remove();
  data.words.forEach((word, i) => {
    let button = list.children[i];
    if (!button) {
      button = document.createElement("button");
      button.append(document.createElement("span"));
      button.dataset.at = i;
      list.append(button);
    }
    button.className = "word" + (i < data.prompt ? " prompt" : "");
    if (button.firstChild.textContent !== word) button.firstChild.textContent = word;
    button.setAttribute("aria-label", `word ${i + 1}, ${word}`);
  });

  // The picture: a pixel a cell, stretched by the browser without smoothing.
  const [positive, negative] = [rgb(data.positive), rgb(data.negative)];
  canvas.width = columns;
  canvas.height = rows;
  const image = new ImageData(columns, rows);
  for (let i = 0; i < values.length; i++) {
    const v = Math.max(-1, Math.min(1, values[i] / data.high));
    const color = v < 0 ? negative : positive;
    image.data.set([color[0], color[1], color[2], Math.round(255 * Math.abs(v))], 4 * i);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  canvas.style.height = rows * high + "px";
  frame.setAttribute("aria-label", data.label);
  size();
  state.observer?.disconnect();
  state.observer = new ResizeObserver(size);
  state.observer.observe(root);
  mark(data.at);
  if (state.shown !== data.at) {
    state.shown = data.at;
    reveal(data.at);
  }

  function size() {
    const room = Math.floor((root.clientWidth - 6) / columns);
    state.wide = Math.max(coarse ? 24 : 17, Math.min(room, 34));
    root.style.setProperty("--width", state.wide + "px");
    canvas.style.width = columns * state.wide + "px";
    place(find(".column"), { left: state.data.at * state.wide - 1, width: state.wide + 2 });
    const row = state.data.units.indexOf(state.data.unit);
    const tall = Math.max(high, 3);
    find(".tag").textContent = `unit ${state.data.unit}`;
    find(".tag").classList.toggle("below", row * high < 24);
    place(find(".row"), { top: row * high + high / 2 - tall / 2 - 1.5, height: tall + 3 });
  }

  function place(node, box) {
    for (const [side, value] of Object.entries(box)) node.style[side] = value + "px";
  }

  function mark(at) {
    list.querySelectorAll(".word").forEach((word, i) => {
      word.classList.toggle("picked", i === at);
      word.tabIndex = i === at ? 0 : -1;
      if (i === at) word.setAttribute("aria-current", "step");
      else word.removeAttribute("aria-current");
    });
    place(find(".column"), { left: at * state.wide - 1, width: state.wide + 2 });
  }

  function reveal(at) {
    const left = at * state.wide;
    if (left < scroll.scrollLeft || left + state.wide > scroll.scrollLeft + scroll.clientWidth)
      scroll.scrollLeft = left - scroll.clientWidth / 2;
  }

  function facts(row, at) {
    const value = values[row * columns + at];
    return [`${data.name} ${value.toFixed(4)}`, `unit ${data.units[row]}`, `word ${at + 1}: ${data.words[at]}`];
  }

  function show(row, at) {
    card.replaceChildren(
      ...facts(row, at).map((fact) => {
        const line = document.createElement("div");
        line.textContent = fact;
        return line;
      }),
    );
    card.hidden = false;
    const home = root.getBoundingClientRect(), box = frame.getBoundingClientRect();
    const left = box.left - home.left + (at + 1) * state.wide + 8;
    const beside = left + card.offsetWidth > home.width ? left - card.offsetWidth - state.wide - 16 : left;
    card.style.left = Math.max(0, beside) + "px";
    card.style.top = box.top - home.top + row * high + high + 4 + "px";
  }

  function hide() {
    card.hidden = true;
    find(".cursor").hidden = true;
  }

  function pick(at, unit, wait) {
    clearTimeout(state.timer);
    state.timer = setTimeout(() => setTriggerValue("pick", { at, unit }), wait);
  }

  function under(event) {
    const box = canvas.getBoundingClientRect();
    const at = Math.floor((event.clientX - box.left) / state.wide);
    const row = Math.floor((event.clientY - box.top) / high);
    return at >= 0 && at < columns && row >= 0 && row < rows ? { row, at } : null;
  }

  frame.onpointermove = (event) => {
    const cell = under(event);
    if (cell) show(cell.row, cell.at);
    else hide();
  };
  frame.onpointerleave = hide;
  frame.onblur = hide;
  frame.onclick = (event) => {
    const cell = under(event);
    if (!cell) return;
    state.cursor = cell;
    mark(cell.at);
    pick(cell.at, data.units[cell.row], 0);
  };
  frame.onkeydown = (event) => {
    const move = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const { row, at } = state.cursor;
    if (move) {
      const far = event.shiftKey ? 10 : 1;
      state.cursor = {
        row: Math.max(0, Math.min(rows - 1, row + far * move[0])),
        at: Math.max(0, Math.min(columns - 1, at + far * move[1])),
      };
    } else if (event.key === "Enter" || event.key === " ") {
      pick(at, data.units[row], 0);
    } else return;
    event.preventDefault();
    const now = state.cursor;
    place(find(".cursor"), { left: now.at * state.wide - 2, top: now.row * high - 2, width: state.wide + 4, height: high + 4 });
    find(".cursor").hidden = false;
    reveal(now.at);
    show(now.row, now.at);
    find(".spoken").textContent = facts(now.row, now.at).join(", ");
  };
  list.onclick = (event) => {
    const word = event.target.closest(".word");
    if (!word) return;
    mark(Number(word.dataset.at));
    pick(Number(word.dataset.at), data.unit, 0);
  };
  list.onkeydown = (event) => {
    const at = Number(event.target.dataset.at);
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? columns - 1 : at + move;
    if (Number.isNaN(to) || to < 0 || to >= columns) return;
    event.preventDefault();
    mark(to);
    list.children[to].focus();
    pick(to, data.unit, 150);
  };

  return () => {
    clearTimeout(state.timer);
    state.observer?.disconnect();
  };
}
