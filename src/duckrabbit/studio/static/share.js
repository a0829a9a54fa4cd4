// The viewer of a page to share: the studio's own, with what it needs beside it.

import { askWhat } from "./guess.js";
import { nameViews } from "./icons.js";
import { Viewer } from "./viewer.js";

const shared = JSON.parse(document.getElementById("data").textContent);
nameViews(shared.names);
const sharedViewer = new Viewer(document.getElementById("viewer"), document.getElementById("hands"), async (view) => shared.motions[view]);
const sharedImage = new Image();
sharedImage.onload = async () => {
  await sharedViewer.show({ ...shared, image: sharedImage, label: "A picture: press Space to change how it is seen" });
  askWhat(document.getElementById("readings"), document.getElementById("guess"), shared, new Set(), sharedViewer);
};
sharedImage.src = shared.picture;

document.addEventListener("keydown", (event) => {
  if (event.key !== " " || event.repeat || event.target.closest("button, input, canvas")) return;
  event.preventDefault();
  sharedViewer.toggle();
});
