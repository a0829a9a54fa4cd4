// A view in motion: draws the pieces that the server describes, each through its map between two moments.

export const SHARE_OF_CANVAS = 0.7; // the picture's side; the rest is room to turn in
const PRINTED = 128; // pictures with a smaller side are printed on paper
const SHARP = 560; // the side at which pieces are cut: smooth inside, crisp at their edges

/** The picture, enlarged, as a canvas to cut pieces from; what is small is printed on paper, for a blur looks like a fault. */
export function enlarged(image, size, { sharp = SHARP, onPaper = true } = {}) {
  const whole = Math.ceil(sharp / size) * size;
  // Doubled again and again, for in one go the pixels of a small picture would still be seen.
  let canvas = image;
  for (let side = 2 * size; side < whole; side *= 2) canvas = resized(canvas, side);
  canvas = resized(canvas, whole);
  return onPaper && size < PRINTED ? printed(canvas, whole / size) : canvas;
}

/** Sharper edges, and the grain of paper: between two pixels of the picture there is something to see. */
function printed(canvas, pixel) {
  const side = canvas.width;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const soft = resized(resized(canvas, Math.max(1, Math.round(side / pixel / 1.5))), side);
  const image = context.getImageData(0, 0, side, side);
  const blurred = soft.getContext("2d").getImageData(0, 0, side, side).data;
  const grain = grainOf(side);
  const { data } = image;
  for (let k = 0, i = 0; k < data.length; k += 4, i++) {
    for (let c = 0; c < 3; c++) data[k + c] = data[k + c] + 0.55 * (data[k + c] - blurred[k + c]) + grain[i];
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

const grains = new Map();

/** The same sheet of paper for all pictures of a side: specks, and fibres two and five pixels wide. */
function grainOf(side) {
  if (!grains.has(side)) {
    let state = 9;
    const chance = () => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) / 0x7fffffff - 0.5;
    const sheet = (step) => Float32Array.from({ length: Math.ceil(side / step) ** 2 }, chance);
    const sheets = [[1, 16, sheet(1)], [2, 13, sheet(2)], [5, 8, sheet(5)]];
    const at = (y, x) => sheets.reduce((sum, [step, weight, values]) => sum + weight * values[Math.floor(y / step) * Math.ceil(side / step) + Math.floor(x / step)], 0);
    grains.set(side, Float32Array.from({ length: side * side }, (_, i) => at(Math.floor(i / side), i % side)));
  }
  return grains.get(side);
}

function resized(image, side) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  // A whole photo, into which a part was pasted back, is seldom square.
  const scale = side / Math.max(image.width, image.height);
  const [width, height] = [image.width * scale, image.height * scale];
  context.drawImage(image, (side - width) / 2, (side - height) / 2, width, height);
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

/** [a, b, c, d, x, y] of a piece at a moment; before the first one it turns the other way round. */
function mapAt(stage, piece, progress) {
  if (progress < 0) {
    const [a, b, c, d, x, y] = mapAt(stage, piece, -progress);
    return [a, c, b, d, x, y];
  }
  const { moments, maps } = stage;
  let k = 0;
  while (k < moments.length - 2 && progress > moments[k + 1]) k++;
  const share = (progress - moments[k]) / (moments[k + 1] - moments[k]);
  const from = maps[k][piece];
  const to = maps[k + 1][piece];
  const between = from.map((value, i) => value + (to[i] - value) * share);
  return between.length === 2 ? [1, 0, 0, 1, ...between] : between;
}

/** The axis about which a whole picture is turned over. */
const FLIPS = { flip: "across", mirror: "down" };
const EYE = 2.6; // how far the eye is, in sides of the picture
const STRIPS = 72;
const TURNS = { "rotate-180": 180, "rotate-90": 90, "rotate-90-cw": -90 };

/** A picture that a view rearranges, stage by stage. */
export class Moving {
  constructor(image, motion, sharp = SHARP) {
    this.size = motion.size;
    /** Degrees, counter-clockwise, that the whole picture is turned by; 0 where it is not. */
    this.turns = TURNS[motion.name] ?? 0;
    /** After how much progress all is as before: what turns may be turned on and on, either way. */
    this.period = this.turns ? 360 / Math.abs(this.turns) : motion.name === "inner-circle" ? 2 : 0;
    this.flips = FLIPS[motion.name] ?? null;
    let picture = enlarged(image, this.size, { sharp });
    this.stages = motion.stages.map((stage) => {
      const made = { ...stage, pieces: cut(stage, this.size), picture };
      if (stage.negates) made.negative = negative(picture);
      picture = this.#after(made);
      return made;
    });
    this.last = picture;
  }

  /** Draw the picture on its way, in the middle of a square canvas `side` wide: 0 is at rest, 1 is seen anew. */
  draw(context, side, progress) {
    const scale = (side * SHARE_OF_CANVAS) / this.size;
    context.save();
    context.translate(side / 2, side / 2);
    context.scale(scale, scale);
    if (this.turns) {
      context.rotate((-progress * this.turns * Math.PI) / 180);
      this.#drawStage(context, this.stages[0], 0);
    } else if (this.period) {
      // From -1 to 1: half a turn to either side is the same.
      this.#drawStage(context, this.stages[0], progress - this.period * Math.round(progress / this.period - 0.001));
    } else if (this.flips) this.#drawFlipped(context, progress);
    else {
      // Beyond its ends it gives a little, as what is held there would.
      const inside = Math.min(Math.max(progress, 0), 1);
      const give = 1 + 0.12 * Math.tanh(progress - inside);
      context.scale(give, give);
      const at = inside * this.stages.length;
      const k = Math.min(Math.floor(at), this.stages.length - 1);
      this.#drawStage(context, this.stages[k], at - k);
    }
    context.restore();
  }

  /** How far what is seen at a rest is in view, 0 to 1. */
  share(progress, rest = 1) {
    const at = this.period ? this.#within(progress) : progress;
    const apart = Math.abs(at - rest);
    return Math.max(0, 1 - 2 * Math.min(apart, this.period ? this.period - apart : apart));
  }

  /** Turned over about its middle, in perspective, with its shadow: strip by strip, each as wide as it is near. */
  #drawFlipped(context, progress) {
    const { size } = this;
    const { picture } = this.stages[0];
    const half = size / 2;
    if (Number.isInteger(progress)) {
      context.drawImage(progress % 2 ? this.last : picture, -half, -half, size, size);
      return;
    }
    const [cosine, sine] = [Math.cos(Math.PI * progress), Math.sin(Math.PI * progress)];
    // About the axis that goes down, all is as about the one across, but for x and y.
    const down = this.flips === "down";
    const rectangle = (x, y, width, height) => (down ? [y, x, height, width] : [x, y, width, height]);
    context.save();
    context.globalAlpha = 0.3 * Math.abs(sine);
    context.filter = `blur(${Math.round(4 + 12 * Math.abs(sine))}px)`;
    context.fillStyle = "#140c1c";
    context.fillRect(...rectangle(-0.47 * size, -half * Math.abs(cosine) + 0.04 * size, 0.94 * size, size * Math.abs(cosine)));
    context.restore();
    const fine = picture.width / STRIPS;
    const near = (edge) => EYE / (EYE - edge * sine);
    for (let k = 0; k < STRIPS; k++) {
      const [from, to] = [k / STRIPS - 0.5, (k + 1) / STRIPS - 0.5];
      const [start, end] = [from, to].map((edge) => edge * size * cosine * near(edge));
      const width = size * near((from + to) / 2);
      // A strip reaches a little over the next one, or there would be gaps.
      context.drawImage(picture, ...rectangle(0, k * fine, picture.width, fine), ...rectangle(-width / 2, Math.min(start, end), width, Math.abs(end - start) + size / 300));
    }
  }

  /** The nearest progress at which it rests: as it was, or as the view shows it. */
  restNear(progress) {
    if (!this.period) return Math.min(1, Math.max(0, Math.round(progress)));
    const whole = Math.round(progress);
    const turn = this.#within(whole);
    if (turn < 2) return whole;
    // A quarter too far goes back, three quarters go on until it is upright.
    return turn === 2 && progress < whole ? whole - 1 : whole + this.period - turn;
  }

  /** A rest as 0 or 1. */
  restOf(progress) {
    return this.period ? this.#within(progress) : progress;
  }

  #within(progress) {
    return ((progress % this.period) + this.period) % this.period;
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

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Call `frame(seconds since it began)` again and again until it says that it is done. Returns what stops it. */
function running(frame) {
  let going = true;
  let started;
  const next = (now) => {
    if (!going) return;
    started ??= now;
    if (frame((now - started) / 1000)) requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
  return () => (going = false);
}

/** Run `draw(progress)` from one progress to another; at once where motion is unwelcome. Returns what stops it. */
export function animate(from, to, milliseconds, draw, done = () => {}) {
  if (calm() || milliseconds <= 0) {
    draw(to);
    done();
    return () => {};
  }
  return running((seconds) => {
    const t = Math.min(1, (seconds * 1000) / milliseconds);
    draw(from + (to - from) * eased(t));
    if (t === 1) done();
    return t < 1;
  });
}

const STEP = 1 / 240;

/** Let go of something on a spring: it swings to `to` from where it is, with the speed that it has. */
export function spring(from, to, { speed = 0, pull = 11, damping = 0.74 }, draw, done = () => {}) {
  if (calm()) {
    draw(to, 0);
    done();
    return () => {};
  }
  let at = from;
  let velocity = speed;
  let reached = 0;
  return running((seconds) => {
    // A page that was hidden for long does not make up for it.
    reached = Math.max(reached, seconds - 0.25);
    for (; reached < seconds; reached += STEP) {
      velocity += (pull * pull * (to - at) - 2 * damping * pull * velocity) * STEP;
      at += velocity * STEP;
    }
    const rests = Math.abs(to - at) < 0.002 && Math.abs(velocity) < 0.03;
    draw(rests ? to : at, rests ? 0 : velocity);
    if (rests) done();
    return !rests;
  });
}
