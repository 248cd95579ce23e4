// The settings that a grid varies, and their values.
import { h } from "./dom.js";
import { settingName } from "./format.js";
import { options } from "./options.js";

const axes = [
  "steps",
  "cfg",
  "sampler",
  "schedule",
  "seed",
  "prompt",
  "negative",
  "model",
  "width",
  "height",
  "clip_skip",
  "eta",
  "guidance_rescale",
  "variation_strength",
  "hires_denoise",
];
const example = {
  steps: "10, 20, 30",
  cfg: "3, 5, 7.5",
  seed: "1, 2, 3",
  clip_skip: "0, 1, 2",
  width: "256, 512",
  height: "256, 512",
  eta: "0, 0.5, 1",
  variation_strength: "0.1, 0.2, 0.3",
};
/** Values of a field: one a line or with commas; "10..30:5" counts. */
export function values(key, text) {
  const isText = ["prompt", "negative"].includes(key);
  const parts = text.split(isText ? "\n" : /[,\n]/).map((part) => part.trim()).filter(Boolean);
  return parts.flatMap((part) => {
    const range = /^(-?[\d.]+)\s*\.\.\s*(-?[\d.]+)(?:\s*:\s*([\d.]+))?$/.exec(part);
    if (!range || isText) return [part];
    const [from, to, step] = [Number(range[1]), Number(range[2]), Number(range[3] ?? 1)];
    const count = Math.min(50, Math.floor(Math.abs(to - from) / (step || 1)) + 1);
    return Array.from(
      { length: count },
      (_, index) => String(Math.round((from + Math.sign(to - from) * index * step) * 1000) / 1000),
    );
  });
}

/** The fields of an axis, "x" or "y"; `count` is called after every change. */
export function axis(name, start, count) {
  const select = h(
    "select",
    { id: `axis-${name}` },
    ...(name === "y" ? [h("option", { value: "" }, "Nothing")] : []),
    axes.map((key) => h("option", { value: key, selected: key === start }, settingName(key))),
  );
  const text = h("textarea", { id: `values-${name}`, rows: 2, "aria-label": `Values of ${name.toUpperCase()}` });
  const hints = h("div", { class: "examples" });
  const draw = () => {
    const key = select.value;
    text.hidden = !key;
    text.placeholder = example[key] ?? (["prompt", "negative"].includes(key) ? "One a line" : "With commas between");
    const known = { sampler: options.samplers, schedule: options.schedules, model: options.models }[key] ?? [];
    hints.replaceChildren(
      ...known.slice(0, 12).map((entry) =>
        h("button", {
          type: "button",
          class: "chip",
          onclick: () => {
            text.value = [...values(key, text.value), entry.name].join(", ");
            count();
          },
        }, entry.title)
      ),
    );
    count();
  };
  select.addEventListener("change", () => {
    text.value = "";
    draw();
  });
  text.addEventListener("input", () => count());
  return {
    draw,
    element: h(
      "div",
      { class: "field" },
      h("label", { for: `axis-${name}` }, name === "x" ? "Across" : "Down"),
      select,
      text,
      hints,
    ),
    get: () => ({ setting: select.value, values: select.value ? values(select.value, text.value) : [] }),
  };
}
