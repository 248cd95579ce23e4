// The form that starts a training.
import { h } from "./dom.js";
import { base64, call } from "./api.js";
import { complain, dialog, say } from "./messages.js";
import { together } from "./upload.js";
import { plural } from "./format.js";

/** Asks for pictures and words; `started(id)` is called once the server has them. */
export function askTraining(started) {
  const field = (id, label, input) => h("div", { class: "field" }, h("label", { for: id }, label), input);
  const pictures = h("input", {
    type: "file",
    id: "train-pictures",
    multiple: true,
    accept: "image/png,image/jpeg,.txt",
    required: true,
  });
  const name = h("input", {
    type: "text",
    id: "train-name",
    required: true,
    pattern: "[A-Za-z0-9][A-Za-z0-9_\\-]*",
    placeholder: "zkz",
  });
  const trigger = h("input", { type: "text", id: "train-trigger", placeholder: "zkz style" });
  const kind = h(
    "select",
    { id: "train-kind" },
    h("option", { value: "style" }, "A style"),
    h("option", { value: "subject" }, "One thing"),
  );
  const steps = h("input", { type: "number", id: "train-steps", min: 1, value: 400 });
  const group = h("input", { type: "text", id: "train-class", placeholder: "a dog" });
  const groupField = h(
    "div",
    { class: "field", hidden: true },
    h("label", { for: "train-class" }, "What the thing is"),
    group,
  );
  kind.addEventListener("change", () => {
    groupField.hidden = kind.value !== "subject";
    trigger.required = kind.value === "subject";
  });
  const sample = h("input", { type: "text", id: "train-sample", placeholder: "a cat, zkz style" });
  dialog("Start a training", (close) =>
    h(
      "form",
      {
        class: "dialog-body bare",
        onsubmit: async (event) => {
          event.preventDefault();
          const files = [...pictures.files];
          const captions = new Map(
            await Promise.all(
              files.filter((file) => file.name.endsWith(".txt")).map(async (
                file,
              ) => [file.name.slice(0, -4), (await file.text()).trim()]),
            ),
          );
          try {
            const chosen = files.filter((file) => file.type.startsWith("image/"));
            const sent = await together(chosen);
            const images = await Promise.all(
              chosen.map(async (file, index) => ({
                name: file.name,
                image: await base64(sent[index]),
                caption: captions.get(file.name.replace(/\.[^.]*$/, "")),
              })),
            );
            const { id } = await call("POST", "/api/trainings", {
              name: name.value,
              kind: kind.value,
              trigger: trigger.value || undefined,
              class: (kind.value === "subject" && group.value) || undefined,
              steps: Number(steps.value),
              samplePrompt: sample.value || undefined,
              pictures: images,
            });
            close();
            say(`Learning from ${plural(images.length, "picture")}.`);
            started(id);
          } catch (error) {
            complain(error);
          }
        },
      },
      h("h3", {}, "Start a training"),
      field("train-pictures", "Pictures, with .txt captions beside them if you have some", pictures),
      field("train-name", "Name of the LoRA", name),
      h(
        "div",
        { class: "pair even" },
        field("train-kind", "What it learns", kind),
        field("train-steps", "Steps", steps),
      ),
      groupField,
      field("train-trigger", "Words that call it", trigger),
      field("train-sample", "Prompt of the samples", sample),
      h(
        "div",
        { class: "dialog-end" },
        h("button", { type: "button", class: "plain", onclick: close }, "Not now"),
        h("button", { class: "primary", type: "submit" }, "Start"),
      ),
    ));
}
