// The viewer: a picture that is turned, rearranged or moved away by hand, by key or by a button.

import { el } from "./dom.js";
import { gripOf } from "./grip.js";
import { VIEW_DEEDS, keyword, viewWords } from "./icons.js";
import { COMPARE, Compared } from "./compare.js";
import { Distant, wayOf } from "./distance.js";
import { Moving, SHARE_OF_CANVAS, animate, enlarged, spring } from "./motion.js";

const LONG = { jigsaw: 1500, "patch-permute": 1500, "pixel-permute": 1800, "square-hinge": 1400, skew: 1200 };
const FAR = 1600;
/** Where on its way each part of a hybrid is read best. */
export const PLACES = { near: 0, mid: 0.5, far: 1, colour: 0, grey: 1, sharp: 0, blurred: 1, large: 0, small: 1 };
const A_TAP = 6; // pixels: a hand that moves less than this has pressed
const FLUNG = 0.16; // seconds that a flung picture flies on before it is caught

/** The views of an anagram without the one that changes nothing, each with the prompt that it shows. */
export function looks(shown) {
  const views = shown.views.length === shown.prompts.length - 1 ? ["identity", ...shown.views] : shown.views;
  return views.map((view, k) => ({ view, prompt: shown.prompts[k] ?? "", index: k })).filter((look) => look.view !== "identity");
}

/** A canvas, and below it what can be done with it. `motionOf(view, side)` describes how a view moves. */
export class Viewer {
  constructor(canvas, hands, motionOf) {
    this.canvas = canvas;
    this.hands = hands;
    this.motionOf = motionOf;
    this.progress = 0;
    this.speed = 0; // of the progress, a second
    this.target = 0;
    this.stop = () => {};
    this.ways = this.moving = this.parts = [];
    this.lit = null; // hears how far each reading is in view
    this.turn = 0; // counts what is shown, so that what loads late is not
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("pointerdown", (event) => this.#grab(event));
    new ResizeObserver(() => this.#fit()).observe(canvas);
  }

  /** Show a picture: {image, side, prompts, parts, views, label}; `before` is what it was made from. */
  async show(shown) {
    // At rest it is seen at once; how it moves may take a moment.
    this.form(shown.image, shown.side);
    const { turn } = this;
    const ways = looks(shown);
    const motions = await Promise.all(ways.map((look) => this.motionOf(look.view, shown.side)));
    if (turn !== this.turn) return;
    this.ways = ways;
    this.moving = motions.map((motion) => new Moving(shown.image, motion));
    this.chosen = 0;
    this.parts = shown.parts;
    this.way = shown.parts.length ? wayOf(shown.parts) : shown.before ? COMPARE : null;
    this.distant = !this.way ? null : shown.before ? new Compared(shown.before, shown.image, shown.side) : new Distant(shown.image, shown.side, this.way);
    this.canvas.setAttribute("aria-label", shown.label ?? "A picture");
    this.#sayHow();
    this.#buildHands();
    this.draw();
  }

  /** Show a picture that is still forming; one that is finished is on paper. */
  form(image, side, onPaper = true) {
    this.clear();
    this.plain = enlarged(image, side, { onPaper });
    this.draw();
  }

  /** Show nothing. */
  clear() {
    this.turn++;
    this.stop();
    this.lit = null;
    this.distant = this.way = this.plain = null;
    this.moving = this.ways = [];
    this.progress = this.target = this.speed = 0;
    this.hands.replaceChildren();
    this.#sayHow();
    this.draw();
  }

  get moves() {
    return Boolean(this.ways?.length || this.distant);
  }

  get #held() {
    return this.moving?.[this.chosen];
  }

  /** The way there and back. */
  toggle() {
    if (this.moves) this.go(this.target > 0.5 ? 0 : 1);
  }

  /** Move to a progress. */
  go(to) {
    this.target = to;
    this.#sayHands();
    this.stop();
    if (this.#held?.turns) this.#swing(to, 8.5);
    else {
      const milliseconds = (this.distant ? FAR : (LONG[keyword(this.ways[this.chosen].view)] ?? 900)) * Math.min(1, Math.abs(to - this.progress));
      this.stop = animate(this.progress, to, milliseconds, (progress) => this.#at(progress));
    }
  }

  choose(k) {
    if (k === this.chosen) {
      this.toggle();
      return;
    }
    this.stop();
    const there = () => {
      this.chosen = k;
      this.#sayHow();
      this.go(1);
    };
    if (this.progress === 0) there();
    else this.stop = animate(this.progress, 0, 500, (progress) => this.#at(progress), there);
  }

  draw() {
    const side = this.canvas.width;
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, side, side);
    // What moves is not looked at that closely.
    context.imageSmoothingQuality = Number.isInteger(this.progress) ? "high" : "medium";
    if (this.distant) this.distant.draw(context, side, this.progress);
    else if (this.#held) this.#held.draw(context, side, this.progress);
    else if (this.plain) {
      const width = side * SHARE_OF_CANVAS;
      context.drawImage(this.plain, (side - width) / 2, (side - width) / 2, width, width);
    }
    this.canvas.dataset.progress = this.progress.toFixed(3);
    this.lit?.(this.#shares());
  }

  /** Draw a reading as it is seen, by its place among the prompts. */
  drawReading(canvas, k) {
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    const at = this.ways.findIndex((way) => way.index === k);
    // A frame is far away already: what is read from afar is only a little smaller in it.
    if (this.distant) this.distant.draw(context, canvas.width, (this.way.name === "distance" ? 0.3 : 1) * PLACES[this.parts[k]]);
    else if (at >= 0) this.moving[at].draw(context, canvas.width, 1);
    else if (this.plain) {
      const width = canvas.width * SHARE_OF_CANVAS;
      context.drawImage(this.plain, (canvas.width - width) / 2, (canvas.width - width) / 2, width, width);
    }
  }

  /** How far each reading is in view, 0 to 1, by its place among the prompts. */
  #shares() {
    const near = (place) => Math.max(0, 1 - 2 * Math.abs(this.progress - place));
    if (this.distant) return this.parts.map((part) => near(PLACES[part]));
    const { moving, chosen, ways } = this;
    const seen = moving.length ? moving[chosen].share(this.progress) : 0;
    const shares = [];
    ways.forEach(({ index }, k) => (shares[index] = k === chosen ? seen : 0));
    // The one that is no view is what is seen at rest.
    for (let k = 0; k <= ways.length; k++) if (!ways.some(({ index }) => index === k)) shares[k] = moving.length ? moving[chosen].share(this.progress, 0) : 1;
    return shares;
  }

  #at(progress, speed = 0) {
    this.progress = progress;
    this.speed = speed;
    if (this.slider) this.slider.value = String(Math.round(progress * 100));
    this.draw();
  }

  /** On a spring to where it rests. */
  #swing(to, pull) {
    const damping = this.#held.period ? 0.74 : 1;
    const settle = () => this.#at(this.#held.restOf(to));
    this.stop = spring(this.progress, to, { speed: this.speed, pull, damping }, (progress, speed) => this.#at(progress, speed), settle);
  }

  #fit() {
    const side = Math.round(Math.min(1600, this.canvas.clientWidth * Math.min(2, devicePixelRatio || 1)));
    if (side > 0 && side !== this.canvas.width) {
      this.canvas.width = this.canvas.height = side;
      this.draw();
    }
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.moves) return;
    const step = { ArrowRight: 0.08, ArrowUp: 0.08, ArrowLeft: -0.08, ArrowDown: -0.08 }[event.key];
    if (event.key === " " || event.key === "Enter") {
      if (!event.repeat) this.toggle();
    } else if (step) {
      this.stop();
      this.#at(Math.min(1, Math.max(0, this.progress + step)));
      this.target = Math.round(this.progress);
      this.#sayHands();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** By hand: the picture follows it, and when it is let go it springs to where it rests. */
  #grab(event) {
    if (!this.moves || event.button !== 0 || !event.isPrimary) return;
    const box = this.canvas.getBoundingClientRect();
    const half = (box.width * SHARE_OF_CANVAS) / 2;
    const point = (e) => [(e.clientX - box.left - box.width / 2) / half, (e.clientY - box.top - box.height / 2) / half];
    const start = point(event);
    if (Math.hypot(...start) > 1.45) return;
    const grip = gripOf(this.ways[this.chosen]?.view ?? "", this.#held, start, this.progress);
    const trail = [[event.timeStamp, this.progress]];
    const frame = this.canvas.parentElement;
    let far = 0;
    this.stop();
    this.speed = 0;
    this.canvas.setPointerCapture(event.pointerId);
    const move = (e) => {
      far = Math.max(far, Math.hypot(e.clientX - event.clientX, e.clientY - event.clientY));
      if (far < A_TAP) return;
      frame.classList.add("held");
      const progress = grip(point(e));
      trail.push([e.timeStamp, progress]);
      if (trail.length > 6) trail.shift();
      this.#at(this.distant ? Math.min(1, Math.max(0, progress)) : progress);
    };
    const end = (e) => {
      for (const kind of ["pointermove", "pointerup", "pointercancel"]) this.canvas.removeEventListener(kind, kind === "pointermove" ? move : end);
      frame.classList.remove("held");
      if (far < A_TAP) this.toggle();
      else if (this.distant) this.#settle(this.progress);
      else {
        const [time, progress] = trail[0];
        const passed = (e.timeStamp - time) / 1000;
        this.speed = passed > 0 && passed < 0.3 ? (this.progress - progress) / passed : 0;
        const rest = this.#held.restNear(this.progress + this.speed * FLUNG);
        this.target = this.#held.restOf(rest);
        this.#sayHands();
        this.#swing(rest, 12);
      }
    };
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", end);
    this.canvas.addEventListener("pointercancel", end);
  }

  #settle(progress) {
    this.target = progress;
    this.#sayHands();
  }

  /** Whether the picture moves, and whether a finger on it does, in every direction, or scrolls the page. */
  #sayHow() {
    const frame = this.canvas.parentElement;
    frame.classList.toggle("still", !this.moves);
    frame.classList.toggle("every-way", Boolean(this.#held?.period) || ["flip", "skew"].includes(keyword(this.ways[this.chosen]?.view ?? "")));
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
      const several = this.ways.length > 1;
      this.ways.forEach(({ view }, k) => {
        const deed = several || view.includes("+") ? viewWords(view) : (VIEW_DEEDS[keyword(view)] ?? view);
        parts.push(el("button", { type: "button", class: "turn", "data-deed": several ? null : deed, onclick: () => this.choose(k) }, deed, k === 0 ? el("kbd", {}, "Space") : null));
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
