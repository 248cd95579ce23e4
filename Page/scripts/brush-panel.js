// The controls of the brush.
import { h, iconButton, segments } from "./dom.js";

/** The brush's controls. */
export function brushPanel(mask) {
  const size = h("input", {
    type: "range",
    "aria-label": "Size of the brush",
    min: 0.02,
    max: 0.6,
    step: 0.02,
    value: mask.size,
    oninput: () => {
      mask.size = Number(size.value);
      draw();
    },
  });
  const kind = segments(
    "Brush or eraser",
    [["paint", "Brush"], ["erase", "Eraser"]],
    mask.erases ? "erase" : "paint",
    (value) => {
      mask.erases = value === "erase";
    },
  );
  const undo = iconButton("undo", "Undo (Ctrl Z)", () => mask.undo(), { id: "mask-undo" });
  const draw = () => {
    kind.set(mask.erases ? "erase" : "paint");
    size.value = mask.size;
    size.style.setProperty("--filled", `${((mask.size - 0.02) / 0.58) * 100}%`);
    undo.disabled = !mask.strokes.length;
  };
  mask.changed = draw;
  draw();
  return h(
    "div",
    { class: "row brush-row" },
    kind,
    size,
    undo,
    h("button", { type: "button", class: "tool", onclick: () => mask.invert() }, "Invert"),
    h("button", { type: "button", class: "tool", id: "mask-clear", onclick: () => mask.reset() }, "Clear"),
  );
}
