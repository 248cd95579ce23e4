// The prompt boxes: marks behind the text, a count of tokens, what is wrong.
import { $, h, settled } from "./dom.js";
import { call } from "./api.js";
import { shown } from "./form.js";

/** What was last explained of a box: its text, spans and count. */
const known = { prompt: { text: "", spans: [] }, negative: { text: "", spans: [] } };

/** Spans of a text that has been typed on since: those before and behind the change. */
function carried({ text, spans }, now) {
  let start = 0;
  while (start < text.length && start < now.length && text[start] === now[start]) start += 1;
  let tail = 0;
  while (
    tail < text.length - start && tail < now.length - start &&
    text[text.length - 1 - tail] === now[now.length - 1 - tail]
  ) tail += 1;
  const shift = now.length - text.length;
  return spans.flatMap((span) => {
    if (span.end <= start) return [span];
    if (span.start >= text.length - tail) return [{ ...span, start: span.start + shift, end: span.end + shift }];
    return [];
  });
}

/** Draws a text with its spans as nested marks. */
function draw(id) {
  const text = $(id).value;
  const spans = carried(known[id], text);
  const cuts = [...new Set([0, text.length, ...spans.flatMap((span) => [span.start, span.end])])].sort((a, b) => a - b);
  const pieces = cuts.slice(0, -1).map((start, index) => {
    const end = cuts[index + 1];
    const over = spans.filter((span) => span.start <= start && span.end >= end);
    const piece = h("span", {}, text.slice(start, end));
    if (over.length) {
      piece.className = [...new Set(over.map((span) => `mark-${span.kind}`))].join(" ");
      // Of nested brackets the innermost's weight counts those around it.
      const weight = over.findLast((span) => span.weight !== undefined && span.weight !== null)?.weight ?? 1;
      if (weight !== 1) piece.style.setProperty("--heft", String(Math.min(Math.max(weight, 0.4), 2)));
    }
    return piece;
  });
  // A last empty line has no height of its own.
  $(`${id}-marks`).replaceChildren(...pieces, "\n");
}

function drawAnswer(id, answer) {
  const { tokens, limit, problems = [] } = answer;
  const count = $(`${id}-count`);
  count.textContent = !limit || !$(id).value ? "" : `${tokens} / ${limit}`;
  count.title = `${tokens} tokens; the model reads ${limit} at once`;
  count.classList.toggle("over", tokens > limit);
  $(`${id}-problems`).replaceChildren(...problems.map((problem) => h("li", {}, problem.message ?? problem)));
}

let newest = 0;
const explain = settled(180, async () => {
  const number = (newest += 1);
  const [prompt, negativePrompt] = [$("prompt").value, $("negative").value];
  let answer;
  try {
    answer = await call("POST", "/api/explain", { prompt, negativePrompt, model: shown("model") ?? undefined });
  } catch {
    return;
  }
  // A later question is on its way.
  if (number !== newest) return;
  known.prompt = { text: prompt, spans: answer.spans ?? [] };
  known.negative = { text: negativePrompt, spans: answer.negative?.spans ?? [] };
  drawAnswer("prompt", answer);
  drawAnswer("negative", answer.negative ?? {});
  draw("prompt");
  draw("negative");
});

/** Puts text where the cursor is. */
export function insert(text, id = "prompt") {
  const box = $(id);
  const { selectionStart: start, selectionEnd: end, value } = box;
  const before = start > 0 && !/\s$/.test(value.slice(0, start)) ? " " : "";
  box.focus();
  box.setRangeText(before + text, start, end, "end");
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Makes the words under the cursor, or selected ones, weigh more or less, as in other programs: Ctrl with an arrow. */
function weigh(box, change) {
  let { selectionStart: start, selectionEnd: end } = box;
  const text = box.value;
  const around = /\(([^()]*):([0-9.]+)\)/g;
  for (let found = around.exec(text); found; found = around.exec(text)) {
    const [from, to] = [found.index, found.index + found[0].length];
    if (start < from || end > to) continue;
    const weight = Math.round((Number(found[2]) + change) * 100) / 100;
    const words = weight === 1 ? found[1] : `(${found[1]}:${weight})`;
    box.setRangeText(words, from, to, "preserve");
    const lead = weight === 1 ? 0 : 1;
    box.setSelectionRange(from + lead, from + lead + found[1].length);
    return;
  }
  if (start === end) {
    while (start > 0 && /[^\s,()[\]<>]/.test(text[start - 1])) start -= 1;
    while (end < text.length && /[^\s,()[\]<>]/.test(text[end])) end += 1;
  }
  if (start === end) return;
  const words = text.slice(start, end);
  box.setRangeText(`(${words}:${Math.round((1 + change) * 100) / 100})`, start, end, "preserve");
  box.setSelectionRange(start + 1, start + 1 + words.length);
}

/** Makes the boxes live. */
export function buildPrompts() {
  for (const id of ["prompt", "negative"]) {
    const box = $(id);
    box.addEventListener("input", () => {
      draw(id);
      explain();
    });
    box.addEventListener("scroll", () => {
      $(`${id}-marks`).scrollTop = box.scrollTop;
    });
    box.addEventListener("keydown", (event) => {
      const change = { ArrowUp: 0.1, ArrowDown: -0.1 }[event.key];
      if (!change || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      weigh(box, change);
      box.dispatchEvent(new Event("input", { bubbles: true }));
    });
    draw(id);
  }
  explain();
}

/** Asks again, such as for another model. */
export const explainAgain = () => explain();
