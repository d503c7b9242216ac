// Saves the charts that are on the page as they are drawn, as SVG or PNG. All in the browser; nothing is sent anywhere.

const HEADING = 30; // pixels above a chart, if it has one

function copyOf(key, heading) {
  const svg = document.querySelector(`.st-key-${key} svg.marks`);
  if (!svg) return null;
  const copy = svg.cloneNode(true);
  const { width, height: drawn } = svg.getBoundingClientRect();
  const height = drawn + (heading ? HEADING : 0);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  if (!copy.getAttribute("viewBox")) copy.setAttribute("viewBox", `0 0 ${width} ${drawn}`);
  // Elsewhere the page's font may be missing: its widths are kept, so that no name is cut off.
  const texts = [...copy.querySelectorAll("text")];
  [...svg.querySelectorAll("text")].forEach((text, i) => {
    if (text.textContent.length > 1) texts[i].setAttribute("textLength", text.getComputedTextLength());
    texts[i].setAttribute("lengthAdjust", "spacingAndGlyphs");
  });
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.style.color = getComputedStyle(svg).color; // what "currentColor" stands for
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  ground.setAttribute("width", "100%");
  ground.setAttribute("height", "100%");
  ground.setAttribute("fill", getComputedStyle(document.querySelector("[data-testid=stApp]")).backgroundColor);
  if (heading) {
    const [x, y, wide, high] = copy.getAttribute("viewBox").split(/[ ,]+/).map(Number);
    const top = (HEADING * high) / drawn;
    copy.setAttribute("viewBox", `${x} ${y - top} ${wide} ${high + top}`);
    ground.setAttribute("x", x);
    ground.setAttribute("y", y - top);
    const title = document.createElementNS("http://www.w3.org/2000/svg", "text");
    const size = Math.min(15, (1.7 * wide) / heading.length); // on one line
    for (const [name, value] of Object.entries({ x: x + 6, y: y - top / 3, fill: "currentColor", "font-weight": 600, "font-size": size }))
      title.setAttribute(name, value);
    title.style.fontFamily = getComputedStyle(svg).fontFamily;
    title.textContent = heading;
    copy.prepend(title);
  }
  copy.prepend(ground);
  return { text: new XMLSerializer().serializeToString(copy), width, height };
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

async function savePng(drawing, name) {
  const image = new Image();
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(drawing.text);
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = 2 * drawing.width;
  canvas.height = 2 * drawing.height;
  const context = canvas.getContext("2d");
  context.scale(2, 2);
  context.drawImage(image, 0, 0, drawing.width, drawing.height);
  canvas.toBlob((blob) => save(blob, name), "image/png");
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".save");
  root.querySelectorAll(".chart").forEach((chart) => chart.remove());
  for (const [what, key] of Object.entries(data.charts)) {
    const chart = document.createElement("span");
    chart.className = "chart";
    chart.append(what);
    root.append(chart);
    for (const kind of ["SVG", "PNG"]) {
      const button = document.createElement("button");
      button.textContent = kind;
      button.setAttribute("aria-label", `${what} ${kind}`);
      button.onclick = () => {
        const drawing = copyOf(key, data.headings?.[what]);
        if (!drawing) return;
        const name = `${data.name}-${what.replace(/[^\p{L}\p{N}]+/gu, "-").toLowerCase()}.${kind.toLowerCase()}`;
        if (kind === "PNG") savePng(drawing, name);
        else save(new Blob([drawing.text], { type: "image/svg+xml" }), name);
      };
      chart.append(" ", button);
    }
  }
}
