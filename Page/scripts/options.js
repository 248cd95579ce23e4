// What the server has: models, samplers, adapters.
import { call } from "./api.js";

const lists = ["models", "samplers", "schedules", "loras", "embeddings", "styles"];

export const options = { models: [], samplers: [], schedules: [], loras: [], embeddings: [], styles: [] };

/** Asks the server; every list is there afterwards, its entries as {name, title}. */
export async function loadOptions() {
  const answer = await call("GET", "/api/options");
  for (const key of lists) {
    options[key] = (answer[key] ?? []).map((entry) => (typeof entry === "string" ? { name: entry } : entry))
      .map((entry) => ({ ...entry, title: entry.title || entry.name }));
  }
  options.version = answer.version;
  options.model = answer.model ?? options.models[0]?.name;
  return options;
}

/** The model of a name; without one the server's own. */
export const modelNamed = (name) =>
  options.models.find((model) => model.name === (name ?? options.model)) ?? options.models[0];
