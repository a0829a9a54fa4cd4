// Pictures to start from: drawn, dropped, pasted, photographed, or of the package.

import { Problem, ask, loaded, query } from "./api.js";
import { $, el, toast } from "./dom.js";
import { Easel } from "./easel.js";
import { known, taskOf } from "./state.js";
import { modelName } from "./tasks.js";

const easels = {};
const names = {}; // of the pictures on the easels
const photos = {}; // blobs under the masks

const fieldOf = (task, kind) => taskOf(task).fields.find((field) => field.kind === kind);
const masks = (task) => Boolean(fieldOf(task, "mask"));

export const takesPicture = (task) => Boolean(fieldOf(task, "picture"));

/** The task in which a picture is painted on. */
export const paintTask = () => known.studio.tasks.find(({ name }) => takesPicture(name) && !masks(name)).name;

/** The easel of a task, made when it is first needed. */
export function easelOf(task) {
  easels[task] ??= new Easel(masks(task) ? "mask" : "drawing", () => {});
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
}

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
  const picture = await sent(photos[task], chosen, name, "picture");
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
export async function sent(blob, chosen, name, as) {
  const answer = await ask(`/api/sources?${query({ model: chosen, name, as })}`, { method: "POST", body: blob });
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
