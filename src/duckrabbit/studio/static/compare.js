// What was given beside what was made of it: a line between the two that is moved.

import { SHARE_OF_CANVAS, enlarged } from "./motion.js";

/** The words of its slider. */
export const COMPARE = { name: "compare", label: "Compare", ends: ["what was made", "what was given"], button: "Show what was given", back: "Show what was made" };

export class Compared {
  constructor(before, after, size) {
    this.pictures = [enlarged(after, size), enlarged(before, before.width)];
  }

  /** At 0 what was made, at 1 what was given, between them a line. */
  draw(context, side, progress) {
    const width = side * SHARE_OF_CANVAS;
    const from = (side - width) / 2;
    context.drawImage(this.pictures[0], from, from, width, width);
    if (progress <= 0) return;
    context.save();
    context.beginPath();
    context.rect(from, from, width * progress, width);
    context.clip();
    context.drawImage(this.pictures[1], from, from, width, width);
    context.restore();
    if (progress >= 1) return;
    context.fillStyle = "#fff";
    context.shadowColor = "rgb(20 12 28 / 60%)";
    context.shadowBlur = side / 120;
    context.fillRect(from + width * progress - side / 640, from, side / 320, width);
    context.shadowBlur = 0;
  }
}
