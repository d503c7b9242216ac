// One run's text as real buttons: a word is clicked, tapped or walked to with the arrow keys, and its step is picked.
// Everything from the model or the user is set as text, never as markup. Nodes are reused between updates, so focus,
// selection and scroll position stay where they are while a slider is dragged.

const STRENGTH = {
  surprisal: (row) => Math.min(row.bits / 12, 1),
  rank: (row) => Math.min(Math.log10(row.rank) / 3, 1),
  probability: (row) => 1 - row.probability,
  off: () => 0,
};

const WHOLE = new Intl.NumberFormat("en");

function percent(share) {
  if (share >= 1) return "100 %";
  if (share > 0.999) return ">99.9 %";
  if (share < 0.001) return share > 0 ? "<0.1 %" : "0 %";
  return (100 * share).toFixed(share < 0.0995 || share > 0.995 ? 1 : 0) + " %";
}

function facts(row, name) {
  return [
    `word ${row.position + 1}` + (row.forced ? ", forced" : ""),
    `${percent(row.probability)} at ${name}`,
    `${percent(row.plain)} at T = 1`,
    `rank ${WHOLE.format(row.rank)}`,
    `${row.bits.toFixed(1)} bits of surprisal`,
  ];
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".run");
  const state = (root.state ??= { rows: [], timer: 0 });
  // The column's slider takes the colour of its temperature.
  root.getRootNode().host?.closest('[class*="st-key-column"]')?.style.setProperty("--heat", data.color);
  const text = root.querySelector(".text");
  const card = root.querySelector(".card");
  state.data = data;
  root.style.setProperty("--heat", data.color);
  root.querySelector(".name").textContent = data.name;
  root.querySelector(".note").textContent = data.note;
  root.querySelector(".opening").textContent = data.opening ? data.opening + " " : "";
  text.setAttribute("aria-label", `Text written at ${data.name}`);

  const spans = text.querySelectorAll(".word");
  let glued = 0;
  data.rows.forEach((row, i) => {
    let word = spans[i];
    if (!word) {
      const before = document.createElement("span");
      before.className = "gap";
      text.append(before);
      word = document.createElement("button");
      word.className = "word";
      word.dataset.at = i;
      text.append(word);
    }
    // Lines break at gaps alone, so that a comma stays with its word; a long row of signs may break inside.
    glued = row.space ? 0 : glued + 1;
    const gap = row.space && (i > 0 || data.opening) ? " " : glued % 8 === 7 ? "\u200b" : "";
    // Most words of most columns stay as they are while a slider moves.
    const shown = JSON.stringify([row, gap, data.name, data.measure, i === data.parts]);
    if (word.shown === shown) return;
    word.shown = shown;
    if (word.previousSibling.textContent !== gap) word.previousSibling.textContent = gap;
    if (word.textContent !== row.text) word.textContent = row.text;
    const label = row.text + ": " + facts(row, data.name).join(", ");
    if (word.getAttribute("aria-label") !== label) word.setAttribute("aria-label", label);
    word.style.setProperty("--strength", (STRENGTH[data.measure] ?? STRENGTH.off)(row).toFixed(3));
    word.classList.toggle("parts", i === data.parts);
    word.classList.toggle("forced", row.forced);
    word.classList.toggle("verb", !!row.verb);
    word.classList.toggle("end", row.end);
  });
  for (let i = data.rows.length; i < spans.length; i++) {
    spans[i].previousSibling.remove();
    spans[i].remove();
  }
  root.querySelector(".why").textContent = data.why;
  root.querySelector(".why").hidden = !data.why;
  mark(data.step);

  function mark(at) {
    state.at = Math.min(at, data.rows.length - 1);
    text.querySelectorAll(".word").forEach((word, i) => {
      const here = i === at;
      word.classList.toggle("picked", here);
      word.tabIndex = i === state.at ? 0 : -1;
      if (here) word.setAttribute("aria-current", "step");
      else word.removeAttribute("aria-current");
    });
  }

  function pick(at, wait) {
    if (at < 0 || at >= state.data.rows.length) return;
    mark(at);
    clearTimeout(state.timer);
    state.timer = setTimeout(() => setTriggerValue("pick", at), wait);
  }

  function show(word) {
    const row = state.data.rows[word.dataset.at];
    if (!row) return;
    card.replaceChildren(
      ...facts(row, state.data.name).map((fact) => {
        const line = document.createElement("div");
        line.textContent = fact;
        return line;
      }),
    );
    card.hidden = false;
    const box = word.getBoundingClientRect();
    const home = root.getBoundingClientRect();
    const left = Math.min(box.left - home.left, home.width - card.offsetWidth);
    card.style.left = Math.max(0, left) + "px";
    card.style.top = box.bottom - home.top + 4 + "px";
  }

  text.onclick = (event) => {
    const word = event.target.closest(".word");
    if (word) pick(Number(word.dataset.at), 0);
  };
  text.onkeydown = (event) => {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? state.data.rows.length - 1 : state.at + move;
    if (Number.isNaN(to) || to < 0 || to >= state.data.rows.length) return;
    event.preventDefault();
    pick(to, 120);
    text.querySelectorAll(".word")[to].focus();
  };
  text.onpointerover = (event) => event.target.classList.contains("word") && show(event.target);
  text.onfocusin = (event) => event.target.matches(".word:focus-visible") && show(event.target);
  text.onpointerout = text.onfocusout = () => (card.hidden = true);
}
