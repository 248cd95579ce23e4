// Trainings of adapters: started from a folder of pictures, watched, stopped.
import { $, h, put } from "./dom.js";
import { call, events, Refusal, show } from "./api.js";
import { curve } from "./chart.js";
import { complain, say } from "./messages.js";
import { loadOptions } from "./options.js";
import { duration } from "./format.js";
import { askTraining } from "./train-form.js";

let trainings = [];
let current = null;
let following = null;
let isMissing = false;
const list = h("ul", { class: "training-list" });
const board = h("div", { class: "training-board", id: "training-board" });

const states = { queued: "Waiting", running: "Learning", done: "Finished", failed: "Failed", cancelled: "Stopped" };
const isLive = (training) => ["queued", "running"].includes(training.state);

function drawList() {
  const { id, state, step, steps } = current ?? {};
  Object.assign(trainings.find((training) => training.id === id) ?? {}, { state, step, steps });
  put(
    list,
    ...trainings.map((training) =>
      h(
        "li",
        {},
        h(
          "button",
          {
            type: "button",
            "aria-current": training.id === current?.id ? "true" : null,
            onclick: () => follow(training.id),
          },
          h("span", {}, training.name),
          h(
            "span",
            { class: "quiet small" },
            training.state === "running"
              ? `${Math.round((100 * training.step) / Math.max(1, training.steps))} %`
              : states[training.state],
          ),
        ),
      )
    ),
  );
}

function draw() {
  drawList();
  if (isMissing) {
    return put(
      board,
      h(
        "div",
        { class: "empty" },
        h("h2", {}, "This server does not train"),
        h("p", { class: "quiet" }, "The command lora-train does, on the machine itself."),
      ),
    );
  }
  if (!current) {
    return put(
      board,
      h(
        "div",
        { class: "empty" },
        h("h2", {}, "Teach it a style or a thing"),
        h(
          "p",
          { class: "quiet" },
          "Ten to fifty pictures, a word for them, some minutes to hours. The LoRA is then in the prompt's list.",
        ),
        h("button", { type: "button", class: "primary", onclick: start }, "Start a training"),
      ),
    );
  }
  const { name, state, step = 0, steps = 0, secondsLeft, losses = [], samples = [], error, lora } = current;
  put(
    board,
    h(
      "div",
      { class: "row spread" },
      h(
        "div",
        {},
        h("h3", {}, name),
        h(
          "p",
          { class: "quiet", role: "status" },
          [
            states[state],
            step && steps && `step ${step} of ${steps}`,
            isLive(current) && secondsLeft && `${duration(secondsLeft)} left`,
          ].filter(Boolean).join(" · "),
        ),
      ),
      isLive(current) && h("button", { type: "button", class: "plain danger", onclick: stop }, "Stop"),
    ),
    h("div", { class: "line" }, Object.assign(h("i", {}), { style: `width:${(step / Math.max(1, steps)) * 100}%` })),
    error && h("p", { class: "failure-line" }, error.message ?? error),
    state === "done" && lora && h("p", {}, "In prompts: ", h("code", {}, `<lora:${lora}:1>`)),
    h("figure", { class: "chart" }, h("figcaption", { class: "label" }, "Loss"), curve(losses, steps)),
    samples.length &&
      h(
        "figure",
        {},
        h("figcaption", { class: "label" }, "Samples by step"),
        h(
          "ul",
          { class: "film" },
          samples.map((sample) =>
            h(
              "li",
              {},
              show(h("img", { alt: `At step ${sample.step}` }), sample.image),
              h("span", { class: "quiet small" }, String(sample.step)),
            )
          ),
        ),
      ),
  );
}

async function stop() {
  try {
    await call("DELETE", `/api/trainings/${current.id}`);
    say("Stopping after this step.");
  } catch (error) {
    complain(error);
  }
}

const takers = {
  loss: ({ step, loss, steps }) => {
    current.losses.push([step, loss]);
    // What is left takes as long as what was watched.
    current.watched ??= { step, since: performance.now() };
    const pace = (performance.now() - current.watched.since) / 1000 / Math.max(1, step - current.watched.step);
    Object.assign(current, {
      step,
      steps: steps ?? current.steps,
      state: "running",
      secondsLeft: step > current.watched.step ? pace * ((steps ?? current.steps) - step) : null,
    });
  },
  sample: (sample) => {
    if (!current.samples.some((one) => one.step === sample.step)) current.samples.push(sample);
  },
  done: (value) => Object.assign(current, { state: "done" }, value),
  failed: ({ error }) => Object.assign(current, { state: "failed", error }),
  cancelled: () => Object.assign(current, { state: "cancelled" }),
};

async function follow(id) {
  following?.abort();
  following = new AbortController();
  const { signal } = following;
  try {
    current = { losses: [], samples: [], ...(await call("GET", `/api/trainings/${id}`)) };
    draw();
    if (!isLive(current)) return;
    let isWaiting = false;
    const seen = new Set(current.losses.map(([step]) => step));
    await events(`/api/trainings/${id}/events`, (name, value) => {
      if (name === "loss" && seen.has(value.step)) return;
      takers[name]?.(value ?? {});
      if (isWaiting) return;
      isWaiting = true;
      requestAnimationFrame(() => {
        isWaiting = false;
        if (!signal.aborted) draw();
      });
    }, signal);
    draw();
    // What it made can be picked for prompts.
    if (current.state === "done") await loadOptions();
  } catch (error) {
    complain(error);
  }
}

async function load() {
  try {
    ({ trainings = [] } = await call("GET", "/api/trainings"));
    if (!current && trainings.length) return await follow((trainings.find(isLive) ?? trainings.at(-1)).id);
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) isMissing = true;
    else complain(error);
  }
  draw();
}

const start = () =>
  askTraining(async (id) => {
    await load();
    follow(id);
  });

/** Builds the view; returns what is called when it is shown. */
export function buildTrain() {
  $("view-train").append(
    h(
      "div",
      { class: "view-head" },
      h("h2", {}, "Train"),
      h("button", { type: "button", class: "plain slim", onclick: start }, "Start a training"),
    ),
    h("div", { class: "split narrow" }, list, board),
  );
  return load;
}
