// Pictures to start from: drawn, dropped, pasted, photographed, or of the package.

import { Problem, ask, loaded, query } from "./api.js";
import { $, el, toast } from "./dom.js";
import { Cropper } from "./cropper.js";
import { Easel } from "./easel.js";
import { liveBeside, poke } from "./live.js";
import { known, taskOf } from "./state.js";
import { modelName } from "./tasks.js";

const easels = {};
const names = {}; // of the pictures on the easels
const photos = {}; // blobs under the masks
const crops = {}; // croppers of the pictures that are no squares
const pasted = new Map(); // photos whose parts can be put back, by their names and crops

const fieldOf = (task, kind) => taskOf(task).fields.find((field) => field.kind === kind);
function masks(task) {
  return Boolean(fieldOf(task, "mask"));
}

export const takesMask = masks;
export const takesPicture = (task) => Boolean(fieldOf(task, "picture"));

/** The task in which a picture is painted on. */
export const paintTask = () => known.studio.tasks.find(({ name }) => takesPicture(name) && !masks(name)).name;

/** The easel of a task, made when it is first needed. */
export function easelOf(task) {
  if (!easels[task]) {
    const easel = new Easel(masks(task) ? "mask" : "drawing", () => easels[task] && poke(task));
    easels[task] = easel;
    const beside = liveBeside(task);
    if (beside) easel.element.unshift(el("div", { class: "beside" }, easel.board, beside)), easel.element.splice(1, 1);
  }
  return easels[task];
}

/**
 * Lay a picture on the easel of a task: a blob, or the address of a picture of the package. Where this browser can't
 * decode it, as a TIFF, `taken` is shown: what the studio made of it.
 */
export async function lay(task, picture, name, taken) {
  const address = typeof picture === "string" ? picture : URL.createObjectURL(picture);
  const image = await loaded(address).catch((error) => {
    if (!taken) throw error;
    return loaded(`data:image/png;base64,${taken.png}`);
  });
  const easel = easelOf(task);
  easel.put(image);
  names[task] = name;
  if (masks(task)) {
    photos[task] = typeof picture === "string" ? await (await fetch(picture)).blob() : picture;
    if (easel.dirty) easel.blank();
  }
  // Which part of it is used is seen, and can be chosen.
  const cropper = image.width === image.height ? null : new Cropper(image, () => {
    easel.put(image, cropper.box);
    if (masks(task)) easel.blank();
  });
  crops[task] = cropper;
  easel.below(cropper?.element);
}

const cropOf = (task) => crops[task]?.text ?? "";
const keyOf = (name, crop) => `${crop} ${name}`;

/** The photo that an inpainted picture was made from, as far as this page has it. */
export const photoOf = ({ job }) => pasted.get(keyOf(job?.recipe.picture?.name, job?.recipe.picture?.crop ?? ""));

/** The square of that photo from which it was made, as a canvas; null where the photo is not at hand. */
export async function squareOf(picture) {
  if (!pastes(picture)) return null;
  const image = await loaded(URL.createObjectURL(photoOf(picture))).catch(() => null);
  if (!image) return null;
  const least = Math.min(image.width, image.height);
  const [left, top, right] = picture.job.recipe.picture.crop ? picture.job.recipe.picture.crop.split(",").map(Number) : [(image.width - least) / 2, (image.height - least) / 2, (image.width + least) / 2];
  const side = Math.min(560, right - left);
  const canvas = el("canvas", { width: side, height: side });
  canvas.getContext("2d").drawImage(image, left, top, right - left, right - left, 0, 0, side, side);
  return canvas;
}

/** Whether a picture can be put back into its photo. */
export const pastes = (picture) => Boolean(picture.job?.recipe.mask && photoOf(picture) && !picture.file.includes("-whole"));

/** The pictures of a task's job, at its model's size. */
export async function sourcesOf(task) {
  if (!takesPicture(task)) return {};
  const chosen = modelName(task);
  const easel = easelOf(task);
  const name = names[task] ?? fieldOf(task, "picture").unnamed;
  if (!masks(task)) {
    if (!easel.dirty) return {};
    return { picture: await sent(await easel.png(), chosen, name, "picture") };
  }
  if (!photos[task]) return {};
  const picture = await sent(photos[task], chosen, name, "picture", cropOf(task));
  pasted.set(keyOf(picture.name, picture.crop), photos[task]);
  if (!easel.dirty) return { picture };
  try {
    return { picture, mask: await sent(await easel.png(), chosen, "a mask", "mask") };
  } catch (error) {
    // All that was painted was wiped away again: the task says so in its own words.
    if (error instanceof Problem && /paints nothing/.test(error.message)) return { picture };
    throw error;
  }
}

/** A picture at a model's size, for a recipe. */
export async function sent(blob, chosen, name, as, crop) {
  const answer = await ask(`/api/sources?${query({ model: chosen, name, as, crop })}`, { method: "POST", body: blob });
  return answer.source;
}

/** Take back the pictures of a job. */
export async function layJob(task, { picture, mask }) {
  if (picture && !picture.png) toast(`${picture.name} was left out of this file: open it here as well.`);
  if (!picture?.png) return;
  // Not by fetch: the page's own policy forbids that for such an address.
  const bytes = Uint8Array.from(atob(picture.png), (letter) => letter.charCodeAt(0));
  await lay(task, new Blob([bytes], { type: "image/png" }), picture.name);
  if (masks(task) && mask) await layMask(easelOf(task), `data:image/png;base64,${mask.png}`);
}

async function layMask(easel, address) {
  const image = await loaded(address);
  const canvas = el("canvas", { width: image.width, height: image.height });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let k = 0; k < pixels.data.length; k += 4) {
    const painted = pixels.data[k] >= 128;
    pixels.data.set(painted ? [123, 120, 230, 255] : [0, 0, 0, 0], k);
  }
  context.putImageData(pixels, 0, 0);
  easel.context.imageSmoothingEnabled = false;
  easel.context.drawImage(canvas, 0, 0, easel.canvas.width, easel.canvas.height);
  easel.context.imageSmoothingEnabled = true;
  easel.dirty = true;
}

/** Where a picture comes from: the field for one. */
export function sourceFields({ label, samples }, open) {
  const shown = samples.flatMap((start) => known.studio.pictures.filter(({ name }) => name.startsWith(start))).slice(0, 6);
  return el(
    "div",
    {},
    el("span", { class: "label" }, label),
    el(
      "div",
      { class: "samples" },
      shown.map(({ name, what }) => {
        const address = `/api/shipped?${query({ name })}`;
        return el("button", { type: "button", "aria-label": what, title: what, onclick: () => open(address, name) }, el("img", { src: address, alt: "", loading: "lazy" }));
      }),
    ),
    el("button", { type: "button", class: "quiet", onclick: () => $("#file").click() }, "Open a picture from this device"),
  );
}
