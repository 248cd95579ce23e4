// A brush for masks: strokes over a picture, with a mouse, a pen, a finger or the keyboard.

/** Painted strokes at the picture's own size; what is painted will be made anew. */
export class Mask {
  constructor(canvas, image) {
    Object.assign(this, {
      canvas,
      image,
      size: 0.12,
      erases: false,
      isLocked: false,
      strokes: [],
      base: null,
      cursor: null,
      stroke: null,
    });
    canvas.setAttribute(
      "aria-label",
      "Mask. Arrows move the brush, Shift with arrows paints, Space makes a dot, X changes between brush and eraser, square brackets change its size.",
    );
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => this.end());
    canvas.addEventListener("pointerleave", () => {
      if (!this.stroke) {
        this.cursor = null;
        this.draw();
      }
    });
    canvas.addEventListener("keydown", (event) => this.press(event));
    canvas.addEventListener("blur", () => {
      this.cursor = null;
      this.draw();
    });
    this.layer = document.createElement("canvas");
    this.changed = () => {};
  }

  get isEmpty() {
    return !this.base && !this.strokes.some((stroke) => !stroke.erases);
  }
  /** The brush's radius in pixels of the picture. */
  get radius() {
    return Math.max(2, (this.size / 2) * Math.min(this.canvas.width, this.canvas.height));
  }

  reset() {
    (this.strokes = []), (this.base = null), (this.cursor = null);
    this.fit();
    this.changed();
  }

  /** Takes the picture's size. */
  fit() {
    const { naturalWidth: width, naturalHeight: height } = this.image;
    if (!width) return;
    if (this.canvas.width !== width || this.canvas.height !== height) {
      for (const one of [this.canvas, this.layer]) (one.width = width), (one.height = height);
    }
    this.paint();
  }

  /** Takes a mask that was found, white where the picture changes. */
  async load(url) {
    const found = new Image();
    found.src = url;
    await found.decode();
    const base = document.createElement("canvas");
    (base.width = this.image.naturalWidth), (base.height = this.image.naturalHeight);
    const context = base.getContext("2d");
    context.drawImage(found, 0, 0, base.width, base.height);
    const pixels = context.getImageData(0, 0, base.width, base.height);
    for (let at = 0; at < pixels.data.length; at += 4) pixels.data[at + 3] = pixels.data[at];
    context.putImageData(pixels, 0, 0);
    (this.base = base), (this.strokes = []);
    this.fit();
    this.changed();
  }

  /** Everything painted becomes unpainted and the other way round. */
  invert() {
    this.paint();
    const base = document.createElement("canvas");
    (base.width = this.layer.width), (base.height = this.layer.height);
    const context = base.getContext("2d");
    context.fillRect(0, 0, base.width, base.height);
    context.globalCompositeOperation = "destination-out";
    context.drawImage(this.layer, 0, 0);
    (this.base = base), (this.strokes = []);
    this.fit();
    this.changed();
  }

  undo() {
    this.strokes.pop();
    this.paint();
    this.changed();
  }

  // With a pointer.

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.canvas.width,
      y: ((event.clientY - box.top) / box.height) * this.canvas.height,
    };
  }

  begin(event) {
    if (this.isLocked || event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.cursor = this.place(event);
    this.stroke = { erases: this.erases, radius: this.radius, points: [this.cursor] };
    this.strokes.push(this.stroke);
    this.paint();
    event.preventDefault();
  }

  move(event) {
    if (this.isLocked) return;
    for (const one of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) {
      this.cursor = this.place(one);
      if (this.stroke) this.add(this.cursor);
    }
    this.draw();
  }

  end() {
    if (this.stroke) this.changed();
    this.stroke = null;
  }

  // With keys.

  press(event) {
    if (this.isLocked) return;
    const step = this.radius / 2;
    const way = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    this.cursor ??= { x: this.canvas.width / 2, y: this.canvas.height / 2 };
    if (way) {
      const from = this.cursor;
      this.cursor = {
        x: Math.min(Math.max(from.x + way[0], 0), this.canvas.width),
        y: Math.min(Math.max(from.y + way[1], 0), this.canvas.height),
      };
      if (event.shiftKey) this.strokes.push({ erases: this.erases, radius: this.radius, points: [from, this.cursor] });
    } else if (event.key === " ") {
      this.strokes.push({ erases: this.erases, radius: this.radius, points: [this.cursor] });
    } else if (event.key === "[" || event.key === "]") {
      this.size = Math.min(0.6, Math.max(0.02, this.size + (event.key === "]" ? 0.02 : -0.02)));
    } else if (event.key.toLowerCase() === "x") this.erases = !this.erases;
    else if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) return this.undo();
    else return;
    event.preventDefault();
    this.paint();
    this.changed();
  }

  // Drawing.

  static trace(context, { erases, radius, points }) {
    context.globalCompositeOperation = erases ? "destination-out" : "source-over";
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = radius * 2;
    context.beginPath();
    context.moveTo(points[0].x, points[0].y);
    for (const point of points) context.lineTo(point.x, point.y);
    // A dot, too.
    context.lineTo(points.at(-1).x + 0.01, points.at(-1).y);
    context.stroke();
    context.globalCompositeOperation = "source-over";
  }

  add(point) {
    this.stroke.points.push(point);
    Mask.trace(this.layer.getContext("2d"), { ...this.stroke, points: this.stroke.points.slice(-2) });
  }

  paint() {
    const context = this.layer.getContext("2d");
    context.clearRect(0, 0, this.layer.width, this.layer.height);
    if (this.base) context.drawImage(this.base, 0, 0);
    for (const stroke of this.strokes) Mask.trace(context, stroke);
    this.draw();
  }

  /** Stripes that no picture hides, as wide on the screen whatever the picture's size. */
  stripes(context) {
    const side = Math.max(
      4,
      Math.round((12 * this.canvas.width) / (this.canvas.getBoundingClientRect().width || this.canvas.width)),
    );
    const tile = document.createElement("canvas");
    tile.width = tile.height = side;
    const pen = tile.getContext("2d");
    pen.fillStyle = "#e8481c";
    pen.fillRect(0, 0, side, side);
    pen.strokeStyle = "#fff2ea";
    pen.lineWidth = side / 5;
    pen.beginPath();
    for (const shift of [-side, 0, side]) {
      pen.moveTo(shift - side / 2, side * 1.5);
      pen.lineTo(shift + side * 1.5, -side / 2);
    }
    pen.stroke();
    return context.createPattern(tile, "repeat");
  }

  /** Shows the strokes in the accent's colour, and where the brush is. */
  draw() {
    const context = this.canvas.getContext("2d");
    const { width, height } = this.canvas;
    context.clearRect(0, 0, width, height);
    context.globalAlpha = 0.75;
    context.drawImage(this.layer, 0, 0);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = this.stripes(context);
    context.fillRect(0, 0, width, height);
    context.globalCompositeOperation = "source-over";
    context.globalAlpha = 1;
    if (!this.cursor || this.isLocked) return;
    const scale = width / this.canvas.getBoundingClientRect().width;
    for (const [colour, line] of [["#000", 3], ["#fff", 1.5]]) {
      context.beginPath();
      context.arc(this.cursor.x, this.cursor.y, this.radius, 0, 7);
      context.strokeStyle = colour;
      context.lineWidth = line * scale;
      context.setLineDash(this.erases ? [4 * scale, 4 * scale] : []);
      context.stroke();
    }
  }

  /** The mask as base64 of a PNG: white where the picture is made anew, black elsewhere. */
  png() {
    const out = document.createElement("canvas");
    (out.width = this.layer.width), (out.height = this.layer.height);
    const context = out.getContext("2d");
    const painted = this.layer.getContext("2d").getImageData(0, 0, out.width, out.height);
    for (let at = 0; at < painted.data.length; at += 4) {
      const value = painted.data[at + 3] > 127 ? 255 : 0;
      painted.data[at] = painted.data[at + 1] = painted.data[at + 2] = value;
      painted.data[at + 3] = 255;
    }
    context.putImageData(painted, 0, 0);
    return out.toDataURL("image/png").split(",")[1];
  }
}
