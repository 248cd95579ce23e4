// A grid as one picture.
import { h } from "./dom.js";
import { show } from "./api.js";
import { settingName } from "./format.js";

/** Draws the grid with its labels into one PNG. */
export async function save({ across, down, cells }) {
  const load = (job) =>
    new Promise((resolve) => {
      const image = new Image();
      image.onload = () => resolve(image);
      image.onerror = () => resolve(null);
      if (job?.pictures[0]) show(image, `/api/gallery/${job.pictures[0].id}/image`);
      else resolve(null);
    });
  const images = new Map(await Promise.all([...cells].map(async ([key, job]) => [key, await load(job)])));
  const [first] = [...images.values()].filter(Boolean);
  const [w, hh] = [first?.naturalWidth ?? 256, first?.naturalHeight ?? 256];
  const [head, side] = [Math.max(28, w / 12), down.setting ? Math.max(90, w / 3) : 8];
  const canvas = h("canvas", {
    width: side + across.values.length * (w + 8),
    height: head + down.values.length * (hh + 8),
  });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "#1d1b18";
  context.textBaseline = "middle";
  context.font = `500 ${Math.max(12, w / 28)}px system-ui, sans-serif`;
  for (const [column, value] of across.values.entries()) {
    context.fillText(`${settingName(across.setting)} ${value}`, side + column * (w + 8), head / 2, w);
  }
  for (const [row, value] of down.values.entries()) {
    if (down.setting) {
      context.fillText(`${settingName(down.setting)} ${value}`, 8, head + row * (hh + 8) + hh / 2, side - 16);
    }
    for (const column of across.values.keys()) {
      const image = images.get(`${column},${row}`);
      if (image) context.drawImage(image, side + column * (w + 8), head + row * (hh + 8), w, hh);
    }
  }
  h("a", { href: canvas.toDataURL("image/png"), download: "imago-grid.png" }).click();
}
