// A hybrid looked at in another way: from afar, in grey, in motion.

import { SHARE_OF_CANVAS, enlarged } from "./motion.js";

const SMALLEST = 1 / 8;

/** What a hybrid's parts are seen by: the words of its slider. */
export function wayOf(parts) {
  if (parts.includes("grey")) return { name: "grey", label: "Dim the light", ends: ["in colour", "in the dark"], button: "Dim the light", back: "Light it" };
  if (parts.includes("blurred")) return { name: "motion", label: "Move it", ends: ["still", "in motion"], button: "Set it in motion", back: "Hold it still" };
  return { name: "distance", label: "Distance", ends: ["near", "far"], button: "Step back", back: "Come closer" };
}

/** A picture that a slider takes away. */
export class Distant {
  constructor(image, size, way, sharp) {
    this.picture = enlarged(image, size, { sharp });
    this.way = way;
    this.steps = [this.picture];
    // Halving again and again shrinks without aliasing, as an eye far away does.
    while (this.steps.at(-1).width > 64) this.steps.push(this.#half(this.steps.at(-1)));
  }

  #half(canvas) {
    const half = document.createElement("canvas");
    half.width = half.height = Math.round(canvas.width / 2);
    const context = half.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(canvas, 0, 0, half.width, half.height);
    return half;
  }

  draw(context, side, progress) {
    const full = side * SHARE_OF_CANVAS;
    if (this.way.name === "motion") this.#moving(context, side, full, progress);
    else if (this.way.name === "grey") this.#grey(context, side, full, progress);
    else {
      const width = full * SMALLEST ** progress;
      const source = this.steps.findLast((step) => step.width >= width) ?? this.picture;
      context.imageSmoothingQuality = "high";
      context.drawImage(source, (side - width) / 2, (side - width) / 2, width, width);
    }
  }

  #moving(context, side, full, progress) {
    const from = (side - full) / 2;
    const length = (progress * 10 * full) / 64;
    const copies = progress > 0 ? 24 : 1;
    context.save();
    context.beginPath();
    context.rect(from, from, full, full);
    context.clip();
    for (let k = 0; k < copies; k++) {
      const along = copies > 1 ? (k / (copies - 1) - 0.5) * length : 0;
      context.globalAlpha = 1 / (k + 1);
      context.drawImage(this.picture, from + along * Math.SQRT1_2, from + along * Math.SQRT1_2, full, full);
    }
    context.restore();
  }

  #grey(context, side, full, progress) {
    const from = (side - full) / 2;
    context.drawImage(this.picture, from, from, full, full);
    context.save();
    context.globalCompositeOperation = "saturation";
    context.globalAlpha = progress;
    context.fillStyle = "#808080";
    context.fillRect(from, from, full, full);
    context.globalCompositeOperation = "multiply";
    context.globalAlpha = progress * 0.25;
    context.fillStyle = "#000";
    context.fillRect(from, from, full, full);
    context.restore();
  }
}
