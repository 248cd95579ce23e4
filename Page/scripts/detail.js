// One picture, large, with everything that made it.
import { h, iconButton, put } from "./dom.js";
import { show } from "./api.js";
import { actions, details } from "./actions.js";
import { complain, open } from "./messages.js";
import { settingName, when } from "./format.js";

// What people look for first stands first.
const first = ["model", "seed", "steps", "cfg", "sampler", "schedule", "lora", "strength"];
const rank = (key) => (first.includes(key) ? first.indexOf(key) : first.length);

/** Opens a picture of a list; arrows go to its neighbours. */
export function look({ id, list, onDelete, onRestore, onChange, more }) {
  let current = id;
  const frame = h("div", { class: "look-frame" });
  const facts = h("div", { class: "look-facts" });
  const close = () => element.close();
  const element = h(
    "dialog",
    { class: "look", id: "look", "aria-label": "Picture" },
    h("div", { class: "look-body" }, frame, facts),
  );

  function step(change) {
    const all = list();
    const at = all.findIndex((picture) => picture.id === current);
    const next = all[at + change];
    if (at >= all.length - 5) more();
    if (next) draw(next.id);
  }

  async function draw(next) {
    current = next;
    frame.replaceChildren(
      show(h("img", { alt: "" }), `/api/gallery/${current}/image`),
      h(
        "div",
        { class: "look-ways" },
        iconButton("back", "The picture before", () => step(-1)),
        iconButton("next", "The next picture", () => step(1)),
      ),
    );
    let picture;
    try {
      picture = await details(current);
    } catch (error) {
      complain(error);
      return;
    }
    if (current !== next) return;
    const known = list().find((one) => one.id === current);
    frame.querySelector("img").alt = picture.prompt;
    const rest = Object.entries(picture.settings)
      .filter(([key]) => !["prompt", "negative", "width", "height"].includes(key))
      .sort(([a], [b]) => rank(a) - rank(b));
    put(
      facts,
      h(
        "div",
        { class: "look-head" },
        h("span", { class: "quiet small" }, `${when(picture.made)} · ${picture.width} × ${picture.height}`),
        iconButton("close", "Close (Esc)", close, { id: "look-close" }),
      ),
      h("p", { class: "look-prompt" }, picture.prompt || "No prompt"),
      picture.negative && h("p", { class: "quiet small" }, `Not: ${picture.negative}`),
      actions(picture, {
        onDelete: () => {
          const all = list();
          const at = all.findIndex((one) => one.id === current);
          const neighbour = all[at + 1] ?? all[at - 1];
          onDelete(current);
          if (neighbour) draw(neighbour.id);
          else close();
        },
        onRestore,
        onChange: () => {
          if (known) known.favourite = picture.favourite;
          onChange();
        },
        onLeave: close,
      }),
      h(
        "dl",
        { class: "facts" },
        rest.flatMap(([key, value]) => [h("dt", {}, settingName(key)), h("dd", {}, String(value))]),
      ),
      h(
        "details",
        { class: "fold" },
        h("summary", {}, "As the file has it"),
        h("pre", { class: "infotext" }, picture.infotext),
      ),
    );
  }

  element.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea")) return;
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  open(element);
  draw(id);
}
