// A view in motion: draws the pieces that the server describes, each through its map between two moments.

export const SHARE_OF_CANVAS = 0.7; // the picture's side; the rest is room to turn in
const SHARP = 512; // the side at which pieces are cut: smooth inside, crisp at their edges

/** The picture, smoothly enlarged, as a canvas to cut pieces from. */
export function enlarged(image, size) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.ceil(SHARP / size) * size;
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** The negative of a canvas. */
function negative(canvas) {
  const copy = document.createElement("canvas");
  copy.width = canvas.width;
  copy.height = canvas.height;
  const context = copy.getContext("2d");
  context.drawImage(canvas, 0, 0);
  context.globalCompositeOperation = "difference";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, copy.width, copy.height);
  return copy;
}

/** The pixels of each piece: a rectangle where they fill one, else the outline to clip by. */
function cut(stage, size) {
  const pieces = stage.depth.map((depth, index) => ({ index, depth, left: size, top: size, right: 0, bottom: 0, count: 0, runs: [] }));
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; ) {
      const label = stage.labels[row * size + column];
      let end = column + 1;
      while (end < size && stage.labels[row * size + end] === label) end++;
      const piece = pieces[label];
      piece.left = Math.min(piece.left, column);
      piece.right = Math.max(piece.right, end);
      piece.top = Math.min(piece.top, row);
      piece.bottom = Math.max(piece.bottom, row + 1);
      piece.count += end - column;
      piece.runs.push([column, row, end - column]);
      column = end;
    }
  }
  for (const piece of pieces) {
    const filled = (piece.right - piece.left) * (piece.bottom - piece.top) === piece.count;
    if (!filled) {
      piece.outline = new Path2D();
      for (const [x, y, width] of piece.runs) piece.outline.rect(x - size / 2, y - size / 2, width, 1.001);
    }
  }
  return pieces.sort((a, b) => a.depth - b.depth);
}

/** [a, b, c, d, x, y] of a piece at a moment. */
function mapAt(stage, piece, progress) {
  const { moments, maps } = stage;
  let k = 0;
  while (k < moments.length - 2 && progress > moments[k + 1]) k++;
  const share = (progress - moments[k]) / (moments[k + 1] - moments[k]);
  const from = maps[k][piece];
  const to = maps[k + 1][piece];
  const between = from.map((value, i) => value + (to[i] - value) * share);
  return between.length === 2 ? [1, 0, 0, 1, ...between] : between;
}

/** A picture that a view rearranges, stage by stage. */
export class Moving {
  constructor(image, motion) {
    this.size = motion.size;
    let picture = enlarged(image, this.size);
    this.stages = motion.stages.map((stage) => {
      const made = { ...stage, pieces: cut(stage, this.size), picture };
      if (stage.negates) made.negative = negative(picture);
      picture = this.#after(made);
      return made;
    });
    this.last = picture;
  }

  /** Draw the picture on its way, `progress` from 0 to 1, in the middle of a square canvas `side` wide. */
  draw(context, side, progress) {
    const scale = (side * SHARE_OF_CANVAS) / this.size;
    const at = Math.min(Math.max(progress, 0), 1) * this.stages.length;
    const k = Math.min(Math.floor(at), this.stages.length - 1);
    context.save();
    context.translate(side / 2, side / 2);
    context.scale(scale, scale);
    this.#drawStage(context, this.stages[k], at - k);
    context.restore();
  }

  #drawStage(context, stage, progress) {
    const half = this.size / 2;
    if (stage.negates) {
      context.drawImage(stage.picture, -half, -half, this.size, this.size);
      context.globalAlpha = progress;
      context.drawImage(stage.negative, -half, -half, this.size, this.size);
      context.globalAlpha = 1;
      return;
    }
    if (progress === 0) {
      context.drawImage(stage.picture, -half, -half, this.size, this.size);
      return;
    }
    if (stage.wraps) {
      context.beginPath();
      context.rect(-half, -half, this.size, this.size);
      context.clip();
    }
    for (const piece of stage.pieces) {
      const map = mapAt(stage, piece.index, progress);
      if (!stage.wraps) this.#drawPiece(context, stage, piece, map);
      else this.#drawWrapped(context, stage, piece, map);
    }
  }

  #drawWrapped(context, stage, piece, map) {
    const wrap = (value) => ((value % this.size) + this.size) % this.size;
    const x = wrap(map[4]);
    const y = wrap(map[5]);
    for (const across of x ? [0, -this.size] : [0]) {
      for (const down of y ? [0, -this.size] : [0]) this.#drawPiece(context, stage, piece, [1, 0, 0, 1, x + across, y + down]);
    }
  }

  #drawPiece(context, stage, piece, map) {
    const half = this.size / 2;
    const fine = stage.picture.width / this.size;
    const width = piece.right - piece.left;
    const height = piece.bottom - piece.top;
    context.save();
    context.transform(...map);
    if (piece.outline) context.clip(piece.outline);
    context.drawImage(
      stage.picture, piece.left * fine, piece.top * fine, width * fine, height * fine,
      piece.left - half, piece.top - half, width, height,
    );
    context.restore();
  }

  /** The picture after a stage, as sharp as before. */
  #after(stage) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = stage.picture.width;
    const context = canvas.getContext("2d");
    context.translate(canvas.width / 2, canvas.width / 2);
    context.scale(canvas.width / this.size, canvas.width / this.size);
    this.#drawStage(context, stage, 1);
    return canvas;
  }
}

/** At rest at both ends. */
export function eased(t) {
  return t * t * (3 - 2 * t);
}

/** Run `draw(progress)` from one progress to another; at once where motion is unwelcome. Returns what stops it. */
export function animate(from, to, milliseconds, draw, done = () => {}) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (calm || milliseconds <= 0) {
    draw(to);
    done();
    return () => {};
  }
  let going = true;
  const started = performance.now();
  const frame = (now) => {
    if (!going) return;
    const t = Math.min(1, Math.max(0, (now - started) / milliseconds));
    draw(from + (to - from) * eased(t));
    if (t < 1) requestAnimationFrame(frame);
    else done();
  };
  requestAnimationFrame(frame);
  return () => (going = false);
}
