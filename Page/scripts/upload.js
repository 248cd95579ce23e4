// Many pictures in one request.

/** Bytes of pictures that a request holds, with room for what base64 and captions add. */
const room = 22e6;
const sides = [2048, 1536, 1024, 768, 512];

/** A picture of at most `limit` bytes: as it is, or else as a JPEG of fewer pixels. */
async function fitting(file, limit) {
  if (file.size <= limit) return file;
  const picture = await createImageBitmap(file);
  for (const side of sides) {
    const scale = Math.min(1, side / Math.max(picture.width, picture.height));
    const canvas = new OffscreenCanvas(Math.round(picture.width * scale), Math.round(picture.height * scale));
    const pen = canvas.getContext("2d");
    pen.fillStyle = "white";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const smaller = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
    if (smaller.size <= limit) return smaller;
  }
  throw new Error(`${file.name} is too large to be sent with the others: choose fewer pictures.`);
}

/** Pictures that go into one request together; large ones are made smaller, which a training does anyway. */
export async function together(files) {
  // What small ones leave is the others'.
  const bySize = [...files].sort((a, b) => a.size - b.size);
  const limits = new Map();
  let left = room;
  for (const [index, file] of bySize.entries()) {
    const share = left / (bySize.length - index);
    limits.set(file, share);
    left -= Math.min(file.size, share);
  }
  const made = [];
  // One after the other: each is large in memory.
  for (const file of files) made.push(await fitting(file, limits.get(file)));
  return made;
}
