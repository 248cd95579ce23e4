// Handles that pull the edges of a picture outwards.
import { h } from "./dom.js";

const sides = ["left", "top", "right", "bottom"];
const grain = 8;

/** Margins around a picture, in its pixels. */
export class Margins {
  constructor(board, holder, image) {
    Object.assign(this, {
      board,
      holder,
      image,
      values: { left: 0, top: 0, right: 0, bottom: 0 },
      inputs: {},
      isShown: false,
    });
    this.handles = sides.map((side) => {
      const handle = h("button", {
        type: "button",
        class: `handle ${side}`,
        role: "slider",
        "aria-label": `Extend ${side}, pixels`,
        "aria-valuemin": 0,
        "aria-valuemax": 2048,
        "aria-orientation": side === "left" || side === "right" ? "horizontal" : "vertical",
        hidden: true,
      });
      handle.addEventListener("pointerdown", (event) => this.drag(event, side));
      handle.addEventListener("keydown", (event) => this.press(event, side));
      return handle;
    });
    this.outline = h("div", { class: "outline", hidden: true });
    holder.append(this.outline);
    this.outline.append(...this.handles);
    new ResizeObserver(() => this.draw()).observe(board);
  }

  get isEmpty() {
    return sides.every((side) => this.values[side] === 0);
  }
  /** As the setting has it: left, top, right, bottom. */
  get text() {
    return sides.map((side) => this.values[side]).join(",");
  }

  reset() {
    for (const side of sides) this.values[side] = 0;
    this.draw();
  }

  /** Takes over margins as the setting has them. */
  take(text) {
    const values = text.split(",").map(Number);
    for (const [index, side] of sides.entries()) this.set(side, values[index] ?? 0);
  }

  show(isShown) {
    this.isShown = isShown;
    this.outline.hidden = !isShown;
    for (const handle of this.handles) handle.hidden = !isShown;
    this.draw();
  }

  set(side, pixels) {
    this.values[side] = Math.min(2048, Math.max(0, Math.round(pixels / grain) * grain)) || 0;
    this.draw();
  }

  drag(event, side) {
    event.preventDefault();
    const handle = event.currentTarget;
    handle.focus();
    handle.setPointerCapture(event.pointerId);
    const isWide = side === "left" || side === "right";
    const sign = side === "left" || side === "top" ? -1 : 1;
    const scale = this.image.naturalWidth / this.image.getBoundingClientRect().width;
    const [start, before] = [isWide ? event.clientX : event.clientY, this.values[side]];
    const move = (now) => this.set(side, before + sign * ((isWide ? now.clientX : now.clientY) - start) * scale);
    handle.addEventListener("pointermove", move);
    for (const end of ["pointerup", "pointercancel"]) {
      handle.addEventListener(end, () => handle.removeEventListener("pointermove", move), { once: true });
    }
  }

  press(event, side) {
    const outwards = { left: "ArrowLeft", right: "ArrowRight", top: "ArrowUp", bottom: "ArrowDown" }[side];
    const inwards = { left: "ArrowRight", right: "ArrowLeft", top: "ArrowDown", bottom: "ArrowUp" }[side];
    const step = event.shiftKey ? 64 : grain;
    if (event.key === outwards) this.set(side, this.values[side] + step);
    else if (event.key === inwards) this.set(side, this.values[side] - step);
    else return;
    event.preventDefault();
  }

  /** Number fields, which do the same. */
  fields() {
    return h(
      "div",
      { class: "margins" },
      sides.map((side) => {
        const input = h("input", {
          type: "number",
          id: `margin-${side}`,
          min: 0,
          max: 2048,
          step: grain,
          value: this.values[side],
          onchange: () => {
            this.set(side, Number(input.value));
          },
        });
        this.inputs[side] = input;
        return h(
          "div",
          { class: "field" },
          h("label", { for: `margin-${side}` }, side[0].toUpperCase() + side.slice(1)),
          input,
        );
      }),
    );
  }

  /** Leaves room around the picture and shows how large it will be. */
  draw() {
    const { naturalWidth: width, naturalHeight: height } = this.image;
    if (!width) return;
    const { left, top, right, bottom } = this.isShown ? this.values : { left: 0, top: 0, right: 0, bottom: 0 };
    const full = [width + left + right, height + top + bottom];
    for (
      const [name, value] of [["--left", left / width], ["--right", right / width], ["--top", top / height], [
        "--bottom",
        bottom / height,
      ]]
    ) this.holder.style.setProperty(name, `${value * 100}%`);
    this.holder.style.setProperty("--ratio", String(width / height));
    this.holder.style.setProperty("--wide", String(width / full[0]));
    this.holder.style.setProperty("--share", String(height / full[1]));
    this.outline.dataset.size = `${full[0]} × ${full[1]}`;
    for (const [index, side] of sides.entries()) {
      this.handles[index].setAttribute("aria-valuenow", String(this.values[side]));
      if (this.inputs[side] && document.activeElement !== this.inputs[side]) {
        this.inputs[side].value = this.values[side];
      }
    }
  }
}
