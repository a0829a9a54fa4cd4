// What a judge that has no say in anything reads in any picture.

import { ask, query } from "./api.js";
import { $, closing, el, percent } from "./dom.js";

export async function openScore(file, model) {
  const { names, looks } = await ask(`/api/readings?${query({ model, name: file.name })}`, { method: "POST", body: file });
  const dialog = $("#score");
  const row = ({ look, prompt, place, first }) => [
    el("dt", {}, look),
    el("dd", {}, prompt ? el("p", {}, el("b", {}, prompt), place ? `, read ${place === 1 ? "first" : `as number ${place}`}` : ", for which it has no name") : null, el("p", { class: "quiet-text" }, first.map(([name, sure]) => `${name} ${percent(sure)}`).join(", "))),
  ];
  dialog.replaceChildren(
    el("div", { class: "ways" }, el("h2", { id: "score-title" }, "What a judge sees"), closing(dialog)),
    el("p", { class: "quiet-text" }, `Of ${names.toLocaleString("en-GB")} names, those that it reads first. It chose nothing that is made here.`),
    el("dl", { class: "reads" }, looks.flatMap(row)),
  );
  dialog.showModal();
}
