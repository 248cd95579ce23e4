// Lists of adapters, embeddings and styles that are put into the prompt.
import { $, h } from "./dom.js";
import { complain, dialog } from "./messages.js";
import { loadOptions, options } from "./options.js";
import { insert } from "./prompt.js";
import { set, shown } from "./form.js";

/** A list of `options[key]` with a filter, as the server has it now; `take(entry)` is called with the one that is chosen. */
async function pick(title, key, nothing, take, extra = () => []) {
  try {
    await loadOptions();
  } catch (error) {
    complain(error);
    return;
  }
  const entries = options[key];
  const list = h("ul", { class: "pick-list" });
  let close;
  const draw = (filter) => {
    const found = entries.filter((entry) =>
      `${entry.title} ${entry.name}`.toLowerCase().includes(filter.toLowerCase())
    );
    list.replaceChildren(...found.map((entry) =>
      h(
        "li",
        {},
        h(
          "button",
          {
            type: "button",
            onclick: () => {
              close();
              take(entry);
            },
          },
          h("span", {}, entry.title),
          h("span", { class: "quiet small" }, entry.trigger?.join(", ") ?? ""),
        ),
      )
    ));
    if (!found.length) list.append(h("li", { class: "quiet" }, entries.length ? "None of that name." : nothing));
  };
  dialog(title, (end) => {
    close = end;
    draw("");
    return [
      h("h3", {}, title),
      entries.length > 5 &&
      h("input", {
        type: "search",
        placeholder: "Filter",
        "aria-label": "Filter",
        oninput: (event) => draw(event.target.value),
      }),
      list,
      entries.length ? extra() : [],
      h("div", { class: "dialog-end" }, h("button", { type: "button", class: "plain", onclick: end }, "Close")),
    ];
  });
}

/** Makes the buttons below the prompt live. */
export function buildPickers() {
  $("add-lora").addEventListener("click", () => {
    const weight = h("input", { type: "number", id: "lora-weight", value: "0.8", step: 0.1, min: -4, max: 4 });
    pick(
      "LoRA",
      "loras",
      "There are none yet: put .safetensors files into the server's folder, or train one.",
      (entry) => {
        insert([`<lora:${entry.name}:${Number(weight.value) || 1}>`, ...(entry.trigger ?? []).slice(0, 1)].join(" "));
      },
      () => [h("div", { class: "field narrow" }, h("label", { for: "lora-weight" }, "Weight"), weight)],
    );
  });
  $("add-embedding").addEventListener(
    "click",
    () =>
      pick(
        "Embedding",
        "embeddings",
        "There are none yet: put files of textual inversions into the server's folder.",
        (entry) => insert(entry.name),
      ),
  );
  $("add-style").addEventListener(
    "click",
    () =>
      pick(
        "Style",
        "styles",
        "There are none: the server reads them from styles.csv.",
        (entry) => set("styles", [...(shown("styles") ?? []), entry.name]),
      ),
  );
}
