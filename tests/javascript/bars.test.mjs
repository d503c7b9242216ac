import assert from "node:assert/strict";
import test from "node:test";
import { counts, stretches, VIEWS } from "../../assets/columns/bars.js";

test("the counts of the first draws add up to them", () => {
  assert.deepEqual(counts([0, 2, 2, 1, 2], 4, 3), [1, 1, 2]);
  assert.deepEqual(counts([], 10, 2), [0, 0]);
});

test("stretches that are too narrow are joined, and none of the line is lost", () => {
  const line = [["a", 0.5], ["b", 0.001], ["c", 0.001], ["d", 0.4], ["e", 0.002], ["f", 0.096]];
  let start = 0;
  const words = line.map(([label, width]) => ({ label, start: (start += width) - width, width }));
  const joined = stretches(words);
  assert.deepEqual(joined.map((one) => one.label), ["a", "", "d", "", "f"]);
  assert.ok(Math.abs(joined.reduce((sum, one) => sum + one.width, 0) - 1) < 1e-12);
  assert.equal(joined[1].width, 0.002);
});

test("a word that cannot be drawn has no luck to show", () => {
  assert.equal(VIEWS.luck({ luck: -1.234 }), "−1.23");
  assert.equal(VIEWS.luck({}), "");
});
