// What can be done with a finished picture, in the stage and in the gallery.
import { $, h, icon, iconButton } from "./dom.js";
import { base64, blob, call } from "./api.js";
import { complain, say } from "./messages.js";
import { apply, isEdited, ofWords, repeatable } from "./form.js";
import { source } from "./source.js";
import { submit } from "./jobs.js";

/** All that is known of a picture. */
export const details = (id) => call("GET", `/api/gallery/${id}`);

/** Deletes a picture, unless that is taken back within seconds. */
export function remove(id, onGone, onBack) {
  onGone();
  const send = () => {
    removeEventListener("pagehide", send);
    clearTimeout(timer);
    // Sent to its end even if the page is being left.
    return call("DELETE", `/api/gallery/${id}`, undefined, { keepalive: true }).catch((error) => {
      if (error.status !== 404) {
        complain(error);
        onBack();
      }
    });
  };
  const timer = setTimeout(send, 5000);
  addEventListener("pagehide", send);
  say("Picture deleted.", ["Undo", () => {
    clearTimeout(timer);
    removeEventListener("pagehide", send);
    onBack();
  }], 5);
}

/** Puts a picture's settings into the form. */
export async function reuse(id) {
  const { settings, sources } = await details(id);
  const from = await origin(id, sources);
  apply(asAsked(settings));
  location.hash = "#create";
  if (from.image) await source.restore(from.image, from.mask, settings);
  else source.drop();
  $("prompt").focus();
  say(
    isEdited(settings) && !from.image
      ? "Its settings are in the form, without the picture it was made from, which is not kept."
      : "Its settings are in the form: the same picture, until you change one.",
  );
}

/** Settings of a changed picture with the size that was asked for, which need not be its own. */
const asAsked = ({ width, height, ...settings }) =>
  isEdited(settings)
    ? { ...settings, width: settings.asked_width, height: settings.asked_height }
    : { ...settings, width, height };

/** Shows a job that was just sent, in Create. */
async function present(job) {
  location.hash = "#create";
  // Not above: the stage shows these buttons.
  (await import("./stage.js")).present(job);
}

/** The files a picture was made from: {image, mask}; empty for one of words alone. */
async function origin(id, sources) {
  const files = await Promise.all(sources.map(async (kind) => {
    const bytes = await blob(`/api/gallery/${id}/sources/${kind}`);
    return [kind, new File([bytes], `${id}-${kind}`, { type: bytes.type })];
  }));
  return Object.fromEntries(files);
}

/** Makes a picture that differs a little from this one. */
export async function vary(id) {
  const { settings, sources } = await details(id);
  const from = await origin(id, sources);
  if (isEdited(settings) && !from.image) {
    say("It was made from another picture, which is not kept: choose Change instead.");
    return;
  }
  for (const kind of sources) from[kind] = await base64(from[kind]);
  const drawn = crypto.getRandomValues(new Uint32Array(1))[0];
  await present(
    await submit({
      settings: { ...repeatable(asAsked(settings)), variation_seed: String(drawn), variation_strength: 0.3 },
      ...from,
    }),
  );
}

/** Makes the picture twice as large: in a second pass, or, if it was changed already, from itself. */
async function enlarge(id) {
  const { settings, width, height } = await details(id);
  if (!isEdited(settings)) {
    await present(await submit({ settings: { ...repeatable(settings), hires_scale: 2, hires_denoise: 0.5 } }));
    return;
  }
  const image = await base64(await blob(`/api/gallery/${id}/image`));
  await present(
    await submit({ settings: { ...ofWords(settings), width: width * 2, height: height * 2, strength: 0.35 }, image }),
  );
}

/** Starts from a picture. */
export async function change(id) {
  const bytes = await blob(`/api/gallery/${id}/image`);
  location.hash = "#create";
  await source.take(new File([bytes], `${id}.png`, { type: bytes.type }));
}

/** Saves a picture on this machine. */
async function save(id) {
  const bytes = await blob(`/api/gallery/${id}/image`);
  const url = URL.createObjectURL(bytes);
  h("a", { href: url, download: `imago-${id}.${bytes.type === "image/jpeg" ? "jpg" : "png"}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/**
 * Buttons for a picture {id, favourite?}.
 * `onDelete` takes it out of sight, `onRestore` brings it back, `onChange` is told of a new mark, `onLeave` of going to the form.
 */
export function actions(
  picture,
  { onDelete = () => {}, onRestore = () => {}, onChange = () => {}, onLeave = () => {} } = {},
) {
  const go = (work) => () => {
    onLeave();
    work(picture.id).catch(complain);
  };
  const heart = iconButton("heart", "Favourite", async () => {
    const favourite = !picture.favourite;
    try {
      await call("PATCH", `/api/gallery/${picture.id}`, { favourite });
    } catch (error) {
      complain(error);
      return;
    }
    picture.favourite = favourite;
    heart.setAttribute("aria-pressed", String(favourite));
    onChange();
  }, { "aria-pressed": String(Boolean(picture.favourite)), data: { action: "favourite" } });
  const worded = (name, text, action, work) =>
    h("button", { type: "button", class: "plain slim", data: { action }, onclick: go(work) }, icon(name), text);
  return h(
    "div",
    { class: "actions" },
    worded("again", "Same settings", "reuse", reuse),
    worded("vary", "Vary", "vary", vary),
    worded("brush", "Change", "change", change),
    !picture.settings?.hires_scale && worded("grow", "Enlarge", "enlarge", enlarge),
    h(
      "span",
      { class: "actions-end" },
      heart,
      iconButton("save", "Save", go(save), { data: { action: "save" } }),
      iconButton("bin", "Delete", () => remove(picture.id, onDelete, onRestore), { data: { action: "delete" } }),
    ),
  );
}
