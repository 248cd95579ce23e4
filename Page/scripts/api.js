// The server: requests, its errors, events, pictures.
import { askToken, serverIsBack, serverIsGone } from "./messages.js";

let token = localStorage.getItem("imago.token") ?? "";
let asking = null;

/** What the server refused, in its words; `setting` names the setting that is wrong, `kind` "memory" that memory ran out. */
export class Refusal extends Error {
  constructor(status, { message, setting, kind } = {}) {
    super(message || `The server answered with ${status}.`);
    Object.assign(this, { status, setting, kind });
  }
}

/** The server did not answer at all. */
export class Silence extends Error {
  constructor() {
    super("The server does not answer.");
  }
}

/** A request with the token; asks for one where it is wanted. */
async function send(path, options = {}) {
  let response;
  try {
    response = await fetch(path, {
      ...options,
      headers: { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) },
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    serverIsGone();
    throw new Silence();
  }
  serverIsBack();
  if (response.status === 401) {
    const tried = token;
    asking ??= askToken(tried !== "").finally(() => {
      asking = null;
    });
    token = await asking;
    localStorage.setItem("imago.token", token);
    return send(path, options);
  }
  if (!response.ok) throw new Refusal(response.status, (await response.json().catch(() => ({}))).error);
  return response;
}

/** Sends a request; a body that is no Blob goes as JSON. Returns the answer's JSON. `more` is for `fetch`. */
export async function call(method, path, body, more = {}) {
  const options = { ...more, method };
  if (body instanceof Blob) {
    Object.assign(options, { body, headers: { "Content-Type": body.type || "application/octet-stream" } });
  } else if (body !== undefined) {
    Object.assign(options, { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  }
  const response = await send(path, options);
  const text = await response.text();
  return text ? JSON.parse(text) : {};
}

/** Reads server-sent events until their end: `take(name, value)` for each. `EventSource` cannot send a token. */
export async function events(path, take, signal) {
  const response = await send(path, { headers: { Accept: "text/event-stream" }, signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    rest = (rest + value).replaceAll("\r\n", "\n");
    const blocks = rest.split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      let name = "message";
      const data = [];
      for (const line of block.split("\n")) {
        if (line.startsWith("event:")) name = line.slice(6).trim();
        else if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
      }
      if (data.length) take(name, JSON.parse(data.join("\n")));
    }
  }
}

/** A picture's bytes. */
export async function blob(path) {
  return (await send(path)).blob();
}

/** Shows a picture of the server's; with a token it is fetched, because an <img> cannot send one. */
export function show(image, path) {
  if (!token) {
    image.src = path;
    return image;
  }
  blob(path).then((bytes) => {
    const url = URL.createObjectURL(bytes);
    image.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
    image.src = url;
  }, () => image.removeAttribute("src"));
  return image;
}

/** A file's bytes as base64. */
export function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
