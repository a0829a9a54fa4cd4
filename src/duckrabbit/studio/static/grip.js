// How a hand moves a picture: from where it points to how far the view is on its way.

/**
 * What follows a hand that took hold of a picture, `moving` through a view. Points are [x, y] from the picture's
 * middle, in half its sides. Gives a function from where the hand is now to the progress there.
 */
export function gripOf(kind, moving, start, progress) {
  if (moving?.period) return turningGrip(360 / moving.period, moving.turns < 0 ? -1 : 1, start, progress);
  if (kind === "flip" || kind === "mirror") return cardGrip(kind === "flip" ? 1 : 0, start, progress);
  const axis = kind.startsWith("skew") || kind.startsWith("flip") ? 1 : 0;
  const sign = (along) => (progress < 0.5 ? Math.sign(along) : -Math.sign(along));
  // Either way is onwards from the start, and back from the end: whichever the hand chose first.
  let chosen = 0;
  return (now) => {
    const along = now[axis] - start[axis];
    if (!chosen && Math.abs(along) > 0.02) chosen = sign(along);
    return rubbery(progress + (chosen * along) / 1.3);
  };
}

/** By angle about the middle, on and on. */
function turningGrip(degrees, way, start, progress) {
  const angle = ([x, y]) => Math.atan2(y, x);
  let before = angle(start);
  let turned = 0;
  return (now) => {
    let step = angle(now) - before;
    if (step > Math.PI) step -= 2 * Math.PI;
    if (step < -Math.PI) step += 2 * Math.PI;
    before = angle(now);
    turned += step;
    return progress - (way * turned * 180) / Math.PI / degrees;
  };
}

/** By the edge of a card that turns over: the place that was taken hold of stays under the hand. */
function cardGrip(axis, start, progress) {
  const turned = Math.cos(Math.PI * progress);
  const held = Math.max(0.35, Math.abs(start[axis])) * (start[axis] < 0 ? -1 : 1);
  return (now) => {
    const share = ((held + now[axis] - start[axis]) / held) * turned;
    return Math.acos(Math.min(1, Math.max(-1, share))) / Math.PI;
  };
}

/** Beyond its ends a hand moves a thing less and less. */
function rubbery(progress) {
  const inside = Math.min(1, Math.max(0, progress));
  return inside + 0.5 * Math.tanh(progress - inside);
}
