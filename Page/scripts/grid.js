// One picture with two settings varied, and strips from one prompt or seed to another.
import { $, h, put, segments } from "./dom.js";
import { call, show } from "./api.js";
import { adopt, cancel, isOver, onJob, submit } from "./jobs.js";
import { complain } from "./messages.js";
import { plural, settingName } from "./format.js";
import { options } from "./options.js";
import { settings } from "./form.js";

const axes = ["steps", "cfg", "sampler", "schedule", "seed", "prompt", "negative", "model", "width", "height", "clip_skip", "eta", "guidance_rescale", "variation_strength", "hires_denoise"];
const example = { steps: "10, 20, 30", cfg: "3, 5, 7.5", seed: "1, 2, 3", clip_skip: "0, 1, 2", width: "256, 512", height: "256, 512", eta: "0, 0.5, 1", variation_strength: "0.1, 0.2, 0.3" };
let shownGrid = null;

/** Values of a field: one a line or with commas; "10..30:5" counts. */
export function values(key, text) {
  const isText = ["prompt", "negative"].includes(key);
  const parts = text.split(isText ? "\n" : /[,\n]/).map((part) => part.trim()).filter(Boolean);
  return parts.flatMap((part) => {
    const range = /^(-?[\d.]+)\s*\.\.\s*(-?[\d.]+)(?:\s*:\s*([\d.]+))?$/.exec(part);
    if (!range || isText) return [part];
    const [from, to, step] = [Number(range[1]), Number(range[2]), Number(range[3] ?? 1)];
    const count = Math.min(50, Math.floor(Math.abs(to - from) / (step || 1)) + 1);
    return Array.from({ length: count }, (_, index) => String(Math.round((from + Math.sign(to - from) * index * step) * 1000) / 1000));
  });
}

function axis(name, start) {
  const select = h("select", { id: `axis-${name}` }, ...(name === "y" ? [h("option", { value: "" }, "Nothing")] : []), axes.map((key) => h("option", { value: key, selected: key === start }, settingName(key))));
  const text = h("textarea", { id: `values-${name}`, rows: 2, "aria-label": `Values of ${name.toUpperCase()}` });
  const hints = h("div", { class: "examples" });
  const draw = () => {
    const key = select.value;
    text.hidden = !key;
    text.placeholder = example[key] ?? (["prompt", "negative"].includes(key) ? "One a line" : "With commas between");
    const known = { sampler: options.samplers, schedule: options.schedules, model: options.models }[key] ?? [];
    hints.replaceChildren(...known.slice(0, 12).map((entry) => h("button", { type: "button", class: "chip", onclick: () => { text.value = [...values(key, text.value), entry.name].join(", "); count(); } }, entry.title)));
    count();
  };
  select.addEventListener("change", () => { text.value = ""; draw(); });
  text.addEventListener("input", () => count());
  return { draw, element: h("div", { class: "field" }, h("label", { for: `axis-${name}` }, name === "x" ? "Across" : "Down"), select, text, hints), get: () => ({ setting: select.value, values: select.value ? values(select.value, text.value) : [] }) };
}

let x;
let y;
const total = h("p", { class: "quiet small" });
const count = () => {
  if (!x || !y) return;
  const [across, down] = [x.get().values.length, y.get().setting ? y.get().values.length : 1];
  total.textContent = across * down ? `${plural(across * down, "picture")}: ${across} across, ${down} down. Everything else is as in Create.` : "Everything else is as in Create.";
};

async function make(event) {
  event.preventDefault();
  const [across, down] = [x.get(), y.get()];
  if (!across.values.length) { $("values-x").focus(); return; }
  const base = settings();
  delete base.count;
  // Pictures are to be compared: they share a seed.
  base.seed ??= String(crypto.getRandomValues(new Uint32Array(1))[0]);
  try {
    const answer = await call("POST", "/api/jobs", { grid: { x: across, ...(down.setting && down.values.length ? { y: down } : {}) }, settings: base });
    shownGrid = { across, down: down.setting && down.values.length ? down : { setting: "", values: [""] }, cells: new Map(answer.jobs.map((job) => [`${job.x},${job.y ?? 0}`, adopt(job.id, { title: base.prompt ?? "", group: answer.group })])) };
    draw();
  } catch (error) { complain(error); }
}

async function makeStrip(event) {
  event.preventDefault();
  const wanted = settings();
  delete wanted.count;
  const [toPrompt, toSeed] = [$("to-prompt").value.trim(), $("to-seed").value.trim()];
  if (!toPrompt && !toSeed) { $("to-prompt").focus(); return; }
  Object.assign(wanted, { frames: Number($("frames").value) }, toPrompt && { to_prompt: toPrompt }, toSeed && { to_seed: toSeed });
  try {
    const job = await submit({ settings: wanted });
    shownGrid = { strip: job };
    draw();
  } catch (error) { complain(error); }
}

const board = h("div", { class: "grid-board", id: "grid-board" });

function cell(job) {
  const place = h("td", {});
  if (job?.pictures[0]) place.append(show(h("img", { alt: job.title, loading: "lazy" }), `/api/gallery/${job.pictures[0].id}/thumbnail`));
  else if (job?.preview) place.append(h("img", { alt: "Preview", src: job.preview }));
  else place.append(h("span", { class: job?.state === "failed" ? "cell-failed" : job?.state === "running" ? "dot live" : "dot", title: job?.error?.message }, job?.state === "failed" ? "Failed" : ""));
  return place;
}

function draw() {
  if (!shownGrid) {
    return put(board, h("div", { class: "empty" }, h("h2", {}, "See what a setting does"), h("p", { class: "quiet" }, "Two settings, some values each: a picture for every pair, with the same seed.")));
  }
  if (shownGrid.strip) {
    const job = shownGrid.strip;
    const waiting = Math.max(0, (job.count ?? 0) - job.pictures.length);
    return put(board, h("div", { class: "film", id: "film" }, job.pictures.map((picture) => show(h("img", { alt: "" }), `/api/gallery/${picture.id}/thumbnail`)), isOver(job) ? [] : Array.from({ length: waiting }, () => h("span", { class: "dot" }))),
      job.error && h("p", { class: "failure-line" }, job.error.message));
  }
  const { across, down, cells } = shownGrid;
  const left = [...cells.values()].filter((job) => !isOver(job));
  put(board, h("div", { class: "grid-scroll" }, h("table", { class: "xy" },
    h("thead", {}, h("tr", {}, h("th", {}, ""), across.values.map((value) => h("th", { scope: "col" }, `${settingName(across.setting)} ${value}`)))),
    h("tbody", {}, down.values.map((value, row) => h("tr", {}, h("th", { scope: "row" }, down.setting ? `${settingName(down.setting)} ${value}` : ""), across.values.map((_, column) => cell(cells.get(`${column},${row}`)))))))),
  h("div", { class: "row" }, left.length
    ? [h("span", { class: "quiet" }, `${left.length} to go`), h("button", { type: "button", class: "plain slim", onclick: () => Promise.all(left.map(cancel)).catch(complain) }, "Cancel the rest")]
    : h("button", { type: "button", class: "plain", onclick: () => save().catch(complain) }, "Save as one picture")));
}

/** Draws the grid with its labels into one PNG. */
async function save() {
  const { across, down, cells } = shownGrid;
  const load = (job) => new Promise((resolve) => { const image = new Image(); image.onload = () => resolve(image); image.onerror = () => resolve(null); if (job?.pictures[0]) show(image, `/api/gallery/${job.pictures[0].id}/image`); else resolve(null); });
  const images = new Map(await Promise.all([...cells].map(async ([key, job]) => [key, await load(job)])));
  const [first] = [...images.values()].filter(Boolean);
  const [w, hh] = [first?.naturalWidth ?? 256, first?.naturalHeight ?? 256];
  const [head, side] = [Math.max(28, w / 12), down.setting ? Math.max(90, w / 3) : 8];
  const canvas = h("canvas", { width: side + across.values.length * (w + 8), height: head + down.values.length * (hh + 8) });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "#1d1b18";
  context.textBaseline = "middle";
  context.font = `500 ${Math.max(12, w / 28)}px system-ui, sans-serif`;
  for (const [column, value] of across.values.entries()) context.fillText(`${settingName(across.setting)} ${value}`, side + column * (w + 8), head / 2, w);
  for (const [row, value] of down.values.entries()) {
    if (down.setting) context.fillText(`${settingName(down.setting)} ${value}`, 8, head + row * (hh + 8) + hh / 2, side - 16);
    for (const column of across.values.keys()) {
      const image = images.get(`${column},${row}`);
      if (image) context.drawImage(image, side + column * (w + 8), head + row * (hh + 8), w, hh);
    }
  }
  h("a", { href: canvas.toDataURL("image/png"), download: "imago-grid.png" }).click();
}

/** Builds the view. */
export function buildGrid() {
  [x, y] = [axis("x", "cfg"), axis("y", "")];
  const grid = h("form", { class: "side", id: "grid-form", onsubmit: make }, x.element, y.element, total, h("button", { class: "primary", type: "submit", id: "grid-make" }, "Make the grid"));
  const film = h("form", { class: "side", id: "strip-form", hidden: true, onsubmit: makeStrip },
    h("p", { class: "quiet small" }, "Pictures on the way from the prompt and seed in Create to others."),
    h("div", { class: "field" }, h("label", { for: "to-prompt" }, "To the prompt"), h("input", { type: "text", id: "to-prompt", placeholder: "a dog on the moon" })),
    h("div", { class: "field" }, h("label", { for: "to-seed" }, "To the seed"), h("input", { type: "text", id: "to-seed", inputmode: "numeric", pattern: "[0-9]*" })),
    h("div", { class: "field narrow" }, h("label", { for: "frames" }, "Pictures"), h("input", { type: "number", id: "frames", min: 2, max: 60, value: 5 })),
    h("button", { class: "primary", type: "submit" }, "Make the strip"));
  const kind = segments("Kind", [["grid", "Grid"], ["strip", "Strip"]], "grid", (value) => { grid.hidden = value !== "grid"; film.hidden = value !== "strip"; });
  $("view-grid").append(h("div", { class: "view-head" }, h("h2", {}, "Compare"), kind), h("div", { class: "split" }, h("div", {}, grid, film), board));
  onJob((job) => { if (job === shownGrid?.strip || [...(shownGrid?.cells?.values() ?? [])].includes(job)) draw(); });
  draw();
  return () => { x.draw(); y.draw(); count(); };
}
