import assert from "node:assert/strict";
import test from "node:test";
import { address, facts, gapFor, knotAt, moved, percent, plan, roomFor, sentence, tree } from "../../assets/braid/braid.js";

// Six texts: four begin "heat the oil" or "heat the pan", two "wash".
const KNOTS = [
  { word: "Heat", space: false, token: 5, parent: -1, texts: [0, 1, 2, 4], chance: 0.6 },
  { word: "the", space: true, token: 7, parent: 0, texts: [0, 1, 2, 4], chance: 0.5 },
  { word: "oil", space: true, token: 8, parent: 1, texts: [0, 1, 4], chance: 0.4 },
  { word: "pan", space: true, token: 9, parent: 1, texts: [2], chance: 0.05 },
  { word: "Wash", space: false, token: 6, parent: -1, texts: [3, 5], chance: 0.2 },
  { word: ".", space: false, token: 3, parent: 4, texts: [3, 5], chance: 0.1 },
];
const OTHER = [
  { word: "Heat", space: false, token: 5, parent: -1, texts: [0, 3], chance: 0.1 },
  { word: "oil", space: true, token: 8, parent: 0, texts: [0, 3], chance: 0.01 },
  { word: "Cut", space: false, token: 4, parent: -1, texts: [1, 2, 4, 5], chance: 0.3 },
  { word: "the", space: true, token: 7, parent: 2, texts: [1, 2, 4, 5], chance: 0.2 },
];

test("a knot knows its words", () => {
  const { paths, where, numbers } = tree(KNOTS);
  assert.deepEqual(where, [1, 2, 3, 3, 1, 2]);
  assert.equal(paths[3], "5 7 9");
  assert.equal(numbers.get("5 7 9"), 3);
  assert.equal(sentence(KNOTS, 3), "Heat the pan");
  assert.equal(sentence(KNOTS, 5), "Wash.");
});

test("strands are as wide as their share, stand beside each other in order, and fill their knot", () => {
  const { places, ways, first, start, ends, across } = plan(KNOTS, 6, 60, 10);
  assert.deepEqual(places.map(({ half }) => 2 * half), [40, 40, 30, 10, 20, 20]);
  assert.equal(ends, 3);
  assert.equal(across, 80);
  for (const of of [first, ...ways]) {
    for (let n = 1; n < of.length; n++) {
      const [a, b] = [places[of[n - 1]], places[of[n]]];
      assert.ok(a.at + a.half <= b.at - b.half);
      assert.equal(a.from + a.half, b.from - b.half);
    }
  }
  assert.equal(places[2].from - places[2].half, places[1].at - places[1].half);
  assert.equal(places[3].from + places[3].half, places[1].at + places[1].half);
  assert.ok(start.at > places[0].at && start.at < places[4].at);
});

test("one text alone is a strand, and none at all is no error", () => {
  assert.deepEqual(plan([KNOTS[0]], 4, 60, 10).across, 60);
  assert.deepEqual(plan([], 4, 60, 10).across, 0);
});

test("the ends stand as far apart as the room allows", () => {
  assert.equal(gapFor(1, 300, 60, 13), 0);
  assert.equal(gapFor(7, 300, 60, 13), 13);
  assert.equal(gapFor(61, 300, 60, 13), 4);
  assert.equal(gapFor(61, 30, 60, 13), 0);
});

test("the weightiest words are shown, and none over another", () => {
  const words = [
    { at: 0, need: 13, weight: 1, text: 9 },
    { at: 8, need: 13, weight: 5, text: 2 },
    { at: 20, need: 13, weight: 1, text: 4 },
    { at: 26, need: 13, weight: 1, text: 3 },
  ];
  assert.deepEqual(roomFor(words).map(({ at }) => at), [8, 26]);
});

test("a point finds the nearest knot of the nearest word, or none", () => {
  const drawn = { ...plan(KNOTS, 6, 60, 10), where: tree(KNOTS).where, step: 100, lead: 0.5 };
  const at = (i) => drawn.places[i].at;
  assert.equal(knotAt(60, at(0), drawn, 8), 0);
  assert.equal(knotAt(240, at(3) + 6, drawn, 8), 3);
  assert.equal(knotAt(240, at(3) + 40, drawn, 8), -1);
  assert.equal(knotAt(900, at(0), drawn, 8), -1);
});

test("arrow keys walk along strands and between them", () => {
  const [{ ways }, { where }] = [plan(KNOTS, 6, 60, 10), tree(KNOTS)];
  const go = (i, key) => moved(KNOTS, ways, where, i, key);
  assert.equal(go(1, "forward"), 2);
  assert.equal(go(3, "back"), 1);
  assert.equal(go(0, "next"), 4);
  assert.equal(go(4, "previous"), 0);
  assert.deepEqual([go(0, "back"), go(2, "forward"), go(0, "previous"), go(3, "next")], [-1, -1, -1, -1]);
});

test("texts are followed through all panels, by their words and by their luck", () => {
  const data = { count: 6, panels: [{ name: "T = 0.2", knots: KNOTS }, { name: "T = 1", knots: OTHER }] };
  const trees = data.panels.map(({ knots }) => tree(knots));
  assert.deepEqual(facts(data, trees, 0, 0), [
    { name: "T = 0.2", share: "4 of 6 (67 %)", chance: "60 %", ways: 1 },
    { name: "T = 1", share: "2 of 6 (33 %)", chance: "10 %", ways: 2 },
  ]);
  assert.equal(facts(data, trees, 0, 3)[1].share, "none of 6");
  assert.equal(facts(data, trees, 0, 3)[1].ways, 0); // its text has ended before the third word
});

test("a share is never rounded to all or nothing", () => {
  assert.deepEqual([1, 0.9999, 0.5, 0.04, 0.0004, 0].map(percent), ["100 %", ">99.9 %", "50 %", "4.0 %", "<0.1 %", "0 %"]);
});

test("the address of a text has its own seed and its word", () => {
  assert.equal(address({ link: "title=a%26b&n=2", seeds: [7, 8] }, 1, 3), "./?title=a%26b&n=2&seed=8&step=3");
});
