// To give a picture away: as a card, a film, a page, or on paper.

import { ask, fileOf, query } from "./api.js";
import { larger } from "./deeds.js";
import { $, closing, debounced, el, seconds } from "./dom.js";
import { canRecord, record } from "./film.js";
import { isIllusion } from "./guess.js";
import { jobOver, known, model, recipeOf } from "./state.js";

const POSTER = 2048;
const words = { title: "", hint: "" }; // what was typed the last time
let size = 300;

/** What a file is called. */
const stem = (picture) => [picture.verb, ...picture.prompts].join(" ").toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 60).replace(/-$/, "");

/** A file for the person: on a phone into the sheet that sends it on, else to the disk. */
async function give(blob, name) {
  const file = new File([blob], name, { type: blob.type.split(";")[0] });
  if (matchMedia("(pointer: coarse)").matches && navigator.canShare?.({ files: [file] })) {
    // Whoever thinks better of it wants no file either.
    await navigator.share({ files: [file] }).catch((error) => {
      if (error.name !== "AbortError") save(file);
    });
  } else save(file);
}

function save(file) {
  const link = el("a", { href: URL.createObjectURL(file), download: file.name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A file that takes a moment is fetched by the page, so that it can be said when it can't be made. */
async function fetched(address, fallback) {
  const response = await fetch(address);
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).problem ?? "That can't be saved.");
  const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? fallback;
  await give(await response.blob(), name);
}

export function openGive(picture) {
  const dialog = $("#give");
  const base = `/api/pictures/${picture.id}`;
  const illusion = isIllusion(picture);
  const status = el("p", { class: "quiet-text", role: "status", id: "give-said" });
  const say = (text) => status.textContent !== text && (status.textContent = text);
  const title = el("input", { type: "text", maxlength: 80, placeholder: "What do you see?", ".value": words.title });
  const hint = el("input", { type: "text", maxlength: 200, placeholder: "none", ".value": words.hint });
  const asked = () => ({ title: title.value.trim() || title.placeholder, hint: hint.value.trim() });
  const address = (what, more = {}) => `${base}/${what}?${query({ ...more, download: true })}`;
  const preview = el("img", { class: "preview", alt: "The card" });
  const show = () => (preview.src = `${base}/card?${query(asked())}`);
  const typed = debounced(show, 400);
  for (const [input, name] of [[title, "title"], [hint, "hint"]]) input.addEventListener("input", () => ((words[name] = input.value), typed()));
  show();
  const button = (name, what, work, hidden) => {
    if (hidden) return null;
    const own = el("button", { type: "button", onclick: () => busy(own, work) }, el("b", {}, name), el("small", {}, what));
    return own;
  };
  // What goes wrong is said here: a toast would be behind the dialog.
  const busy = async (own, work) => {
    own.disabled = true;
    status.classList.remove("problem");
    try {
      say(`Making the ${own.firstChild.textContent} …`);
      say((await work()) ?? "Done.");
    } catch (error) {
      status.classList.add("problem");
      say(error.message);
    } finally {
      own.disabled = false;
    }
  };
  const film = async () => {
    const blob = await record(picture, asked(), (share) => say(`Recording the film … ${Math.round(100 * share)} %`));
    await give(blob, `${stem(picture)}.${blob.type.includes("mp4") ? "mp4" : "webm"}`);
  };
  const mp4 = known.studio.films.includes("mp4");
  // A poster is square, and a row of digits is not.
  const paper = recipeOf(picture.verb)?.alone ? null : printing(picture, say, busy);
  dialog.replaceChildren(
    el("div", { class: "ways" }, el("h2", { id: "give-title" }, "Share or print"), closing(dialog)),
    el(
      "div",
      { class: "giving" },
      preview,
      el(
        "div",
        {},
        el("label", {}, el("span", {}, "Title"), title),
        el("label", {}, el("span", {}, "Hint"), hint),
        el(
          "div",
          { class: "gifts" },
          button("Card", "1080 × 1350, its readings told", () => fetched(address("card", asked()))),
          button("Film", "pauses at each reading", film, !illusion || !canRecord()),
          button("Page", "one file, to turn it by hand", () => fetched(address("page", asked()))),
          button("GIF", "the picture alone, in motion", () => fetched(address("animation", { format: "gif" }))),
          button("MP4", "the same, as a video", () => fetched(address("animation", { format: "mp4" })), !mp4),
          button("PNG", "with its recipe", () => fetched(`${fileOf(picture.id)}?download=true`)),
        ),
        paper ?? "",
        status,
      ),
    ),
  );
  dialog.showModal();
}

/** On paper: what is enlarged is said before. */
function printing(picture, say, busy) {
  const facts = model(picture.model);
  const largest = facts?.sizes.at(-1) ?? picture.side;
  const anew = largest > picture.side;
  const side = anew ? largest : picture.side;
  const factor = Math.max(1, Math.ceil(POSTER / side));
  const pace = known.studio.paces[`${picture.model} ${picture.verb}`];
  const width = el("input", { type: "number", min: 10, max: 2000, step: 1, ".value": size, "aria-label": "Side in millimetres" });
  width.addEventListener("input", () => width.validity.valid && (size = Number(width.value)));
  const jigsaw = picture.views.some((view) => view.startsWith("jigsaw"));
  const made = anew ? `It is made anew at ${side} × ${side} by its model first${pace ? "" : ", which takes a moment"}` : `It was made at ${side} × ${side} by its model`;
  const told = factor > 1 ? `${made}, then enlarged ${factor} times to ${side * factor} × ${side * factor}; every view is kept.` : `${made}; nothing is enlarged.`;
  let whole = anew ? null : picture.id; // the picture that is enlarged, or a promise of it
  const print = async (format, cuts) => {
    if (!width.reportValidity()) throw new Error("Give a side from 10 to 2,000 mm.");
    whole ??= madeAnew(picture, say).catch((error) => {
      whole = null;
      throw error;
    });
    const id = await whole;
    say("Enlarging it …");
    await fetched(`/api/pictures/${id}/print?${query({ format, cuts, millimetres: size, download: true })}`, `poster.${format}`);
    return `Done. ${told}`;
  };
  const button = (name, format, cuts) => {
    const own = el("button", { type: "button", onclick: () => busy(own, () => print(format, cuts)) }, name);
    return own;
  };
  return el(
    "div",
    { class: "paper" },
    el("h3", {}, "On paper"),
    el("p", { class: "quiet-text" }, told),
    el("div", { class: "row" }, el("label", {}, el("span", {}, "Side in mm"), width), button("Poster, PNG", "png"), button("Poster, PDF", "pdf"), jigsaw && button("Jigsaw to cut, SVG", "svg", "true"), jigsaw && button("Jigsaw to cut, PDF", "pdf", "true")),
  );
}

/** The id of the same picture at its model's largest size. */
async function madeAnew(picture, say) {
  const whole = picture.job ? picture : await ask(`/api/pictures/${picture.id}`);
  const job = await ask("/api/jobs", { method: "POST", json: await larger(whole) });
  const over = await jobOver(job.id, ({ state, seconds_left: left }) => say(state === "waiting" ? "It waits its turn to be made larger …" : `Making it larger …${left === null ? "" : ` ${seconds(left)} left`}`));
  if (over.state !== "done") throw new Error(over.problem ?? "It was not made larger: try again.");
  return over.pictures[0];
}
