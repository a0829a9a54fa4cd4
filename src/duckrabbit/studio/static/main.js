// The page: rooms, the composer, and how everything hangs together.

import { SILENT, ask, fileOf, follow, query } from "./api.js";
import { $, drawing, el, toast, trying } from "./dom.js";
import { TASKS as TASK_ICONS } from "./icons.js";
import { deletePicture, openGallery, refreshGallery } from "./gallery.js";
import { openLesson } from "./lesson.js";
import { openLost } from "./lost.js";
import { openQueue } from "./queue.js";
import { easelOf, lay, layJob, sent, sourceFields, sourcesOf, takesPicture } from "./sources.js";
import { onStage, openStage, present, side, takeDown, turn, watch, welcome } from "./stage.js";
import { known, model, on, refreshJobs, refreshStudio, settle, tell } from "./state.js";
import { TASKS, fieldsOf, jobOf, modelName, settingsOf, takeJob, wishes } from "./tasks.js";
import { openTraining, refreshTraining } from "./training.js";

let task = "anagram";

// Rooms

function room() {
  const wanted = location.hash.slice(1);
  const name = ["make", "gallery", "training"].includes(wanted) ? wanted : "make";
  for (const section of document.querySelectorAll(".room")) section.hidden = section.id !== `room-${name}`;
  for (const link of document.querySelectorAll(".rooms a")) {
    if (link.dataset.room === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (name === "gallery") refreshGallery();
  if (name === "training") refreshTraining();
  scrollTo(0, 0);
}

/** At once: the next key already belongs to the new room. */
function goTo(name) {
  if (location.hash !== `#${name}`) history.pushState(null, "", `#${name}`);
  room();
}

// The composer

function buildTasks() {
  $("#tasks").replaceChildren(
    ...Object.entries(TASKS).map(([name, { name: label }]) =>
      el("label", {}, el("input", { type: "radio", name: "task", value: name, ".checked": name === task, onchange: () => choose(name) }), drawing(TASK_ICONS[name]), el("span", {}, label)),
    ),
  );
}

function choose(name) {
  task = name;
  for (const input of document.querySelectorAll("#tasks input")) input.checked = input.value === name;
  $("#task-title").textContent = TASKS[name].title;
  $("#task-what").textContent = TASKS[name].what;
  calm();
  buildFields();
  const paints = takesPicture(name);
  $("#stage-switch").hidden = !paints;
  if (paints) {
    $("#paint").replaceChildren(...easelOf(name).element);
    side("paint");
  } else side("look");
}

function buildFields() {
  const open = (address, name) => (calm(), trying(() => lay(task, address, name)));
  $("#fields").replaceChildren(...fieldsOf(task, buildFields, (name) => sourceFields(name, open)).filter(Boolean));
  $("#settings").replaceChildren(...settingsOf(task, buildFields).filter(Boolean));
  sayGo();
}

function count(change) {
  wishes.count = Math.min(known.studio.largest_count, Math.max(1, wishes.count + change));
  $("#count").textContent = String(wishes.count);
  sayGo();
}

function sayGo() {
  const { count, among } = wishes;
  $("#go-word").textContent = among ? `Best ${count > 1 ? `${count} ` : ""}of ${Math.min(known.studio.most_candidates, among * count)}` : count > 1 ? `Make ${count}` : "Make it";
}

async function make(event) {
  event.preventDefault();
  const problem = $("#problem");
  calm();
  $("#go").disabled = true;
  try {
    const sources = takesPicture(task) ? await sourcesOf(task) : {};
    await submit(jobOf(task, sources));
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
    // What is missing is under the hand at once, wherever it is on the page.
    const missing = [...$("#fields").querySelectorAll(".prompt input")].find((input) => !input.value.trim());
    if (/^Say /.test(error.message)) missing?.focus();
  } finally {
    $("#go").disabled = false;
  }
}

/** Whoever is putting it right need not be told any more. */
const calm = () => ($("#problem").hidden = true);

/** Hand a job in, and watch it. */
async function submit(request) {
  const busy = known.order.length > 0;
  const job = await ask("/api/jobs", { method: "POST", json: request });
  // What was told of it meanwhile is newer.
  if (!known.jobs.has(job.id)) known.jobs.set(job.id, job);
  watch(job);
  goTo("make");
  if (busy) toast("In the queue: it is made as soon as its turn comes.");
  if (matchMedia("(max-width: 800px)").matches) $("#stage").scrollIntoView({ block: "start" });
  return job;
}

// What can be done with a picture

async function again(deed, picture) {
  if (deed === "delete") {
    if (await deletePicture(picture)) takeDown(picture.id, again);
    return;
  }
  const whole = picture.job ? picture : await trying(() => ask(`/api/pictures/${picture.id}`));
  if (!whole) return;
  const chance = () => Math.floor(Math.random() * 1_000_000);
  if (deed === "settings") await restore(whole.job);
  else if (deed === "seed") await trying(() => submit({ ...whole.job, seed: chance(), count: 1 }));
  else if (deed === "more") await trying(async () => submit(await likeThis(whole, chance())));
  else if (deed === "edit") {
    const blob = await (await fetch(fileOf(picture.id))).blob();
    goTo("make");
    choose("edit");
    wishes.edit.prompt ||= picture.prompts[0] ?? "";
    await trying(() => lay("edit", blob, picture.file));
    buildFields();
  } else if (deed === "upscale") await trying(() => upscale(whole));
}

/** Variations of a picture: an illusion with other seeds, another picture from itself, noised by half. */
async function likeThis(picture, seed) {
  if (["anagram", "hybrid", "upscale", "inpaint"].includes(picture.verb)) return { ...picture.job, seed, count: 4 };
  const blob = await (await fetch(fileOf(picture.id))).blob();
  const source = await sent(blob, picture.model, picture.file, "picture");
  const { prompt, negative_prompt } = picture.job.recipe;
  return { verb: "edit", recipe: { picture: source, prompt: prompt || null, negative_prompt: negative_prompt ?? "", start_level: 690 }, model: picture.model, seed, count: 4 };
}

/** By the second stage of its model. An illusion is made anew at the larger size, so that all its readings stay. */
async function upscale(picture) {
  const size = model(picture.model).sizes.at(-1);
  const { job } = picture;
  if (picture.verb === "anagram" || picture.verb === "hybrid") {
    await submit({ ...job, count: 1, size });
    return;
  }
  const blob = await (await fetch(fileOf(picture.id))).blob();
  const source = await sent(blob, picture.model, picture.file, "picture");
  await submit({ verb: "upscale", recipe: { picture: source, prompt: job.recipe.prompt ?? null }, model: picture.model, seed: picture.seed, count: 1, size });
}

/** Put a job's settings back into the composer. */
async function restore(job) {
  if (!job) {
    toast("This picture does not say how it was made.");
    return;
  }
  const found = takeJob(job);
  if (!found) {
    toast(`A picture of ${job.verb} is made on the command line: its settings have no place here.`);
    return;
  }
  goTo("make");
  choose(found);
  $(".settings").open = true;
  if (takesPicture(found)) await trying(() => layJob(found, job.recipe));
  if (!model(job.model)) toast(`The model ${job.model} is not here: the usual one is used.`);
  else toast("Its settings are back.");
}

// Pictures from outside

/** A duckrabbit PNG gives its settings back; anything else is a picture to work on. */
async function take(file) {
  if (!file?.type.startsWith("image/")) {
    toast("That is no picture: drop a PNG, JPEG, WebP or GIF.");
    return;
  }
  await trying(async () => {
    const answer = await ask(`/api/sources?${query({ model: modelName(task), name: file.name })}`, { method: "POST", body: file });
    if (answer.record && !takesPicture(task)) {
      await restore(answer.record);
      return;
    }
    goTo("make");
    if (!takesPicture(task)) choose("edit");
    side("paint");
    await lay(task, file, file.name);
    if (answer.record) toast("A picture of duckrabbit's: it also remembers its settings.", { name: "Take them", run: () => restore(answer.record) });
  });
}

function openIntake() {
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
    take(event.dataTransfer.files[0]);
  });
  addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])][0];
    if (file) take(file);
  });
  $("#file").addEventListener("change", (event) => {
    if (event.target.files[0]) take(event.target.files[0]);
    event.target.value = "";
  });
}

// The lesson

async function lessonPicture() {
  const chosen = modelName(task);
  const facts = model(chosen);
  const sources = takesPicture(task) ? await sourcesOf(task) : {};
  let picture = sources.picture;
  const staged = onStage();
  if (!picture && staged && (model(staged.model)?.kind ?? "") === facts.kind) {
    picture = await sent(await (await fetch(fileOf(staged.id))).blob(), chosen, staged.file, "picture");
  }
  if (!picture && facts.kind === "digits") picture = (await ask(`/api/sources?${query({ model: chosen, name: "mnist:test/7" })}`)).source;
  picture ??= (await sent(await (await fetch("/static/welcome.png")).blob(), chosen, "an example", "picture"));
  let said = { prompts: [], views: [] };
  try {
    const { recipe } = jobOf(task, { picture, mask: sources.mask ?? picture });
    said = { prompts: recipe.prompts ?? Object.values(recipe.parts ?? {}).map((part) => part.prompt), views: recipe.views ?? [] };
    if (recipe.prompt) said.prompts = [recipe.prompt];
  } catch {
    said.prompts = staged?.prompts ?? [];
    said.views = staged?.views ?? [];
  }
  return { task, model: chosen, picture, mask: sources.mask ?? null, prompts: said.prompts.filter(Boolean).slice(0, 6), views: said.views };
}

// Keys

const KEYS = [
  ["Enter", "make it (in a prompt), Ctrl + Enter anywhere"],
  ["Space", "turn the picture, or step back from it"],
  ["← →", "turn it little by little, with the picture in focus"],
  ["1 … 6", "what to make"],
  ["Esc", "out of a field, to the picture"],
  ["[ ]", "the picture before, the picture after"],
  ["C", "cancel what is being made"],
  ["G, M, T", "gallery, make, training"],
  ["H", "how does this work?"],
  ["?", "these keys"],
];

function openKeys() {
  const dialog = $("#shortcuts");
  dialog.append(
    el("button", { type: "button", class: "icon close", "aria-label": "Close", onclick: () => dialog.close() }, "✕"),
    el("h2", { id: "shortcuts-title" }, "By keyboard"),
    el("dl", {}, KEYS.flatMap(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)])),
  );
  $("#help").addEventListener("click", () => dialog.showModal());
  addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      $("#composer").requestSubmit();
      return;
    }
    if (event.key === "Escape" && event.target.closest?.("#composer")) {
      ($("#look").hidden ? easelOf(task).canvas : $("#viewer")).focus();
      return;
    }
    const busy = event.target.closest?.("input:not([type=radio]):not([type=checkbox]), select, textarea, [role=application], dialog[open]");
    if (busy || event.ctrlKey || event.metaKey || event.altKey) return;
    const making = !$("#room-make").hidden;
    const onButton = event.target.closest?.("button, a, summary, [role=img], input");
    if (event.key === " " && making && !onButton) turn();
    else if (/^[1-6]$/.test(event.key) && making) choose(Object.keys(TASKS)[Number(event.key) - 1]);
    else if (event.key === "[" || event.key === "]") step(event.key === "]" ? 1 : -1);
    else if (event.key === "c" && !$("#forming").hidden) $("#cancel").click();
    else if (event.key === "g") goTo("gallery");
    else if (event.key === "m") goTo("make");
    else if (event.key === "t") goTo("training");
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

// Light and dark

function openTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const set = () => (document.documentElement.dataset.theme = localStorage.getItem("theme") ?? (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", set);
  $("#theme").addEventListener("click", () => {
    localStorage.setItem("theme", document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    set();
  });
  set();
}

// What happens

function heard(kind, content) {
  if (kind === "job") {
    known.jobs.set(content.id, content);
  } else if (kind === "queue") known.order = content.order;
  else if (kind === "notice") notice(content.notice);
  tell(kind, content);
}

function notice(words) {
  // What stands there already is not read out again.
  if ($("#notice").textContent !== words) $("#notice").textContent = words ?? "";
  $("#notice").hidden = !words;
}

/** The studio answers again: what it had said meanwhile, and what is out of date on the page. */
function back() {
  trying(async () => notice((await ask("/api/studio")).notice));
  if ($("#problem").textContent === SILENT) calm();
  if (!$("#room-training").hidden) refreshTraining();
  tell("back");
}

async function open() {
  openTheme();
  await refreshStudio();
  notice(known.studio.notice);
  buildTasks();
  const remake = (job) => trying(async () => (await submit((await ask(`/api/jobs/${job.id}`)).request), settle(job)));
  openStage(again, remake);
  openQueue({ watch, remake });
  openLost(remake);
  openGallery(again);
  openTraining();
  openIntake();
  openKeys();
  on("studio", buildFields);
  $("#composer").addEventListener("submit", make);
  $("#composer").addEventListener("input", calm);
  // What does not fit can be pointed at only where it is seen.
  $("#composer").addEventListener("invalid", () => ($(".settings").open = true), true);
  for (const kind of ["pointerdown", "keydown"]) $("#paint").addEventListener(kind, calm);
  $("#fewer").addEventListener("click", () => count(-1));
  $("#more").addEventListener("click", () => count(1));
  $("#lesson-button").addEventListener("click", () => openLesson(task, TASKS[task].title.toLowerCase(), lessonPicture));
  $("#stage-switch").addEventListener("click", (event) => event.target.dataset.side && side(event.target.dataset.side));
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }
  choose("anagram");
  count(0);
  addEventListener("hashchange", room);
  addEventListener("popstate", room);
  room();
  let lost = false;
  follow(heard, (connected) => {
    if (connected) trying(refreshJobs).then(() => tell("gallery"));
    if (connected && lost) back();
    if (!connected && !lost) {
      notice(SILENT);
      tell("away");
    }
    lost = !connected;
    // It may well answer, but not this page: then it says why.
    if (lost) ask("/api/jobs").catch((error) => lost && notice(error.message));
  });
  await trying(refreshJobs);
  const making = known.order.map((id) => known.jobs.get(id)).find((job) => job?.state === "making");
  if (making) watch(making);
  else {
    const latest = await trying(() => ask("/api/pictures?limit=1"));
    if (!latest?.pictures.length) welcome({ address: "/static/welcome.png", side: 64, verb: "anagram", prompts: ["a watercolor of a duck", "a watercolor of a rabbit"], parts: [], views: ["rotate-90"], label: "An illusion: press Space to turn it" });
    else present(latest.pictures, again).catch(() => {});
  }
  document.documentElement.dataset.ready = "yes";
}

open().catch((error) => notice(error.message));
