// Many texts as a braid, a panel a temperature: words are knots, strands as wide as the share of texts, common beginnings
// joined. Words go from left to right, on a phone from top to bottom. Pointing at a knot, a tap, or the arrow keys follow
// its texts through all panels; a click opens one of them.
// Texts are told by number: the same number has the same luck in every panel. Words are set as text, never as markup.

const TALL = 300; // pixels that the strands of a panel may take beside each other
const ROPE = 64; // pixels of all texts together
const LINE = 13; // pixels that a word needs
const ROW = 26; // pixels between words from top to bottom
const ROOMY = 13; // pixels between strands where there is room
const NARROW = 640; // pixels below which words go from top to bottom
const LINKS = 8; // texts that are named

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".braid");
  const state = (root.state ??= newState(root));
  const kept = state.at && state.trees[state.at.panel].paths[state.at.knot];
  Object.assign(state, { data, say: setTriggerValue, trees: data.panels.map(({ knots }) => tree(knots)) });
  showPanels(state);
  if (kept) {
    // The same words may stand there still.
    const { panel } = state.at;
    const knot = state.trees[panel]?.numbers.get(kept);
    state.at = knot === undefined ? null : { panel, knot };
    if (!state.at) state.pinned = null;
  }
  layOut(state);
  state.observer?.disconnect();
  state.observer = new ResizeObserver(() => root.clientWidth !== state.width && layOut(state));
  state.observer.observe(root);
  return () => state.observer.disconnect();
}

function newState(root) {
  const part = (selector) => root.querySelector(selector);
  const state = { root, part, panels: part(".panels"), data: { panels: [] }, at: null, pinned: null, width: 0, plans: [] };
  part(".told").onpointerout = (event) => {
    if (event.pointerType !== "touch" && !part(".told").contains(event.relatedTarget)) follow(state, state.pinned);
  };
  root.onkeydown = (event) => {
    if (event.key !== "Escape" || !state.at) return;
    state.pinned = null;
    follow(state, null);
  };
  return state;
}

// -- the tree -----------------------------------------------------------------------------------------------------

// Of each knot the tokens from the first one on, as `paths`, and how many they are, as `where`; and the knots by their path.
export function tree(knots) {
  const [paths, where, numbers] = [[], [], new Map()];
  knots.forEach(({ parent, token }, i) => {
    paths.push(parent < 0 ? `${token}` : `${paths[parent]} ${token}`); // a parent stands before its children
    where.push(parent < 0 ? 1 : where[parent] + 1);
    numbers.set(paths[i], i);
  });
  return { paths, where, numbers };
}

export function sentence(knots, i) {
  let text = "";
  for (let at = i; at >= 0; at = knots[at].parent) text = (knots[at].space ? " " : "") + knots[at].word + text;
  return text.trim();
}

// Where knots and strands stand: `at` is the middle of a knot across, `half` half its width, `from` where its strand leaves
// its parent. Ends stand beside each other, `gap` apart; every other knot in the middle of those that follow it.
export function plan(knots, count, rope, gap) {
  const width = (i) => (knots[i].texts.length / count) * rope;
  const ways = knots.map(() => []);
  const first = [];
  knots.forEach((knot, i) => (knot.parent < 0 ? first : ways[knot.parent]).push(i));
  const places = knots.map((_, i) => ({ at: 0, half: width(i) / 2, from: 0 }));
  let next = 0;
  let ends = 0;
  knots.forEach((_, i) => {
    if (ways[i].length) return;
    places[i].at = next + width(i) / 2;
    next += width(i) + gap;
    ends += 1;
  });
  const middle = (all) => all.reduce((sum, i) => sum + places[i].at * knots[i].texts.length, 0) / all.reduce((sum, i) => sum + knots[i].texts.length, 0);
  for (let i = knots.length - 1; i >= 0; i--) if (ways[i].length) places[i].at = middle(ways[i]);
  const start = { at: first.length ? middle(first) : 0, half: rope / 2 };
  const leave = (of, place) => {
    let from = place.at - place.half;
    for (const i of of) {
      places[i].from = from + width(i) / 2;
      from += width(i);
    }
  };
  leave(first, start);
  knots.forEach((_, i) => leave(ways[i], places[i]));
  return { places, ways, first, start, ends, across: Math.max(0, next - gap) };
}

// How far apart the ends stand, so that all of them fit.
export const gapFor = (ends, room, rope, most) => (ends > 1 ? Math.min(most, Math.max(0, room - rope) / (ends - 1)) : 0);

// Which of some words are shown: the weightiest first, and none over another. Each has its middle `at`, what it needs across
// as `need`, its `weight`, and a number `text` that decides between equals, so that the words of one text stay together.
export function roomFor(words) {
  const taken = [];
  return [...words]
    .sort((a, b) => b.weight - a.weight || a.text - b.text)
    .filter(({ at, need }) => {
      const free = taken.every((other) => Math.abs(other.at - at) >= (other.need + need) / 2 - 0.5);
      if (free) taken.push({ at, need });
      return free;
    });
}

// The knot under a point: the nearest one of the nearest word, if it is near enough.
export function knotAt(far, across, { step, lead, where, places }, reach) {
  const depth = Math.max(1, Math.round(far / step - lead + 1));
  let best = -1;
  let least = Infinity;
  places.forEach((place, i) => {
    if (where[i] !== depth) return;
    const away = Math.max(0, Math.abs(place.at - across) - place.half);
    if (away < least) [best, least] = [i, away];
  });
  return least <= reach ? best : -1;
}

// Where an arrow leads: along the weightiest strand, back, or to a neighbour at the same word; the same knot at an end.
export function moved(knots, ways, where, i, key) {
  if (key === "forward") return ways[i].reduce((best, way) => (best < 0 || knots[way].texts.length > knots[best].texts.length ? way : best), -1);
  if (key === "back") return knots[i].parent;
  const beside = knots.map((_, n) => n).filter((n) => where[n] === where[i]);
  return beside[beside.indexOf(i) + (key === "next" ? 1 : -1)] ?? -1;
}

// What is known of the texts at a knot, a line a panel: how many texts there begin with the same words, and in how many ways
// the same texts begin there.
export function facts({ panels, count }, trees, panel, i) {
  const [path, length] = [trees[panel].paths[i], trees[panel].where[i]];
  const own = new Set(panels[panel].knots[i].texts);
  return panels.map(({ knots, name }, k) => {
    const ways = knots.filter((knot, n) => trees[k].where[n] === length && knot.texts.some((text) => own.has(text))).length;
    const same = trees[k].numbers.get(path);
    if (same === undefined) return { name, share: `none of ${count}`, chance: "", ways };
    const { texts, chance } = knots[same];
    return { name, share: `${texts.length} of ${count} (${percent(texts.length / count)})`, chance: percent(chance), ways };
  });
}

export function percent(share) {
  if (share >= 1) return "100 %";
  if (share > 0.999) return ">99.9 %";
  if (share < 0.001) return share > 0 ? "<0.1 %" : "0 %";
  return (100 * share).toFixed(share < 0.0995 || share > 0.995 ? 1 : 0) + " %";
}

export const address = (data, text, word) => `./?${data.link}&seed=${data.seeds[text]}&step=${word}`;

// -- drawing ------------------------------------------------------------------------------------------------------

function showPanels(state) {
  const { data, panels, part } = state;
  while (panels.children.length > data.panels.length) panels.lastChild.remove();
  data.panels.forEach(({ name, note, color }, k) => {
    const section = panels.children[k] ?? panels.appendChild(newPanel(state, part("template"), k));
    section.style.setProperty("--heat", color);
    section.querySelector("strong").textContent = name;
    section.querySelector(".note").textContent = note;
  });
}

function newPanel(state, template, k) {
  const section = template.content.firstElementChild.cloneNode(true);
  bindPicture(state, section, k);
  return section;
}

const pen = typeof document === "undefined" ? null : document.createElement("canvas").getContext("2d"); // tests have none

const widths = new Map();

function widthOf(text) {
  if (!pen) return 6.2 * text.length;
  if (!widths.has(text)) widths.set(text, pen.measureText(text).width);
  return widths.get(text);
}

function cut(text, room) {
  if (widthOf(text) <= room) return text;
  let length = text.length - 1;
  while (length > 1 && widthOf(text.slice(0, length) + "…") > room) length -= 1;
  return text.slice(0, length) + "…";
}

// What depends on the room there is.
function layOut(state) {
  const { root, data, panels } = state;
  state.width = root.clientWidth;
  if (!state.width) return;
  pen.font = `12px ${getComputedStyle(root).fontFamily}`;
  const down = state.width < NARROW;
  const lead = down ? 0.9 : 0.45; // of a step, before the first word
  const step = down ? ROW : state.width / (data.depth - 1 + lead + 0.5);
  const rope = down ? Math.min(110, state.width * 0.3) : ROPE;
  // The same in all panels, so that a rope is narrow and a broom is wide.
  const ends = Math.max(...data.panels.map(({ knots }) => plan(knots, data.count, rope, 0).ends));
  const gap = gapFor(ends, down ? state.width - 8 : TALL, rope, ROOMY);
  state.plans = data.panels.map(({ knots }, k) => {
    const drawn = plan(knots, data.count, rope, gap);
    const margin = down ? (state.width - drawn.across) / 2 : LINE / 2 + 2;
    for (const place of [...drawn.places, drawn.start]) {
      place.at += margin;
      if ("from" in place) place.from += margin;
    }
    const { where } = state.trees[k];
    const wide = state.width;
    const high = down ? (data.depth - 0.4 + lead) * step : Math.max(drawn.across, LINE) + 2 * margin;
    const svg = panels.children[k].querySelector("svg");
    svg.setAttribute("viewBox", `0 0 ${wide} ${high}`);
    svg.style.height = `${high}px`;
    return { ...drawn, where, step, lead, down, rope, gap };
  });
  state.plans.forEach((drawn, k) => {
    const picture = panels.children[k];
    const { knots } = data.panels[k];
    picture.querySelector(".strands").setAttribute("d", strands(knots, drawn, data.count, null));
    picture.querySelector(".knots").setAttribute("d", drawn.places.map((place, i) => dot(drawn, i, place)).join(""));
  });
  data.panels.forEach((_, k) => placeCursor(state, k));
  follow(state, state.at);
}

const spot = ({ down }, along, across) => (down ? `${across.toFixed(1)},${along.toFixed(1)}` : `${along.toFixed(1)},${across.toFixed(1)}`);
const along = ({ where, step, lead }, i) => (where[i] - 1 + lead) * step;
const dot = (drawn, i, place) => `M${spot(drawn, along(drawn, i), place.at)}h0`;

// All strands as one path, or those of some texts, as wide as their share.
function strands(knots, drawn, count, texts) {
  const { places, start, where, step, lead, rope } = drawn;
  let path = "";
  knots.forEach((knot, i) => {
    const number = texts ? knot.texts.filter((text) => texts.has(text)).length : knot.texts.length;
    if (!number) return;
    const half = Math.max((number / count) * rope, 1.2) / 2;
    const b = along(drawn, i);
    const a = where[i] === 1 ? b - lead * step : b - step;
    const [p, q, m] = [places[i].from, places[i].at, (a + b) / 2];
    const at = (x, y) => spot(drawn, x, y);
    path += `M${at(a, p - half)}C${at(m, p - half)} ${at(m, q - half)} ${at(b, q - half)}`;
    path += `L${at(b, q + half)}C${at(m, q + half)} ${at(m, p + half)} ${at(a, p + half)}Z`;
  });
  return path || `M${spot(drawn, 0, start.at)}`;
}

// The words that have room; while texts are followed, theirs come first.
function labels(state, k, texts) {
  const { data, plans } = state;
  const { knots } = data.panels[k];
  const { places, where, step, down } = plans[k];
  const byDepth = [];
  knots.forEach((knot, i) => {
    const on = texts ? knot.texts.filter((text) => texts.has(text)).length : 0;
    const here = state.at?.panel === k && state.at.knot === i;
    const text = down ? cut(knot.word, 130) : cut(knot.word, step - 6);
    const half = down ? widthOf(text) / 2 : 0;
    const at = down ? Math.min(Math.max(places[i].at, half + 2), state.width - half - 2) : places[i].at;
    const word = { i, on, here, shown: text, at, need: down ? 2 * half + 8 : LINE, text: knot.texts[0] };
    word.weight = knot.texts.length + 1000 * on + 1e6 * here;
    (byDepth[where[i]] ??= []).push(word);
  });
  return byDepth.flatMap(roomFor);
}

function drawLabels(state, k, texts) {
  const group = state.panels.children[k].querySelector(".labels");
  const drawn = state.plans[k];
  const words = labels(state, k, texts).sort((a, b) => a.i - b.i); // most keep their node while a hand moves
  while (group.children.length > words.length) group.lastChild.remove();
  words.forEach(({ i, on, here, shown, at }, n) => {
    const node = group.children[n] ?? group.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "text"));
    const place = spot(drawn, along(drawn, i), at);
    const look = here ? "on here" : on ? "on" : "";
    if (node.place !== place) [["x", 0], ["y", 1]].forEach(([name, n]) => node.setAttribute(name, place.split(",")[n]));
    if (node.look !== look) node.setAttribute("class", look);
    if (node.textContent !== shown) node.textContent = shown;
    Object.assign(node, { place, look });
  });
}

// -- following ----------------------------------------------------------------------------------------------------

function follow(state, at) {
  const { data, plans, panels, root, at: before } = state;
  state.at = at;
  const texts = at ? new Set(data.panels[at.panel].knots[at.knot].texts) : null;
  root.classList.toggle("following", Boolean(at));
  plans.forEach((drawn, k) => {
    const { knots } = data.panels[k];
    const own = texts ? strands(knots, drawn, data.count, texts) : "";
    panels.children[k].querySelector(".followed").setAttribute("d", own);
    drawLabels(state, k, texts);
    if (k === at?.panel || k === before?.panel || !at) placeCursor(state, k);
  });
  tell(state);
}

// The link that a hand or a key is on: over the knot that is followed, else over the first one.
function placeCursor(state, k) {
  const { data, plans, panels, at } = state;
  const cursor = panels.children[k].querySelector(".cursor");
  const { knots } = data.panels[k];
  const i = at?.panel === k ? at.knot : 0;
  cursor.hidden = !knots.length;
  if (!knots.length) return;
  const { places, where, step, down } = plans[k];
  const far = along(plans[k], i);
  const half = Math.max(places[i].half, LINE / 2) + 1;
  const [x, y] = down ? [places[i].at, far] : [far, places[i].at];
  const [w, h] = down ? [Math.max(2 * half, 44), ROW] : [Math.min(step - 4, 90), 2 * half];
  cursor.style.transform = `translate(${x - w / 2}px, ${y - h / 2}px)`;
  cursor.style.width = `${w}px`;
  cursor.style.height = `${h}px`;
  cursor.href = address(data, knots[i].texts[0], where[i]);
  cursor.setAttribute("aria-label", label(state, k, i));
}

function label(state, k, i) {
  const { data } = state;
  const told = facts(data, state.trees, k, i)[k];
  return `${data.panels[k].name}: “${sentence(data.panels[k].knots, i)}”, ${told.share} texts, exact chance ${told.chance}. Opens one of them in Compare.`;
}

function tell(state) {
  const { data, at, part } = state;
  const words = part(".told .words");
  words.classList.toggle("hint", !at);
  part(".facts").replaceChildren();
  part(".open").replaceChildren();
  if (!at) {
    words.textContent = data.hint;
    return;
  }
  const { knots } = data.panels[at.panel];
  words.textContent = `“${sentence(knots, at.knot)}”`;
  part(".facts").append(
    ...facts(data, state.trees, at.panel, at.knot).map(({ name, share, chance, ways }, k) => {
      const item = document.createElement("li");
      const bold = document.createElement("b");
      item.style.setProperty("--heat", data.panels[k].color);
      bold.textContent = name;
      const luck = k === at.panel ? "" : `; the same luck: ${ways} ${ways === 1 ? "beginning" : "beginnings"}`;
      item.append(bold, ` ${share}${chance ? `, exact ${chance}` : ""}${luck}`);
      return item;
    }),
  );
  const depth = state.plans[at.panel]?.where[at.knot] ?? 1;
  const { texts } = knots[at.knot];
  part(".open").append("Open in Compare: ");
  for (const text of texts.slice(0, LINKS)) {
    const link = document.createElement("a");
    link.href = address(data, text, depth);
    link.textContent = `text ${text + 1}`;
    link.onclick = (event) => open(state, event, text, depth);
    part(".open").append(link, " ");
  }
  if (texts.length > LINKS) part(".open").append(`and ${texts.length - LINKS} more`);
}

// A plain click stays in this visit; with a key or another button the browser does as with any link.
function open(state, event, text, word) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button) return;
  event.preventDefault();
  state.say("open", { text, word });
}

function bindPicture(state, section, k) {
  const picture = section.querySelector(".picture");
  const cursor = section.querySelector(".cursor");
  const under = (event, reach) => {
    const box = picture.getBoundingClientRect();
    const drawn = state.plans[k];
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const [far, beside] = drawn.down ? [y, x] : [x, y];
    return knotAt(far, beside, drawn, reach);
  };
  const isHere = (knot) => state.at?.panel === k && state.at.knot === knot;
  picture.onpointermove = (event) => {
    if (event.pointerType === "touch") return;
    const knot = under(event, Math.max(state.plans[k].gap, 8));
    if (knot >= 0 && !isHere(knot)) follow(state, { panel: k, knot });
    else if (knot < 0 && state.at) follow(state, state.pinned);
  };
  picture.onpointerleave = (event) => {
    const kept = section.contains(state.root.getRootNode().activeElement) || state.part(".told").contains(event.relatedTarget);
    if (event.pointerType !== "touch" && !kept) follow(state, state.pinned);
  };
  // A tap follows, and a second one on the same knot opens; a click of a mouse, which has been there, opens.
  picture.onclick = (event) => {
    const keyboard = event.detail === 0;
    const knot = keyboard ? (state.at?.panel === k ? state.at.knot : 0) : under(event, 30);
    if (knot < 0) {
      event.preventDefault();
      state.pinned = null;
      follow(state, null);
      return;
    }
    const touched = event.pointerType === "touch";
    const again = state.pinned?.panel === k && state.pinned.knot === knot;
    if (touched && !again) {
      event.preventDefault();
      state.pinned = { panel: k, knot };
      follow(state, state.pinned);
      return;
    }
    open(state, event, state.data.panels[k].knots[knot].texts[0], state.plans[k].where[knot]);
  };
  cursor.onfocus = () => {
    if (cursor.matches(":focus-visible") && state.at?.panel !== k) follow(state, { panel: k, knot: 0 });
  };
  cursor.onblur = () => {
    if (state.at?.panel === k && !section.matches(":hover")) follow(state, state.pinned);
  };
  cursor.onkeydown = (event) => {
    const { down, ways, where } = state.plans[k];
    const { knots } = state.data.panels[k];
    const names = down
      ? { ArrowDown: "forward", ArrowUp: "back", ArrowRight: "next", ArrowLeft: "previous" }
      : { ArrowRight: "forward", ArrowLeft: "back", ArrowDown: "next", ArrowUp: "previous" };
    const move = names[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const to = moved(knots, ways, where, isHere(state.at?.knot) ? state.at.knot : 0, move);
    if (to < 0) return;
    follow(state, { panel: k, knot: to });
    state.part(".spoken").textContent = label(state, k, to);
  };
}
