// A curve of numbers by step.
const space = "http://www.w3.org/2000/svg";

function drawn(tag, attributes, text) {
  const element = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Steps of an axis that people count in. */
function ticks(low, high, about) {
  const rough = (high - low) / about || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-6; at += step) {
    found.push(Number(at.toPrecision(6)));
  }
  return found;
}

/** The curve of [step, value] points: each of them faint, and a running mean over a fiftieth of the run. */
export function curve(points, steps) {
  const [width, height, left, bottom] = [matchMedia("(max-width: 760px)").matches ? 380 : 720, 260, 52, 28];
  const svg = drawn("svg", {
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    "aria-label": points.length
      ? `Loss from ${points[0][1].toPrecision(3)} to ${points.at(-1)[1].toPrecision(3)}`
      : "No loss yet",
  });
  if (points.length < 2) {
    svg.append(
      drawn("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, "The curve begins with the first steps."),
    );
    return svg;
  }
  const span = Math.max(3, Math.round(points.length / 50));
  let mean = points[0][1];
  const smooth = points.map(([step, value]) => [step, mean += (value - mean) / span]);
  const sorted = points.map(([, value]) => value).sort((a, b) => a - b);
  // Single leaps do not press the rest flat.
  const [low, high] = [Math.min(sorted[0], smooth[0][1]), sorted[Math.floor((sorted.length - 1) * 0.99)]];
  const last = Math.max(steps || 0, points.at(-1)[0]);
  const x = (step) => left + (step / last) * (width - left - 8);
  const y = (value) => Math.max(4, 8 + (1 - (value - low) / (high - low || 1)) * (height - bottom - 12));
  for (const value of ticks(low, high, 4)) {
    svg.append(
      drawn("line", { x1: left, x2: width - 8, y1: y(value), y2: y(value), class: "rule" }),
      drawn("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, String(value)),
    );
  }
  for (const step of ticks(0, last, 6)) {
    svg.append(drawn("text", { x: x(step), y: height - 8, "text-anchor": "middle" }, String(step)));
  }
  const path = (list) =>
    list.map(([step, value], index) => `${index ? "L" : "M"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  svg.append(drawn("path", { d: path(points), class: "faint" }), drawn("path", { d: path(smooth), class: "mean" }));
  return svg;
}
