import assert from "node:assert/strict";
import test from "node:test";
import { barAfter, counts, line, VIEWS } from "../../assets/columns/bars.js";

test("the counts of the first draws add up to them", () => {
  assert.deepEqual(counts([0, 2, 2, 1, 2], 4, 3), [1, 1, 2]);
  assert.deepEqual(counts([], 10, 2), [0, 0]);
});

const rows = (...shares) => shares.map((probability, i) => ({ label: "abcdef"[i], probability }));

test("a point falls on the word whose stretch it lies in", () => {
  const cold = rows(0.9, 0.1, 0);
  const hot = rows(0.4, 0.35, 0.25);
  assert.deepEqual([0, 0.5, 0.89, 0.91, 1].map((at) => line(cold, at).on), [0, 0, 0, 1, 1]);
  assert.deepEqual([0, 0.39, 0.41, 0.76, 1].map((at) => line(hot, at).on), [0, 0, 1, 2, 2]);
});

test("a word without a chance has no stretch, and the line is as long as the shares", () => {
  const { pieces, on } = line(rows(0, 1, 0), 0);
  assert.equal(on, 1);
  assert.deepEqual(pieces.map((piece) => piece.end), [0, 1, 1]);
});

test("a word that cannot be drawn has no luck to show", () => {
  assert.equal(VIEWS.luck({ luck: -1.234 }), "−1.23");
  assert.equal(VIEWS.luck({}), "");
});

test("arrow keys go from bar to bar, and stay at the ends", () => {
  const to = ["ArrowDown", "ArrowUp", "Home", "End", "Enter"].map((key) => [0, 3, 7].map((at) => barAfter(key, at, 8)));
  const none = undefined;
  assert.deepEqual(to, [[1, 4, none], [none, 2, 6], [0, 0, 0], [7, 7, 7], [none, none, none]]);
});
