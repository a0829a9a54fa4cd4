// A grid over two settings: a job for each pair of values, all of one seed, seen side by side with their labels.

import { ask, fileOf } from "./api.js";
import { axesOf, valuesOf } from "./axes.js";
import { $, debounced, el, percent, seconds, trying } from "./dom.js";
import { remember } from "./prompt.js";
import { sourcesOf } from "./sources.js";
import { present, side } from "./stage.js";
import { known, on } from "./state.js";
import { chance, jobOf, paceOf, wishes } from "./tasks.js";
import { discard } from "./trash.js";

const KEPT = "grid"; // where the tab remembers its grid
const chosen = {}; // by task, the labels of the settings across and down
const said = {}; // by task and label, the values that are asked for
let page; // {task, again, offer}
let shown = null; // {title, across: {label, words}, down, cells: [{job, picture, gone}]}, row by row
let at = 0; // the cell that has the keys

/** `page` is {task(), again(deed, picture), offer()}: `offer` shows the ways to the grid once there is one. */
export async function openGrid(given) {
  page = given;
  on("job", (job) => trying(() => hear(job)));
  on("preview", ({ id, jpeg }) => picture(cellOf(id), `data:image/jpeg;base64,${jpeg}`));
  // Stars are given elsewhere, too. This is also told when the studio answers again.
  on("gallery", debounced(refresh, 300));
  on("gone", (ids) => away(ids, true));
  on("returned", (ids) => away(ids, false));
  shown = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  if (!shown) return;
  draw();
  page.offer();
  await refresh();
}

export const hasGrid = () => shown !== null;
/** Whether a job is one of the grid's. */
export const isOfGrid = (id) => Boolean(cellOf(id));

const cellOf = (id) => shown?.cells.find(({ job }) => job === id);
const keep = () => sessionStorage.setItem(KEPT, JSON.stringify(shown));

// The fields

/** The fields of a grid, in the composer. */
export function gridFields() {
  const task = page.task();
  const axes = axesOf(task);
  const axisOf = (k) => axes.find(({ label }) => label === chosen[task]?.[k]) ?? axes[k];
  const both = () => [0, 1].map(axisOf);
  const words = el("p", { class: "quiet-text", role: "status" });
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const go = el("button", { type: "button", id: "grid-go", onclick: start }, "Make all");
  function say() {
    problem.hidden = true;
    try {
      const [columns, rows] = both().map((axis) => valuesOf(axis, saidOf(task, axis)).length);
      const pace = paceOf(task);
      go.textContent = `Make all ${rows * columns}`;
      words.textContent = `${rows} × ${columns} of one seed, each in the gallery with its recipe${pace ? `; about ${seconds(rows * columns * pace)}` : ""}.`;
    } catch (error) {
      words.textContent = error.message;
    }
  }
  async function start() {
    if (go.disabled) return;
    go.disabled = true;
    try {
      await make(task, both(), both().map((axis) => valuesOf(axis, saidOf(task, axis))));
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
    go.disabled = false;
  }
  const field = (name, k) => {
    const values = el("div", {});
    const build = () => (values.replaceChildren(valueField(task, axisOf(k), say, start)), say());
    const select = el("select", { onchange: () => ((chosen[task] = both().map((axis, i) => (i === k ? select.value : axis.label))), build()) }, axes.map(({ label }) => el("option", { value: label, ".selected": label === axisOf(k).label }, label)));
    build();
    return el("div", { class: "axis" }, el("label", {}, el("span", {}, name), select), values);
  };
  return [field("Across", 0), field("Down", 1), words, problem, go];
}

/** What is said of the values of a setting: a text, or a list of choices. */
const saidOf = (task, { label, first }) => (said[`${task} ${label}`] ??= first);

/** Numbers to type, or choices to press. */
function valueField(task, axis, say, start) {
  const name = `${task} ${axis.label}`;
  const heard = (value) => ((said[name] = value), say());
  if (axis.options) {
    const press = (value, is) => heard(is ? [...said[name], value] : said[name].filter((other) => other !== value));
    const chip = ([value, words]) => el("label", {}, el("input", { type: "checkbox", ".checked": saidOf(task, axis).includes(value), onchange: (event) => press(value, event.target.checked) }), el("span", {}, words));
    return el("div", { class: "chips", role: "group", "aria-label": `Values of ${axis.label}` }, axis.options.map(chip));
  }
  const input = el("input", { type: "text", "aria-label": `Values of ${axis.label}`, autocomplete: "off", ".value": saidOf(task, axis), oninput: () => heard(input.value) });
  // Here Enter makes the grid.
  input.addEventListener("keydown", (event) => event.key === "Enter" && !event.ctrlKey && !event.metaKey && (event.preventDefault(), event.repeat || start()));
  return input;
}

/** Hand in a job for each pair of values; throws an Error with a sentence where that can't be. */
async function make(task, [across, down], [columns, rows]) {
  const { most_jobs: most } = known.studio;
  const count = columns.length * rows.length;
  if (across.label === down.label) throw new Error("Across and down are the same setting: choose two.");
  if (count + known.order.length > most) throw new Error(`${count} pictures are too many: ${most} jobs wait at the most${known.order.length ? `, and ${known.order.length} do already` : ""}.`);
  const sources = await sourcesOf(task);
  const seed = wishes.seed ?? chance();
  const merged = (one, other) => ({ seed, count: 1, ...one, ...other, sampler: { ...one.sampler, ...other.sampler }, wish: { ...one.wish, ...other.wish } });
  const asked = rows.flatMap((row) => columns.map((column) => jobOf(task, sources, merged(down.change(row), across.change(column)))));
  const jobs = [];
  try {
    for (const job of asked) jobs.push(await ask("/api/jobs", { method: "POST", json: job }));
  } catch (error) {
    // Half a grid is none.
    for (const { id } of jobs) ask(`/api/jobs/${id}`, { method: "DELETE" }).catch(() => {});
    throw error;
  }
  for (const job of jobs) if (!known.jobs.has(job.id)) known.jobs.set(job.id, job);
  remember(jobs[0].prompts);
  const axis = ({ label, words }, values) => ({ label, words: values.map(words) });
  shown = { title: jobs[0].prompts.filter(Boolean).join(" · "), across: axis(across, columns), down: axis(down, rows), cells: jobs.map(({ id }) => ({ job: id, picture: null })) };
  at = 0;
  keep();
  draw();
  page.offer();
  side("grid");
  if (matchMedia("(max-width: 800px)").matches) ($("#stage").scrollIntoView({ block: "start" }), ($(".gridding").open = false));
  await refresh();
}

// What is seen

function draw() {
  const { across, down, cells, title } = shown;
  const columns = across.words.length;
  const row = (words, r) => el("tr", {}, el("th", { scope: "row" }, words), across.words.map((_, c) => el("td", { class: "of-grid" }, cell(cells[r * columns + c], r * columns + c))));
  $("#grid").replaceChildren(
    el("h2", {}, title),
    el(
      "div",
      { class: "scrolls" },
      el(
        "table",
        { role: "grid", "aria-label": `${down.label} by ${across.label}`, style: `--columns: ${columns}; --rows: ${down.words.length}`, onkeydown: key },
        el("thead", {}, el("tr", {}, el("td", {}), el("th", { colspan: columns, scope: "colgroup", class: "name" }, across.label)), el("tr", {}, el("th", { scope: "col", class: "name" }, down.label), across.words.map((words) => el("th", { scope: "col" }, words)))),
        el("tbody", {}, down.words.map(row)),
      ),
    ),
    el("div", { class: "deeds" }, el("span", { class: "quiet-text", id: "grid-said", role: "status" }), el("button", { type: "button", id: "grid-cancel", onclick: cancel }, "Cancel the rest"), el("button", { type: "button", id: "grid-away", onclick: throwAway }, "Throw away what has no star")),
  );
  cells.forEach(sayCell);
  sayAll();
}

/** The words of a cell's place. */
function placeOf(k) {
  const columns = shown.across.words.length;
  return `${shown.down.label} ${shown.down.words[Math.floor(k / columns)]}, ${shown.across.label.toLowerCase()} ${shown.across.words[k % columns]}`;
}

function cell(one, k) {
  const open = el("button", { type: "button", class: "cell", tabindex: k === at ? 0 : -1, onclick: () => openCell(k), onfocus: () => move(k) }, el("img", { alt: "", hidden: true }), el("i", { "aria-hidden": "true" }), el("small", { "aria-hidden": "true" }));
  const star = el("button", { type: "button", class: "star", tabindex: -1, hidden: true, onclick: () => favour(one), onfocus: () => move(k) }, "★");
  return [open, star];
}

const elementOf = (k) => $("#grid").querySelectorAll(".of-grid")[k];

function picture(one, address) {
  if (!one) return;
  const image = elementOf(shown.cells.indexOf(one)).querySelector("img");
  image.hidden = !address;
  if (address) image.src = address;
}

function sayCell(one, k) {
  const [open, star] = elementOf(k).children;
  const { picture: made, gone, job } = one;
  const told = known.jobs.get(job);
  const making = !made && told?.state === "making";
  const failed = made ? null : one.problem;
  open.querySelector("i").style.transform = `scaleX(${making && told.steps ? told.step / told.steps : 0})`;
  const there = made && !gone;
  const odds = there && typeof made.odds === "number" ? percent(made.odds) : "";
  const words = gone ? "thrown away" : made ? odds && `odds ${odds}` : failed || (making ? "being made" : "waits");
  open.setAttribute("aria-label", `${placeOf(k)}${words ? `: ${words}` : ""}`);
  open.title = failed || placeOf(k);
  open.setAttribute("aria-disabled", String(!there));
  open.querySelector("small").textContent = failed ? "not made" : odds;
  star.hidden = !there;
  star.setAttribute("aria-pressed", String(Boolean(made?.favourite)));
  star.setAttribute("aria-label", `Keep: ${placeOf(k)}`);
  if (made || failed) picture(one, there ? fileOf(made.id) : null);
}

function sayAll() {
  const { cells } = shown;
  const made = cells.filter((one) => one.picture).length;
  const left = cells.filter((one) => !one.picture && !one.problem).length;
  const there = cells.filter((one) => one.picture && !one.gone).length;
  const words = left ? `${made} of ${cells.length} made` : `${there} ${there < made ? "left" : "made"}: press one to open it, its star to keep it`;
  if ($("#grid-said").textContent !== words) $("#grid-said").textContent = words;
  $("#grid-cancel").hidden = !left;
  $("#grid-away").hidden = left > 0 || !others().length || others().length === there;
}

/** Those that are neither kept nor thrown away. */
const others = () => shown.cells.filter((one) => one.picture && !one.gone && !one.picture.favourite);

async function hear(job) {
  const one = cellOf(job.id);
  if (!one) return;
  if (job.state === "done" && !one.picture) one.picture = await ask(`/api/pictures/${job.pictures[0]}`).catch(() => null);
  one.problem = job.state === "done" && !one.picture ? "it was deleted" : job.state === "cancelled" ? "cancelled" : job.problem;
  // Meanwhile there may be another grid.
  if (!cellOf(job.id)) return;
  sayCell(one, shown.cells.indexOf(one));
  sayAll();
  if (one.picture || one.problem) keep();
}

/** What has become of the jobs, and of the pictures that were made; true where that is known. */
async function refresh() {
  if (!shown) return false;
  const { cells } = shown;
  const [made, open] = [cells.filter((one) => one.picture && !one.gone), cells.filter((one) => !one.picture)];
  const latest = await ask("/api/pictures?limit=200").catch(() => null);
  if (!latest) return false;
  const listed = new Map(latest.pictures.map((picture) => [picture.id, picture]));
  const look = async (one) => {
    const { id, made } = one.picture;
    // What is older than those is asked for by itself.
    const older = latest.next && made <= latest.pictures.at(-1).made;
    const now = listed.get(id) ?? (older ? await ask(`/api/pictures/${id}`).catch((error) => (error.status === 404 ? null : one.picture)) : null);
    if (now) Object.assign(one.picture, now);
    else one.gone = true;
    if (cells === shown.cells) sayCell(one, cells.indexOf(one));
  };
  const lost = (id) => ({ id, state: "lost", problem: "the studio knows no more of it" });
  await Promise.all([...made.map(look), ...open.map(async ({ job }) => hear(await ask(`/api/jobs/${job}`).catch(() => lost(job))))]);
  sayAll();
  return true;
}

// By hand and by key

function move(k) {
  at = k;
  shown.cells.forEach((_, i) => (elementOf(i).firstChild.tabIndex = i === k ? 0 : -1));
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const columns = shown.across.words.length;
  const [row, column] = [Math.floor(at / columns), at % columns];
  const { picture, gone } = shown.cells[at];
  const to = { ArrowRight: [row, column + 1], ArrowLeft: [row, column - 1], ArrowDown: [row + 1, column], ArrowUp: [row - 1, column], Home: [row, 0], End: [row, columns - 1] }[event.key];
  if (to) {
    const [r, c] = [Math.min(shown.down.words.length - 1, Math.max(0, to[0])), Math.min(columns - 1, Math.max(0, to[1]))];
    elementOf(r * columns + c).firstChild.focus();
  } else if (!picture || gone) return;
  else if (event.key === "s") favour(shown.cells[at]);
  else if (event.key === "Delete") page.again("delete", picture);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** On stage, with the others of the grid beside it. */
function openCell(k) {
  const there = shown.cells.filter((one) => one.picture && !one.gone);
  const place = there.indexOf(shown.cells[k]);
  if (place < 0) return;
  trying(() => present(there.map((one) => one.picture), page.again, place));
  $("#viewer").focus({ preventScroll: true });
}

const favour = (one) =>
  trying(async () => {
    Object.assign(one.picture, await ask(`/api/pictures/${one.picture.id}/favourite`, { method: "PUT", json: { favourite: !one.picture.favourite } }));
    sayCell(one, shown.cells.indexOf(one));
    sayAll();
    keep();
  });

const cancel = () => trying(() => Promise.all(shown.cells.filter((one) => !one.picture && !one.problem).map(({ job }) => ask(`/api/jobs/${job}`, { method: "DELETE" }))));

/** Pictures of these ids are thrown away, or back. */
function away(ids, gone) {
  shown?.cells.forEach((one, k) => one.picture && ids.includes(one.picture.id) && ((one.gone = gone), sayCell(one, k)));
  if (shown) (sayAll(), keep());
}

async function throwAway() {
  const own = $("#grid-away");
  own.disabled = true;
  // It is hidden where all would go, or none.
  if ((await refresh()) && !$("#grid-away").hidden) await discard(others().map(({ picture }) => picture.id));
  own.disabled = false;
  $("#grid [tabindex='0']")?.focus();
}
