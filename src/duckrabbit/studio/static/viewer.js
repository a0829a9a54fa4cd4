// The viewer: a picture that is turned, rearranged or moved away by hand, by key or by a button.

import { loaded, motionOf } from "./api.js";
import { el } from "./dom.js";
import { VIEW_DEEDS, keyword, viewWords } from "./icons.js";
import { Distant, wayOf } from "./distance.js";
import { Moving, SHARE_OF_CANVAS, animate, enlarged } from "./motion.js";

const TURNING = { "rotate-180": 180, "rotate-90": 90, "rotate-90-cw": -90 };
const LONG = { jigsaw: 1500, "patch-permute": 1500, "pixel-permute": 1800, "square-hinge": 1400, skew: 1200 };

/** The views of an anagram without the one that changes nothing, each with the prompt that it shows. */
export function looks(shown) {
  const views = shown.views.length === shown.prompts.length - 1 ? ["identity", ...shown.views] : shown.views;
  return views.map((view, k) => ({ view, prompt: shown.prompts[k] ?? "", index: k })).filter((look) => look.view !== "identity");
}

/** A canvas, and below it what can be done with it. */
export class Viewer {
  constructor(canvas, hands, changed = () => {}) {
    this.canvas = canvas;
    this.hands = hands;
    this.changed = changed;
    this.progress = 0;
    this.target = 0;
    this.stop = () => {};
    this.turn = 0; // counts what is shown, so that what loads late is not
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("pointerdown", (event) => this.#grab(event));
    new ResizeObserver(() => this.#fit()).observe(canvas);
  }

  /** Show a picture: {image or address, side, verb, prompts, parts, views, label}. */
  async show(shown) {
    const turn = ++this.turn;
    const image = shown.image ?? (await loaded(shown.address));
    let drawing = null;
    const way = shown.verb === "hybrid" ? wayOf(shown.parts) : null;
    const ways = shown.verb === "anagram" ? looks(shown) : [];
    if (ways.length) {
      const motions = await Promise.all(ways.map((look) => shown.motions?.[look.view] ?? motionOf(look.view, shown.side)));
      drawing = motions.map((motion) => new Moving(image, motion));
    }
    if (turn !== this.turn) return;
    this.stop();
    this.shown = shown;
    this.ways = ways;
    this.moving = drawing;
    this.chosen = 0;
    this.way = way;
    this.distant = way ? new Distant(image, shown.side, way) : null;
    this.plain = enlarged(image, shown.side);
    this.progress = this.target = 0;
    this.canvas.setAttribute("aria-label", shown.label ?? "A picture");
    this.canvas.parentElement.classList.toggle("still", !this.moves);
    this.#buildHands();
    this.draw();
    this.changed(this);
  }

  /** Show a picture that is still forming. */
  form(image, side) {
    this.turn++;
    this.stop();
    this.shown = this.moving = this.distant = this.way = null;
    this.ways = [];
    this.plain = enlarged(image, side);
    this.progress = this.target = 0;
    this.hands.replaceChildren();
    this.canvas.parentElement.classList.add("still");
    this.draw();
  }

  get moves() {
    return Boolean(this.ways?.length || this.distant);
  }

  /** The way there and back. */
  toggle() {
    if (this.moves) this.go(this.target > 0.5 ? 0 : 1);
  }

  /** Move to a progress, or by `k` to another view: back first, then there. */
  go(to) {
    this.target = to;
    this.stop();
    const milliseconds = (this.distant ? 1600 : LONG[keyword(this.ways[this.chosen].view)] ?? 900) * Math.abs(to - this.progress);
    this.stop = animate(this.progress, to, milliseconds, (progress) => this.#at(progress), () => this.changed(this));
    this.#sayHands();
  }

  choose(k) {
    if (k === this.chosen) {
      this.toggle();
      return;
    }
    this.stop();
    const there = () => {
      this.chosen = k;
      this.go(1);
    };
    if (this.progress === 0) there();
    else this.stop = animate(this.progress, 0, 500, (progress) => this.#at(progress), there);
  }

  draw() {
    const side = this.canvas.width;
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, side, side);
    context.imageSmoothingQuality = "high";
    if (this.distant) this.distant.draw(context, side, this.progress);
    else if (this.moving) this.moving[this.chosen].draw(context, side, this.progress);
    else if (this.plain) {
      const width = side * SHARE_OF_CANVAS;
      context.drawImage(this.plain, (side - width) / 2, (side - width) / 2, width, width);
    }
    this.canvas.dataset.progress = this.progress.toFixed(3);
  }

  #at(progress) {
    this.progress = progress;
    if (this.slider) this.slider.value = String(Math.round(progress * 100));
    this.draw();
  }

  #fit() {
    const side = Math.round(Math.min(1400, this.canvas.clientWidth * Math.min(2, devicePixelRatio || 1)));
    if (side > 0 && side !== this.canvas.width) {
      this.canvas.width = this.canvas.height = side;
      this.draw();
    }
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.moves) return;
    const step = { ArrowRight: 0.08, ArrowUp: 0.08, ArrowLeft: -0.08, ArrowDown: -0.08 }[event.key];
    if (event.key === " " || event.key === "Enter") this.toggle();
    else if (step) {
      this.stop();
      this.#at(Math.min(1, Math.max(0, this.progress + step)));
      this.target = Math.round(this.progress);
      this.changed(this);
      this.#sayHands();
    } else return;
    event.preventDefault();
  }

  /** By hand: a turning view follows the angle about the middle, the others the way along. */
  #grab(event) {
    if (!this.moves || event.button !== 0) return;
    const box = this.canvas.getBoundingClientRect();
    const middle = [box.left + box.width / 2, box.top + box.height / 2];
    const view = this.ways.length ? keyword(this.ways[this.chosen].view) : "";
    const degrees = TURNING[view];
    const start = { x: event.clientX, y: event.clientY, progress: this.progress, time: performance.now() };
    const angle = (e) => Math.atan2(e.clientY - middle[1], e.clientX - middle[0]);
    let turned = 0;
    let before = angle(event);
    let far = 0;
    this.stop();
    this.canvas.setPointerCapture(event.pointerId);
    const move = (e) => {
      far = Math.max(far, Math.hypot(e.clientX - start.x, e.clientY - start.y));
      let progress;
      if (degrees) {
        let step = angle(e) - before;
        if (step > Math.PI) step -= 2 * Math.PI;
        if (step < -Math.PI) step += 2 * Math.PI;
        turned += step;
        before = angle(e);
        const share = (-turned * 180) / Math.PI / degrees;
        // A half turn may go either way round.
        progress = start.progress + (Math.abs(degrees) === 180 ? (start.progress < 0.5 ? Math.abs(share) : -Math.abs(share)) : share);
      } else {
        const along = view === "flip" || view === "skew" ? e.clientY - start.y : e.clientX - start.x;
        const reach = along / (box.width * 0.6);
        progress = start.progress + (start.progress < 0.5 ? Math.abs(reach) : -Math.abs(reach));
      }
      this.#at(Math.min(1, Math.max(0, progress)));
    };
    const end = () => {
      this.canvas.removeEventListener("pointermove", move);
      this.canvas.removeEventListener("pointerup", end);
      this.canvas.removeEventListener("pointercancel", end);
      if (far < 6) this.toggle();
      else if (this.distant) this.#settle(this.progress);
      else this.go(start.progress < 0.5 ? Number(this.progress > 0.25) : Number(this.progress > 0.75));
    };
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", end);
    this.canvas.addEventListener("pointercancel", end);
  }

  #settle(progress) {
    this.target = progress;
    this.changed(this);
    this.#sayHands();
  }

  #buildHands() {
    this.slider = null;
    const parts = [];
    if (this.distant) {
      this.slider = el("input", { type: "range", min: 0, max: 100, value: 0, "aria-label": `${this.way.label}, from ${this.way.ends[0]} to ${this.way.ends[1]}` });
      this.slider.addEventListener("input", () => {
        this.stop();
        this.progress = Number(this.slider.value) / 100;
        this.#settle(this.progress);
        this.draw();
      });
      parts.push(el("button", { type: "button", class: "turn", onclick: () => this.toggle() }, this.way.button));
      parts.push(el("label", {}, el("span", {}, this.way.ends[0]), this.slider, el("span", {}, this.way.ends[1])));
    } else {
      this.ways.forEach((look, k) => {
        const deed = this.ways.length > 1 ? viewWords(look.view) : look.view.includes("+") ? viewWords(look.view) : VIEW_DEEDS[keyword(look.view)];
        parts.push(el("button", { type: "button", class: "turn", "data-deed": this.ways.length > 1 ? null : deed, onclick: () => this.choose(k) }, deed ?? look.view, el("kbd", {}, k === 0 ? "Space" : String(k + 1))));
      });
    }
    this.hands.replaceChildren(...parts);
    this.#sayHands();
  }

  #sayHands() {
    const buttons = [...this.hands.querySelectorAll(".turn")];
    buttons.forEach((button, k) => button.setAttribute("aria-pressed", String(this.target > 0.5 && (this.distant ? true : k === this.chosen))));
    for (const button of buttons) if (button.dataset.deed) button.firstChild.textContent = button.getAttribute("aria-pressed") === "true" ? "And back" : button.dataset.deed;
    if (this.distant && buttons[0]) buttons[0].textContent = this.target > 0.5 ? this.way.back : this.way.button;
  }
}
