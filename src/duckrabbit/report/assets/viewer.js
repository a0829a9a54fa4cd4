"use strict";

// Stills that play. Without this script their buttons are links to the animations.
for (const link of document.querySelectorAll("a.play")) {
  const image = link.closest("figure").querySelector("img");
  const [still, film] = [image.src, link.href];
  const [play, stop] = [link.firstChild.textContent, "Stop"];
  link.setAttribute("role", "button");
  const toggle = (event) => {
    event.preventDefault();
    const playing = image.src === still;
    image.src = playing ? film : still;
    link.firstChild.textContent = playing ? stop : play;
  };
  link.addEventListener("click", toggle);
  link.addEventListener("keydown", (event) => event.key === " " && toggle(event));
}

// Anagrams: a button, or a drag. Half way counts as turned.
for (const viewer of document.querySelectorAll(".turning")) {
  const image = viewer.querySelector("img");
  const stage = viewer.querySelector(".stage");
  const button = viewer.querySelector(".turn");
  const whole = Number(viewer.dataset.degrees);
  const axis = viewer.dataset.axis.toUpperCase();
  let turned = 0;
  const show = (share) => { image.style.transform = `rotate${axis}(${share * whole}deg)`; };
  const settle = (share) => {
    turned = share;
    button.setAttribute("aria-pressed", String(share === 1));
    show(share);
  };
  button.addEventListener("click", () => settle(1 - turned));

  let from = null;
  const shareAt = (event) => {
    const moved = Math.hypot(event.clientX - from.x, event.clientY - from.y) / stage.clientWidth;
    return Math.min(1, Math.max(0, turned ? 1 - moved : moved));
  };
  stage.addEventListener("pointerdown", (event) => {
    from = { x: event.clientX, y: event.clientY };
    stage.setPointerCapture(event.pointerId);
    viewer.classList.add("held");
    event.preventDefault();
  });
  stage.addEventListener("pointermove", (event) => from && show(shareAt(event)));
  const release = (share) => {
    from = null;
    viewer.classList.remove("held");
    settle(share);
  };
  stage.addEventListener("pointerup", (event) => {
    if (!from) return;
    const clicked = Math.hypot(event.clientX - from.x, event.clientY - from.y) < 4;
    release(clicked ? 1 - turned : Math.round(shareAt(event)));
  });
  // A finger that moves up or down scrolls the page: the picture stays as it was.
  stage.addEventListener("pointercancel", () => release(turned));
}

// Hybrids: the slider's ends are the full size and a seventh of it; in between equal steps shrink by equal factors.
for (const viewer of document.querySelectorAll(".distance")) {
  const image = viewer.querySelector("img");
  const slider = viewer.querySelector("input");
  const show = () => { image.style.transform = `scale(${7 ** (-slider.value / 100)})`; };
  slider.addEventListener("input", show);
  show();
}
