// Under each text, what its picked word could have been: a bar a word, the same words in the same order in every column.
// What is shown:
//   chances  the words' probabilities, on one scale from 0 to 100 %; faded what a sampling rule removed
//   point    the same as stretches of one line, and the draw as a point on it
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

// The stretches of a line that are wide enough to be seen, the others between them joined: [{label, start, width}].
export function stretches(line, least = 0.004) {
  const joined = [];
  for (const one of line) {
    const last = joined.at(-1);
    if (one.width >= least) joined.push({ ...one });
    else if (last && last.label === "") last.width += one.width;
    else joined.push({ label: "", start: one.start, width: one.width });
  }
  return joined;
}

export function showBars(section, column, state) {
  const { data } = state;
  const bars = section.querySelector(".bars");
  const list = bars.querySelector(".rows");
  const shown = column.bars;
  bars.hidden = !shown;
  if (!shown) return;
  bars.querySelector(".about").textContent = shown.note;
  const view = VIEWS[data.view] ? data.view : "chances";
  bars.classList.toggle("as-point", view === "point" && Boolean(shown.line));
  list.setAttribute("aria-label", `What word ${data.word} could have been at ${column.name}`);
  while (list.children.length > shown.rows.length) list.lastChild.remove();
  const hundred = data.hundred ? counts(column.draws ?? [], state.drawn, shown.rows.length) : null;
  shown.rows.forEach((row, i) => {
    const bar = list.children[i] ?? list.appendChild(newBar());
    const label = hundred ? `${hundred[i]} × · ${row.share}` : VIEWS[view](row);
    const text = JSON.stringify([row, label, hundred?.[i]]);
    if (bar.shown === text) return;
    bar.shown = text;
    bar.querySelector(".label").textContent = row.label;
    bar.querySelector(".share").textContent = label;
    bar.classList.toggle("picked", Boolean(row.picked));
    bar.classList.toggle("removed", Boolean(row.removed));
    bar.classList.toggle("tail", Boolean(row.tail));
    bar.disabled = Boolean(row.tail) || !data.sliders;
    bar.querySelector(".before").style.width = `${100 * row.before}%`;
    bar.querySelector(".after").style.width = `${100 * row.probability}%`;
    const count = bar.querySelector(".count");
    count.hidden = !hundred;
    if (hundred) count.style.width = `${(100 * hundred[i]) / Math.max(state.drawn, 1)}%`;
    bar.setAttribute("aria-label", [row.label, label, row.picked ? "written" : "", row.why].filter(Boolean).join(", "));
  });
  showLine(bars.querySelector(".line"), shown, view);
}

function newBar() {
  const bar = document.createElement("button");
  bar.type = "button";
  bar.className = "bar";
  for (const name of ["label", "track", "share"]) {
    const part = bar.appendChild(document.createElement("span"));
    part.className = name;
  }
  for (const name of ["before", "after", "count"]) {
    const part = bar.querySelector(".track").appendChild(document.createElement("i"));
    part.className = name;
  }
  return bar;
}

function showLine(place, shown, view) {
  place.hidden = view !== "point" || !shown.line;
  if (place.hidden) return;
  const pieces = stretches(shown.line.words);
  place.replaceChildren(
    ...pieces.map((one) => {
      const piece = document.createElement("span");
      piece.style.width = `${100 * one.width}%`;
      piece.textContent = one.width > 0.06 ? one.label : "";
      piece.title = one.label ? `${one.label}: from ${(100 * one.start).toFixed(1)} to ${(100 * (one.start + one.width)).toFixed(1)} %` : "other words";
      piece.className = one.picked ? "picked" : one.label ? "" : "rest";
      return piece;
    }),
  );
  const point = place.appendChild(document.createElement("i"));
  point.className = "point";
  point.style.left = `${100 * shown.line.at}%`;
  place.setAttribute("aria-label", `The draw as a point at ${(100 * shown.line.at).toFixed(1)} % of the line; it falls on “${shown.line.on}”.`);
}

export function bindBars(section, state, k) {
  const bars = section.querySelector(".bars");
  const rows = () => state.data.columns[k].bars.rows;
  const place = (event) => [...bars.querySelectorAll(".bar")].indexOf(event.target.closest(".bar"));
  bars.onclick = (event) => {
    const at = place(event);
    if (at >= 0 && !rows()[at].tail) state.trigger("force", { word: rows()[at].word, at: state.data.word });
  };
  const show = (event) => {
    const at = place(event);
    if (at >= 0) state.card.show(event.target.closest(".bar"), rows()[at].facts);
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
