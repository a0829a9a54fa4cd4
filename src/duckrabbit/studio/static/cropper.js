// Which square of a photo is used: a small copy of it with a frame that is moved by hand or by keys, and made smaller.

import { el } from "./dom.js";

const LONGEST = 240; // pixels of the copy
const SMALLEST = 0.2; // of the shorter side

export class Cropper {
  /** `changed()` hears when another square was chosen; `box` is {left, top, side} in pixels of the photo. */
  constructor(image, changed) {
    const { width, height } = image;
    this.size = { width, height };
    this.most = Math.min(width, height);
    this.box = { left: Math.floor((width - this.most) / 2), top: Math.floor((height - this.most) / 2), side: this.most };
    this.moved = false;
    const scale = LONGEST / Math.max(width, height);
    const canvas = el("canvas", { width: Math.round(width * scale), height: Math.round(height * scale), "aria-hidden": "true" });
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    this.frame = el("div", { class: "frame-of", tabindex: "0", role: "group", "aria-roledescription": "frame", "aria-label": "The square that is used: arrow keys move it" });
    const board = el("div", { class: "cropping", style: `width:${canvas.width}px; height:${canvas.height}px` }, canvas, this.frame);
    const zoom = el("input", { type: "range", min: SMALLEST * 100, max: 100, value: 100, "aria-label": "Side of the square" });
    const tell = () => ((this.moved = true), changed());
    zoom.addEventListener("input", () => this.#place(this.box.left + this.box.side / 2, this.box.top + this.box.side / 2, (this.most * zoom.value) / 100));
    zoom.addEventListener("change", tell);
    this.frame.addEventListener("keydown", (event) => {
      const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
      if (!x && !y) return;
      event.preventDefault();
      const step = this.most * (event.shiftKey ? 0.2 : 0.04);
      const { left, top, side } = this.box;
      this.#place(left + side / 2 + x * step, top + side / 2 + y * step, side);
      tell();
    });
    board.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      board.setPointerCapture(event.pointerId);
      this.frame.focus({ preventScroll: true });
      const at = (e) => {
        const place = board.getBoundingClientRect();
        return [((e.clientX - place.left) / place.width) * width, ((e.clientY - place.top) / place.height) * height];
      };
      const middle = () => [this.box.left + this.box.side / 2, this.box.top + this.box.side / 2];
      const [start, from] = [at(event), middle()];
      const inside = Math.max(...start.map((value, k) => Math.abs(value - from[k]))) <= this.box.side / 2;
      // What is pressed outside of the frame becomes its middle.
      const shift = inside ? [from[0] - start[0], from[1] - start[1]] : [0, 0];
      const move = (e) => {
        const [x, y] = at(e);
        this.#place(x + shift[0], y + shift[1], this.box.side);
      };
      const end = () => {
        board.removeEventListener("pointermove", move);
        tell();
      };
      move(event);
      board.addEventListener("pointermove", move);
      board.addEventListener("pointerup", end, { once: true });
    });
    this.element = el("div", { class: "cropper" }, el("span", { class: "label" }, `Which part of the photo (${width} × ${height})`), board, el("label", {}, el("span", {}, "Closer"), zoom));
    this.#place(width / 2, height / 2, this.most);
  }

  /** As the studio is told of it: nothing for the middle. */
  get text() {
    const { left, top, side } = this.box;
    return this.moved ? `${left},${top},${left + side},${top + side}` : "";
  }

  #place(x, y, wanted) {
    const { width, height } = this.size;
    const side = Math.max(8, Math.round(Math.min(wanted, this.most)));
    const within = (value, most) => Math.min(Math.max(0, Math.floor(value)), most);
    this.box = { left: within(x - side / 2, width - side), top: within(y - side / 2, height - side), side };
    const share = (value, whole) => `${(100 * value) / whole}%`;
    Object.assign(this.frame.style, { left: share(this.box.left, width), top: share(this.box.top, height), width: share(side, width), height: share(side, height) });
  }
}
