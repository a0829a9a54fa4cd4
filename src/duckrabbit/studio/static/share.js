// The viewer of a page to share: the studio's own drawing, with a button and a key.

import { Moving, animate, enlarged, SHARE_OF_CANVAS } from "./motion.js";
import { Distant, wayOf } from "./distance.js";

const shared = JSON.parse(document.getElementById("data").textContent);
const sharedImage = new Image();
sharedImage.onload = () => openShared(sharedImage);
sharedImage.src = shared.picture;

function openShared(image) {
  const canvas = document.getElementById("viewer");
  const context = canvas.getContext("2d");
  const hands = document.getElementById("hands");
  const way = shared.verb === "hybrid" ? wayOf(shared.parts) : null;
  const drawings = way ? [new Distant(image, shared.side, way)] : shared.motions.map((motion) => new Moving(image, motion));
  const plain = enlarged(image, shared.side);
  let chosen = 0;
  let progress = 0;
  let target = 0;
  let stop = () => {};
  const draw = (to) => {
    progress = to;
    canvas.dataset.progress = progress.toFixed(3);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    if (drawings.length) drawings[chosen].draw(context, canvas.width, progress);
    else {
      const side = canvas.width * SHARE_OF_CANVAS;
      context.drawImage(plain, (canvas.width - side) / 2, (canvas.width - side) / 2, side, side);
    }
  };
  const go = (to) => {
    target = to;
    stop();
    stop = animate(progress, to, 1100, draw);
  };
  const toggle = (k = chosen) => {
    if (k !== chosen) {
      chosen = k;
      draw(0);
      target = 0;
    }
    if (drawings.length) go(target > 0.5 ? 0 : 1);
  };
  const names = way ? [way.button] : shared.motions.map((motion) => (shared.motions.length > 1 ? motion.name : "Turn it"));
  names.forEach((name, k) => {
    const button = document.createElement("button");
    button.textContent = name;
    button.addEventListener("click", () => toggle(k));
    hands.append(button);
  });
  canvas.addEventListener("click", () => toggle());
  canvas.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    toggle();
  });
  const answer = document.getElementById("answer");
  shared.prompts.forEach((prompt, k) => {
    const bold = document.createElement("b");
    bold.textContent = prompt;
    answer.append(k ? ", then " : "", bold);
  });
  if (!shared.prompts.length) document.querySelector("details").remove();
  draw(0);
}
