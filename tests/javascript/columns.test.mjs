import assert from "node:assert/strict";
import test from "node:test";
import { aloud, facts, moved, news, percent, rounded, STRENGTH } from "../../assets/columns/columns.js";

test("only a certainty is 100 %, only an impossibility 0 %", () => {
  const shown = [1, 0.99996, 0.9991, 0.5, 0.0994, 0.00101, 0.0009, 1e-30, 0].map(percent);
  assert.deepEqual(shown, ["100 %", ">99.9 %", ">99.9 %", "50 %", "9.9 %", "0.1 %", "<0.1 %", "<0.1 %", "0 %"]);
});

test("a slider stands on steps of 0.05 between 0 and 2", () => {
  assert.deepEqual([-1, 0.024, 0.026, 1.99, 7].map((t) => Number(rounded(t).toFixed(2))), [0, 0, 0.05, 2, 2]);
});

test("keys move by a step, pages by five, and stop at the ends", () => {
  const to = (at, key) => moved(at, key) === undefined ? undefined : Number(moved(at, key).toFixed(2));
  assert.equal(to(0.7, "ArrowRight"), 0.75);
  assert.equal(to(0.7, "ArrowDown"), 0.65);
  assert.equal(to(0.7, "PageUp"), 0.95);
  assert.equal(to(0.05, "PageDown"), 0);
  assert.equal(to(1.95, "ArrowUp"), 2);
  assert.equal(to(2, "ArrowUp"), 2);
  assert.equal(to(0.7, "Home"), 0);
  assert.equal(to(0.7, "End"), 2);
  assert.equal(to(0.7, "a"), undefined);
  // From an address a temperature may stand between two steps: it goes to the next one.
  assert.equal(to(0.72, "ArrowRight"), 0.75);
  assert.equal(to(0.72, "ArrowLeft"), 0.7);
});

test("strength of colour follows each measure, within 0 and 1", () => {
  const row = { bits: 6, rank: 10, probability: 0.25 };
  assert.equal(STRENGTH.surprisal(row), 0.5);
  assert.equal(STRENGTH.surprisal({ bits: 99 }), 1);
  assert.ok(Math.abs(STRENGTH.rank(row) - 1 / 3) < 1e-12);
  assert.equal(STRENGTH.rank({ rank: 1e6 }), 1);
  assert.equal(STRENGTH.probability(row), 0.75);
  assert.equal(STRENGTH.off(row), 0);
});

test("facts say what the word was drawn with and what the network itself thinks", () => {
  const row = { probability: 0.5, plain: 0.25, rank: 1234, bits: 2, forced: true };
  assert.deepEqual(facts(row, 0, "T = 0.5"), [
    "word 1, forced", "50 % at T = 0.5", "25 % at T = 1", "rank 1,234", "2.0 bits of surprisal",
  ]);
});

test("what is spoken is the text that is new, and the picked words only where no text is", () => {
  const column = (name, ...words) => ({ name, rows: words.map((text, i) => ({ text, space: i > 0 && text !== "." })) });
  const cool = column("T = 0.2", "Heat", "oil", ".");
  const before = aloud([cool, column("T = 0.7", "Cut", "leeks")], 1);
  const said = (columns, word) => news(before, aloud(columns, word));
  assert.equal(said([cool, column("T = 0.75", "Cut", "leeks")], 1), ""); // the slider says its temperature itself
  assert.equal(said([cool, column("T = 0.8", "Cut", "beets", ".")], 2), "T = 0.8: Cut beets.");
  assert.equal(said([cool, column("T = 0.7", "Cut", "leeks")], 3), "Word 3. T = 0.2: .; T = 0.7: ended");
  const both = said([column("T = 0.1", ..."a b c d e f g h i j k l m n".split(" ")), column("T = 0.8", "Fry")], 1);
  assert.equal(both, "T = 0.1: a b c d e f g h i j k l … T = 0.8: Fry …");
});
