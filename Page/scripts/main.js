// Puts the page together: views, keys, the button that makes pictures.
import { $, h } from "./dom.js";
import { complain, dialog } from "./messages.js";
import { loadOptions } from "./options.js";
import { buildForm, fieldOf, fill, onChange, settings, shown } from "./form.js";
import { buildPrompts, explainAgain } from "./prompt.js";
import { buildPickers } from "./pickers.js";
import { buildDrop } from "./drop.js";
import { buildStage, present, refresh, stop } from "./stage.js";
import { point } from "./states.js";
import { resume, submit } from "./jobs.js";
import { source } from "./source.js";
import { buildGallery } from "./gallery.js";
import { buildGrid } from "./grid.js";
import { buildBatch, takePromptFile } from "./batch.js";
import { buildTrain } from "./train.js";

const views = ["create", "gallery", "grid", "batch", "train"];
const shows = {};

function route() {
  const name = location.hash.slice(1);
  const view = views.includes(name) ? name : "create";
  for (const one of views) $(`view-${one}`).hidden = one !== view;
  for (const link of document.querySelectorAll("[data-view]")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  shows[view]?.();
}

async function make(event) {
  event.preventDefault();
  const button = $("make");
  if (button.disabled) return;
  button.disabled = true;
  try {
    const { settings: more, ...files } = await source.asked();
    const job = await submit({ settings: { ...settings(), ...more }, ...files });
    present(job);
    $("stage").scrollIntoView({ block: "nearest", behavior: "smooth" });
  } catch (error) {
    const field = error.setting && fieldOf(error.setting.replaceAll("-", "_"));
    if (field) point(field, error.message);
    else complain(error);
  } finally {
    button.disabled = false;
  }
}

function help() {
  const keys = [
    ["Ctrl Enter", "Make a picture"],
    ["Esc", "Cancel"],
    ["Ctrl ↑ ↓", "Weigh the words at the cursor more or less"],
    ["1 … 5", "Go to a view"],
    ["/", "To the prompt, or to the search"],
    ["[ ]", "Smaller or larger brush"],
    ["Shift ← ↑ → ↓", "Paint with the keyboard"],
    ["X", "Brush or eraser"],
    ["Ctrl Z", "Undo a stroke"],
    ["← →", "Next picture in the gallery"],
    ["?", "This list"],
  ];
  dialog(
    "Keyboard shortcuts",
    (
      close,
    ) => [
      h("h3", {}, "Keyboard"),
      h(
        "dl",
        { class: "keys" },
        keys.flatMap((
          [key, text],
        ) => [h("dt", {}, key.split(" ").map((one) => [h("kbd", {}, one), " "])), h("dd", {}, text)]),
      ),
      h("div", { class: "dialog-end" }, h("button", { type: "button", class: "plain", onclick: close }, "Close")),
    ],
  );
}

function press(event) {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    event.preventDefault();
    $("words").requestSubmit();
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") {
    stop();
    return;
  }
  if (event.target.closest("input, textarea, select, canvas") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "?") help();
  else if (event.key >= "1" && event.key <= String(views.length)) location.hash = `#${views[event.key - 1]}`;
  else if (event.key === "/") {
    event.preventDefault();
    (location.hash === "#gallery" ? $("gallery-search") : $("prompt")).focus();
  }
}

/** Light, dark, or as the system has it. */
function buildTheme() {
  const take = (theme) => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  take(localStorage.getItem("imago.theme"));
  $("theme").addEventListener("click", () => {
    const isDark = getComputedStyle(document.documentElement).colorScheme === "dark" ||
      (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
    const next = isDark ? "light" : "dark";
    localStorage.setItem("imago.theme", next);
    take(next);
  });
}

async function begin() {
  buildTheme();
  buildStage();
  shows.gallery = buildGallery();
  shows.grid = buildGrid();
  shows.train = buildTrain();
  buildBatch();
  buildPickers();
  buildDrop(takePromptFile);
  $("words").addEventListener("submit", make);
  $("cancel").addEventListener("click", stop);
  $("help").addEventListener("click", help);
  document.addEventListener("keydown", press);
  addEventListener("hashchange", route);
  let model = null;
  onChange(() => {
    if (shown("model") !== model) {
      model = shown("model");
      explainAgain();
    }
    refresh();
  });
  await connect();
  buildForm();
  buildPrompts();
  refresh();
  route();
  document.documentElement.dataset.ready = "true";
  addEventListener("server-back", () => connect().then(fill));
}

/** Asks for lists and jobs until the server answers. */
async function connect() {
  while (true) {
    try {
      await loadOptions();
      resume().catch(complain);
      return;
    } catch (error) {
      if (error.name !== "Error" || error.status) complain(error);
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

begin();
