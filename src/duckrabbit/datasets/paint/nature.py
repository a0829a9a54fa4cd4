"""Drawn places without people: mountains, hills, forest, sea, coasts and falling water."""

import random
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from duckrabbit.datasets.paint.brushes import (
    GRASS,
    PLASTER,
    ROCK,
    ROOFS,
    SAND,
    SIDE,
    SNOW,
    draw_peaks,
    draw_sky,
    draw_trees,
    draw_water,
    fill_below,
    finished,
    ridge_line,
    shaded,
    smooth_noise,
    textured,
    varied,
)


def mountains(rng: random.Random, snow: bool = False) -> Image.Image:
    """Mountains under a sky, a meadow before them."""
    image = draw_sky(rng, rng.choice(("day", "day", "overcast", "dusk")))
    base = SIDE * rng.uniform(0.7, 0.9)
    draw_peaks(rng, image, base, snow or rng.random() < 0.5)
    ground = varied(rng, rng.choice(SNOW if snow else GRASS))
    fill_below(ImageDraw.Draw(image), ridge_line(rng, base, SIDE * 0.08, 3, 0.5), ground)
    draw_trees(rng, image, base, SIDE, rng.randint(0, 12), snow)
    return finished(textured(rng, image, (16, 16), 0.08))


def snowy_mountains(rng: random.Random) -> Image.Image:
    """Mountains in snow."""
    return mountains(rng, snow=True)


def hills(rng: random.Random, mood: str | None = None, snow: bool = False) -> Image.Image:
    """Rolling hills, one behind the other."""
    image = draw_sky(rng, mood or rng.choice(("day", "day", "overcast", "dusk")))
    draw = ImageDraw.Draw(image)
    green = rng.choice(SNOW if snow else GRASS)
    dark = 0.55 if mood == "night" else 1.0
    base = SIDE * rng.uniform(0.45, 0.65)
    for k in range(3):
        fill_below(
            draw,
            ridge_line(rng, base + k * 22, SIDE * 0.14, 4, 0.4),
            shaded(varied(rng, green), dark * (1.1 - 0.14 * k)),
        )
    if rng.random() < 0.5:
        draw_trees(rng, image, base + 10, SIDE, rng.randint(2, 14), snow)
    return finished(textured(rng, image, (24, 12), 0.08))


def night_hills(rng: random.Random) -> Image.Image:
    """Hills by night."""
    return hills(rng, "night")


def snowy_hills(rng: random.Random) -> Image.Image:
    """Hills in snow."""
    return hills(rng, snow=True)


def field(rng: random.Random) -> Image.Image:
    """Flat ground under a sky: a place to put anything."""
    image = draw_sky(rng, rng.choice(("day", "day", "overcast", "dusk")))
    horizon = SIDE * rng.uniform(0.45, 0.8)
    ground = varied(rng, rng.choice((*GRASS, *SAND, *ROCK)))
    ImageDraw.Draw(image).rectangle((0, horizon, SIDE, SIDE), fill=ground)
    return finished(textured(rng, image, (20, 40), 0.1), rng.uniform(0, 2))


def forest(rng: random.Random) -> Image.Image:
    """Firs in rows."""
    image = draw_sky(rng, rng.choice(("day", "overcast", "dusk")))
    ImageDraw.Draw(image).rectangle((0, SIDE * 0.55, SIDE, SIDE), fill=varied(rng, rng.choice(GRASS)))
    draw_trees(rng, image, SIDE * 0.5, SIDE * 1.05, rng.randint(18, 40), False)
    return finished(image)


def sea(rng: random.Random) -> Image.Image:
    """Open water to the horizon."""
    image = draw_sky(rng, rng.choice(("day", "day", "overcast", "dusk")))
    draw_water(rng, image, SIDE * rng.uniform(0.35, 0.65))
    return finished(image)


def coast(rng: random.Random) -> Image.Image:
    """A coast from above: sea on one side, a slope with houses on the other, a beach between."""
    image = draw_sky(rng, rng.choice(("day", "day", "day", "dusk", "overcast")))
    horizon = SIDE * rng.uniform(0.28, 0.45)
    draw_water(rng, image, horizon)
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(0, 2)):
        x, reach = rng.uniform(0, SIDE), rng.uniform(20, 50)
        outline = [(x - reach, horizon + 1), (x, horizon - rng.uniform(6, 18)), (x + reach, horizon + 1)]
        draw.polygon(outline, fill=shaded(rng.choice(ROCK), 1.2))
    foot, top = SIDE * rng.uniform(0.35, 0.75), horizon - rng.uniform(0, 30)
    n = 12
    shore = [
        (foot * (1 - (k / n) ** rng.uniform(1.0, 1.6)) + rng.uniform(-5, 5), top + (SIDE - top) * k / n)
        for k in range(n + 1)
    ]
    shore = [
        (SIDE * rng.uniform(0.15, 0.4) + 0.5 * (SIDE * k / n) * rng.uniform(0.7, 1.1), y)
        for k, (_, y) in enumerate(shore)
    ]
    sand = [(x + rng.uniform(6, 14), y) for x, y in shore if y > horizon + 6]
    if sand:
        draw.polygon([(0, horizon + 6), *[(x + 4, y) for x, y in sand], (0, SIDE)], fill=(236, 244, 246))
        draw.polygon([(0, horizon + 6), *sand, (0, SIDE)], fill=varied(rng, rng.choice(SAND)))
    land = varied(rng, rng.choice((*GRASS, *ROCK)))
    draw.polygon([(0, top - rng.uniform(0, 12)), *shore, (0, SIDE)], fill=land)
    cliffs = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(cliffs).polygon([(0, top), *shore, (0, SIDE)], fill=255)
    image.paste(textured(rng, image, (30, 8), 0.3), mask=cliffs)
    draw = ImageDraw.Draw(image)
    if rng.random() < 0.65:
        for _ in range(rng.randint(6, 28)):
            k = rng.uniform(0.12, 0.92)
            y = top + (SIDE - top) * k
            x = rng.uniform(-4, (SIDE * 0.12 + 0.4 * SIDE * k))
            w, h = rng.uniform(4, 9) * (0.6 + k), rng.uniform(5, 11) * (0.6 + k)
            draw.rectangle((x, y - h, x + w, y), fill=varied(rng, rng.choice(PLASTER), 8))
            draw.rectangle((x, y - h, x + w, y - h * 0.75), fill=varied(rng, (178, 84, 58)))
            draw.rectangle((x + w * 0.35, y - h * 0.55, x + w * 0.6, y - h * 0.25), fill=(84, 78, 80))
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return finished(image)


def waterfall(rng: random.Random) -> Image.Image:
    """Water falling over rocks into a pool; one to three streams."""
    image = textured(rng, Image.new("RGB", (SIDE, SIDE), varied(rng, rng.choice(ROCK))), (14, 6), 0.4)
    image = textured(rng, image, (40, 20), 0.25)
    brink, pool = SIDE * rng.uniform(0.12, 0.34), SIDE * rng.uniform(0.72, 0.88)
    image.paste(draw_sky(rng, rng.choice(("day", "overcast"))).crop((0, 0, SIDE, int(brink))), (0, 0))
    draw = ImageDraw.Draw(image)
    green = varied(rng, rng.choice(GRASS))
    for _ in range(rng.randint(12, 40)):
        x, y, r = rng.uniform(0, SIDE), brink + rng.gauss(0, 4), rng.uniform(4, 12)
        draw.ellipse((x - r, y - r, x + r, y + r * 0.6), fill=shaded(varied(rng, green), rng.uniform(0.6, 1.1)))
    draw_water(rng, image, pool)
    light = np.asarray(image, np.float32).copy()
    ys = np.arange(SIDE, dtype=np.float32)[:, None]
    xs = np.arange(SIDE, dtype=np.float32)[None, :]
    streaks = np.asarray(smooth_noise(rng, 48, 4), np.float32) / 255
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
        centre, half = rng.uniform(0.2, 0.8) * SIDE, rng.uniform(5, 26)
        spread = half * (0.8 + rng.uniform(0, 0.6) * (ys - brink) / (pool - brink))
        sway = centre + rng.uniform(-6, 6) * np.sin((ys - brink) / rng.uniform(20, 60))
        inside = 1 / (1 + np.exp((np.abs(xs - sway) - spread) / 1.5))
        inside = inside * (ys > brink) * (ys < pool + 3)
        cover = (inside * (0.55 + 0.45 * streaks))[..., None]
        light += cover * (np.array((238, 244, 250), np.float32) - light)
        mist = np.exp(-((xs - sway) ** 2) / (2 * (half * 1.4) ** 2) - (ys - pool) ** 2 / (2 * 8.0**2))[..., None]
        light += 0.85 * mist * (245 - light)
    return finished(Image.fromarray(light.clip(0, 255).astype(np.uint8)))


def cliffs(rng: random.Random) -> Image.Image:
    """A steep coast: cliffs that fall to the sea, houses stacked on them, mountains behind."""
    image = draw_sky(rng, rng.choice(("day", "day", "day", "dusk", "overcast")))
    horizon = SIDE * rng.uniform(0.34, 0.5)
    draw_water(rng, image, horizon)
    draw = ImageDraw.Draw(image)
    rock, green = varied(rng, rng.choice(ROCK)), varied(rng, rng.choice(GRASS))
    for k in range(rng.randint(1, 3)):
        # Headlands, the farther the paler.
        reach, height = SIDE * rng.uniform(0.35, 0.75), SIDE * rng.uniform(0.12, 0.34)
        pale = 1.25 - 0.1 * k
        outline = [(-4.0, horizon - height), (reach * 0.5, horizon - height * rng.uniform(0.6, 1.0))]
        outline += [(reach * 0.85, horizon - height * 0.35), (reach, horizon + 1), (-4, horizon + 1)]
        draw.polygon(outline, fill=shaded(rng.choice((rock, green)), pale))
    # The cliff in front: from the top left to a foot at the right below.
    crest, foot = SIDE * rng.uniform(0.05, 0.4), SIDE * rng.uniform(0.35, 0.75)
    edge = []
    steps = 10
    for k in range(steps + 1):
        down = k / steps
        x = foot * (0.45 + 0.55 * down ** rng.uniform(0.6, 1.1)) + rng.uniform(-3, 3)
        edge.append((x, crest + (SIDE - crest) * down))
    slope = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(slope).polygon([(-4, crest - rng.uniform(0, 14)), *edge, (-4, SIDE + 4)], fill=255)
    face = textured(rng, textured(rng, Image.new("RGB", (SIDE, SIDE), rock), (34, 9), 0.35), (7, 7), 0.25)
    image.paste(face, mask=slope)
    draw = ImageDraw.Draw(image)
    for x, y in edge:
        if y > horizon and rng.random() < 0.8:
            r = rng.uniform(1.5, 4)
            draw.ellipse((x - r, y - r * 0.5, x + r * 2, y + r * 0.7), fill=(236, 244, 246))
    for _ in range(rng.randint(6, 26)):
        down = rng.random()
        x, y = rng.uniform(0, foot * (0.4 + 0.5 * down)), crest + (SIDE - crest) * down * 0.9
        r = rng.uniform(2, 6)
        draw.ellipse((x - r, y - r * 0.7, x + r, y + r * 0.7), fill=shaded(varied(rng, green), rng.uniform(0.6, 1.0)))
    if rng.random() < 0.75:
        for down in sorted(rng.uniform(0.04, 0.8) for _ in range(rng.randint(10, 34))):
            y = crest + (SIDE - crest) * down
            x = rng.uniform(-4, foot * (0.42 + 0.45 * down) - 6)
            w, h = rng.uniform(5, 9) * (0.7 + 0.6 * down), rng.uniform(6, 12) * (0.7 + 0.6 * down)
            plaster = varied(rng, rng.choice(PLASTER), 10)
            draw.rectangle((x, y - h, x + w, y), fill=plaster)
            draw.rectangle((x + w * 0.7, y - h, x + w, y), fill=shaded(plaster, 0.8))
            draw.rectangle((x - 0.5, y - h, x + w + 0.5, y - h * 0.8), fill=varied(rng, rng.choice(ROOFS)))
            for wx in (0.15, 0.5):
                draw.rectangle((x + w * wx, y - h * 0.6, x + w * (wx + 0.2), y - h * 0.3), fill=(92, 84, 86))
    for _ in range(rng.randint(0, 3)):
        x, y, w = rng.uniform(0.6, 0.95) * SIDE, rng.uniform(horizon + 6, SIDE - 6), rng.uniform(3, 7)
        draw.polygon(
            [(x - w, y), (x + w, y), (x + w * 0.6, y + w * 0.5), (x - w * 0.6, y + w * 0.5)], fill=(250, 248, 244)
        )
        draw.polygon([(x, y - w * 1.6), (x, y - 1), (x + w * 0.8, y - 1)], fill=(252, 250, 246))
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return finished(image)


def cascades(rng: random.Random) -> Image.Image:
    """Waterfalls in a forest: two to four steps of rock with white water between dark banks."""
    image = draw_sky(rng, rng.choice(("day", "overcast", "dusk")))
    draw = ImageDraw.Draw(image)
    green, rock = (
        shaded(varied(rng, rng.choice(GRASS)), 0.7),
        shaded(varied(rng, rng.choice(ROCK)), rng.uniform(0.5, 0.9)),
    )
    top = SIDE * rng.uniform(0.05, 0.3)
    fill_below(draw, ridge_line(rng, top + 6, SIDE * 0.1, 4, 2), green)
    draw_trees(rng, image, top, top + 16, rng.randint(0, 18), False)
    face = textured(rng, textured(rng, Image.new("RGB", (SIDE, SIDE), rock), (26, 6), 0.5), (9, 18), 0.3)
    image.paste(face.crop((0, int(top) + 8, SIDE, SIDE)), (0, int(top) + 8))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(10, 30)):
        side, y, r = (
            rng.choice((rng.uniform(-0.1, 0.25), rng.uniform(0.75, 1.1))),
            rng.uniform(top, SIDE),
            rng.uniform(4, 12),
        )
        draw.ellipse(
            (side * SIDE - r, y - r, side * SIDE + r, y + r), fill=shaded(varied(rng, green), rng.uniform(0.6, 1.2))
        )
    light = np.asarray(image, np.float32).copy()
    ys, xs = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    streaks = np.asarray(smooth_noise(rng, 56, 5), np.float32) / 255
    white = np.array((240, 246, 252), np.float32)
    steps = rng.randint(1, 4)
    brinks = [top + 8 + (SIDE * 0.86 - top) * k / steps for k in range(steps + 1)]
    centre, half = rng.uniform(0.35, 0.65) * SIDE, rng.uniform(6, 16)
    for upper, lower in pairwise(brinks):
        fall = lower - (lower - upper) * (0.12 if steps > 1 else 0.02)
        for _ in range(rng.choice((1, 1, 2, 3))):
            own, w = centre + rng.uniform(-0.8, 0.8) * half, half * rng.uniform(0.45, 1.1)
            inside = 1 / (1 + np.exp((np.abs(xs - own - 2 * np.sin(ys / 17)) - w) / 1.3))
            inside = inside * (ys > upper) * (ys < fall + 2)
            light += (inside * (0.5 + 0.5 * streaks))[..., None] * (white - light)
        mist = np.exp(-(((xs - centre) / (half * 2.0)) ** 2) - ((ys - fall) / 5.0) ** 2)[..., None]
        light += 0.8 * mist * (white - light)
        centre, half = centre + rng.uniform(-10, 10), half * rng.uniform(1.0, 1.5)
    pool = Image.fromarray(light.clip(0, 255).astype(np.uint8))
    draw_water(rng, pool, SIDE * 0.9)
    return finished(pool)
