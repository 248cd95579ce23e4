// Controls of settings. Each has `value` (null: the default is meant), `set(value)`, `base(default)` and calls `change`.
import { h } from "./dom.js";

/** A labelled field around a control, with a way back to the default. */
function field(key, text, control, id, change) {
  const reset = h("button", {
    type: "button",
    class: "reset",
    hidden: true,
    onclick: () => {
      field.set(null);
      change();
    },
  }, "reset");
  reset.setAttribute("aria-label", `${text}: back to the model's default`);
  const field = h(
    "div",
    { class: "field", data: { setting: key } },
    h("div", { class: "label-row" }, h("label", { for: id }, text), reset),
    control,
  );
  field.mark = (isChanged) => {
    field.classList.toggle("changed", isChanged);
    reset.hidden = !isChanged;
  };
  return field;
}

/** What all fields do with values: `draw(shown)` shows a value. */
function keeping(element, draw) {
  let base = null;
  element.value = null;
  const refresh = () => {
    element.mark?.(element.value !== null && element.value !== base);
    draw(element.value ?? base);
  };
  element.set = (value) => {
    element.value = value ?? null;
    refresh();
  };
  element.base = (value) => {
    base = value ?? null;
    refresh();
  };
  Object.defineProperty(element, "shown", { get: () => element.value ?? base });
  return element;
}

/** A slider with a number beside it; the number may go past the slider's ends. */
export function slider(key, text, { min, max, step, lowest = min, highest }, change) {
  const id = `set-${key}`;
  const range = h("input", { type: "range", min, max, step, tabindex: -1, "aria-hidden": true });
  const number = h("input", { type: "number", id, min: lowest, max: highest, step: "any", inputmode: "decimal" });
  const element = keeping(field(key, text, h("div", { class: "slider" }, range, number), id, change), (shown) => {
    if (document.activeElement !== number) number.value = shown === null ? "" : String(Math.round(shown * 1000) / 1000);
    range.value = shown ?? min;
    range.style.setProperty("--filled", `${((Math.min(Math.max(shown ?? min, min), max) - min) / (max - min)) * 100}%`);
  });
  range.addEventListener("input", () => {
    number.value = range.value;
    element.set(Number(range.value));
    change();
  });
  number.addEventListener("input", () => {
    element.set(number.value === "" ? null : Number(number.value));
    change();
  });
  number.addEventListener("blur", () => element.set(element.value));
  number.addEventListener("keydown", (event) => {
    const turn = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!turn) return;
    event.preventDefault();
    const next = Math.max(lowest, Math.round(((element.shown ?? min) + turn * step) / step) * step);
    number.value = String(Math.round(next * 1000) / 1000);
    element.set(Number(number.value));
    change();
  });
  return element;
}

/** A choice from a list; `fill(entries)` gives it its entries. */
export function choice(key, text, change) {
  const id = `set-${key}`;
  const select = h("select", { id });
  const element = keeping(field(key, text, select, id, change), (shown) => {
    if (shown !== null && ![...select.options].some((option) => option.value === shown)) {
      select.append(h("option", { value: shown }, shown));
    }
    select.value = shown ?? "";
  });
  select.addEventListener("change", () => {
    element.set(select.value || null);
    change();
  });
  element.fill = (entries, empty) => {
    select.replaceChildren(
      ...(empty ? [h("option", { value: "" }, empty)] : []),
      ...entries.map((entry) => h("option", { value: entry.name }, entry.title)),
    );
    element.set(element.value);
  };
  return element;
}

/** A number, or text, that may be left empty. */
export function entry(key, text, attributes, change) {
  const id = `set-${key}`;
  const input = h("input", { type: "text", id, ...attributes });
  const element = keeping(field(key, text, input, id, change), (shown) => {
    if (document.activeElement !== input) input.value = shown ?? "";
  });
  input.addEventListener("input", () => {
    const value = input.value.trim();
    element.set(value === "" ? null : attributes.type === "number" ? Number(value) : value);
    change();
  });
  return element;
}

/** Yes or no. */
export function check(key, text, change) {
  const input = h("input", { type: "checkbox", id: `set-${key}` });
  const element = keeping(h("label", { class: "check", data: { setting: key } }, input, text), (shown) => {
    input.checked = shown === true;
  });
  input.addEventListener("change", () => {
    element.set(input.checked || null);
    change();
  });
  return element;
}
