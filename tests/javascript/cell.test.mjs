import assert from "node:assert/strict";
import test from "node:test";
import { columnWidth, facts, movedCursor, numbers, rgb, rowHeight, shades, squareAt } from "../../assets/cell/cell.js";

test("numbers are read as they were packed", () => {
  const packed = Buffer.from(new Float32Array([0, -1.5, 1e-20, 3.25]).buffer).toString("base64");
  assert.deepEqual([...numbers(packed)], [0, -1.5, Math.fround(1e-20), 3.25]);
});

test("a colour has the hue of the sign, and the scale's end is opaque", () => {
  const [warm, cool] = [rgb("#ff8000"), rgb("#0000ff")];
  assert.deepEqual([...shades(new Float32Array([2, -2, 0, 9, -1]), 2, warm, cool)], [
    [255, 128, 0, 255], [0, 0, 255, 255], [255, 128, 0, 0], [255, 128, 0, 255], [0, 0, 255, 128],
  ].flat());
});

test("a row has at least one whole pixel, a column room for a finger", () => {
  assert.deepEqual([1, 128, 512, 600].map(rowHeight), [512, 4, 1, 1]);
  assert.equal(columnWidth(1006, 40, false), 25);
  assert.equal(columnWidth(300, 60, false), 17);
  assert.equal(columnWidth(300, 60, true), 24);
  assert.equal(columnWidth(3000, 5, false), 34);
});

test("arrow keys stay in the picture", () => {
  assert.deepEqual(movedCursor({ row: 0, at: 3 }, "ArrowUp", false, 8, 5), { row: 0, at: 3 });
  assert.deepEqual(movedCursor({ row: 0, at: 3 }, "ArrowRight", true, 8, 5), { row: 0, at: 4 });
  assert.deepEqual(movedCursor({ row: 5, at: 3 }, "ArrowDown", false, 8, 5), { row: 6, at: 3 });
  assert.equal(movedCursor({ row: 0, at: 0 }, "Tab", false, 8, 5), undefined);
});

test("a point beside the picture is no square of it", () => {
  assert.deepEqual(squareAt(19, 7, 10, 4, 3, 2), { row: 1, at: 1 });
  for (const [x, y] of [[-1, 0], [20, 0], [0, 12], [0, -1]]) assert.equal(squareAt(x, y, 10, 4, 3, 2), null);
});

test("facts name value, unit and word", () => {
  const data = { name: "forget", words: ["olive", "oil"], units: [7, 3] };
  assert.deepEqual(facts(data, [0, 0, 0, 0.25], 1, 1), ["forget 0.2500", "unit 3", "word 2: oil"]);
});
