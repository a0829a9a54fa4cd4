// Training: runs of digit models, their curves and what they can do after each epoch.

import { ask } from "./api.js";
import { $, debounced, el, seconds, trying } from "./dom.js";
import { known, on, refreshStudio } from "./state.js";

const COLOURS = ["--duck-fill", "--rabbit-fill", "--good", "--bad", "--edge", "--ink"];
const ELSEWHERE = 2000; // until a run that another process trains is looked at again
const compared = new Set();
const colours = new Map(); // a run keeps its own
let runs = [];
let curves = new Map();
let built = false;

export function openTraining() {
  on("run", debounced(() => !$("#room-training").hidden && refreshTraining(), 250));
  new MutationObserver(() => built && drawChart()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  addEventListener("resize", debounced(() => built && drawChart(), 120));
}

export async function refreshTraining() {
  if (!built) build();
  const answer = await trying(() => ask("/api/runs"));
  if (!answer) return;
  const trained = runs.some((run) => run.state === "training" || run.state === "stopping");
  runs = answer.runs;
  if (!compared.size && runs.length) compared.add(runs[0].name);
  // The oldest first, so that a new one changes none.
  for (const run of [...runs].reverse()) if (!colours.has(run.name)) colours.set(run.name, COLOURS[colours.size % COLOURS.length]);
  if (runs.some((run) => run.state === "elsewhere")) setTimeout(() => !$("#room-training").hidden && refreshTraining(), ELSEWHERE);
  const wanted = runs.filter((run) => compared.has(run.name));
  const found = await Promise.all(wanted.map((run) => ask(`/api/runs/${run.name}`).catch(() => null)));
  curves = new Map(found.filter(Boolean).map((run) => [run.name, run]));
  drawRuns();
  drawChart();
  drawSheets();
  if (trained && !runs.some((run) => run.state === "training")) {
    // Whatever stood in the way of a new run does so no more.
    $("#room-training .problem").hidden = true;
    trying(refreshStudio);
  }
}

function build() {
  built = true;
  const recipes = known.studio.training;
  const recipe = el("select", { name: "recipe" }, recipes.map(({ name, what }) => el("option", { value: name, title: what, ".selected": name === "mnist-ddpm-class" }, name)));
  const what = el("p", { class: "quiet-text" });
  const say = () => (what.textContent = recipes.find(({ name }) => name === recipe.value).what);
  recipe.addEventListener("change", say);
  say();
  const number = (label, name, value, low, high, hint) =>
    el("label", {}, el("span", {}, label), el("input", { type: "number", name, min: low, max: high, ".value": value, placeholder: hint }));
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const form = el(
    "form",
    { "aria-label": "Train a model" },
    el("h2", {}, "Train a model"),
    el("label", {}, el("span", {}, "Recipe"), recipe),
    what,
    el("div", { class: "pairwise" }, number("Epochs", "epochs", "5", 1, 200), number("Examples", "examples", "", 64, 60000, "all 60,000")),
    el("div", { class: "pairwise" }, number("Width", "hidden", "", 8, 128, "recipe's own"), number("Batch", "batch_size", "", 2, 1024, "recipe's own")),
    el("button", { type: "submit", class: "primary" }, "Start training"),
    problem,
  );
  form.addEventListener("input", () => (problem.hidden = true));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    const given = Object.fromEntries(new FormData(form));
    const wanted = { recipe: given.recipe, epochs: Number(given.epochs) };
    for (const name of ["examples", "hidden", "batch_size"]) if (given[name]) wanted[name] = Number(given[name]);
    try {
      const { name } = await ask("/api/runs", { method: "POST", json: wanted });
      compared.add(name);
      await refreshTraining();
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  });
  $("#room-training").replaceChildren(
    el("h1", {}, "Training"),
    el("p", { class: "intro" }, "Watch a network learn handwritten digits: the loss falls, and after each epoch it shows what it can draw. Stop whenever you like; it goes on from there. A trained model can be chosen under Digits."),
    el("div", { class: "bench" }, el("div", {}, form, el("div", { class: "runs", id: "runs" })), el("div", {}, el("div", { id: "charts" }), el("div", { class: "sheets", id: "sheets" }))),
  );
}

function drawRuns() {
  $("#runs").replaceChildren(
    ...runs.map((run) => {
      const box = el("input", { type: "checkbox", ".checked": compared.has(run.name), "aria-label": `Compare ${run.name}` });
      box.addEventListener("change", () => (compared[box.checked ? "add" : "delete"](run.name), refreshTraining()));
      const act = (deed) => () => trying(async () => (await ask(`/api/runs/${run.name}/${deed}`, { method: "POST" }), refreshTraining()));
      const deed =
        run.state === "training" ? el("button", { type: "button", onclick: act("stop") }, "Stop") : run.state === "stopped" ? el("button", { type: "button", onclick: act("resume") }, "Resume") : el("span", { class: "quiet-text" }, STATES[run.state] ?? run.state);
      const facts = [`step ${run.step.toLocaleString("en-GB")} of ${run.steps.toLocaleString("en-GB")}, epoch ${run.epoch} of ${run.epochs}`, run.loss !== null && `loss ${run.loss.toFixed(4)}`];
      if (run.state === "training" && run.pictures_per_second) facts.push(`${Math.round(run.pictures_per_second).toLocaleString("en-GB")} pictures/s`, `${seconds(run.seconds_left)} left`);
      const line = run.problem ?? facts.filter(Boolean).join(" · ");
      return el("div", { class: "run" }, box, el("b", {}, run.name), deed, el("span", { class: "line" }, line));
    }),
  );
}

const STATES = { elsewhere: "trained by another process", stopping: "stopping …" };
const colourOf = (run) => getComputedStyle(document.documentElement).getPropertyValue(colours.get(run.name)).trim();

/** 1, 2 and 5 times the powers of ten between two of them; a few in between where there are too few. */
function lossTicks(low, high) {
  for (const digits of [[1], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]]) {
    const found = [];
    for (let power = Math.floor(low); power <= high; power++) for (const digit of digits) found.push(digit * 10 ** power);
    const inside = found.filter((loss) => Math.log10(loss) >= low && Math.log10(loss) <= high);
    if (inside.length >= 3) return inside;
  }
  return [10 ** low, 10 ** high];
}

function stepTicks(steps) {
  const rough = steps / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const every = Math.max(1, [1, 2, 5, 10].map((digit) => digit * power).find((one) => one >= rough));
  return Array.from({ length: Math.floor(steps / every) + 1 }, (_, k) => k * every);
}

/** A chart for each thing that is learnt: the losses of different ones can't be compared. */
function drawChart() {
  const groups = new Map();
  for (const run of curves.values()) if (run.curve.length) groups.set(run.learns, [...(groups.get(run.learns) ?? []), run]);
  if (!groups.size) groups.set("", []);
  const box = $("#charts");
  const kinds = [...groups.keys()];
  if (box.dataset.kinds !== kinds.join()) {
    box.dataset.kinds = kinds.join();
    box.replaceChildren(...kinds.map(() => el("div", { class: "chart" }, el("canvas", { role: "img", "aria-label": "Loss curves" }), el("div", { class: "legend" }))));
  }
  kinds.forEach((kind, k) => drawLosses(box.children[k], groups.get(kind), kind));
}

function drawLosses(chart, lines, kind) {
  const canvas = $("canvas", chart);
  const ratio = Math.min(2, devicePixelRatio || 1);
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (!width) return;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const style = getComputedStyle(document.documentElement);
  const [ink, rule] = ["--quiet", "--rule"].map((name) => style.getPropertyValue(name).trim());
  context.font = "12px 'Instrument Sans', sans-serif";
  context.fillStyle = ink;
  $(".legend", chart).replaceChildren(...lines.map((run) => el("span", {}, el("i", { style: `background:${colourOf(run)}` }), run.name)));
  if (!lines.length) {
    context.textAlign = "center";
    const told = curves.size ? "Its loss is drawn here after the first steps." : runs.length ? "Tick a run to see its loss." : "Start a run, and its loss is drawn here.";
    context.fillText(told, width / 2, height / 2);
    canvas.setAttribute("aria-label", told);
    return;
  }
  const box = { left: 48, right: width - 12, top: 34, bottom: height - 30 };
  const points = lines.flatMap((run) => run.curve);
  const steps = Math.max(...points.map(([step]) => step), 1);
  const losses = points.map(([, loss]) => loss).filter((loss) => loss > 0);
  const low = Math.log10(Math.min(...losses)) - 0.04;
  const high = Math.log10(Math.max(...losses)) + 0.04;
  const x = (step) => box.left + (step / steps) * (box.right - box.left);
  const y = (loss) => box.bottom - ((Math.log10(loss) - low) / (high - low || 1)) * (box.bottom - box.top);
  context.strokeStyle = rule;
  context.lineWidth = 1;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const loss of lossTicks(low, high)) {
    context.beginPath();
    context.moveTo(box.left, y(loss));
    context.lineTo(box.right, y(loss));
    context.stroke();
    context.fillText(String(Number(loss.toPrecision(2))), box.left - 8, y(loss));
  }
  context.textAlign = "left";
  context.fillText(`loss: mean squared error of ${kind}`, box.left - 40, 10);
  context.textAlign = "right";
  context.fillText("steps", box.right, 10);
  context.textBaseline = "top";
  context.textAlign = "center";
  for (const step of stepTicks(steps)) context.fillText(step.toLocaleString(), Math.min(x(step), box.right - 14), box.bottom + 10);
  lines.forEach((run) => {
    context.strokeStyle = colourOf(run);
    context.lineWidth = 2.2;
    context.lineJoin = "round";
    context.beginPath();
    run.curve.forEach(([step, loss], i) => context[i ? "lineTo" : "moveTo"](x(step), y(loss)));
    context.stroke();
  });
  canvas.setAttribute("aria-label", `Loss curves: ${lines.map((run) => `${run.name} at ${run.curve.at(-1)[1].toPrecision(3)} after ${run.curve.at(-1)[0]} steps`).join("; ")}`);
}

function drawSheets() {
  const sheets = [...curves.values()].flatMap((run) =>
    run.samples.filter((file) => file.endsWith(".png")).reverse().map((file) => ({ run, file, epoch: Number(file.match(/\d+/)[0]) })),
  );
  sheets.sort((a, b) => b.epoch - a.epoch);
  const moving = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  $("#sheets").replaceChildren(
    ...sheets.slice(0, 24).map(({ run, file, epoch }) => {
      const address = (name) => `/api/runs/${run.name}/samples/${name}`;
      const film = file.replace(".png", ".webp");
      const still = address(file);
      const image = el("img", { src: still, alt: `What ${run.name} drew after epoch ${epoch}`, loading: "lazy" });
      if (moving && run.samples.includes(film)) {
        image.addEventListener("pointerenter", () => (image.src = address(film)));
        image.addEventListener("pointerleave", () => (image.src = still));
      }
      return el("figure", {}, image, el("figcaption", {}, `${curves.size > 1 ? `${run.name}, ` : ""}epoch ${epoch}`));
    }),
  );
}
