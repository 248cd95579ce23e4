// The place where pictures appear: nothing yet, at work, finished, failed.
import { $, h, put } from "./dom.js";
import { show } from "./api.js";
import { duration, plural, progress } from "./format.js";
import { cancel, isOver, jobs, onJob, pending } from "./jobs.js";
import { complain } from "./messages.js";
import { actions } from "./actions.js";
import { set, shown } from "./form.js";
import { buildSource, hasSource, onSource } from "./source.js";
import { cancelled, empty, failure } from "./states.js";

/** The job that is shown, and which of its pictures; no job: the empty stage. */
let current = null;
let index = 0;
let isEditing = false;

const frame = h("div", { class: "frame", id: "frame" });
const line = h("div", {
  class: "line",
  id: "progress-line",
  role: "progressbar",
  "aria-label": "Progress",
  "aria-valuemin": 0,
  "aria-valuemax": 100,
}, h("i", {}));
const status = h("p", { class: "status", id: "status" });
const tools = h("div", { class: "stage-tools" });
const strip = h("ul", { class: "strip", "aria-label": "Pictures of this session" });
const tabs = h("div", { class: "stage-tabs", hidden: true });

function drawFrame(job) {
  const picture = job?.pictures[index];
  frame.className = "frame";
  if (!job) return frame.replaceChildren(empty());
  if (job.state === "failed") return frame.replaceChildren(failure(job));
  if (picture) {
    if (frame.dataset.picture !== String(picture.id) || !frame.querySelector("img.result")) {
      frame.replaceChildren(
        show(
          h("img", { class: "result", id: "result", alt: job.title || "The picture" }),
          `/api/gallery/${picture.id}/image`,
        ),
      );
    }
  } else if (job.state === "cancelled") {
    put(frame, cancelled());
  } else if (job.preview) {
    const image = frame.querySelector("img.preview") ?? h("img", { class: "preview", id: "preview", alt: "Preview" });
    image.src = job.preview;
    frame.replaceChildren(image);
  } else {
    const box = h("div", { class: "waiting" });
    box.style.aspectRatio = `${shown("width") ?? 1} / ${shown("height") ?? 1}`;
    frame.replaceChildren(box);
  }
  frame.dataset.picture = picture?.id ?? "";
}

function words(job) {
  if (!job) return "";
  if (job.isCancelling && !isOver(job)) return "Stopping after this step";
  if (job.state === "queued") {
    return job.position > 0 ? `Waiting: ${plural(job.position, "picture", "pictures")} before it` : "Starting";
  }
  if (job.state === "running") return progress(job.progress);
  if (job.state === "done") return job.notes.join(" · ");
  return "";
}

let drawnPicture = null;
function drawTools(job) {
  const picture = job?.pictures[index] ?? null;
  if (picture === drawnPicture) return;
  drawnPicture = picture;
  put(
    tools,
    picture && [
      actions(picture, {
        onDelete: () => leave(job, picture),
        onRestore: () => restore(job, picture),
      }),
      picture.seed !== undefined &&
      h("button", {
        type: "button",
        class: "reset seed",
        title: "Use this seed",
        onclick: () => set("seed", picture.seed),
      }, `Seed ${picture.seed}`),
    ],
  );
}

/** Takes a picture out of sight; a job without pictures goes with its last one. */
function leave(job, picture) {
  job.pictures = job.pictures.filter((one) => one !== picture);
  index = Math.max(0, index - 1);
  if (!job.pictures.length && isOver(job)) {
    jobs.splice(jobs.indexOf(job), 1);
    current = jobs.findLast((one) => one.pictures.length) ?? null;
    index = 0;
  }
  draw();
}

function restore(job, picture) {
  job.pictures.push(picture);
  if (!jobs.includes(job)) jobs.push(job);
  current = job;
  index = job.pictures.length - 1;
  draw();
}

function drawStrip() {
  const entries = [...jobs].reverse().flatMap((job) => {
    const made = job.pictures.map((picture, place) => ({ job, picture, place })).reverse();
    return isOver(job) ? made : [{ job, picture: null, place: job.pictures.length }, ...made];
  });
  strip.replaceChildren(
    ...entries.slice(0, 60).map(({ job, picture, place }) => {
      const isCurrent = job === current && place === index && !isEditing;
      const button = h("button", {
        type: "button",
        "aria-current": isCurrent ? "true" : null,
        "aria-label": `${job.title || "Picture"}${picture ? "" : ", not finished"}`,
        onclick: () => {
          (current = job), (index = place);
          isEditing = false;
          draw();
        },
      });
      if (picture) button.append(show(h("img", { alt: "", loading: "lazy" }), `/api/gallery/${picture.id}/thumbnail`));
      else button.append(h("span", { class: job.state === "running" ? "dot live" : "dot" }));
      return h("li", {}, button);
    }),
  );
  strip.hidden = entries.length < 2;
}

let drawnStrip = "";
function draw() {
  const job = current;
  tabs.hidden = !hasSource();
  for (const button of tabs.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String((button.dataset.value === "edit") === isEditing));
  }
  $("editor").hidden = !isEditing;
  const isBusy = job && !isOver(job);
  frame.hidden = tools.hidden = isEditing;
  tools.parentElement.hidden = isEditing && !isBusy;
  line.hidden = !isBusy;
  const { step = 0, steps = 0, picture = 1, pictures = 1 } = job?.progress ?? {};
  const share = steps ? ((Math.max(picture, 1) - 1 + step / steps) / Math.max(pictures, 1)) * 100 : 0;
  line.firstChild.style.width = `${share}%`;
  line.setAttribute("aria-valuenow", String(Math.round(share)));
  line.classList.toggle("unknown", Boolean(isBusy) && !share);
  drawFrame(job);
  status.textContent = words(job);
  drawTools(job);
  const signature = JSON.stringify([
    jobs.map((one) => [one.id, one.state, one.pictures.length]),
    current?.id,
    index,
    isEditing,
  ]);
  if (signature !== drawnStrip) {
    drawnStrip = signature;
    drawStrip();
  }
  const waiting = pending();
  $("queue-mark").hidden = !waiting.length;
  $("queue-mark").textContent = waiting.length === 1 && current?.progress.secondsLeft
    ? `${duration(current.progress.secondsLeft)} left`
    : `${waiting.length} in the queue`;
  $("cancel").hidden = !waiting.length;
  $("make").textContent = hasSource()
    ? "Change the picture"
    : shown("count") > 1
    ? `Make ${shown("count")} pictures`
    : "Make a picture";
  document.title = isBusy ? `${Math.round(share)} % · Imago` : "Imago";
}

/** Shows a job that was just sent. */
export function present(job) {
  (current = job), (index = 0);
  isEditing = false;
  draw();
}

/** Stops the job that is shown, or the next one of the queue. */
export async function stop() {
  const job = current && !isOver(current) ? current : pending()[0];
  if (job) await cancel(job).catch(complain);
}

/** Builds the stage. */
export function buildStage() {
  tabs.append(
    h(
      "div",
      { class: "segments", role: "group", "aria-label": "What is shown" },
      h("button", {
        type: "button",
        data: { value: "edit" },
        onclick: () => {
          isEditing = true;
          draw();
        },
      }, "Picture to change"),
      h("button", {
        type: "button",
        data: { value: "result" },
        onclick: () => {
          isEditing = false;
          draw();
        },
      }, "Result"),
    ),
  );
  $("stage").append(tabs, frame, buildSource(), line, h("div", { class: "under" }, status, tools), strip);
  onSource((isThere) => {
    isEditing = isThere;
    draw();
  });
  onJob((job) => {
    // The queue went on to the next one while nobody looked at another.
    if (job.state === "running" && (!current || (isOver(current) && !current.pictures.length))) {
      (current = job), (index = 0);
    }
    if (
      job === current && job.state === "running" && index === job.pictures.length - 1 &&
      job.count > job.pictures.length && job.preview
    ) index = job.pictures.length;
    if (job === current && index >= job.pictures.length && isOver(job)) index = Math.max(0, job.pictures.length - 1);
    draw();
  });
  draw();
}

/** Draws again, such as after a setting changed. */
export const refresh = () => draw();
