// Illusions on a wall, each turning slowly while it is in sight, and by hand.

import { loaded, motionOf } from "./api.js";
import { Distant, wayOf } from "./distance.js";
import { el, percent } from "./dom.js";
import { viewWords } from "./icons.js";
import { Moving, calm, eased } from "./motion.js";
import { looks } from "./viewer.js";

const SIDE = 360; // of a tile's canvas
const SHARP = 256;
const REST = 2600; // milliseconds that a tile rests at either end
const MOVE = 1500; // and that it takes from one to the other
const FRAME = 33;

const tiles = new WeakMap(); // by their elements
const seenNow = new Set();
const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const tile = tiles.get(target);
    if (isIntersecting) (seenNow.add(tile), tile.load());
    else tile.leave();
  }
}, { rootMargin: "200px" });

/**
 * An illusion {pair, prompts, views, parts, odds} whose picture is at an address. `word(name, kind)` makes what each of
 * its subjects is said by, and `deeds` are what can be done with it.
 */
export class Tile {
  constructor(tile, address, word, deeds) {
    this.tile = tile;
    this.address = address;
    this.phase = Math.random() * 2 * (REST + MOVE);
    const [first, second] = tile.pair;
    this.canvas = el("canvas", { width: SIDE, height: SIDE });
    this.element = el(
      "li",
      { "data-id": tile.id },
      el("button", { type: "button", class: "turning", "aria-label": `Turn ${first} and ${second}, odds ${percent(tile.odds)}`, onclick: () => this.hold() }, this.canvas, el("span", { class: "odds", title: "How likely it is to be read as asked, says a judge" }, percent(tile.odds))),
      el("p", {}, word(first, ""), el("span", { class: "hidden" }, " and "), word(second, "second")),
      el("p", { class: "quiet-text" }, tile.parts.length ? tile.parts.join(" and ") : viewWords(tile.views.at(-1)).toLowerCase()),
      el("div", { class: "row" }, deeds),
    );
    tiles.set(this.element, this);
    sight.observe(this.element);
    begin();
  }

  async load() {
    if (this.drawn || this.loading) return;
    this.loading = true;
    const image = await loaded(this.address).catch(() => null);
    const side = image?.width;
    const way = image && !this.tile.parts.length ? await motionOf(looks(this.tile)[0].view, side).catch(() => null) : null;
    this.loading = false;
    // It has gone, or it is out of sight again.
    if (!image || !seenNow.has(this)) return;
    this.drawn = this.tile.parts.length ? new Distant(image, side, wayOf(this.tile.parts), SHARP) : way ? new Moving(image, way, SHARP) : null;
    this.last = null;
    this.draw(this.held ?? 0);
  }

  /** Out of sight. */
  leave() {
    seenNow.delete(this);
    this.drawn = null;
  }

  /** Off the wall. */
  remove() {
    this.leave();
    sight.unobserve(this.element);
    this.element.remove();
  }

  draw(progress) {
    if (!this.drawn || progress === this.last) return;
    this.last = progress;
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, SIDE, SIDE);
    this.drawn.draw(context, SIDE, progress);
  }

  /** Where it is at a time. */
  at(now) {
    const time = (now + this.phase) % (2 * (REST + MOVE));
    if (time < REST) return 0;
    if (time < REST + MOVE) return eased((time - REST) / MOVE);
    if (time < 2 * REST + MOVE) return 1;
    return 1 - eased((time - 2 * REST - MOVE) / MOVE);
  }

  /** By hand it is turned at once, and stays so. */
  hold() {
    this.held = this.held === 1 || (this.held === undefined && this.last > 0.5) ? 0 : 1;
    this.draw(this.held);
  }
}

let begun = false;
let lastFrame = 0;

function begin() {
  if (begun || calm()) return;
  begun = true;
  requestAnimationFrame(turnAll);
}

function turnAll(now) {
  if (now - lastFrame >= FRAME) {
    lastFrame = now;
    for (const tile of seenNow) if (tile.held === undefined) tile.draw(tile.at(now));
  }
  requestAnimationFrame(turnAll);
}
