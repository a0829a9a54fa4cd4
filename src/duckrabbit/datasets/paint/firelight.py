"""People around a fire at night, drawn."""

import random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from duckrabbit.datasets.paint.brushes import (
    CLOTHES,
    GRASS,
    ROCK,
    SAND,
    SIDE,
    draw_peaks,
    draw_sky,
    draw_trees,
    fill_below,
    finished,
    ridge_line,
    shaded,
    varied,
)


def campfire(rng: random.Random) -> Image.Image:
    """People who sit and stand around a fire at night, lit by it."""
    image = draw_sky(rng, rng.choice(("night", "night", "night", "dusk")))
    ground = SIDE * rng.uniform(0.42, 0.62)
    if rng.random() < 0.35:
        draw_peaks(rng, image, ground, False)
    draw = ImageDraw.Draw(image)
    soil = shaded(varied(rng, rng.choice((*GRASS, *ROCK, *SAND))), rng.uniform(0.28, 0.5))
    fill_below(draw, ridge_line(rng, ground, SIDE * 0.04, 3, 0.4), soil)
    if rng.random() < 0.6:
        draw_trees(rng, image, ground - 4, ground + 8, rng.randint(3, 14), False)
    dark = np.asarray(image, np.float32) * rng.uniform(0.45, 0.8)
    x, y = SIDE * rng.uniform(0.42, 0.58), SIDE * rng.uniform(0.74, 0.86)
    ys, xs = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    reach = SIDE * rng.uniform(0.28, 0.45)
    light = np.exp(-(((xs - x) / reach) ** 2 + ((ys - y) / (reach * 0.8)) ** 2))[..., None]
    lit = dark + light * np.array((214, 128, 52), np.float32) * rng.uniform(0.6, 1.0)
    image = Image.fromarray(lit.clip(0, 255).astype(np.uint8))
    count = rng.randint(2, 6)
    seats = []
    for k in range(count):
        side = -1 if k % 2 else 1
        back = rng.random() < 0.45
        away = SIDE * (rng.uniform(0.14, 0.3) if back else rng.uniform(0.2, 0.4))
        seats.append(
            (y - SIDE * (rng.uniform(0.06, 0.14) if back else rng.uniform(-0.08, 0.03)), x + side * away, -side)
        )
    fire_drawn = False
    for foot, px, facing in sorted(seats):
        if foot > y and not fire_drawn:
            _flames(rng, image, x, y)
            fire_drawn = True
        near = 0.75 + 0.5 * (foot - y + SIDE * 0.14) / (SIDE * 0.22)
        _sitter(rng, image, (px, foot), SIDE * rng.uniform(0.24, 0.32) * near, facing)
    if not fire_drawn:
        _flames(rng, image, x, y)
    return finished(image)


def _sitter(rng: random.Random, image: Image.Image, foot: tuple[float, float], height: float, facing: int) -> None:
    """Someone beside a fire, who faces it: +1 looks to the right. The side towards the fire is lit."""
    draw = ImageDraw.Draw(image)
    x, y = foot
    cloth = shaded(varied(rng, rng.choice(CLOTHES)), rng.uniform(0.45, 0.75))
    warm = (min(255, cloth[0] + 96), min(255, cloth[1] + 48), cloth[2])
    skin = varied(rng, rng.choice(((226, 158, 108), (196, 124, 80), (150, 92, 60), (238, 178, 130))))
    hair = rng.choice(((40, 28, 22), (74, 46, 30), (120, 100, 84), (26, 22, 24), (150, 110, 60)))
    sits = rng.random() < 0.75
    if not sits:
        height *= 1.35
    body = height * (0.62 if sits else 0.72)
    wide = height * (0.46 if sits else 0.32)
    shoulder = y - body
    lean = facing * height * rng.uniform(0.0, 0.1)
    torso = [(x - wide / 2, y), (x - wide * 0.34 + lean, shoulder + height * 0.06), (x + lean, shoulder)]
    torso += [(x + wide * 0.34 + lean, shoulder + height * 0.06), (x + wide / 2, y)]
    draw.polygon(torso, fill=cloth)
    front = facing * wide
    lit = [(x + front * 0.5, y), (x + front * 0.34 + lean, shoulder + height * 0.06)]
    lit += [(x + front * 0.1 + lean, shoulder + height * 0.1), (x + front * 0.2, y)]
    draw.polygon(lit, fill=warm)
    if sits:
        knee = x + facing * height * 0.42
        draw.polygon(
            [(x, y - height * 0.2), (knee, y - height * 0.22), (knee + facing * height * 0.06, y), (x, y)],
            fill=shaded(warm, 0.8),
        )
    if rng.random() < 0.5:
        draw.line(
            [(x + lean, shoulder + height * 0.16), (x + facing * height * 0.4, y - height * 0.3)],
            fill=warm,
            width=max(2, round(height * 0.1)),
        )
    r = height * rng.uniform(0.125, 0.15)
    hx, hy = x + lean * 1.4, shoulder - r * 0.7
    draw.ellipse((hx - r, hy - r * 1.15, hx + r, hy + r * 1.15), fill=hair)
    draw.ellipse(
        (hx - r * 0.75 + facing * r * 0.3, hy - r * 0.85, hx + r * 0.75 + facing * r * 0.3, hy + r * 1.1), fill=skin
    )
    if rng.random() < 0.35:
        brim = shaded(varied(rng, rng.choice(CLOTHES)), 0.5)
        draw.ellipse((hx - r * 1.7, hy - r * 0.95, hx + r * 1.7, hy - r * 0.45), fill=brim)
        draw.ellipse((hx - r * 0.9, hy - r * 1.7, hx + r * 0.9, hy - r * 0.5), fill=brim)


def _flames(rng: random.Random, image: Image.Image, x: float, y: float) -> None:
    """Logs and tongues of fire, and the glow around them."""
    draw = ImageDraw.Draw(image)
    size = SIDE * rng.uniform(0.16, 0.26)
    for k in range(3):
        tilt = rng.uniform(-0.35, 0.35)
        draw.line(
            [(x - size * 0.6, y + size * (0.1 + tilt)), (x + size * 0.6, y + size * (0.1 - tilt))],
            fill=(64 + 10 * k, 40, 28),
            width=4,
        )
    for share, colour in ((1.0, (226, 86, 24)), (0.72, (250, 150, 36)), (0.45, (255, 226, 120))):
        tongues = rng.randint(2, 4)
        for k in range(tongues):
            fx = x + size * share * (k - (tongues - 1) / 2) * 0.3
            tall = size * share * rng.uniform(1.0, 1.7)
            w = size * share * 0.34
            sway = rng.uniform(-0.3, 0.3) * w
            draw.polygon(
                [
                    (fx - w, y),
                    (fx - w * 0.8, y - tall * 0.35),
                    (fx + sway, y - tall),
                    (fx + w * 0.8, y - tall * 0.4),
                    (fx + w, y),
                ],
                fill=colour,
            )
            draw.ellipse((fx - w, y - w * 0.6, fx + w, y + w * 0.5), fill=colour)
    soft = image.filter(ImageFilter.GaussianBlur(2))
    box = (max(0, int(x - size)), max(0, int(y - 2 * size)), min(SIDE, int(x + size)), min(SIDE, int(y + size * 0.6)))
    image.paste(Image.blend(image.crop(box), soft.crop(box), 0.5), box[:2])
