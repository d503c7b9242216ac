// The verbs of all panels, each with its line. Pointing at one, here or in a panel, fades the others everywhere; a click keeps
// it so. Every mark that Vega draws as SVG knows its row of data, and so its verb.

const NEAR = 14; // pixels from a line that still mean it

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".follow");
  root.stop?.abort();
  root.stop = new AbortController();
  const signal = root.stop.signal;
  const known = new Set(data.verbs.map((verb) => verb.label));
  if (!known.has(root.kept)) root.kept = null;

  const panels = () => data.charts.map((key) => document.querySelector(`.st-key-${key} svg.marks`)).filter(Boolean);
  const verbOf = (mark) => {
    const label = mark.__data__?.datum?.label;
    return known.has(label) ? label : null;
  };

  function show(label) {
    for (const button of root.children) button.classList.toggle("on", button.title === label);
    for (const svg of panels()) {
      for (const mark of svg.querySelectorAll(".mark-line path, .mark-area path, .mark-rule line, .mark-text text")) {
        const verb = verbOf(mark);
        if (verb !== null) mark.toggleAttribute("data-faded", label !== null && verb !== label);
      }
    }
  }

  function under(event) {
    const svg = event.target.closest?.("svg.marks");
    if (!svg || !panels().includes(svg)) return null;
    const named = verbOf(event.target);
    if (named !== null) return named;
    let best = null;
    let distance = NEAR;
    for (const path of svg.querySelectorAll(".mark-line path")) {
      const verb = verbOf(path);
      const points = path.__data__?.mark?.items ?? [];
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(path.getScreenCTM().inverse());
      const next = points.findIndex((point) => point.x >= at.x);
      if (verb === null || next < 1) continue;
      const [a, b] = [points[next - 1], points[next]];
      const away = Math.abs(a.y + ((b.y - a.y) * (at.x - a.x)) / (b.x - a.x || 1) - at.y);
      if (away < distance) [best, distance] = [verb, away];
    }
    return best;
  }

  const keep = (label) => {
    root.kept = root.kept === label ? null : label;
    for (const button of root.children) button.setAttribute("aria-pressed", String(button.title === root.kept));
    show(root.kept);
  };

  root.replaceChildren(
    ...data.verbs.map(({ label, color, dash }) => {
      const button = document.createElement("button");
      const line = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      line.setAttribute("viewBox", "0 0 30 8");
      line.setAttribute("aria-hidden", "true");
      const stroke = document.createElementNS("http://www.w3.org/2000/svg", "path");
      for (const [name, value] of Object.entries({ d: "M0 4H30", stroke: color, "stroke-width": 2.5, "stroke-dasharray": dash.join(" ") }))
        stroke.setAttribute(name, value);
      line.append(stroke);
      button.append(line, label);
      button.title = label;
      button.setAttribute("aria-pressed", String(label === root.kept));
      for (const kind of ["pointerenter", "focus"]) button.addEventListener(kind, () => show(label));
      for (const kind of ["pointerleave", "blur"]) button.addEventListener(kind, () => show(root.kept));
      button.addEventListener("click", () => keep(label));
      return button;
    }),
  );

  let shown = null;
  document.addEventListener(
    "pointermove",
    (event) => {
      const label = under(event);
      if (label !== shown) show((shown = label) ?? root.kept);
    },
    { signal },
  );
  document.addEventListener("click", (event) => { const label = under(event); if (label !== null) keep(label); }, { signal });

  // New data may bring new marks.
  const observer = new MutationObserver(() => root.kept !== null && show(root.kept));
  observer.observe(document.querySelector("[data-testid=stMain]") ?? document.body, { childList: true, subtree: true });
  signal.addEventListener("abort", () => observer.disconnect());
  return () => root.stop.abort();
}
