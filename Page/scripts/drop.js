// Files dropped onto, or pasted into, the page.
import { h } from "./dom.js";
import { call } from "./api.js";
import { complain, say } from "./messages.js";
import { apply } from "./form.js";
import { source } from "./source.js";

/** Reads the settings of a picture, or of a text that has them, into the form. */
export async function readSettings(file) {
  try {
    const { settings, notes = [] } = await call("POST", "/api/read-settings", file);
    apply(settings);
    location.hash = "#create";
    say(["The settings are in the form.", ...notes.slice(0, 2)].join(" "), null, 8);
  } catch (error) {
    complain(error);
  }
}

async function start(file) {
  location.hash = "#create";
  await source.take(file);
}

/** Makes the whole page a place to drop pictures onto; `other(file)` takes what is no picture and says whether it did. */
export function buildDrop(other) {
  const places = [
    h("div", {}, h("h3", {}, "Change it"), h("p", { class: "quiet" }, "Start from this picture")),
    h("div", {}, h("h3", {}, "Read its settings"), h("p", { class: "quiet" }, "Make it again, or one like it")),
  ];
  const veil = h("div", { class: "drop-veil", id: "drop-veil", hidden: true }, places);
  document.body.append(veil);
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => {
    if (hasFiles(event)) {
      event.preventDefault();
      veil.hidden = false;
    }
  });
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    for (const place of places) place.classList.toggle("over", place === event.target);
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) veil.hidden = true;
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    veil.hidden = true;
    const file = event.dataTransfer.files[0];
    if (!file || other(file)) return;
    if (!file.type.startsWith("image/")) say(`${file.name} is neither a picture nor a prompt file.`);
    else if (event.target === places[1]) readSettings(file);
    else start(file);
  });
  addEventListener("paste", (event) => {
    // The text of a picture's settings, as other programs share it.
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (/^Steps: \d+, \w/m.test(text)) {
      event.preventDefault();
      readSettings(new Blob([text], { type: "text/plain" }));
      return;
    }
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (file) {
      event.preventDefault();
      start(file);
    }
  });
}
