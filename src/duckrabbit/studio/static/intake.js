// Pictures from outside: dropped, pasted, or chosen from the device.

import { ask, query } from "./api.js";
import { $, toast, trying } from "./dom.js";
import { restore } from "./deeds.js";
import { lay, paintTask, takesPicture } from "./sources.js";
import { side } from "./stage.js";
import { openScore } from "./score.js";
import { modelName } from "./tasks.js";

/** A duckrabbit PNG gives its settings back; anything else is a picture to work on. */
async function take(page, file) {
  if (!file?.type.startsWith("image/")) {
    toast("That is no picture: drop a PNG, JPEG, WebP, GIF or TIFF.");
    return;
  }
  await trying(async () => {
    const answer = await ask(`/api/sources?${query({ model: modelName(page.task()), name: file.name })}`, { method: "POST", body: file });
    const score = { name: "What a judge sees", run: () => trying(() => openScore(file, modelName(page.task()))) };
    if (answer.record && !takesPicture(page.task())) {
      await restore(page, answer.record);
      toast(`${file.name} can be read by a judge.`, score);
      return;
    }
    page.goTo("make");
    if (!takesPicture(page.task())) page.choose(paintTask());
    side("paint");
    await lay(page.task(), file, file.name, answer.source);
    for (const line of answer.said) toast(line.split(";")[0]);
    toast(`${file.name} can be read by a judge.`, score);
    if (answer.record) toast("A picture of duckrabbit's: it also remembers its settings.", { name: "Take them", run: () => trying(() => restore(page, answer.record)) });
  });
}

/** Pictures that are dropped, pasted or chosen; `page` is {task, goTo, choose, build}. */
export function openIntake(page) {
  const veil = $("#drop");
  let depth = 0;
  const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  addEventListener("dragenter", (event) => carries(event) && (event.preventDefault(), depth++, (veil.hidden = false)));
  addEventListener("dragleave", (event) => carries(event) && --depth <= 0 && ((depth = 0), (veil.hidden = true)));
  addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    depth = 0;
    veil.hidden = true;
    take(page, event.dataTransfer.files[0]);
  });
  addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])][0];
    if (file) take(page, file);
  });
  $("#file").addEventListener("change", (event) => {
    if (event.target.files[0]) take(page, event.target.files[0]);
    event.target.value = "";
  });
}
