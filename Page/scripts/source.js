// The picture to change: redrawn, under a mask, extended, or edited by words.
import { $, h, iconButton, put, segments } from "./dom.js";
import { base64, call } from "./api.js";
import { complain, say } from "./messages.js";
import { Mask } from "./brush.js";
import { Margins } from "./extend.js";
import { followPicture, settings } from "./form.js";
import { panels } from "./source-panels.js";

const state = {
  file: null,
  url: "",
  mode: "redraw",
  strength: { redraw: 0.6, mask: 0.8, extend: 0.9, words: 0.7 },
  area: "whole",
  blur: 4,
  found: null,
};
let listener = () => {};
/** Calls back with whether there is a picture now. */
export const onSource = (work) => {
  listener = work;
};
export const hasSource = () => state.file !== null;

const image = h("img", { class: "source-picture", id: "source-picture", alt: "The picture to change" });
const canvas = h("canvas", { class: "mask", id: "mask", tabindex: 0, role: "application" });
const holder = h("div", { class: "source-holder" }, image, canvas);
const board = h("div", { class: "board" }, holder);
const mask = new Mask(canvas, image);
const margins = new Margins(board, holder, image);
const panel = h("div", { class: "panel" });
// The first stroke says that only a part is to change.
for (const kind of ["pointerup", "keyup"]) {
  canvas.addEventListener(kind, () => {
    if (state.mode !== "redraw" || mask.isEmpty) return;
    state.mode = "mask";
    draw();
  });
}
const input = h("input", {
  type: "file",
  id: "source-file",
  accept: "image/png,image/jpeg",
  hidden: true,
  onchange: () => {
    if (input.files[0]) source.take(input.files[0]);
    input.value = "";
  },
});

/** The picture to change, for everyone. */
export const source = {
  open: () => input.click(),

  /** Takes a picture; says so if it is none. */
  async take(file) {
    const url = URL.createObjectURL(file);
    try {
      image.src = url;
      await image.decode();
    } catch {
      URL.revokeObjectURL(url);
      say(`${file.name} is not a picture that can be read: PNG and JPEG are.`, null, 8);
      return;
    }
    if (state.url) URL.revokeObjectURL(state.url);
    Object.assign(state, { file, url, found: null });
    mask.reset();
    margins.reset();
    draw();
    followPicture(true);
    listener(true);
  },

  /** Takes the picture another one was made from, to be changed in the same way. */
  async restore(file, maskFile, settings) {
    await source.take(file);
    state.mode = settings.edit
      ? "words"
      : settings.outpaint
      ? "extend"
      : maskFile || settings.mask
      ? "mask"
      : "redraw";
    if (settings.strength) state.strength[state.mode] = settings.strength;
    state.blur = settings.mask_blur ?? state.blur;
    state.area = settings.inpaint_area ?? state.area;
    state.source = settings.source ?? "";
    if (settings.outpaint) margins.take(settings.outpaint);
    if (maskFile) {
      const url = URL.createObjectURL(maskFile);
      await mask.load(url).finally(() => URL.revokeObjectURL(url));
    }
    draw();
  },

  /** Puts it away. */
  drop() {
    if (state.url) URL.revokeObjectURL(state.url);
    Object.assign(state, { file: null, url: "", found: null });
    image.removeAttribute("src");
    followPicture(false);
    listener(false);
  },

  /** What a job is told of it: {image, mask?} and its settings. Throws in words what is missing. */
  async asked() {
    if (!state.file) return { settings: {} };
    const asked = { image: await base64(state.file), settings: { strength: state.strength[state.mode] } };
    if (state.mode === "mask") {
      if (mask.isEmpty) throw new Error("Paint over what should change first, or choose Redraw.");
      asked.mask = mask.png();
      Object.assign(asked.settings, { mask_blur: state.blur, inpaint_area: state.area });
    } else if (state.mode === "extend") {
      if (margins.isEmpty) throw new Error("Drag an edge of the picture outwards first.");
      asked.settings.outpaint = margins.text;
    } else if (state.mode === "words") {
      asked.settings.edit = true;
      if ($("edit-source").value.trim()) asked.settings.source = $("edit-source").value.trim();
    }
    return asked;
  },
};

async function find(button) {
  const prompt = $("prompt").value.trim();
  if (!prompt) {
    say("Write into the prompt what the picture should become.");
    $("prompt").focus();
    return;
  }
  button.disabled = true;
  button.textContent = "Looking";
  try {
    const asked = await source.asked();
    const answer = await call("POST", "/api/find-mask", {
      settings: { ...settings(), ...asked.settings },
      image: asked.image,
    });
    state.found = answer.mask;
    await mask.load(`data:image/png;base64,${answer.mask}`);
    draw();
  } catch (error) {
    complain(error);
  } finally {
    button.disabled = false;
    button.textContent = "Show what would change";
  }
}

const modes = segments(
  "How to change it",
  [["redraw", "Redraw"], ["mask", "Mask"], ["extend", "Extend"], ["words", "By words"]],
  state.mode,
  (mode) => {
    if (mode === "words" && state.mode !== "words" && !state.found) mask.reset();
    state.mode = mode;
    draw();
  },
);

function draw() {
  modes.set(state.mode);
  put(panel, panels[state.mode]({ state, mask, margins, find, redraw: draw }));
  // A picture that is to be redrawn can be painted on at once.
  canvas.hidden = !{ redraw: mask.isEmpty, mask: true, extend: false, words: state.found }[state.mode];
  mask.isLocked = state.mode !== "mask" && state.mode !== "redraw";
  margins.show(state.mode === "extend");
  mask.fit();
}

/** Builds the editor; it is hidden until there is a picture. */
export function buildSource() {
  const editor = h(
    "div",
    { class: "editor", id: "editor", hidden: true },
    board,
    h(
      "div",
      { class: "editor-head" },
      modes,
      h(
        "span",
        { class: "actions-end" },
        iconButton("picture", "Choose another picture", () => source.open()),
        iconButton("close", "Put the picture away", () => source.drop(), { id: "source-drop" }),
      ),
    ),
    panel,
    input,
  );
  draw();
  return editor;
}
