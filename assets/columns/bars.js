// Under each text, what its picked word could have been: a bar a word, the same words in the same order in every column.
// What is shown:
//   chances  the words' probabilities, on one scale from 0 to 100 %; faded what a sampling rule removed
//   point    the same as stretches of one line, and a point on it that the hand can move
//   luck     log p + g: the probability's logarithm and the draw's luck for this word; the largest is written
// "Draw 100 times" lets counts grow over the bars.

const PACE = 25; // milliseconds between two of the hundred draws

export const VIEWS = {
  chances: (row) => row.share,
  point: (row) => row.share,
  luck: (row) => (row.luck === undefined ? "" : row.luck.toFixed(2).replace("-", "−")),
};

// How often each row was drawn among the first `drawn` of `draws`, numbers of rows.
export function counts(draws, drawn, rows) {
  const found = Array(rows).fill(0);
  for (const row of draws.slice(0, drawn)) found[row] += 1;
  return found;
}

// The rows as stretches of one line, from left to right, and which of them lies under a point of it, from 0 to 1.
export function line(rows, point) {
  let end = 0;
  const pieces = rows.map((row) => ({ label: row.label, start: end, end: (end += row.probability) }));
  const on = pieces.findIndex((piece) => piece.end > point * end);
  return { pieces, on: on < 0 ? pieces.findLastIndex((piece) => piece.end > piece.start) : on };
}

export function showBars(section, column, state) {
  const { data } = state;
  const bars = section.querySelector(".bars");
  const list = bars.querySelector(".rows");
  const shown = column.bars;
  bars.hidden = !shown;
  if (!shown) return;
  const about = bars.querySelector(".about");
  about.textContent = shown.note;
  about.classList.toggle("term", data.view !== "point" && shown.note.includes("effective choices"));
  if (about.matches(".term")) about.tabIndex = 0;
  else about.removeAttribute("tabindex");
  const view = VIEWS[data.view] ? data.view : "chances";
  list.setAttribute("aria-label", `What word ${data.word} could have been at ${column.name}`);
  while (list.children.length > shown.rows.length) list.lastChild.remove();
  const hundred = data.hundred ? counts(column.draws ?? [], state.drawn, shown.rows.length) : null;
  shown.rows.forEach((row, i) => {
    const bar = list.children[i] ?? list.appendChild(newBar());
    const label = hundred ? `${hundred[i]}× · ${row.share}` : VIEWS[view](row);
    const text = JSON.stringify([row, label, hundred && [hundred[i], state.drawn]]);
    if (bar.shown === text) return;
    bar.shown = text;
    bar.querySelector(".label").textContent = row.label;
    bar.querySelector(".share").textContent = label;
    bar.classList.toggle("picked", Boolean(row.picked));
    bar.classList.toggle("removed", Boolean(row.removed));
    bar.classList.toggle("tail", Boolean(row.tail));
    bar.disabled = Boolean(row.tail) || !data.sliders;
    bar.setAttribute("aria-disabled", String(Boolean(data.fixed))); // to be read, not to be clicked
    bar.querySelector(".before").style.width = `${100 * row.before}%`;
    bar.querySelector(".after").style.width = `${100 * row.probability}%`;
    const count = bar.querySelector(".count");
    count.hidden = !hundred;
    if (hundred) count.style.width = `${(100 * hundred[i]) / Math.max(state.drawn, 1)}%`;
    // What is seen comes first in what is said, as it is seen: who speaks to the page says what stands there.
    bar.setAttribute("aria-label", [`${row.label} ${label}`, row.picked ? "written" : "", row.why].filter(Boolean).join(", "));
  });
  stopAt(list, section.bar ?? 0);
  showLine(section, column, state, view);
}

// Tab stops at one of the bars, and arrow keys go on from there: eight stops in each column would be a long way.
function stopAt(list, at) {
  const open = [...list.children].filter((bar) => !bar.disabled);
  open.forEach((bar, i) => (bar.tabIndex = i === Math.min(at, open.length - 1) ? 0 : -1));
}

// Which of `count` bars a key leads to from bar `at`, or undefined.
export function barAfter(key, at, count) {
  const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: count - 1 }[key];
  return to >= 0 && to < count ? to : undefined;
}

function newBar() {
  const bar = document.createElement("button");
  bar.type = "button";
  bar.className = "bar";
  for (const name of ["label", "track", "share"]) {
    const part = document.createElement("span");
    part.className = name;
    bar.append(part, " ");
  }
  for (const name of ["before", "after", "count"]) {
    const part = bar.querySelector(".track").appendChild(document.createElement("i"));
    part.className = name;
  }
  return bar;
}

function showLine(section, column, state, view) {
  const place = section.querySelector(".line");
  place.hidden = view !== "point";
  if (place.hidden) return;
  state.point ??= state.data.point ?? 0.5;
  const { pieces, on } = line(column.bars.rows, state.point);
  const names = pieces.map((piece, i) => {
    const node = document.createElement("span");
    node.style.width = `${100 * (piece.end - piece.start)}%`;
    node.textContent = piece.end - piece.start > 0.07 ? piece.label : "";
    node.classList.toggle("under", i === on);
    return node;
  });
  const point = document.createElement("i");
  point.style.left = `${100 * state.point}%`;
  place.replaceChildren(...names, point);
  const at = (100 * state.point).toFixed(0);
  place.setAttribute("aria-valuenow", at);
  place.setAttribute("aria-valuetext", `${at} % of the line: “${pieces[on].label}”`);
  place.setAttribute("aria-label", `A point on the words' shares at ${column.name}`);
  section.querySelector(".about").textContent = `${at} % falls on “${pieces[on].label}”`;
}

// The same point in every column: where it falls differs, because temperature widens and narrows the stretches.
function movePoint(state, to) {
  state.point = Math.min(Math.max(to, 0), 1);
  [...state.part(".columns").children].forEach((section, k) => {
    if (state.data.columns[k].bars) showLine(section, state.data.columns[k], state, "point");
  });
}

export function bindBars(section, state, k) {
  const bars = section.querySelector(".bars");
  const rows = () => state.data.columns[k].bars.rows;
  const place = (event) => [...bars.querySelectorAll(".bar")].indexOf(event.target.closest(".bar"));
  bars.onclick = (event) => {
    const at = place(event);
    if (at >= 0 && !rows()[at].tail && !state.data.fixed) state.trigger("force", { word: rows()[at].word, at: state.data.word });
  };
  const show = (event) => {
    const at = place(event);
    const { label, why } = rows()[at] ?? {};
    if (label) state.card.show(event.target.closest(".bar"), [label, ...why.split(" → ")]);
    if (event.target.matches(".about.term")) state.card.show(event.target, [state.data.explained]);
  };
  const line = bars.querySelector(".line");
  const drag = (event) => {
    const box = line.getBoundingClientRect();
    movePoint(state, (event.clientX - box.left) / box.width);
  };
  line.onpointerdown = (event) => {
    line.setPointerCapture(event.pointerId);
    drag(event);
  };
  line.onpointermove = (event) => line.hasPointerCapture(event.pointerId) && drag(event);
  line.onkeydown = (event) => {
    const step = { ArrowRight: 0.01, ArrowUp: 0.01, ArrowLeft: -0.01, ArrowDown: -0.01, PageUp: 0.1, PageDown: -0.1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    movePoint(state, state.point + step);
  };
  const list = bars.querySelector(".rows");
  list.onkeydown = (event) => {
    const open = [...list.children].filter((bar) => !bar.disabled);
    const to = barAfter(event.key, open.indexOf(event.target), open.length);
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    section.bar = to;
    stopAt(list, to);
    open[to].focus();
  };
  bars.onpointerover = bars.onfocusin = show;
  bars.onpointerout = bars.onfocusout = () => state.card.hide();
}

// The hundred draws appear one after another, unless the reader wants no motion.
export function growDraws(state) {
  clearTimeout(state.growing);
  const all = state.data.hundred;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (!all || state.drawnFor === all) return;
  const step = () => {
    state.drawn = still ? 100 : Math.min(100, state.drawn + 2);
    [...state.part(".columns").children].forEach((section, k) => showBars(section, state.data.columns[k], state));
    if (state.drawn < 100) state.growing = setTimeout(step, 2 * PACE);
  };
  [state.drawn, state.drawnFor] = [0, all];
  step();
}
