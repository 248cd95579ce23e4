// One picture with two settings varied, and strips from one prompt or seed to another.
import { $, h, put, segments } from "./dom.js";
import { call, show } from "./api.js";
import { adopt, cancel, isOver, onJob, submit } from "./jobs.js";
import { complain } from "./messages.js";
import { plural, settingName } from "./format.js";
import { settings } from "./form.js";
import { axis } from "./axes.js";
import { save } from "./grid-picture.js";

let shownGrid = null;

let x;
let y;
const total = h("p", { class: "quiet small" });
const count = () => {
  if (!x || !y) return;
  const [across, down] = [x.get().values.length, y.get().setting ? y.get().values.length : 1];
  total.textContent = across * down
    ? `${plural(across * down, "picture")}: ${across} across, ${down} down. Everything else is as in Create.`
    : "Everything else is as in Create.";
};

async function make(event) {
  event.preventDefault();
  const [across, down] = [x.get(), y.get()];
  if (!across.values.length) {
    $("values-x").focus();
    return;
  }
  const base = settings();
  delete base.count;
  // Pictures are to be compared: they share a seed.
  base.seed ??= String(crypto.getRandomValues(new Uint32Array(1))[0]);
  try {
    const answer = await call("POST", "/api/jobs", {
      grid: { x: across, ...(down.setting && down.values.length ? { y: down } : {}) },
      settings: base,
    });
    shownGrid = {
      across,
      down: down.setting && down.values.length ? down : { setting: "", values: [""] },
      cells: new Map(
        answer.jobs.map((
          job,
        ) => [`${job.x},${job.y ?? 0}`, adopt(job.id, { title: base.prompt ?? "", group: answer.group })]),
      ),
    };
    draw();
  } catch (error) {
    complain(error);
  }
}

async function makeStrip(event) {
  event.preventDefault();
  const wanted = settings();
  delete wanted.count;
  const [toPrompt, toSeed] = [$("to-prompt").value.trim(), $("to-seed").value.trim()];
  if (!toPrompt && !toSeed) {
    $("to-prompt").focus();
    return;
  }
  Object.assign(
    wanted,
    { frames: Number($("frames").value) },
    toPrompt && { to_prompt: toPrompt },
    toSeed && { to_seed: toSeed },
  );
  try {
    const job = await submit({ settings: wanted });
    shownGrid = { strip: job };
    draw();
  } catch (error) {
    complain(error);
  }
}

const board = h("div", { class: "grid-board", id: "grid-board" });

function cell(job) {
  const place = h("td", {});
  if (job?.pictures[0]) {
    place.append(show(h("img", { alt: job.title, loading: "lazy" }), `/api/gallery/${job.pictures[0].id}/thumbnail`));
  } else if (job?.preview) place.append(h("img", { alt: "Preview", src: job.preview }));
  else {place.append(
      h("span", {
        class: job?.state === "failed" ? "cell-failed" : job?.state === "running" ? "dot live" : "dot",
        title: job?.error?.message,
      }, job?.state === "failed" ? "Failed" : ""),
    );}
  return place;
}

function draw() {
  if (!shownGrid) {
    return put(
      board,
      h(
        "div",
        { class: "empty" },
        h("h2", {}, "See what a setting does"),
        h("p", { class: "quiet" }, "Two settings, some values each: a picture for every pair, with the same seed."),
      ),
    );
  }
  if (shownGrid.strip) {
    const job = shownGrid.strip;
    const waiting = Math.max(0, (job.count ?? 0) - job.pictures.length);
    return put(
      board,
      h(
        "div",
        { class: "film", id: "film" },
        job.pictures.map((picture) => show(h("img", { alt: "" }), `/api/gallery/${picture.id}/thumbnail`)),
        isOver(job) ? [] : Array.from({ length: waiting }, () => h("span", { class: "dot" })),
      ),
      job.error && h("p", { class: "failure-line" }, job.error.message),
    );
  }
  const { across, down, cells } = shownGrid;
  const left = [...cells.values()].filter((job) => !isOver(job));
  put(
    board,
    h(
      "div",
      { class: "grid-scroll" },
      h(
        "table",
        { class: "xy" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", {}, ""),
            across.values.map((value) => h("th", { scope: "col" }, `${settingName(across.setting)} ${value}`)),
          ),
        ),
        h(
          "tbody",
          {},
          down.values.map((value, row) =>
            h(
              "tr",
              {},
              h("th", { scope: "row" }, down.setting ? `${settingName(down.setting)} ${value}` : ""),
              across.values.map((_, column) => cell(cells.get(`${column},${row}`))),
            )
          ),
        ),
      ),
    ),
    h(
      "div",
      { class: "row" },
      left.length
        ? [
          h("span", { class: "quiet" }, `${left.length} to go`),
          h("button", {
            type: "button",
            class: "plain slim",
            onclick: () => Promise.all(left.map(cancel)).catch(complain),
          }, "Cancel the rest"),
        ]
        : h(
          "button",
          { type: "button", class: "plain", onclick: () => save(shownGrid).catch(complain) },
          "Save as one picture",
        ),
    ),
  );
}

/** Builds the view. */
export function buildGrid() {
  [x, y] = [axis("x", "cfg", count), axis("y", "", count)];
  const grid = h(
    "form",
    { class: "side", id: "grid-form", onsubmit: make },
    x.element,
    y.element,
    total,
    h("button", { class: "primary", type: "submit", id: "grid-make" }, "Make the grid"),
  );
  const film = h(
    "form",
    { class: "side", id: "strip-form", hidden: true, onsubmit: makeStrip },
    h("p", { class: "quiet small" }, "Pictures on the way from the prompt and seed in Create to others."),
    h(
      "div",
      { class: "field" },
      h("label", { for: "to-prompt" }, "To the prompt"),
      h("input", { type: "text", id: "to-prompt", placeholder: "a dog on the moon" }),
    ),
    h(
      "div",
      { class: "field" },
      h("label", { for: "to-seed" }, "To the seed"),
      h("input", { type: "text", id: "to-seed", inputmode: "numeric", pattern: "[0-9]*" }),
    ),
    h(
      "div",
      { class: "field narrow" },
      h("label", { for: "frames" }, "Pictures"),
      h("input", { type: "number", id: "frames", min: 2, max: 60, value: 5 }),
    ),
    h("button", { class: "primary", type: "submit" }, "Make the strip"),
  );
  const kind = segments("Kind", [["grid", "Grid"], ["strip", "Strip"]], "grid", (value) => {
    grid.hidden = value !== "grid";
    film.hidden = value !== "strip";
  });
  $("view-grid").append(
    h("div", { class: "view-head" }, h("h2", {}, "Compare"), kind),
    h("div", { class: "split" }, h("div", {}, grid, film), board),
  );
  onJob((job) => {
    if (job === shownGrid?.strip || [...(shownGrid?.cells?.values() ?? [])].includes(job)) draw();
  });
  draw();
  return () => {
    x.draw();
    y.draw();
    count();
  };
}
