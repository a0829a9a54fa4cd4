// Something to paint on: a drawing to edit, or a mask over a photo. By mouse, finger, pen or keys.

import { el } from "./dom.js";

const SIDE = 512;
const COLOURS = ["#231d2d", "#ffffff", "#c8352e", "#f08a24", "#f4cf3f", "#3f9b4f", "#2f7fd1", "#6a4bc0", "#8a5a34", "#e79ab5", "#8d8d8d"];
const NAMES = ["ink", "white", "red", "orange", "yellow", "green", "blue", "violet", "brown", "pink", "grey"];
const UNDO = 30;
const within = (place) => Math.min(SIDE - 1, Math.max(0, place));

function surface() {
  const canvas = el("canvas", { width: SIDE, height: SIDE });
  return [canvas, canvas.getContext("2d", { willReadFrequently: true })];
}

/** A square to paint on. Its kind is a drawing (colours on paper) or a mask (violet over a picture). */
export class Easel {
  constructor(kind, changed) {
    this.kind = kind;
    this.changed = changed;
    this.tool = "brush";
    this.colour = COLOURS[0];
    this.width = kind === "mask" ? 64 : 18;
    this.undone = [];
    this.dirty = false;
    this.at = { x: SIDE / 2, y: SIDE / 2 };
    [this.under, this.underContext] = surface();
    [this.canvas, this.context] = surface();
    this.under.className = "under";
    this.under.setAttribute("aria-hidden", "true");
    Object.assign(this.canvas, { tabIndex: 0 });
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-label", kind === "mask" ? "Mask: paint over what is to be made anew. Arrow keys move, Space paints." : "Drawing. Arrow keys move, Space paints.");
    this.cursor = el("div", { class: "cursor", hidden: true });
    this.board = el("div", { class: "easel" }, this.under, this.canvas, this.cursor);
    this.palette = el("div", { class: "palette", role: "toolbar", "aria-label": "Tools" });
    this.more = el("div", { class: "under-easel" });
    this.element = [this.board, this.palette, this.more];
    this.canvas.addEventListener("pointerdown", (event) => this.#paint(event));
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
    this.canvas.addEventListener("pointermove", (event) => this.#follow(event));
    this.canvas.addEventListener("pointerleave", () => (this.cursor.hidden = true));
    this.canvas.addEventListener("focus", () => this.#showCursor());
    this.canvas.addEventListener("blur", () => ((this.cursor.hidden = true), (this.held = null)));
    // Other keys come and go while the one that paints is down.
    this.canvas.addEventListener("keyup", (event) => event.key === this.held && ((this.held = null), this.changed()));
    this.blank();
    this.#buildPalette();
  }

  /** White paper, or no mask. */
  blank() {
    this.context.globalCompositeOperation = "source-over";
    if (this.kind === "mask") this.context.clearRect(0, 0, SIDE, SIDE);
    else {
      this.context.fillStyle = "#ffffff";
      this.context.fillRect(0, 0, SIDE, SIDE);
    }
    this.dirty = false;
    this.undone = [];
    this.changed();
  }

  /** What stands below it, besides its tools. */
  below(element) {
    this.more.replaceChildren(element ?? "");
  }

  /** Lay a square of a picture on it, by default its middle: under a mask, on the paper of a drawing. */
  put(image, box) {
    const side = box?.side ?? Math.min(image.width, image.height);
    const [left, top] = box ? [box.left, box.top] : [(image.width - side) / 2, (image.height - side) / 2];
    const context = this.kind === "mask" ? this.underContext : this.context;
    if (this.kind !== "mask") this.#keep();
    context.imageSmoothingQuality = "high";
    context.globalCompositeOperation = "source-over";
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, SIDE, SIDE);
    context.drawImage(image, left, top, side, side, 0, 0, SIDE, SIDE);
    this.dirty = true;
    this.changed();
  }

  /** What was painted, as the bytes of a PNG: a mask white on black. */
  async png() {
    let canvas = this.canvas;
    if (this.kind === "mask") {
      const [copy, context] = surface();
      context.drawImage(this.canvas, 0, 0);
      context.globalCompositeOperation = "source-in";
      context.fillStyle = "#fff";
      context.fillRect(0, 0, SIDE, SIDE);
      context.globalCompositeOperation = "destination-over";
      context.fillStyle = "#000";
      context.fillRect(0, 0, SIDE, SIDE);
      canvas = copy;
    }
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }

  undo() {
    const before = this.undone.pop();
    if (!before) return;
    this.context.putImageData(before.pixels, 0, 0);
    this.dirty = before.dirty;
    this.changed();
  }

  #keep() {
    this.undone.push({ pixels: this.context.getImageData(0, 0, SIDE, SIDE), dirty: this.dirty });
    if (this.undone.length > UNDO) this.undone.shift();
  }

  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * SIDE, y: ((event.clientY - box.top) / box.height) * SIDE };
  }

  #paint(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.#keep();
    this.at = this.#place(event);
    if (this.tool === "fill") {
      this.#fill(this.at);
      return;
    }
    this.#line(this.at, this.at);
    const move = (e) => {
      for (const one of e.getCoalescedEvents?.() ?? [e]) {
        const to = this.#place(one);
        this.#line(this.at, to);
        this.at = to;
      }
    };
    const end = () => {
      this.canvas.removeEventListener("pointermove", move);
      this.canvas.removeEventListener("pointerup", end);
      this.canvas.removeEventListener("pointercancel", end);
      this.changed();
    };
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", end);
    this.canvas.addEventListener("pointercancel", end);
  }

  #line(from, to) {
    const context = this.context;
    const erases = this.tool === "eraser";
    context.globalCompositeOperation = erases && this.kind === "mask" ? "destination-out" : "source-over";
    context.strokeStyle = this.kind === "mask" ? "#7b78e6" : erases ? "#ffffff" : this.colour;
    context.lineWidth = this.width;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x + 0.01, to.y);
    context.stroke();
    this.dirty = true;
  }

  /** Fill what looks alike around a place. */
  #fill(place) {
    const image = this.context.getImageData(0, 0, SIDE, SIDE);
    const pixels = new Uint32Array(image.data.buffer);
    const start = Math.floor(within(place.y)) * SIDE + Math.floor(within(place.x));
    const target = image.data.slice(start * 4, start * 4 + 4);
    this.context.fillStyle = this.kind === "mask" ? "#7b78e6" : this.colour;
    const [copy, context] = surface();
    context.fillStyle = this.context.fillStyle;
    context.fillRect(0, 0, 1, 1);
    const colour = new Uint32Array(context.getImageData(0, 0, 1, 1).data.buffer)[0];
    copy.remove();
    const alike = (k) => {
      let distance = 0;
      for (let c = 0; c < 4; c++) distance += Math.abs(image.data[k * 4 + c] - target[c]);
      return distance < 96;
    };
    const seen = new Uint8Array(SIDE * SIDE);
    const stack = [start];
    seen[start] = 1;
    while (stack.length) {
      const k = stack.pop();
      const x = k % SIDE;
      for (const next of [x > 0 ? k - 1 : -1, x < SIDE - 1 ? k + 1 : -1, k - SIDE, k + SIDE]) {
        if (next >= 0 && next < seen.length && !seen[next] && alike(next)) {
          seen[next] = 1;
          stack.push(next);
        }
      }
    }
    for (let k = 0; k < seen.length; k++) if (seen[k]) pixels[k] = colour;
    this.context.putImageData(image, 0, 0);
    this.dirty = true;
    this.changed();
  }

  #key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key === "z") this.undo();
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key.startsWith("Arrow")) {
      const step = event.shiftKey ? 48 : 16;
      const to = {
        x: within(this.at.x + ({ ArrowLeft: -step, ArrowRight: step }[event.key] ?? 0)),
        y: within(this.at.y + ({ ArrowUp: -step, ArrowDown: step }[event.key] ?? 0)),
      };
      if (this.held) this.#line(this.at, to);
      this.at = to;
      this.#showCursor();
    } else if (event.key === " " || event.key === "Enter") {
      if (event.repeat) return event.preventDefault();
      this.#keep();
      if (this.tool === "fill") this.#fill(this.at);
      else {
        this.#line(this.at, this.at);
        this.held = event.key;
      }
      this.changed();
    } else return;
    event.preventDefault();
  }

  #follow(event) {
    if (event.pointerType === "touch") return;
    const place = this.#place(event);
    this.#showCursor(place);
  }

  #showCursor(place = this.at) {
    const share = this.canvas.clientWidth / SIDE;
    const width = Math.max(8, (this.tool === "fill" ? 12 : this.width) * share);
    Object.assign(this.cursor.style, { left: `${place.x * share}px`, top: `${place.y * share}px`, width: `${width}px`, height: `${width}px` });
    this.cursor.hidden = false;
  }

  #buildPalette() {
    const tools = this.kind === "mask" ? [["brush", "Brush"], ["eraser", "Eraser"]] : [["brush", "Brush"], ["eraser", "Eraser"], ["fill", "Fill"]];
    const toolButtons = tools.map(([tool, name]) =>
      el("button", { type: "button", "aria-pressed": String(tool === this.tool), onclick: () => choose(tool), "data-tool": tool }, name),
    );
    const choose = (tool) => {
      this.tool = tool;
      toolButtons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.tool === tool)));
    };
    const swatches = COLOURS.map((colour, k) =>
      el("button", { type: "button", class: "swatch", style: `background:${colour}`, "aria-label": NAMES[k], "aria-pressed": String(colour === this.colour), onclick: () => pick(colour), "data-colour": colour }),
    );
    const own = el("input", { type: "color", value: this.colour, "aria-label": "Another colour", oninput: () => pick(own.value) });
    const pick = (colour) => {
      this.colour = colour;
      if (this.tool === "eraser") choose("brush");
      swatches.forEach((swatch) => swatch.setAttribute("aria-pressed", String(swatch.dataset.colour === colour)));
    };
    const width = el("input", { type: "range", min: 4, max: 140, value: this.width, "aria-label": "Size of the brush", oninput: () => (this.width = Number(width.value)) });
    this.palette.append(
      ...toolButtons,
      ...(this.kind === "mask" ? [] : [el("div", { class: "swatches", role: "group", "aria-label": "Colours" }, swatches, own)]),
      el("label", {}, el("span", {}, "Size"), width),
      el("button", { type: "button", onclick: () => this.undo() }, "Undo"),
      el("button", { type: "button", onclick: () => (this.#keep(), this.#clear()) }, "Clear"),
    );
  }

  #clear() {
    const kept = this.undone;
    this.blank();
    this.undone = kept;
  }
}
