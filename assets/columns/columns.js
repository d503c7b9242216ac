// The columns of a comparison: each a temperature slider, the text written at it, and the bars of the picked word
// (bars.js); the walk through their words; and keys for a projector (present.js).
// A slider sends where it stands while it is dragged, so that texts follow the hand. A text is real buttons: a word is
// clicked, tapped or walked to with the arrow keys, and it is picked.
// Everything from the model or the user is set as text, never as markup. Nodes are reused between updates, so focus,
// selection and scroll position stay where they are while a slider is dragged.

import { bindBars, growDraws, showBars } from "./bars.js";
import { present } from "./present.js";
import { watch } from "./sight.js";

const STEP = 0.05;
const HIGHEST = 2;
const PATIENCE = 4000; // milliseconds after which an answer is no longer waited for
const REST = 800; // milliseconds without a change after which a screen reader is told of those that were

export const STRENGTH = {
  surprisal: (row) => Math.min(row.bits / 12, 1),
  rank: (row) => Math.min(Math.log10(row.rank) / 3, 1),
  probability: (row) => 1 - row.probability,
  off: () => 0,
};

const WHOLE = new Intl.NumberFormat("en");

export function percent(share) {
  if (share >= 1) return "100 %";
  if (share > 0.999) return ">99.9 %";
  if (share < 0.001) return share > 0 ? "<0.1 %" : "0 %";
  return (100 * share).toFixed(share < 0.0995 || share > 0.995 ? 1 : 0) + " %";
}

export function facts(row, at, name) {
  return [
    `word ${at + 1}` + (row.forced ? ", forced" : ""),
    `${percent(row.probability)} at ${name}`,
    ...(name === "T = 1" ? [] : [`${percent(row.plain)} at T = 1`]),
    `rank ${WHOLE.format(row.rank)}`,
    `${row.bits.toFixed(1)} bits of surprisal`,
  ];
}

export const rounded = (temperature) => Math.min(Math.max(Math.round(temperature / STEP) * STEP, 0), HIGHEST);

// Where a key takes a slider, or undefined. A temperature between two steps (from the address) goes to the next one.
export function moved(temperature, key) {
  const places = temperature / STEP;
  const up = Math.floor(places + 1e-6);
  const down = Math.ceil(places - 1e-6);
  const to = {
    ArrowRight: up + 1,
    ArrowUp: up + 1,
    ArrowLeft: down - 1,
    ArrowDown: down - 1,
    PageUp: up + 5,
    PageDown: down - 5,
    Home: 0,
    End: HIGHEST / STEP,
  }[key];
  return to === undefined ? undefined : rounded(to * STEP);
}

export default function (component) {
  const { data, parentElement, setStateValue, setTriggerValue } = component;
  const part = (selector) => parentElement.querySelector(selector);
  const root = part(".side-by-side");
  const state = (root.state ??= newState(part, data));
  Object.assign(state, { data, say: setStateValue, trigger: setTriggerValue });
  if (data.generation !== state.generation) {
    // Something has set all columns, a preset for instance: what was on its way spoke of others.
    Object.assign(state, { generation: data.generation, number: data.answered, asked: {}, next: {} });
  }
  if (data.answered >= state.number) {
    state.asked = {};
    send(state);
  }

  const columns = part(".columns");
  set(columns, "--count", data.columns.length);
  set(columns, "--rows", Math.max(0, ...data.columns.map((column) => column.bars?.rows.length ?? 0)));
  columns.classList.toggle("many", data.columns.length > 4);
  columns.classList.toggle("swiped", !data.sliders); // on a phone
  set(columns, "--scale", `linear-gradient(to right, ${data.scale.join(", ")})`);
  const held = columns.getRootNode().activeElement;
  const at = [...columns.children].findIndex((section) => section.contains(held));
  while (columns.children.length > data.columns.length) columns.lastChild.remove();
  data.columns.forEach((column, k) => {
    const section = columns.children[k] ?? columns.appendChild(newColumn(state, k));
    if (!underWay(state, String(k + 1))) showTemperature(section, column.temperature, data, column.note);
    set(section, "--heat", heat(column.temperature, data));
    section.querySelector(".knob").hidden = !data.sliders;
    section.querySelector(".remove").hidden = data.columns.length <= data.fewest;
    section.querySelector(".add").hidden = k < data.columns.length - 1 || data.columns.length >= data.most;
    showText(section, column, data);
    showBars(section, column, state);
  });
  if (at >= 0 && (!held.isConnected || held.hidden)) hand(held, columns, at);
  part(".steps").hidden = !data.sliders;
  showViews(state);
  showWord(state, underWay(state, "word") ? state.word : data.word);
  growDraws(state);
  speakLater(state);
  present(root, state, { walk, turn });
  if ("below" in data) watch(root, state);
}

// The focus was on `held` in column `at`, which has gone: what does the same has it now, or the slider beside it.
function hand(held, columns, at) {
  const sort = held.classList.contains("add") ? "add" : "remove";
  const section = sort === "add" ? columns.lastChild : (columns.children[at] ?? columns.lastChild);
  const next = section.querySelector(`.${sort}`);
  (next.hidden ? section.querySelector("input") : next).focus();
}

// A property that is set has the browser look at all that inherits it.
function set(element, name, value) {
  if (element.style.getPropertyValue(name) !== String(value)) element.style.setProperty(name, value);
}

// -- what is asked of the server: one message at a time, so that a fast hand does not run ahead of the answers ------

function newState(part, data) {
  // `number` counts the messages and `data.answered` is the last one that was answered; `asked` is what it said, `next`
  // what the next one will say; `timer` is set while a walk through the words is about to be said.
  const state = { part, word: data.word, number: data.answered, generation: data.generation };
  Object.assign(state, { asked: {}, next: {}, since: 0, timer: 0, player: 0, drawn: 0 });
  state.card = { show: (node, lines) => showCard(state, node, lines), hide: () => (part(".card").hidden = true) };
  bindSteps(state);
  return state;
}

function ask(state, name, value) {
  state.next[name] = value;
  clearTimeout(state.late);
  const left = PATIENCE - (performance.now() - state.since);
  if (state.data.answered >= state.number || left < 0) send(state);
  else state.late = setTimeout(() => send(state), left); // nobody may answer: another server has taken over
}

function send(state) {
  if (!Object.keys(state.next).length) return;
  if (state.data.answered < state.number) state.next = { ...state.asked, ...state.next }; // out of patience
  [state.asked, state.next] = [state.next, {}];
  state.number += 1;
  state.since = performance.now();
  const values = "below" in state ? { below: state.below, ...state.asked } : state.asked;
  state.say("ask", { number: state.number, generation: state.generation, values });
}

// What the hand does now is newer than what the server says.
function underWay(state, name) {
  return name in state.next || name in state.asked || (name === "word" && state.timer > 0);
}

// -- the sliders --------------------------------------------------------------------------------------------------

function newColumn(state, k) {
  const section = state.part("template").content.firstElementChild.cloneNode(true);
  const input = section.querySelector("input");
  const move = (temperature) => {
    showTemperature(section, temperature, state.data);
    ask(state, String(k + 1), Number(temperature.toFixed(2)));
  };
  input.setAttribute("aria-label", `Temperature of column ${k + 1}`);
  // A finger that comes down on a slider may be about to scroll: nothing is asked before it moves sideways.
  let finger = null;
  input.oninput = () => {
    const to = rounded(Number(input.value));
    if (finger) showTemperature(section, to, state.data);
    else move(to);
  };
  input.onpointerdown = (event) => {
    finger = event.pointerType === "touch" ? { x: event.clientX, from: section.temperature } : null;
  };
  input.onpointermove = (event) => {
    if (!finger || Math.abs(event.clientX - finger.x) < 5) return;
    finger = null;
    move(section.temperature);
  };
  input.onpointerup = () => {
    if (finger) move(section.temperature);
    finger = null;
  };
  input.onpointercancel = () => {
    if (finger) showTemperature(section, finger.from, state.data);
    finger = null;
  };
  input.onkeydown = (event) => {
    const to = moved(section.temperature, event.key);
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(to);
  };
  const remove = section.querySelector(".remove");
  remove.title = `Remove column ${k + 1}`;
  remove.setAttribute("aria-label", remove.title);
  // The second click of two in a row would take away the column that has moved up.
  remove.onclick = (event) => event.detail > 1 || state.trigger("remove", k + 1);
  section.querySelector(".add").onclick = (event) => event.detail > 1 || state.trigger("add", true);
  bindText(section, state, k);
  return section;
}

// The slider of column `k` as a key on it would move it.
function turn(state, k, key) {
  const section = state.part(".columns").children[k];
  const to = moved(section.temperature, key);
  showTemperature(section, to, state.data);
  ask(state, String(k + 1), Number(to.toFixed(2)));
}

// `note` says in words what the temperature means, once the server has said it.
function showTemperature(section, temperature, data, note = "") {
  section.temperature = temperature;
  const shown = temperature.toFixed(2);
  const input = section.querySelector("input");
  if (Number(input.value) !== temperature) input.value = temperature;
  input.setAttribute("aria-valuetext", note ? `${shown}, ${note}` : shown);
  const output = section.querySelector("output");
  output.textContent = shown;
  output.style.setProperty("--at", temperature / HIGHEST);
  section.querySelector(".slider").style.setProperty("--heat", heat(temperature, data));
}

const heat = (temperature, data) => data.scale[Math.round((temperature / HIGHEST) * (data.scale.length - 1))];

// -- the walk through the words -----------------------------------------------------------------------------------

const longest = (state) => Math.max(1, ...state.data.columns.map((column) => column.rows.length));

function walk(state, to, wait = 0) {
  showWord(state, Math.min(Math.max(to, 1), longest(state)));
  clearTimeout(state.timer);
  state.timer = setTimeout(() => {
    state.timer = 0;
    ask(state, "word", state.word);
  }, wait);
}

function showWord(state, word) {
  state.word = word;
  const input = state.part(".place input");
  input.max = longest(state);
  input.value = word;
  state.part(".place output").textContent = word;
  state.part(".back").disabled = word <= 1;
  state.part(".forward").disabled = word >= longest(state);
  [...state.part(".columns").children].forEach((section, k) => {
    mark(section, word - 1, state.data.columns[k].rows.length);
    if (word !== state.followed) follow(section, word - 1);
  });
  state.followed = word;
}

// In a text that is higher than its room, the picked word is kept in view.
function follow(section, at) {
  const text = section.querySelector(".text");
  const word = text.querySelectorAll(".word")[at];
  if (!word || text.scrollHeight <= text.clientHeight) return;
  const [box, home] = [word.getBoundingClientRect(), text.getBoundingClientRect()];
  if (box.bottom > home.bottom || box.top < home.top) text.scrollTop += box.top - home.top - home.height / 2;
}

// -- what is spoken: once, when the hand rests, and not at each of its moves ------------------------------------------

// What there is to be said of all columns, at word `word`.
export const aloud = (columns, word) => ({
  names: columns.map((column) => column.name),
  texts: columns.map(({ rows }) => rows.map((row) => (row.space ? " " : "") + row.text).join("").trim()),
  picked: columns.map(({ rows }) => rows[word - 1]?.text ?? "ended"),
  word,
});

// What is new since `before`: a text, the beginnings of several, or else the picked words; nothing is an empty text.
export function news(before, { names, texts, picked, word }) {
  const said = (words) => names.map((name, k) => `${name}: ${words[k]}`);
  const fresh = said(texts).filter((_, k) => !before.texts.includes(texts[k]));
  if (fresh.length > 1) return fresh.map((text) => text.split(" ").slice(0, 15).join(" ") + " …").join(" ");
  if (fresh.length) return fresh[0];
  return word === before.word ? "" : `Word ${word}. ${said(picked).join("; ")}`;
}

function speakLater(state) {
  const now = aloud(state.data.columns, state.word);
  state.told ??= now;
  clearTimeout(state.speaking);
  state.speaking = setTimeout(() => {
    if (Object.keys({ ...state.asked, ...state.next }).length || state.timer) return; // its answer comes here too
    const text = news(state.told, now);
    state.told = now;
    // While it plays nobody is spoken to, and a word that has the focus is read out by itself.
    const onWord = state.part(".columns").getRootNode().activeElement?.matches(".word");
    if (text && !state.player && !(onWord && text.startsWith("Word "))) state.part(".spoken").textContent = text;
  }, REST);
}

function showViews({ part, data }) {
  const has = data.columns.some((column) => column.bars);
  part(".views").hidden = part(".hundred").hidden = !has;
  for (const button of part(".views").children) button.setAttribute("aria-pressed", String(button.dataset.view === data.view));
  part(".hundred").setAttribute("aria-pressed", String(Boolean(data.hundred)));
}

function bindSteps(state) {
  for (const button of state.part(".views").children) button.onclick = () => state.trigger("view", button.dataset.view);
  state.part(".hundred").onclick = () => state.trigger("hundred", !state.data.hundred);
  state.part(".back").onclick = () => walk(state, state.word - 1);
  state.part(".forward").onclick = () => walk(state, state.word + 1);
  const input = state.part(".place input");
  input.oninput = () => walk(state, Number(input.value));
  const button = state.part(".play");
  const pace = state.part(".pace select");
  pace.setAttribute("aria-label", "Pace");
  // While it plays, the words after the picked one are not written yet; at the last word it stops.
  const play = (on) => {
    clearTimeout(state.player);
    state.player = on ? setTimeout(tick, 1000 * pace.value) : 0;
    button.textContent = on ? "Pause" : "Play";
    button.setAttribute("aria-pressed", on);
    state.part(".columns").classList.toggle("writing", Boolean(on));
  };
  const tick = () => {
    if (!button.isConnected) return;
    if (!underWay(state, "word")) {
      if (state.word >= longest(state)) return play(false);
      ask(state, "word", state.word + 1); // the word is picked when its bars are there
    }
    play(true);
  };
  state.play = (on = !state.player) => {
    if (on && state.word >= longest(state)) walk(state, 1);
    play(on);
  };
  button.onclick = () => state.play();
  pace.onchange = () => state.player && play(true);
  play(false);
}

// -- the text -----------------------------------------------------------------------------------------------------

function showText(section, column, data) {
  const { rows, name } = column;
  const text = section.querySelector(".text");
  section.querySelector(".name").textContent = name;
  section.querySelector(".note").textContent = column.note;
  section.querySelector(".opening").textContent = data.opening ? data.opening + " " : "";
  text.setAttribute("aria-label", `Text written at ${name}`);

  const words = [...text.querySelectorAll(".word")];
  let glued = 0;
  rows.forEach((row, i) => {
    const word = words[i] ?? newWord(text, i);
    // Lines break at gaps alone, so that a comma stays with its word; a long row of signs may break inside.
    glued = row.space ? 0 : glued + 1;
    const gap = row.space && (i > 0 || data.opening) ? " " : glued % 8 === 7 ? "\u200b" : "";
    // Most words of most columns stay as they are while a slider moves.
    const shown = JSON.stringify([row, gap, name, data.measure, i === column.parts]);
    if (word.shown === shown) return;
    word.shown = shown;
    if (word.previousSibling.textContent !== gap) word.previousSibling.textContent = gap;
    if (word.textContent !== row.text) word.textContent = row.text;
    const label = row.text + ": " + facts(row, i, name).join(", ");
    if (word.getAttribute("aria-label") !== label) word.setAttribute("aria-label", label);
    word.style.setProperty("--strength", (STRENGTH[data.measure] ?? STRENGTH.off)(row).toFixed(3));
    word.classList.toggle("parts", i === column.parts);
    word.classList.toggle("glued", gap === "" && i > 0);
    for (const kind of ["forced", "verb", "end"]) word.classList.toggle(kind, !!row[kind]);
  });
  for (const word of words.slice(rows.length)) {
    word.previousSibling.remove();
    word.remove();
  }
  const why = section.querySelector(".why");
  why.textContent = column.why;
  why.hidden = !column.why;
}

function bindText(section, state, k) {
  const text = section.querySelector(".text");
  const rows = () => state.data.columns[k].rows;
  text.onclick = (event) => {
    const word = event.target.closest(".word");
    if (!word) return;
    walk(state, Number(word.dataset.at) + 1);
    // On a phone, the bars follow the tap.
    if (matchMedia("(max-width: 640px)").matches) section.querySelector(".bars").scrollIntoView({ block: "nearest" });
  };
  text.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? rows().length - 1 : section.at + step;
    if (Number.isNaN(to) || to < 0 || to >= rows().length || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    walk(state, to + 1, 120);
    text.querySelectorAll(".word")[to].focus();
  };
  const show = (word) => {
    const at = Number(word.dataset.at);
    if (!rows()[at]) return;
    state.card.show(word, facts(rows()[at], at, state.data.columns[k].name));
  };
  text.onpointerover = (event) => event.target.classList.contains("word") && show(event.target);
  text.onfocusin = (event) => event.target.matches(".word:focus-visible") && show(event.target);
  text.onpointerout = text.onfocusout = () => state.card.hide();
  bindBars(section, state, k);
}

// What is known of a word or a bar, in lines, beside it.
function showCard(state, node, lines) {
  const card = state.part(".card");
  card.replaceChildren(
    ...lines.map((fact) => {
      const line = document.createElement("div");
      line.textContent = fact;
      return line;
    }),
  );
  card.hidden = false;
  const box = node.getBoundingClientRect();
  const home = card.parentElement.getBoundingClientRect();
  card.style.left = Math.max(0, Math.min(box.left - home.left, home.width - card.offsetWidth)) + "px";
  card.style.top = box.bottom - home.top + 4 + "px";
}

function newWord(text, i) {
  const gap = document.createElement("span");
  gap.className = "gap";
  const word = document.createElement("button");
  word.className = "word";
  word.dataset.at = i;
  text.append(gap, word);
  return word;
}

// The word at `at` is the picked one; Tab stops there, or at the last word where the text is shorter.
function mark(section, at, count) {
  section.at = Math.max(0, Math.min(at, count - 1));
  section.querySelectorAll(".word").forEach((word, i) => {
    word.classList.toggle("picked", i === at);
    word.classList.toggle("later", i > at);
    word.tabIndex = i === section.at ? 0 : -1;
    if (i === at) word.setAttribute("aria-current", "true");
    else word.removeAttribute("aria-current");
  });
}
