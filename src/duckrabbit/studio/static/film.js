// A share card as a short film, recorded here: the picture moves from one reading to the next, and pauses at each.

import { fileOf, loaded, motionOf } from "./api.js";
import { el } from "./dom.js";
import { readings } from "./guess.js";
import { PLACES, Viewer } from "./viewer.js";
import { eased } from "./motion.js";

const [WIDTH, HEIGHT] = [1080, 1350];
const MAT = { x: 158, y: 174, side: 764 };
const FRAME = { y: 966, side: 236 };
const COLOURS = ["#915000", "#4b46b5", "#231d2d"];
const PAUSE = 1700; // milliseconds at each reading
const MOVE = 1200; // and from one to the next
const TYPES = ["video/mp4;codecs=avc1.42E01F", "video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];

/** Whether this browser can record at all. */
export const canRecord = () => "MediaRecorder" in window && "captureStream" in HTMLCanvasElement.prototype;

const centred = (context, words, font, colour, y, width = WIDTH - 120) => {
  context.font = font;
  context.fillStyle = colour;
  let shown = words;
  while (shown && context.measureText(shown).width > width) shown = `${shown.slice(0, -2).trimEnd()}…`;
  context.fillText(shown, 0, y);
};

/** The card with the first so many of its readings told. */
function cardOf(shown, viewer, told, { title, hint }) {
  const canvas = el("canvas", { width: WIDTH, height: HEIGHT });
  const context = canvas.getContext("2d");
  const list = readings(shown);
  context.fillStyle = "#efebe3";
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.textAlign = "center";
  context.translate(WIDTH / 2, 0);
  centred(context, title, "560 60px Fraunces, Georgia, serif", "#231d2d", hint ? 92 : 116);
  if (hint) centred(context, hint, '450 32px "Instrument Sans", sans-serif', "#635b6d", 148);
  centred(context, "made with duckrabbit", '450 24px "Instrument Sans", sans-serif', "#635b6d", HEIGHT - 26);
  const column = (WIDTH - 120) / list.length;
  const side = Math.min(FRAME.side, column - 24);
  list.forEach(([, prompt], k) => {
    const colour = COLOURS[Math.min(k, 2)];
    const small = el("canvas", { width: side, height: side });
    viewer.drawReading(small, k);
    context.save();
    context.translate((k + 0.5) * column - (WIDTH - 120) / 2, 0);
    context.fillStyle = k < told ? colour : "#fffefb";
    context.fillRect(-side / 2 - 6, FRAME.y - 6, side + 12, side + 12);
    context.fillStyle = "#fffefb";
    context.fillRect(-side / 2, FRAME.y, side, side);
    context.globalAlpha = k < told ? 1 : 0.35;
    // Of a reading's canvas the picture takes seven tenths.
    context.drawImage(small, side * 0.15, side * 0.15, side * 0.7, side * 0.7, -side / 2, FRAME.y, side, side);
    context.globalAlpha = 1;
    if (k < told) centred(context, prompt, "italic 560 31px Fraunces, Georgia, serif", colour, FRAME.y + side + 46, column - 12);
    context.restore();
  });
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = "#fffefb";
  context.fillRect(MAT.x, MAT.y, MAT.side, MAT.side);
  return canvas;
}

/** What happens, moment after moment: [reading, way, from, to, milliseconds]. */
function script(viewer, shown) {
  const scenes = [];
  const count = readings(shown).length;
  let at = viewer.distant ? PLACES[shown.parts[0]] : 0;
  for (let k = 0; k < count; k++) {
    const way = viewer.distant ? 0 : viewer.ways.findIndex(({ index }) => index === k);
    const place = viewer.distant ? PLACES[shown.parts[k]] : way < 0 ? 0 : 1;
    if (k) scenes.push([k, way, at, place, MOVE]);
    scenes.push([k, way, place, place, PAUSE]);
    at = place;
    // Another view begins where nothing has moved.
    if (!viewer.distant && place) scenes.push([k, way, 1, (at = 0), MOVE]);
  }
  return scenes;
}

/** Record a film of a picture of the gallery; `said(share)` hears how far it is. Gives a Blob. */
export async function record(shown, words, said) {
  const hidden = el("canvas", { width: 10, height: 10 });
  el("div", {}, hidden);
  const viewer = new Viewer(hidden, el("div"), motionOf);
  await document.fonts.ready;
  await viewer.show({ ...shown, image: await loaded(fileOf(shown.id)) });
  const cards = readings(shown).map((_, k) => cardOf(shown, viewer, k + 1, words));
  const canvas = el("canvas", { width: WIDTH, height: HEIGHT });
  const context = canvas.getContext("2d", { alpha: false });
  const scenes = script(viewer, shown);
  const whole = scenes.reduce((sum, scene) => sum + scene[4], 0);
  // A hybrid fills its mat; what turns needs room for its corners.
  const side = viewer.distant ? 1028 : MAT.side;
  const draw = (time) => {
    let left = time;
    const scene = scenes.find(([, , , , length]) => left < length || ((left -= length), false)) ?? scenes.at(-1);
    const [k, way, from, to, length] = scene;
    const progress = from + (to - from) * eased(Math.min(1, left / length));
    context.drawImage(cards[k], 0, 0);
    context.save();
    context.beginPath();
    context.rect(MAT.x, MAT.y, MAT.side, MAT.side);
    context.clip();
    context.translate(MAT.x + (MAT.side - side) / 2, MAT.y + (MAT.side - side) / 2);
    context.imageSmoothingQuality = "high";
    (viewer.distant ?? viewer.moving[Math.max(0, way)]).draw(context, side, progress);
    context.restore();
  };
  draw(0);
  const stream = canvas.captureStream(30);
  const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
  const recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: 6_000_000 });
  const parts = [];
  recorder.ondataavailable = ({ data }) => data.size && parts.push(data);
  const ended = new Promise((resolve, reject) => {
    recorder.onstop = resolve;
    recorder.onerror = () => reject(new Error("This browser could not record the film: take the GIF."));
  });
  recorder.start();
  const began = performance.now();
  const over = new AbortController();
  await new Promise((resolve, reject) => {
    // Out of sight nothing is drawn, and the clock goes on.
    const look = () => document.visibilityState === "hidden" && reject(new Error("A film is recorded only while it is seen: stay on this tab, and try again."));
    document.addEventListener("visibilitychange", look, { signal: over.signal });
    look();
    const next = () => {
      if (over.signal.aborted) return;
      const time = performance.now() - began;
      draw(Math.min(time, whole - 1));
      said(Math.min(1, time / whole));
      if (time < whole) requestAnimationFrame(next);
      else resolve();
    };
    next();
  }).finally(() => {
    over.abort();
    recorder.stop();
    viewer.clear();
  });
  await ended;
  return new Blob(parts, { type: recorder.mimeType || mimeType });
}
