// What the stage shows in place of a picture, and what marks a field.
import { $, h, icon } from "./dom.js";
import { fieldOf, set, shown } from "./form.js";
import { source } from "./source.js";

const examples = ["a cat on the moon", "a robot in the snow at night", "two birds in a forest"];

/** Before anything was made. */
export function empty() {
  return h(
    "div",
    { class: "empty" },
    icon("picture"),
    h("h2", {}, "What should it show?"),
    h(
      "p",
      { class: "quiet" },
      "Describe a picture and press Make, or start from one of yours: drop it here, paste it, or ",
      h("button", { type: "button", class: "link", onclick: () => source.open() }, "choose a file"),
      ".",
    ),
    h(
      "div",
      { class: "examples" },
      examples.map((text) =>
        h("button", {
          type: "button",
          class: "chip",
          onclick: () => {
            $("prompt").value = text;
            $("prompt").dispatchEvent(new Event("input", { bubbles: true }));
            $("prompt").focus();
          },
        }, text)
      ),
    ),
  );
}

/** What went wrong and what can be done, by kind. */
export function failure({ error }) {
  const retry = h(
    "button",
    { type: "button", class: "primary", onclick: () => $("words").requestSubmit() },
    "Try again",
  );
  if (error.kind === "memory" || /memory/i.test(error.message)) {
    const [w, height] = [shown("width"), shown("height")];
    const half = w && height ? [w, height].map((side) => Math.max(64, Math.round(side / 2 / 8) * 8)) : null;
    return h(
      "div",
      { class: "failure" },
      h("h2", {}, "Not enough memory"),
      h("p", {}, error.message),
      h(
        "div",
        { class: "failure-ways" },
        half && h("button", {
          type: "button",
          class: "primary",
          onclick: () => {
            set("width", half[0]);
            set("height", half[1]);
            $("words").requestSubmit();
          },
        }, `Make it ${half[0]} × ${half[1]}`),
        h("button", { type: "button", class: "plain", onclick: () => $("words").requestSubmit() }, "Try again"),
      ),
    );
  }
  const field = error.setting && fieldOf(error.setting.replaceAll("-", "_"));
  return h(
    "div",
    { class: "failure" },
    h("h2", {}, "That did not work"),
    h("p", {}, error.message),
    h(
      "div",
      { class: "failure-ways" },
      field &&
        h("button", { type: "button", class: "plain", onclick: () => point(field, error.message) }, "Show the setting"),
      retry,
    ),
  );
}

/** Brings a field into sight and marks it, with what is wrong, until it is changed. */
export function point(field, message) {
  field.closest("details")?.setAttribute("open", "");
  const place = field.closest(".pair:not(.even)") ?? field.closest(".field") ?? field;
  const words = message && h("p", { class: "problems", id: "field-problem", role: "alert" }, message);
  $("field-problem")?.remove();
  if (words) place.after(words);
  field.setAttribute("aria-invalid", "true");
  field.addEventListener("input", () => {
    field.removeAttribute("aria-invalid");
    words?.remove();
  }, { once: true });
  field.focus();
  field.scrollIntoView({ block: "center" });
}

/** After a job was cancelled. */
export function cancelled() {
  return h(
    "div",
    { class: "empty" },
    h("h2", {}, "Cancelled"),
    h("p", { class: "quiet" }, "Nothing was kept of this one."),
  );
}
