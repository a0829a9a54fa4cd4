// What keys do, and the card that says so.

import { $, closing, el } from "./dom.js";
import { hasGrid } from "./grid.js";
import { easelOf } from "./sources.js";
import { side, turn } from "./stage.js";
import { known } from "./state.js";

const keys = () => [
  ["Enter", "make it (in a prompt), Ctrl + Enter anywhere"],
  ["Space", "turn the picture, or step back from it"],
  ["← →", "turn it little by little, with the picture in focus"],
  [`1 … ${known.studio.tasks.length}`, "what to make"],
  ["Esc", "out of a field, to the picture"],
  ["[ ]", "the picture before, the picture after"],
  ["S, E, Del", "favourite, share or print, delete the picture"],
  ["B", "back to the grid; there arrows, Enter to open one, S to keep it, Del to delete it"],
  ["C", "cancel what is being made"],
  ["W, M, F, G, T", "wall, make, find, gallery, training"],
  ["H", "how does this work?"],
  ["?", "these keys"],
];

export const DEEDS = { s: ".star", e: ".give", Delete: ".deed-delete" };
const ROOMS = { w: "wall", m: "make", f: "find", g: "gallery", t: "training" };

/** What keys do; `page` is {task, goTo, choose}. */
export function openKeys(page) {
  const dialog = $("#shortcuts");
  dialog.append(
    closing(dialog),
    el("h2", { id: "shortcuts-title" }, "By keyboard"),
    el("dl", {}, keys().flatMap(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)])),
  );
  $("#help").addEventListener("click", () => dialog.showModal());
  addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      $("#composer").requestSubmit();
      return;
    }
    if (event.key === "Escape" && event.target.closest?.("#composer")) {
      (!$("#grid").hidden ? $("#grid [tabindex='0']") : $("#look").hidden ? easelOf(page.task()).canvas : $("#viewer")).focus();
      return;
    }
    const busy = event.target.closest?.("input:not([type=radio]):not([type=checkbox]), select, textarea, [role=application], dialog[open]");
    if (busy || event.ctrlKey || event.metaKey || event.altKey) return;
    const making = !$("#room-make").hidden;
    const looking = making && !$("#look").hidden;
    const onButton = event.target.closest?.("button, a, summary, [role=img], input");
    if (event.key === " " && looking && !onButton) turn();
    else if (/^[1-9]$/.test(event.key) && making && known.studio.tasks[event.key - 1]) page.choose(known.studio.tasks[event.key - 1].name);
    else if (event.key === "[" || event.key === "]") step(event.key === "]" ? 1 : -1);
    else if (looking && DEEDS[event.key]) $(`#deeds ${DEEDS[event.key]}`)?.click();
    else if (event.key === "c" && !$("#forming").hidden) $("#cancel").click();
    else if (event.key === "b" && making && hasGrid()) (side("grid"), $("#grid [tabindex='0']")?.focus());
    else if (ROOMS[event.key]) page.goTo(ROOMS[event.key]);
    else if (event.key === "h" && making) $("#lesson-button").click();
    else if (event.key === "?") dialog.showModal();
    else return;
    event.preventDefault();
  });
}

function step(by) {
  const strip = $("#strip");
  const options = [...strip.children];
  const now = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  options[(now + by + options.length) % options.length]?.click();
}
