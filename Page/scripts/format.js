// Numbers and times in words.

/** Seconds as "12 s", "3 min", "1 h 20 min". */
export function duration(seconds) {
  if (seconds < 1) return "1 s";
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** "1 picture", "3 pictures". */
export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** A time as "Today 14:30" or "26 Nov 14:30". */
export function when(seconds) {
  const date = new Date(seconds * 1000);
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (date.toDateString() === new Date().toDateString()) return `Today ${time}`;
  return `${date.toLocaleDateString([], { day: "numeric", month: "short", year: "numeric" })}, ${time}`;
}

/** Where a run is: "Picture 2 of 4 · step 5 of 20 · 12 s left". */
export function progress({ picture, pictures, step, steps, secondsLeft }) {
  const parts = [];
  if (pictures > 1) parts.push(`Picture ${picture} of ${pictures}`);
  if (steps) parts.push(step ? `Step ${step} of ${steps}` : "Reading the prompt");
  if (secondsLeft !== undefined && secondsLeft !== null && step) parts.push(`${duration(secondsLeft)} left`);
  return parts.join(" · ") || "Starting";
}

/** What a setting is called for people. */
export const settingNames = {
  prompt: "Prompt",
  negative: "Negative prompt",
  model: "Model",
  steps: "Steps",
  cfg: "Guidance",
  sampler: "Sampler",
  schedule: "Schedule",
  seed: "Seed",
  width: "Width",
  height: "Height",
  count: "Pictures",
  strength: "Strength",
  eta: "Eta",
  vae: "Autoencoder",
  clip_skip: "CLIP skip",
  guidance_rescale: "Guidance rescale",
  variation_seed: "Variation seed",
  variation_strength: "Variation",
  hires_scale: "Second pass",
  hires_denoise: "Second pass strength",
  hires_steps: "Second pass steps",
  seamless: "Seamless",
  rng: "Random numbers",
  lora: "LoRA",
  embedding: "Embeddings",
  mask_blur: "Mask blur",
  to_prompt: "To prompt",
  to_seed: "To seed",
  frames: "Frames",
};
export const settingName = (key) =>
  settingNames[key] ?? key.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase());
