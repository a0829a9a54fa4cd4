// The page: rooms, the composer, and how everything hangs together.

import { SILENT, ask } from "./api.js";
import { deedsOn } from "./deeds.js";
import { $, drawing, el, seconds, toast, trying } from "./dom.js";
import { follow } from "./events.js";
import { openFind, refreshFind } from "./find.js";
import { gridFields, hasGrid, isOfGrid, openGrid } from "./grid.js";
import { closePicture, openGallery, refreshGallery, showPicture } from "./gallery.js";
import { openIntake } from "./intake.js";
import { openKeys } from "./keys.js";
import { openLesson } from "./lesson.js";
import { poke, spendLive } from "./live.js";
import { openLost } from "./lost.js";
import { openQueue, settle, wordsOf } from "./queue.js";
import { remember } from "./prompt.js";
import { easelOf, lay, sourceFields, sourcesOf, takesPicture } from "./sources.js";
import { openStage, present, side, watch, welcome } from "./stage.js";
import { known, on, order, refreshJobs, refreshStudio, taskOf, tell } from "./state.js";
import { countOf, fieldsOf, isAlone, jobOf, paceOf, settingsOf, spend, wishes } from "./tasks.js";
import { openTraining, refreshTraining } from "./training.js";
import { openWall, refreshWall } from "./wall.js";

let task;

// Rooms

const ROOMS = ["wall", "make", "find", "gallery", "training"];
let shownRoom;

/** The room that the address names, with the picture that is open in it. */
function room() {
  const [wanted, picture] = location.hash.slice(1).split("/");
  const name = ROOMS.includes(wanted) ? wanted : "make";
  if (picture && name === "gallery") showPicture(picture);
  else closePicture();
  if (name === shownRoom) return;
  shownRoom = name;
  for (const section of document.querySelectorAll(".room")) section.hidden = section.id !== `room-${name}`;
  for (const link of document.querySelectorAll(".rooms a")) {
    if (link.dataset.room === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (name === "wall") refreshWall();
  if (name === "find") refreshFind();
  if (name === "gallery") refreshGallery();
  if (name === "training") refreshTraining();
  scrollTo(0, 0);
}

/** At once: the next key already belongs to the new room. */
function goTo(place) {
  if (location.hash !== `#${place}`) history.pushState({ opened: place.includes("/") }, "", `#${place}`);
  room();
}

// The composer

function buildTasks() {
  $("#tasks").replaceChildren(
    ...known.studio.tasks.map(({ name, label, icon }) =>
      el("label", {}, el("input", { type: "radio", name: "task", value: name, ".checked": name === task, onchange: () => choose(name) }), drawing(icon), el("span", {}, label)),
    ),
  );
}

function choose(name) {
  task = name;
  for (const input of document.querySelectorAll("#tasks input")) input.checked = input.value === name;
  $("#task-title").textContent = taskOf(name).title;
  $("#task-what").textContent = taskOf(name).what;
  calm();
  buildFields();
  const paints = takesPicture(name);
  offer();
  if (paints) {
    $("#paint").replaceChildren(...easelOf(name).element);
    side("paint");
  } else side("look");
}

/** The ways between canvas, picture and grid, as far as there are these. */
function offer() {
  const ways = { paint: takesPicture(task), look: true, grid: hasGrid() };
  for (const button of $("#stage-switch").children) button.hidden = !ways[button.dataset.side];
  $("#stage-switch").hidden = !ways.paint && !ways.grid;
}

function buildFields() {
  const open = (address, name) => (calm(), trying(() => lay(task, address, name)));
  $("#fields").replaceChildren(...fieldsOf(task, buildFields, (field) => sourceFields(field, open), () => $("#composer").requestSubmit()).filter(Boolean));
  buildSettings();
  sayGo();
}

function buildSettings() {
  const focused = document.activeElement?.closest("#settings") ? document.activeElement.getAttribute("aria-label") : null;
  $("#settings").replaceChildren(...settingsOf(task, buildFields).filter(Boolean));
  buildGrid();
  // What was pressed there is pressed again.
  if (focused) $("#settings").querySelector(`[aria-label="${focused}"]`)?.focus();
}

const buildGrid = () => $(".gridding").open && $("#gridding").replaceChildren(...gridFields());

function count(change) {
  wishes.count = Math.min(known.studio.largest_count, Math.max(1, countOf(task) + change));
  sayGo();
}

/** How many, and how long that takes as far as it is known. */
function sayGo() {
  const count = countOf(task);
  const among = isAlone(task) ? null : wishes.among;
  $(".counter").hidden = isAlone(task);
  const many = among ? Math.min(known.studio.most_candidates, among * count) : count;
  const pace = paceOf(task);
  const words = among ? `Best ${count > 1 ? `${count} ` : ""}of ${many}` : count > 1 ? `Make ${count}` : "Make it";
  $("#count").textContent = String(count);
  $("#go-word").replaceChildren(words, pace ? el("small", {}, `about ${seconds(many * pace)}`) : "");
}

async function make(event) {
  event.preventDefault();
  if ($("#go").disabled) return;
  const problem = $("#problem");
  calm();
  $("#go").disabled = true;
  try {
    const asked = jobOf(task, await sourcesOf(task));
    // What was seen while it was drawn is what is made first.
    const seen = takesPicture(task) && wishes.seed === null ? spendLive() : null;
    const job = await submit(seen === null ? asked : { ...asked, seed: seen });
    remember(job.prompts);
    spend();
    buildSettings();
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
    if (content.state === "failed") sayFailed(content);
  } else if (kind === "forgotten") known.jobs.delete(content.id);
  else if (kind === "queue") order(content.order);
  else if (kind === "pace") known.studio.paces[content.name] = content.seconds;
  else if (kind === "notice") notice(content.notice);
  tell(kind === "forgotten" ? "queue" : kind, content);
}

/** A job that fails says so wherever the person is; on stage it is said by the stage. */
function sayFailed(job) {
  const seen = $("#grid").hidden ? $("#stage").dataset.job === job.id : isOfGrid(job.id);
  if (shownRoom === "make" && seen) return;
  toast(`“${wordsOf(job)}” could not be made: ${job.problem}`, { name: "Look", run: () => $("#queue-button").click() });
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
  const remake = (job) => trying(async () => (await submit((await ask(`/api/jobs/${job.id}`)).request), await settle(job)));
  const page = { task: () => task, goTo, choose, build: buildFields, submit };
  const again = deedsOn(page);
  openStage(again, remake);
  openQueue({ watch, remake });
  openLost(remake);
  openGallery(again, goTo);
  openFind(page);
  openWall(page);
  openTraining();
  $(".gridding").addEventListener("toggle", () => (buildGrid(), $("#grid-go")?.scrollIntoView({ block: "nearest" })));
  openIntake(page);
  openKeys(page);
  on("studio", buildFields);
  on("pace", sayGo);
  $("#composer").addEventListener("change", () => (sayGo(), poke(task)));
  $("#composer").addEventListener("submit", make);
  $("#composer").addEventListener("input", () => (calm(), sayGo()));
  // What does not fit can be pointed at only where it is seen.
  $("#composer").addEventListener("invalid", () => ($(".settings").open = true), true);
  // On a phone they lie over the fields, and the picture is above them.
  $(".settings").addEventListener("toggle", () => $(".settings").open && matchMedia("(max-width: 800px)").matches && scrollTo(0, 0));
  for (const kind of ["pointerdown", "keydown"]) $("#paint").addEventListener(kind, calm);
  $("#fewer").addEventListener("click", () => count(-1));
  $("#more").addEventListener("click", () => count(1));
  $("#lesson-button").addEventListener("click", () => openLesson(task));
  $("#stage-switch").addEventListener("click", (event) => event.target.dataset.side && side(event.target.dataset.side));
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }
  choose(known.studio.first_task);
  addEventListener("hashchange", room);
  addEventListener("popstate", room);
  room();
  let lost = false;
  follow(heard, (connected) => {
    if (connected) trying(refreshJobs).then(() => tell("gallery"));
    // While the page opens it asks for everything by itself.
    if (connected && (lost || document.documentElement.dataset.ready)) back();
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
  await trying(() => openGrid({ task: () => task, again, offer }));
  if (making && isOfGrid(making.id)) side("grid");
  else if (making) watch(making);
  else {
    const latest = await trying(() => ask("/api/pictures?limit=1"));
    if (!latest?.pictures.length) trying(welcome);
    else present(latest.pictures, again).catch(() => {});
  }
  document.documentElement.dataset.ready = "yes";
}

open().catch((error) => notice(error.message));
