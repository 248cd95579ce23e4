// Jobs: sent, watched until they end, cancelled. Everything a view shows of one stands in its record.
import { call, events, Refusal, Silence } from "./api.js";

/** Jobs of this page, oldest first: {id, state, position, progress, preview, pictures, error, title, count, group}. */
export const jobs = [];
const listeners = new Set();

/** Calls `listener(job)` after every change of a job; returns what ends that. */
export function onJob(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(job) {
  for (const listener of listeners) listener(job);
}

export const isOver = (job) => ["done", "failed", "cancelled"].includes(job.state);
export const pending = () => jobs.filter((job) => !isOver(job));

/** Takes a job in and watches it. */
export function adopt(id, known = {}) {
  let job = jobs.find((one) => one.id === id);
  if (job) return job;
  job = {
    id,
    state: "queued",
    position: 0,
    progress: {},
    preview: null,
    pictures: [],
    notes: [],
    error: null,
    title: "",
    count: 1,
    ...known,
  };
  jobs.push(job);
  tell(job);
  if (!isOver(job)) watch(job);
  return job;
}

/** Sends a job and watches it; `title` and `count` are what is shown while it waits. */
export async function submit(body) {
  const { id, position } = await call("POST", "/api/jobs", body);
  return adopt(id, {
    position,
    title: body.settings.prompt ?? "",
    count: body.settings.frames ?? body.count ?? body.settings.count ?? 1,
  });
}

/** Asks the server to stop a job; one that is gone already counts as stopped. */
export async function cancel(job) {
  job.isCancelling = true;
  tell(job);
  try {
    await call("DELETE", `/api/jobs/${job.id}`);
  } catch (error) {
    job.isCancelling = false;
    if (error instanceof Refusal && error.status === 404) {
      job.state = "cancelled";
      tell(job);
    } else throw error;
  } finally {
    tell(job);
  }
}

const takers = {
  queued: (job, { position }) => Object.assign(job, { state: "queued", position }),
  progress: (job, value) => Object.assign(job, { state: "running", progress: value }),
  preview: (job, { image }) => Object.assign(job, { state: "running", preview: image }),
  note: (job, { text }) => {
    if (!job.notes.includes(text)) job.notes.push(text);
  },
  picture: (job, picture) => {
    if (!job.pictures.some((one) => one.id === picture.id)) job.pictures.push(picture);
    job.preview = null;
  },
  failed: (job, { error }) =>
    Object.assign(job, { state: "failed", error: typeof error === "string" ? { message: error } : error }),
  cancelled: (job) => Object.assign(job, { state: "cancelled" }),
  done: (job) => Object.assign(job, { state: "done" }),
};

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Follows a job's events; where the line breaks, asks how it stands and goes on. */
async function watch(job) {
  while (!isOver(job)) {
    try {
      await events(`/api/jobs/${job.id}/events`, (name, value) => {
        takers[name]?.(job, value ?? {});
        tell(job);
      });
      if (!isOver(job)) take(job, await call("GET", `/api/jobs/${job.id}`));
    } catch (error) {
      if (error instanceof Refusal && error.status === 404) {
        Object.assign(job, { state: "failed", error: { message: "The server does not know this job any more." } });
        tell(job);
        return;
      }
      if (!(error instanceof Silence) && !(error instanceof TypeError)) console.error(error);
    }
    if (!isOver(job)) await pause(1);
  }
}

/** What the server says of a job, taken over. */
function take(job, { state, position, step, steps, secondsLeft, pictures = [], error }) {
  Object.assign(job, { state, position, progress: { ...job.progress, step, steps, secondsLeft } });
  if (error) takers.failed(job, { error });
  for (const picture of pictures) takers.picture(job, typeof picture === "object" ? picture : { id: picture });
  tell(job);
}

/** Takes in what waits or runs on the server, such as after a reload. */
export async function resume() {
  const { jobs: known = [] } = await call("GET", "/api/jobs");
  for (const one of known.filter((entry) => !isOver(entry))) {
    const job = adopt(one.id, {
      position: one.position,
      title: one.prompt ?? "",
      count: one.count ?? 1,
      group: one.group,
    });
    take(job, one);
  }
}
