// Elements, made and found.

/** The element of an id. */
export const $ = (id) => document.getElementById(id);

/**
 * Makes an element.
 * Attributes that start with "on" are listeners, `data` is a dataset, properties such as `value` and `checked` are set,
 * `false` and null leave an attribute out.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (["value", "checked", "disabled", "hidden", "open", "selected"].includes(name)) element[name] = value;
    else element.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : value);
  }
  return put(element, ...children);
}

/** Replaces what is in an element; lists are spread, and what is false, 0 or nothing is left out. */
export function put(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(Boolean));
  return element;
}

const paths = {
  heart: "M10 16.5 3.9 10.6a3.8 3.8 0 0 1 5.4-5.4l.7.7.7-.7a3.8 3.8 0 0 1 5.4 5.4z",
  dice: "M4 4h12v12H4zM7.5 7.5h.01M12.5 7.5h.01M10 10h.01M7.5 12.5h.01M12.5 12.5h.01",
  swap: "M4 7h11l-3-3M16 13H5l3 3",
  save: "M10 3v9m-4-4 4 4 4-4M4 16h12",
  bin: "M4 6h12M8 6V4h4v2M6 6l.7 10h6.600L14 6",
  close: "m5 5 10 10M15 5 5 15",
  back: "m12 4-6 6 6 6",
  next: "m8 4 6 6-6 6",
  undo: "M7 5 4 8l3 3M4 8h7a4 4 0 0 1 0 8H8",
  again: "M15.5 8A6 6 0 1 0 16 11M16 4v4h-4",
  vary: "M4 6h3c4 0 4 8 8 8h1m-2-2 2 2-2 2M4 14h3c1.2 0 2-.7 2.6-1.7M12 7.3C12.7 6.5 13.7 6 15 6h1m-2-2 2 2-2 2",
  grow: "M4 8V4h4M16 12v4h-4M4 4l5 5M16 16l-5-5",
  brush: "M16 4 9 11m-1.5 1c-2 0-2 3-4.5 3 1 1.5 6 2 6-1.500z",
  picture: "M3 4h14v12H3zM3 13l4-4 4 4 2-2 4 4M13 7.5h.01",
};

/** A line drawing of 20 by 20. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "drawn");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", paths[name]);
  svg.append(path);
  return svg;
}

/** A button with a drawing and a name that is read out, or shown beside it. */
export function iconButton(name, label, onclick, attributes = {}) {
  const button = h("button", {
    type: "button",
    class: "icon",
    title: label,
    "aria-label": label,
    onclick,
    ...attributes,
  });
  button.append(icon(name));
  return button;
}

/** Buttons of which one is pressed. `choices` are [value, text] pairs; returns the element with `value` and `set(value)`. */
export function segments(label, choices, value, onchange) {
  const group = h("div", { class: "segments", role: "group", "aria-label": label });
  const buttons = choices.map(([name, text]) =>
    h("button", {
      type: "button",
      data: { value: name },
      onclick: () => {
        group.set(name);
        onchange(name);
      },
    }, text)
  );
  group.append(...buttons);
  group.set = (name) => {
    group.value = name;
    for (const button of buttons) button.setAttribute("aria-pressed", button.dataset.value === String(name));
  };
  group.set(value);
  return group;
}

/** Calls `work` once calls have stopped for `delay` milliseconds. */
export function settled(delay, work) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), delay);
  };
}
