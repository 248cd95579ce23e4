// The settings beside the prompt: what was set, and what the model would do by itself.
import { $, h, iconButton, segments } from "./dom.js";
import { check, choice, entry, slider } from "./fields.js";
import { settingName } from "./format.js";
import { modelNamed, options } from "./options.js";

const listeners = [];
const changed = () => {
  keep();
  for (const listener of listeners) listener();
};
/** Calls `listener` after every change. */
export const onChange = (listener) => listeners.push(listener);

const model = choice("model", "Model", () => {
  adopt();
  changed();
});
const width = entry("width", "Width", { type: "number", min: 8, step: 8, inputmode: "numeric" }, () => {
  drawShapes();
  changed();
});
const height = entry("height", "Height", { type: "number", min: 8, step: 8, inputmode: "numeric" }, () => {
  drawShapes();
  changed();
});
const steps = slider("steps", "Steps", { min: 1, max: 60, step: 1 }, changed);
const cfg = slider("cfg", "Guidance", { min: 0, max: 15, step: 0.5 }, changed);
const sampler = choice("sampler", "Sampler", changed);
const schedule = choice("schedule", "Schedule", changed);
const seed = entry(
  "seed",
  "Seed",
  { inputmode: "numeric", pattern: "[0-9]{1,20}", placeholder: "Random each time" },
  changed,
);
const count = slider("count", "Pictures", { min: 1, max: 8, step: 1 }, changed);
const more = [
  slider("clip_skip", "CLIP layers skipped", { min: 0, max: 11, step: 1 }, changed),
  slider("guidance_rescale", "Guidance rescale", { min: 0, max: 1, step: 0.05 }, changed),
  slider("eta", "Noise of DDIM (eta)", { min: 0, max: 1, step: 0.05 }, changed),
  slider("variation_strength", "Variation", { min: 0, max: 1, step: 0.05 }, changed),
  entry("variation_seed", "Seed of the variation", {
    inputmode: "numeric",
    pattern: "[0-9]{1,20}",
    placeholder: "Drawn",
  }, changed),
  slider("hires_scale", "Second pass, times the size", { min: 1, max: 4, step: 0.25 }, changed),
  slider("hires_denoise", "Second pass strength", { min: 0, max: 1, step: 0.05 }, changed),
  check("seamless", "Edges that tile", changed),
];
const fields = Object.fromEntries(
  [model, width, height, steps, cfg, sampler, schedule, seed, count, ...more].map((
    field,
  ) => [field.dataset.setting, field]),
);

/** Settings without a control of their own, such as a picture had them. */
let others = {};
const othersList = h("ul", { class: "others" });

const shapes = segments(
  "Shape",
  [["square", "Square"], ["portrait", "Portrait"], ["landscape", "Landscape"]],
  "square",
  (shape) => {
    const { width: w = 512, height: h2 = w } = modelNamed(model.value)?.defaults ?? {};
    const side = Math.min(w, h2);
    const long = Math.round((side * 1.5) / 64) * 64 || side;
    width.set(shape === "landscape" ? long : shape === "portrait" ? side : null);
    height.set(shape === "portrait" ? long : shape === "landscape" ? side : null);
    changed();
  },
);

let followsPicture = false;
/** Whether the size is that of a picture to change, unless another one is set. */
export function followPicture(follows) {
  followsPicture = follows;
  adopt();
}

function drawShapes() {
  const [w, h2] = [width.shown, height.shown];
  shapes.set(!w || w === h2 ? "square" : w > h2 ? "landscape" : "portrait");
}

/** Shows the defaults of the model that is chosen. */
function adopt() {
  const defaults = modelNamed(model.value)?.defaults ?? {};
  model.base(options.model ?? null);
  for (const [key, field] of Object.entries(fields)) {
    if (key !== "model") {
      field.base(
        defaults[key] ??
          {
            count: 1,
            clip_skip: 0,
            guidance_rescale: 0,
            eta: 0,
            variation_strength: 0,
            hires_scale: 1,
            hires_denoise: 0.7,
          }[key],
      );
    }
  }
  for (const side of [width, height]) {
    if (followsPicture) side.base(null);
    side.querySelector("input").placeholder = followsPicture ? "as it is" : "";
  }
  drawShapes();
}

/** What was set, as the server wants it; the prompts too. */
export function settings() {
  const set = { ...others };
  for (const [key, field] of Object.entries(fields)) if (field.value !== null) set[key] = field.value;
  if ($("prompt").value.trim()) set.prompt = $("prompt").value;
  if ($("negative").value.trim()) set.negative = $("negative").value;
  return set;
}

/** What a setting is now, be it set or the model's. */
export const shown = (key) => fields[key]?.shown ?? others[key] ?? null;

/** The field of a setting, to be pointed at. */
export const fieldOf = (key) => (key === "prompt" || key === "negative" ? $(key) : $(`set-${key}`));

/** Sets one setting; null goes back to the default. */
export function set(key, value) {
  fields[key]?.set(value);
  changed();
}

/** Settings about the picture another one was made from. */
const ofEdits = [
  "strength",
  "edit",
  "source",
  "outpaint",
  "mask",
  "mask_blur",
  "inpaint_area",
  "inpaint_padding",
  "masked_content",
  "no_paste_back",
  "resize_mode",
  "image_cfg",
];
/** Settings that are about a picture's file or the arithmetic that made it. */
const ofFiles = [
  "precision",
  "fits_model",
  "init_image",
  "background",
  "step_counting",
  "hires_counting",
  "asked_width",
  "asked_height",
  "batch_place",
  "count",
];
const passing = new Set([...ofEdits, ...ofFiles]);

const without = (settings, keys) => Object.fromEntries(Object.entries(settings).filter(([key]) => !keys.includes(key)));
/** Whether a picture was made from another one. */
export const isEdited = (settings) => ofEdits.some((key) => key in settings);
/** A picture's settings as they can be asked for again. */
export const repeatable = (settings) => without(settings, ofFiles);
/** The same without the picture it was made from. */
export const ofWords = (settings) => without(settings, [...passing]);

/** Takes over all settings of a picture in place of what was set. */
export function apply(wanted) {
  $("prompt").value = wanted.prompt ?? "";
  $("negative").value = wanted.negative ?? "";
  $("negative-fold").open = Boolean(wanted.negative);
  others = {};
  for (const [key, field] of Object.entries(fields)) field.set(wanted[key] ?? null);
  if (wanted.model && !options.models.some((known) => known.name === wanted.model)) model.set(null);
  for (const [key, value] of Object.entries(wanted)) {
    if (!(key in fields) && !passing.has(key) && key !== "prompt" && key !== "negative") others[key] = value;
  }
  adopt();
  drawOthers();
  for (const id of ["prompt", "negative"]) $(id).dispatchEvent(new Event("input", { bubbles: true }));
  changed();
}

function drawOthers() {
  othersList.replaceChildren(
    ...Object.entries(others).map(([key, value]) =>
      h(
        "li",
        { class: "chip" },
        `${settingName(key)}: ${value}`,
        iconButton("close", `Leave out ${settingName(key)}`, () => {
          delete others[key];
          drawOthers();
          changed();
        }),
      )
    ),
  );
  othersList.hidden = !Object.keys(others).length;
}

// What was typed outlives the page.
const key = "imago.form";
function keep() {
  localStorage.setItem(key, JSON.stringify(settings()));
}

/** Builds the form; `loadOptions` has been called. */
export function buildForm() {
  fill();
  seed.querySelector("input").after(h(
    "div",
    { class: "beside" },
    iconButton("dice", "A new seed each time", () => {
      seed.set(null);
      changed();
    }),
  ));
  seed.classList.add("with-button");
  $("settings").replaceChildren(
    model,
    h(
      "div",
      { class: "field" },
      h("span", { class: "label" }, "Size"),
      shapes,
      h(
        "div",
        { class: "pair" },
        width,
        h("span", { class: "times", "aria-hidden": "true" }, "×"),
        height,
        iconButton("swap", "Swap width and height", () => {
          const [w, h2] = [width.shown, height.shown];
          width.set(h2);
          height.set(w);
          drawShapes();
          changed();
        }),
      ),
    ),
    count,
    steps,
    cfg,
    h("div", { class: "pair even" }, sampler, schedule),
    seed,
    h("details", { class: "fold", id: "more" }, h("summary", {}, "More settings"), h("div", { class: "more" }, more)),
    othersList,
  );
  for (const id of ["prompt", "negative"]) $(id).addEventListener("input", changed);
  $("settings").addEventListener("submit", (event) => {
    event.preventDefault();
    $("words").requestSubmit();
  });
  apply(JSON.parse(localStorage.getItem(key) ?? "{}"));
}

/** Takes over lists that may have changed. */
export function fill() {
  model.fill(options.models);
  sampler.fill(options.samplers, "Model's own");
  schedule.fill(options.schedules, "Model's own");
  adopt();
}
