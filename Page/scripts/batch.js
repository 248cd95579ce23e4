// Prompt files: many pictures from a text, a line each.
import { $, h, put } from "./dom.js";
import { call, show } from "./api.js";
import { adopt, cancel, isOver, onJob } from "./jobs.js";
import { complain } from "./messages.js";
import { plural, progress } from "./format.js";
import { settings } from "./form.js";

const text = h("textarea", {
  id: "batch-text",
  rows: 12,
  spellcheck: "false",
  placeholder: "a cat on the moon\na dog in the snow --steps 30 --seed 7\n# lines like this one are left out",
  "aria-label": "Prompt file",
});
const table = h("div", { class: "batch-board", id: "batch-board" });
let rows = [];
let problems = [];

const words = (job) =>
  ({
    queued: "Waiting",
    running: progress(job.progress),
    done: "Done",
    failed: job.error?.message ?? "Failed",
    cancelled: "Cancelled",
  })[job.state];

function draw() {
  if (!rows.length && !problems.length) {
    return put(
      table,
      h(
        "div",
        { class: "empty" },
        h("h2", {}, "Many pictures at once"),
        h(
          "p",
          { class: "quiet" },
          "A line is a prompt; --steps, --seed, --width and the like change settings for that line alone. Drop a .txt file here.",
        ),
      ),
    );
  }
  const over = rows.filter(({ job }) => isOver(job)).length;
  const done = rows.filter(({ job }) => job.state === "done").length;
  put(
    table,
    h(
      "div",
      { class: "row spread" },
      h("p", { role: "status" }, `${done} of ${plural(rows.length, "line")} done`),
      over < rows.length && h("button", {
        type: "button",
        class: "plain slim",
        onclick: () =>
          Promise.all(rows.filter(({ job }) => !isOver(job)).map(({ job }) => cancel(job))).catch(complain),
      }, "Cancel the rest"),
    ),
    h(
      "div",
      { class: "line" },
      Object.assign(h("i", {}), { style: `width:${(over / Math.max(1, rows.length)) * 100}%` }),
    ),
    problems.length && h(
      "ul",
      { class: "problems" },
      problems.map((problem) => h("li", {}, `Line ${problem.line}: ${problem.message}`)),
    ),
    h(
      "table",
      { class: "list" },
      h("thead", {}, h("tr", {}, ["Line", "", "Prompt", "State"].map((name) => h("th", { scope: "col" }, name)))),
      h(
        "tbody",
        {},
        rows.map(({ line, prompt, job }) =>
          h(
            "tr",
            { data: { state: job.state } },
            h("td", { class: "number" }, String(line)),
            h(
              "td",
              { class: "thumb" },
              job.pictures[0]
                ? show(h("img", { alt: "", loading: "lazy" }), `/api/gallery/${job.pictures[0].id}/thumbnail`)
                : h("span", { class: job.state === "running" ? "dot live" : "dot" }),
            ),
            h("td", { class: "prompt-cell" }, prompt),
            h("td", { class: "state" }, words(job)),
          )
        ),
      ),
    ),
  );
}

async function run(event) {
  event.preventDefault();
  if (!text.value.trim()) {
    text.focus();
    return;
  }
  const base = settings();
  delete base.prompt;
  try {
    const answer = await call("POST", "/api/jobs", { promptFile: text.value, settings: base });
    problems = answer.problems ?? [];
    rows = answer.jobs.map((one) => ({
      line: one.line,
      prompt: one.prompt,
      job: adopt(one.id, { position: one.position, title: one.prompt, group: answer.group }),
    }));
    draw();
  } catch (error) {
    complain(error);
  }
}

/** Takes a dropped text file; says whether it is one. */
export function takePromptFile(file) {
  if (!/\.(txt|text)$/i.test(file.name) && file.type !== "text/plain") return false;
  file.text().then((content) => {
    text.value = content;
    location.hash = "#batch";
    text.focus();
  }, complain);
  return true;
}

/** Builds the view. */
export function buildBatch() {
  const input = h("input", {
    type: "file",
    accept: ".txt,text/plain",
    hidden: true,
    onchange: () => {
      if (input.files[0]) takePromptFile(input.files[0]);
      input.value = "";
    },
  });
  $("view-batch").append(
    h("div", { class: "view-head" }, h("h2", {}, "Batch")),
    h(
      "div",
      { class: "split" },
      h(
        "form",
        { class: "side", id: "batch-form", onsubmit: run },
        text,
        h("p", { class: "quiet small" }, "Settings that a line does not name are as in Create."),
        h(
          "div",
          { class: "row" },
          h("button", { class: "primary", type: "submit", id: "batch-run" }, "Make them all"),
          h("button", { class: "plain", type: "button", onclick: () => input.click() }, "Open a file"),
          input,
        ),
      ),
      table,
    ),
  );
  onJob((job) => {
    if (rows.some((row) => row.job === job)) draw();
  });
  draw();
}
