// What can be set of a picture that is to change, for each way to change it.
import { h, segments } from "./dom.js";
import { brushPanel } from "./brush-panel.js";

function strength(state, hint) {
  const value = h("output", { class: "count" }, state.strength[state.mode].toFixed(2));
  const range = h("input", {
    type: "range",
    id: "strength",
    min: 0.05,
    max: 1,
    step: 0.05,
    value: state.strength[state.mode],
    oninput: () => {
      state.strength[state.mode] = Number(range.value);
      value.textContent = Number(range.value).toFixed(2);
      fill();
    },
  });
  const fill = () => range.style.setProperty("--filled", `${((range.value - 0.05) / 0.95) * 100}%`);
  fill();
  return h(
    "div",
    { class: "field" },
    h("div", { class: "label-row" }, h("label", { for: "strength" }, "Strength"), value),
    range,
    h("p", { class: "quiet small" }, hint),
  );
}

/** What stands below the picture, by how it is to change; `redraw` shows what another state looks like. */
export const panels = {
  redraw: ({ state }) => [
    strength(state, "Low keeps the picture, high follows the prompt. To change a part only, paint over it."),
  ],
  mask: ({ state, mask }) => [
    brushPanel(mask),
    h(
      "div",
      { class: "pair even" },
      h(
        "div",
        { class: "field" },
        h("span", { class: "label" }, "Work on"),
        segments("Work on", [["whole", "Whole picture"], ["masked", "Masked part"]], state.area, (value) => {
          state.area = value;
        }),
      ),
      h(
        "div",
        { class: "field" },
        h("label", { for: "blur" }, "Soft edge, pixels"),
        h("input", {
          type: "number",
          id: "blur",
          min: 0,
          max: 64,
          value: state.blur,
          oninput: (event) => {
            state.blur = Number(event.target.value);
          },
        }),
      ),
    ),
    strength(state, "Only what is painted changes; the rest stays as it is, bit for bit."),
  ],
  extend: ({ state, margins }) => [margins.fields(), strength(state, "The new edges are made up to fit the prompt and the picture.")],
  words: ({ state, find, redraw }) => {
    const button = h(
      "button",
      { type: "button", class: "plain", id: "find-mask", onclick: () => find(button) },
      "Show what would change",
    );
    return [
      h(
        "div",
        { class: "field" },
        h("label", { for: "edit-source" }, "What it shows now"),
        h("input", {
          type: "text",
          id: "edit-source",
          placeholder: "a cat on the moon (may stay empty)",
          value: state.source ?? "",
          oninput: (event) => {
            state.source = event.target.value;
          },
        }),
      ),
      h(
        "p",
        { class: "quiet small" },
        "The prompt says what it should show instead, such as “a dog on the moon”. Where the two differ, the picture changes.",
      ),
      h(
        "div",
        { class: "row" },
        button,
        state.found && h("button", {
          type: "button",
          class: "plain",
          onclick: () => {
            state.mode = "mask";
            redraw();
          },
        }, "Refine with the brush"),
      ),
      strength(state, "How far the found part may go from what it was."),
    ];
  },
};
