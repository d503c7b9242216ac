import assert from "node:assert/strict";
import test from "node:test";
import { belongsElsewhere, wish } from "../../assets/columns/present.js";
import { own } from "../../assets/share/share.js";

test("keys of a presentation walk, turn, choose, play and leave; all others ask for nothing", () => {
  assert.deepEqual(wish("ArrowRight", 3, 3), { word: 4 });
  assert.deepEqual(wish("PageUp", 3, 3), { word: 2 }); // a clicker's
  assert.deepEqual(wish("ArrowDown", 3, 3), { turn: "ArrowDown" });
  assert.deepEqual(wish("3", 1, 3), { column: 2 });
  assert.equal(wish("4", 1, 3), undefined, "there is no such column");
  assert.equal(wish("0", 1, 6), undefined);
  assert.deepEqual(wish(" ", 1, 3), { play: true });
  assert.deepEqual(wish("Escape", 1, 3), { leave: true });
  for (const key of ["a", "Enter", "Tab", "12"]) assert.equal(wish(key, 1, 6), undefined);
});

test("shortcuts and fields keep their keys", () => {
  const on = (...tags) => ({ matches: (selector) => tags.some((tag) => selector.split(", ").includes(tag)) });
  assert.equal(belongsElsewhere({ ctrlKey: true }, on()), true);
  assert.equal(belongsElsewhere({}, on("select")), true);
  assert.equal(belongsElsewhere({}, on("button")), false);
  assert.equal(belongsElsewhere({}, null), false);
});

test("a copied address leaves the frame behind and keeps all else, in its order", () => {
  const page = "http://here/x?title=A+%26+B&force=2+butter&force=3+%7C";
  assert.equal(own(page + "&embed=true&embed_options=dark_theme"), page);
});
