"""Drawn places: what stands behind subjects, and scenery of which the packs have too little.

Each function draws one place, `SIDE` pixels wide in RGB, with its own random numbers; shrunk, its edges are smooth.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE = 128
"""Pixels of a drawing's side."""

Colour = tuple[int, int, int]

SKIES: Mapping[str, Sequence[tuple[Colour, Colour]]] = {
    "day": (
        ((92, 152, 214), (206, 228, 242)),
        ((62, 120, 196), (170, 208, 236)),
        ((138, 182, 214), (236, 238, 230)),
    ),
    "overcast": (((150, 160, 170), (206, 210, 212)), ((120, 134, 148), (190, 196, 200))),
    "dusk": (
        ((70, 66, 120), (240, 150, 92)),
        ((50, 62, 110), (232, 176, 130)),
        ((120, 80, 118), (250, 200, 120)),
    ),
    "night": (((8, 12, 34), (34, 44, 84)), ((14, 16, 28), (52, 50, 84)), ((4, 8, 22), (18, 40, 66))),
}
GRASS: Sequence[Colour] = ((96, 142, 70), (70, 116, 58), (134, 158, 84), (156, 152, 86), (60, 98, 62))
ROCK: Sequence[Colour] = ((112, 106, 100), (132, 118, 100), (92, 92, 100), (148, 130, 108), (84, 78, 74))
SEA: Sequence[Colour] = ((30, 96, 140), (36, 124, 152), (62, 140, 168), (24, 72, 118), (84, 152, 160))
SAND: Sequence[Colour] = ((222, 200, 150), (206, 180, 132), (232, 214, 174))
SNOW: Sequence[Colour] = ((236, 241, 248), (222, 231, 242), (246, 246, 246))
WALLS: Sequence[Colour] = (
    (214, 190, 160),
    (186, 160, 138),
    (150, 128, 112),
    (196, 204, 200),
    (120, 92, 76),
    (92, 100, 104),
)
PLASTER: Sequence[Colour] = (
    (236, 214, 170),
    (226, 160, 120),
    (240, 230, 210),
    (214, 120, 98),
    (232, 196, 190),
    (250, 244, 232),
)

TIMBER: Sequence[Colour] = ((104, 72, 52), (128, 86, 58), (84, 62, 50), (146, 108, 76), (92, 84, 78))
ROOFS: Sequence[Colour] = ((150, 70, 50), (110, 62, 48), (84, 80, 84), (126, 96, 72), (178, 84, 58))
CLOTHES: Sequence[Colour] = (
    *((120, 60, 50), (60, 70, 104), (84, 92, 70), (140, 110, 80), (70, 62, 66), (150, 130, 116), (96, 48, 60)),
    *((52, 84, 88), (168, 120, 60)),
)

Drawing = Callable[[random.Random], Image.Image]


def _shade(colour: Colour, factor: float) -> Colour:
    r, g, b = (max(0, min(255, round(c * factor))) for c in colour)
    return r, g, b


def _vary(rng: random.Random, colour: Colour, amount: int = 14) -> Colour:
    r, g, b = (max(0, min(255, c + rng.randint(-amount, amount))) for c in colour)
    return r, g, b


def _noise(rng: random.Random, width: int, height: int) -> Image.Image:
    """Smooth grey noise from a grid of width×height random values."""
    values = np.frombuffer(rng.randbytes(width * height), np.uint8).reshape(height, width)
    return Image.fromarray(values).resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def _textured(rng: random.Random, image: Image.Image, grid: tuple[int, int], strength: float) -> Image.Image:
    """Lighten and darken by smooth noise."""
    noise = np.asarray(_noise(rng, *grid), np.float32)[..., None] / 127.5 - 1
    pixels = np.asarray(image, np.float32) * (1 + strength * noise)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _sky(rng: random.Random, mood: str) -> Image.Image:
    """A sky of a mood: a gradient, with clouds by day and stars by night."""
    top, bottom = rng.choice(SKIES[mood])
    ramp = np.linspace(0, 1, SIDE, dtype=np.float32)[:, None, None] ** rng.uniform(0.7, 1.4)
    sky = (1 - ramp) * np.array(_vary(rng, top), np.float32) + ramp * np.array(_vary(rng, bottom), np.float32)
    sky = np.broadcast_to(sky, (SIDE, SIDE, 3)).copy()
    if mood == "night":
        for _ in range(rng.randint(0, 50)):
            sky[rng.randrange(SIDE - 40), rng.randrange(SIDE)] += rng.uniform(60, 200)
    elif rng.random() < 0.6:
        cloud = np.asarray(_noise(rng, rng.randint(3, 7), rng.randint(4, 10)), np.float32)[..., None] / 255
        cover = (cloud - rng.uniform(0.45, 0.7)).clip(0, 1) * rng.uniform(1.0, 3.0)
        sky += cover.clip(0, 0.9) * (np.array((250, 246, 240), np.float32) - sky)
    return Image.fromarray(sky.clip(0, 255).astype(np.uint8))


def _ridge(rng: random.Random, base: float, height: float, peaks: int, rough: float) -> list[tuple[float, float]]:
    """The outline of hills or mountains from left to right, y in pixels."""
    xs = np.linspace(-4, SIDE + 4, 40)
    y = np.zeros_like(xs)
    for _ in range(peaks):
        centre, width = rng.uniform(0, SIDE), rng.uniform(0.25, 0.6) * SIDE
        y = np.maximum(y, height * rng.uniform(0.5, 1.0) * np.clip(1 - np.abs(xs - centre) / width, 0, None))
    y += np.array([rng.uniform(-rough, rough) for _ in xs]) * (y > 1)
    return [(float(x), float(base - h)) for x, h in zip(xs, y, strict=True)]


def _fill(draw: ImageDraw.ImageDraw, ridge: Sequence[tuple[float, float]], colour: Colour) -> None:
    draw.polygon([*ridge, (SIDE + 4, SIDE + 4), (-4, SIDE + 4)], fill=colour)


def _peaks(rng: random.Random, image: Image.Image, base: float, snow: bool) -> None:
    """Mountains with lit and shaded flanks, and snow from some height on."""
    draw = ImageDraw.Draw(image)
    rock = _vary(rng, rng.choice(ROCK))
    peaks = sorted(
        ((rng.uniform(0, SIDE), rng.uniform(0.3, 0.75) * SIDE) for _ in range(rng.randint(1, 4))), key=lambda p: -p[1]
    )
    for x, height in peaks:
        half, top = height * rng.uniform(0.6, 1.1), base - height
        left, right = x - half, x + half * rng.uniform(0.7, 1.3)
        ridge_foot = x + rng.uniform(-0.3, 0.3) * half
        draw.polygon([(x, top), (left, base), (ridge_foot, base)], fill=_shade(rock, 1.15))
        draw.polygon([(x, top), (ridge_foot, base), (right, base)], fill=_shade(rock, 0.75))
        if snow:
            line = rng.uniform(0.3, 0.8)
            steps = 7
            edge = [
                (
                    x + (left + (right - left) * k / steps - x) * line * rng.uniform(0.85, 1.0),
                    top + (base - top) * line * (rng.uniform(0.75, 1.1) if 0 < k < steps else rng.uniform(0.8, 0.9)),
                )
                for k in range(steps + 1)
            ]
            draw.polygon([(x, top), *edge], fill=rng.choice(SNOW))
            middle = edge[steps // 2]
            draw.polygon([(x, top), middle, *edge[steps // 2 + 1 :]], fill=_shade(rng.choice(SNOW), 0.84))


def _trees(rng: random.Random, image: Image.Image, low: float, high: float, count: int, snowy: bool) -> None:
    """Firs between two heights, the nearer the larger."""
    draw = ImageDraw.Draw(image)
    for y in sorted(rng.uniform(low, high) for _ in range(count)):
        x, size = rng.uniform(0, SIDE), (6 + 16 * (y - low) / max(1.0, high - low)) * rng.uniform(0.7, 1.3)
        green = _vary(rng, (40, 74, 52))
        draw.rectangle((x - size * 0.07, y - size * 0.2, x + size * 0.07, y), fill=(70, 52, 40))
        for k in range(3):
            top, half = y - size * (1.3 - 0.35 * k), size * (0.22 + 0.12 * k)
            draw.polygon([(x, top), (x - half, top + size * 0.5), (x + half, top + size * 0.5)], fill=green)
            if snowy:
                draw.polygon(
                    [(x, top), (x - half * 0.6, top + size * 0.26), (x + half * 0.6, top + size * 0.26)],
                    fill=(232, 238, 244),
                )


def _done(image: Image.Image, blur: float = 0.0) -> Image.Image:
    if blur > 0:
        return image.filter(ImageFilter.GaussianBlur(blur))
    return image


def mountains(rng: random.Random, snow: bool = False) -> Image.Image:
    """Mountains under a sky, a meadow before them."""
    image = _sky(rng, rng.choice(("day", "day", "overcast", "dusk")))
    base = SIDE * rng.uniform(0.7, 0.9)
    _peaks(rng, image, base, snow or rng.random() < 0.5)
    ground = _vary(rng, rng.choice(SNOW if snow else GRASS))
    _fill(ImageDraw.Draw(image), _ridge(rng, base, SIDE * 0.08, 3, 0.5), ground)
    _trees(rng, image, base, SIDE, rng.randint(0, 12), snow)
    return _done(_textured(rng, image, (16, 16), 0.08))


def snowy_mountains(rng: random.Random) -> Image.Image:
    """Mountains in snow."""
    return mountains(rng, snow=True)


def hills(rng: random.Random, mood: str | None = None, snow: bool = False) -> Image.Image:
    """Rolling hills, one behind the other."""
    image = _sky(rng, mood or rng.choice(("day", "day", "overcast", "dusk")))
    draw = ImageDraw.Draw(image)
    green = rng.choice(SNOW if snow else GRASS)
    dark = 0.55 if mood == "night" else 1.0
    base = SIDE * rng.uniform(0.45, 0.65)
    for k in range(3):
        _fill(draw, _ridge(rng, base + k * 22, SIDE * 0.14, 4, 0.4), _shade(_vary(rng, green), dark * (1.1 - 0.14 * k)))
    if rng.random() < 0.5:
        _trees(rng, image, base + 10, SIDE, rng.randint(2, 14), snow)
    return _done(_textured(rng, image, (24, 12), 0.08))


def night_hills(rng: random.Random) -> Image.Image:
    """Hills by night."""
    return hills(rng, "night")


def snowy_hills(rng: random.Random) -> Image.Image:
    """Hills in snow."""
    return hills(rng, snow=True)


def field(rng: random.Random) -> Image.Image:
    """Flat ground under a sky: a place to put anything."""
    image = _sky(rng, rng.choice(("day", "day", "overcast", "dusk")))
    horizon = SIDE * rng.uniform(0.45, 0.8)
    ground = _vary(rng, rng.choice((*GRASS, *SAND, *ROCK)))
    ImageDraw.Draw(image).rectangle((0, horizon, SIDE, SIDE), fill=ground)
    return _done(_textured(rng, image, (20, 40), 0.1), rng.uniform(0, 2))


def forest(rng: random.Random) -> Image.Image:
    """Firs in rows."""
    image = _sky(rng, rng.choice(("day", "overcast", "dusk")))
    ImageDraw.Draw(image).rectangle((0, SIDE * 0.55, SIDE, SIDE), fill=_vary(rng, rng.choice(GRASS)))
    _trees(rng, image, SIDE * 0.5, SIDE * 1.05, rng.randint(18, 40), False)
    return _done(image)


def sea(rng: random.Random) -> Image.Image:
    """Open water to the horizon."""
    image = _sky(rng, rng.choice(("day", "day", "overcast", "dusk")))
    _water(rng, image, SIDE * rng.uniform(0.35, 0.65))
    return _done(image)


def _water(rng: random.Random, image: Image.Image, horizon: float) -> None:
    colour = _vary(rng, rng.choice(SEA))
    strip = Image.new("RGB", (SIDE, SIDE), colour)
    strip = _textured(rng, strip, (10, 64), 0.22)
    image.paste(strip.crop((0, 0, SIDE, SIDE - int(horizon))), (0, int(horizon)))


def coast(rng: random.Random) -> Image.Image:
    """A coast from above: sea on one side, a slope with houses on the other, a beach between."""
    image = _sky(rng, rng.choice(("day", "day", "day", "dusk", "overcast")))
    horizon = SIDE * rng.uniform(0.28, 0.45)
    _water(rng, image, horizon)
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(0, 2)):
        x, reach = rng.uniform(0, SIDE), rng.uniform(20, 50)
        outline = [(x - reach, horizon + 1), (x, horizon - rng.uniform(6, 18)), (x + reach, horizon + 1)]
        draw.polygon(outline, fill=_shade(rng.choice(ROCK), 1.2))
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
        draw.polygon([(0, horizon + 6), *sand, (0, SIDE)], fill=_vary(rng, rng.choice(SAND)))
    land = _vary(rng, rng.choice((*GRASS, *ROCK)))
    draw.polygon([(0, top - rng.uniform(0, 12)), *shore, (0, SIDE)], fill=land)
    cliffs = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(cliffs).polygon([(0, top), *shore, (0, SIDE)], fill=255)
    image.paste(_textured(rng, image, (30, 8), 0.3), mask=cliffs)
    draw = ImageDraw.Draw(image)
    if rng.random() < 0.65:
        for _ in range(rng.randint(6, 28)):
            k = rng.uniform(0.12, 0.92)
            y = top + (SIDE - top) * k
            x = rng.uniform(-4, (SIDE * 0.12 + 0.4 * SIDE * k))
            w, h = rng.uniform(4, 9) * (0.6 + k), rng.uniform(5, 11) * (0.6 + k)
            draw.rectangle((x, y - h, x + w, y), fill=_vary(rng, rng.choice(PLASTER), 8))
            draw.rectangle((x, y - h, x + w, y - h * 0.75), fill=_vary(rng, (178, 84, 58)))
            draw.rectangle((x + w * 0.35, y - h * 0.55, x + w * 0.6, y - h * 0.25), fill=(84, 78, 80))
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return _done(image)


def waterfall(rng: random.Random) -> Image.Image:
    """Water falling over rocks into a pool; one to three streams."""
    image = _textured(rng, Image.new("RGB", (SIDE, SIDE), _vary(rng, rng.choice(ROCK))), (14, 6), 0.4)
    image = _textured(rng, image, (40, 20), 0.25)
    brink, pool = SIDE * rng.uniform(0.12, 0.34), SIDE * rng.uniform(0.72, 0.88)
    image.paste(_sky(rng, rng.choice(("day", "overcast"))).crop((0, 0, SIDE, int(brink))), (0, 0))
    draw = ImageDraw.Draw(image)
    green = _vary(rng, rng.choice(GRASS))
    for _ in range(rng.randint(12, 40)):
        x, y, r = rng.uniform(0, SIDE), brink + rng.gauss(0, 4), rng.uniform(4, 12)
        draw.ellipse((x - r, y - r, x + r, y + r * 0.6), fill=_shade(_vary(rng, green), rng.uniform(0.6, 1.1)))
    _water(rng, image, pool)
    light = np.asarray(image, np.float32).copy()
    ys = np.arange(SIDE, dtype=np.float32)[:, None]
    xs = np.arange(SIDE, dtype=np.float32)[None, :]
    streaks = np.asarray(_noise(rng, 48, 4), np.float32) / 255
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
    return _done(Image.fromarray(light.clip(0, 255).astype(np.uint8)))


def city(rng: random.Random, mood: str | None = None) -> Image.Image:
    """A skyline of tall buildings with windows, lit by night."""
    mood = mood or rng.choice(("day", "overcast", "dusk", "night"))
    image = _sky(rng, mood)
    draw = ImageDraw.Draw(image)
    night = mood in ("night", "dusk")
    for row in range(rng.randint(2, 3)):
        x = -rng.uniform(0, 10)
        tone = rng.choice(((96, 108, 126), (128, 132, 140), (150, 134, 120), (84, 92, 110)))
        while x < SIDE:
            w, h = rng.uniform(10, 22), SIDE * rng.uniform(0.22, 0.78) * (1.0 - 0.2 * row)
            wall = _shade(_vary(rng, tone), (0.4 if night else 1.15) * (1 - 0.16 * row))
            top = SIDE - h
            draw.rectangle((x, top, x + w, SIDE), fill=wall)
            if rng.random() < 0.2:
                draw.polygon([(x, top), (x + w / 2, top - rng.uniform(6, 22)), (x + w, top)], fill=wall)
            for wy in range(int(top) + 4, SIDE, 6):
                for wx in range(int(x) + 2, int(x + w) - 2, 5):
                    if rng.random() < 0.7:
                        lit = night and rng.random() < 0.6
                        pane = (250, 216, 130) if lit else _shade(wall, 0.72 if not night else 0.8)
                        draw.rectangle((wx, wy, wx + 2, wy + 3), fill=pane)
            x += w + rng.uniform(-2, 3)
    return _done(image)


def night_city(rng: random.Random) -> Image.Image:
    """A skyline by night."""
    return city(rng, "night")


def interior(rng: random.Random) -> Image.Image:
    """A room: wall and floor or table."""
    image = Image.new("RGB", (SIDE, SIDE), _vary(rng, rng.choice(WALLS)))
    draw = ImageDraw.Draw(image)
    edge = SIDE * rng.uniform(0.55, 0.85)
    draw.rectangle(
        (0, edge, SIDE, SIDE),
        fill=_vary(rng, rng.choice(((140, 100, 66), (110, 80, 60), (170, 140, 104), (90, 84, 80)))),
    )
    if rng.random() < 0.4:
        x, y, w, h = rng.uniform(0, 90), rng.uniform(4, 24), rng.uniform(24, 44), rng.uniform(28, 50)
        draw.rectangle((x, y, x + w, y + h), fill=rng.choice(SKIES["day"])[1], outline=(240, 236, 226), width=3)
        draw.line((x + w / 2, y, x + w / 2, y + h), fill=(240, 236, 226), width=2)
    image = _textured(rng, image, (6, 6), 0.12)
    return _done(image, rng.uniform(0, 2.5))


def cafe(rng: random.Random) -> Image.Image:
    """Behind a bar: shelves with cups and bottles, lamps."""
    image = _textured(rng, Image.new("RGB", (SIDE, SIDE), _shade(_vary(rng, rng.choice(WALLS)), 0.7)), (5, 5), 0.15)
    draw = ImageDraw.Draw(image)
    for y in sorted(rng.sample(range(22, 96, 18), rng.randint(2, 3))):
        draw.rectangle((0, y, SIDE, y + 3), fill=(96, 66, 44))
        x = rng.uniform(0, 6)
        while x < SIDE:
            w, h = rng.uniform(4, 8), rng.uniform(6, 15)
            draw.rectangle(
                (x, y - h, x + w, y),
                fill=_vary(
                    rng, rng.choice(((240, 236, 226), (84, 112, 80), (140, 72, 50), (200, 160, 90), (60, 60, 66))), 20
                ),
            )
            x += w + rng.uniform(1, 8)
    for _ in range(rng.randint(0, 3)):
        x, hang = rng.uniform(0, SIDE), rng.uniform(6, 24)
        draw.line((x, 0, x, hang), fill=(40, 36, 34))
        draw.ellipse((x - 5, hang - 3, x + 5, hang + 7), fill=(255, 226, 160))
    return _done(image, rng.uniform(0, 1.5))


def village(rng: random.Random, snow: bool = False) -> Image.Image:
    """Gabled houses on a slope, the nearer the larger, mountains or hills behind; a church in some."""
    image = _sky(rng, rng.choice(("day", "overcast", "dusk", "night") if snow else ("day", "day", "overcast", "dusk")))
    far = SIDE * rng.uniform(0.42, 0.58)
    if rng.random() < 0.8:
        _peaks(rng, image, far, snow or rng.random() < 0.3)
    draw = ImageDraw.Draw(image)
    ground = _vary(rng, rng.choice(SNOW if snow else GRASS), 8)
    for k in range(2):
        _fill(draw, _ridge(rng, far + 10 * k, SIDE * 0.07, 4, 0.4), _shade(ground, 0.88 + 0.1 * k))
    _trees(rng, image, far - 2, far + 12, rng.randint(0, 14), snow)
    lit = rng.random() < 0.5
    palette = rng.choice((TIMBER, PLASTER, (*TIMBER, *PLASTER)))
    spire = rng.random() < 0.45
    depth = SIDE - far
    rows = sorted(far + depth * rng.uniform(0.08, 0.85) ** 1.3 for _ in range(rng.randint(4, 14)))
    for n, y in enumerate(rows):
        near = (y - far) / depth
        w = SIDE * (0.09 + 0.2 * near) * rng.uniform(0.75, 1.3)
        x = rng.uniform(-0.05, 1.0) * SIDE - w / 2
        if spire and n == len(rows) // 3:
            _steeple(rng, image, x + w, y, w * 0.4, snow)
        _house(rng, image, (x, y), w, rng.choice(palette), snow, lit)
        if rng.random() < 0.35:
            _trees(rng, image, y, min(SIDE, y + 6), 1, snow)
    if snow and rng.random() < 0.3:
        flakes = ImageDraw.Draw(image)
        for _ in range(rng.randint(20, 70)):
            fx, fy, r = rng.uniform(0, SIDE), rng.uniform(0, SIDE), rng.uniform(0.4, 1.2)
            flakes.ellipse((fx - r, fy - r, fx + r, fy + r), fill=(250, 250, 252))
    return _done(_textured(rng, image, (20, 20), 0.07))


def snowy_village(rng: random.Random) -> Image.Image:
    """A village under snow."""
    return village(rng, snow=True)


def _house(
    rng: random.Random,
    image: Image.Image,
    foot: tuple[float, float],
    width: float,
    wall: Colour,
    snow: bool,
    lit: bool,
) -> None:
    """A house seen at an angle: gable and long side, roof, windows, perhaps a chimney."""
    draw = ImageDraw.Draw(image)
    x, y = foot
    height, gable = width * rng.uniform(0.42, 0.62), width * rng.uniform(0.34, 0.46)
    rise = width * rng.uniform(0.28, 0.46)
    front, side = _vary(rng, wall), _shade(_vary(rng, wall), 0.74)
    roof = rng.choice(SNOW) if snow else _vary(rng, rng.choice(ROOFS))
    pane = (252, 212, 118) if lit and rng.random() < 0.8 else _shade(wall, 0.42)
    top, apex, eaves = y - height, (x + gable / 2, y - height - rise), width * 0.05
    draw.rectangle((x + gable, top, x + width, y), fill=side)
    draw.polygon([(x, y), (x, top), apex, (x + gable, top), (x + gable, y)], fill=front)
    ridge = (x + width - gable * 0.35, apex[1])
    slope = [apex, ridge, (x + width + eaves, top + eaves), (x + gable, top + eaves)]
    draw.polygon(slope, fill=roof)
    thick = max(1, round(width * 0.07))
    draw.line(
        [(x - eaves, top + eaves), apex, (x + gable, top + eaves)],
        fill=_shade(roof, 0.95 if snow else 0.8),
        width=thick,
    )
    for k in range(rng.randint(1, 3)):
        wx = x + gable + (width - gable) * (0.15 + 0.28 * k)
        draw.rectangle((wx, top + height * 0.3, wx + width * 0.09, top + height * 0.62), fill=pane)
    draw.rectangle((x + gable * 0.38, y - height * 0.52, x + gable * 0.62, y), fill=_shade(wall, 0.4))
    if rng.random() < 0.5:
        cx = x + width * 0.66
        draw.rectangle((cx, apex[1] - rise * 0.3, cx + width * 0.08, apex[1] + rise * 0.3), fill=_shade(wall, 0.6))
        if snow:
            draw.rectangle((cx, apex[1] - rise * 0.36, cx + width * 0.08, apex[1] - rise * 0.22), fill=roof)


def _steeple(rng: random.Random, image: Image.Image, x: float, y: float, width: float, snow: bool) -> None:
    """The tower of a church."""
    draw = ImageDraw.Draw(image)
    wall = _vary(rng, rng.choice(PLASTER))
    top = y - width * rng.uniform(2.6, 3.6)
    draw.rectangle((x, top, x + width, y), fill=wall)
    draw.rectangle((x + width * 0.6, top, x + width, y), fill=_shade(wall, 0.78))
    cap = rng.choice(SNOW) if snow else _vary(rng, rng.choice(ROOFS))
    draw.polygon(
        [(x - width * 0.12, top), (x + width / 2, top - width * rng.uniform(1.2, 2.2)), (x + width * 1.12, top)],
        fill=cap,
    )
    draw.ellipse((x + width * 0.3, top + width * 0.3, x + width * 0.7, top + width * 0.7), fill=_shade(wall, 0.5))


def cliffs(rng: random.Random) -> Image.Image:
    """A steep coast: cliffs that fall to the sea, houses stacked on them, mountains behind."""
    image = _sky(rng, rng.choice(("day", "day", "day", "dusk", "overcast")))
    horizon = SIDE * rng.uniform(0.34, 0.5)
    _water(rng, image, horizon)
    draw = ImageDraw.Draw(image)
    rock, green = _vary(rng, rng.choice(ROCK)), _vary(rng, rng.choice(GRASS))
    for k in range(rng.randint(1, 3)):
        # Headlands, the farther the paler.
        reach, height = SIDE * rng.uniform(0.35, 0.75), SIDE * rng.uniform(0.12, 0.34)
        pale = 1.25 - 0.1 * k
        outline = [(-4.0, horizon - height), (reach * 0.5, horizon - height * rng.uniform(0.6, 1.0))]
        outline += [(reach * 0.85, horizon - height * 0.35), (reach, horizon + 1), (-4, horizon + 1)]
        draw.polygon(outline, fill=_shade(rng.choice((rock, green)), pale))
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
    face = _textured(rng, _textured(rng, Image.new("RGB", (SIDE, SIDE), rock), (34, 9), 0.35), (7, 7), 0.25)
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
        draw.ellipse((x - r, y - r * 0.7, x + r, y + r * 0.7), fill=_shade(_vary(rng, green), rng.uniform(0.6, 1.0)))
    if rng.random() < 0.75:
        for down in sorted(rng.uniform(0.04, 0.8) for _ in range(rng.randint(10, 34))):
            y = crest + (SIDE - crest) * down
            x = rng.uniform(-4, foot * (0.42 + 0.45 * down) - 6)
            w, h = rng.uniform(5, 9) * (0.7 + 0.6 * down), rng.uniform(6, 12) * (0.7 + 0.6 * down)
            plaster = _vary(rng, rng.choice(PLASTER), 10)
            draw.rectangle((x, y - h, x + w, y), fill=plaster)
            draw.rectangle((x + w * 0.7, y - h, x + w, y), fill=_shade(plaster, 0.8))
            draw.rectangle((x - 0.5, y - h, x + w + 0.5, y - h * 0.8), fill=_vary(rng, rng.choice(ROOFS)))
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
    return _done(image)


def cascades(rng: random.Random) -> Image.Image:
    """Waterfalls in a forest: two to four steps of rock with white water between dark banks."""
    image = _sky(rng, rng.choice(("day", "overcast", "dusk")))
    draw = ImageDraw.Draw(image)
    green, rock = (
        _shade(_vary(rng, rng.choice(GRASS)), 0.7),
        _shade(_vary(rng, rng.choice(ROCK)), rng.uniform(0.5, 0.9)),
    )
    top = SIDE * rng.uniform(0.05, 0.3)
    _fill(draw, _ridge(rng, top + 6, SIDE * 0.1, 4, 2), green)
    _trees(rng, image, top, top + 16, rng.randint(0, 18), False)
    face = _textured(rng, _textured(rng, Image.new("RGB", (SIDE, SIDE), rock), (26, 6), 0.5), (9, 18), 0.3)
    image.paste(face.crop((0, int(top) + 8, SIDE, SIDE)), (0, int(top) + 8))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(10, 30)):
        side, y, r = (
            rng.choice((rng.uniform(-0.1, 0.25), rng.uniform(0.75, 1.1))),
            rng.uniform(top, SIDE),
            rng.uniform(4, 12),
        )
        draw.ellipse(
            (side * SIDE - r, y - r, side * SIDE + r, y + r), fill=_shade(_vary(rng, green), rng.uniform(0.6, 1.2))
        )
    light = np.asarray(image, np.float32).copy()
    ys, xs = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    streaks = np.asarray(_noise(rng, 56, 5), np.float32) / 255
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
    _water(rng, pool, SIDE * 0.9)
    return _done(pool)


def pagoda(rng: random.Random) -> Image.Image:
    """A tower of curved roofs, each smaller than the one below, on a hill or among trees."""
    image = _sky(rng, rng.choice(("day", "day", "overcast", "dusk")))
    base = SIDE * rng.uniform(0.8, 0.95)
    if rng.random() < 0.6:
        _peaks(rng, image, base, rng.random() < 0.3)
    draw = ImageDraw.Draw(image)
    _fill(draw, _ridge(rng, base, SIDE * 0.1, 3, 0.4), _vary(rng, rng.choice(GRASS)))
    for _ in range(1 if rng.random() < 0.7 else rng.randint(2, 5)):
        alone = rng.random() < 0.75
        x = SIDE * (rng.uniform(0.35, 0.65) if alone else rng.uniform(0.1, 0.9))
        _tiers(
            rng,
            image,
            x,
            base + rng.uniform(-2, 4),
            SIDE * (rng.uniform(0.4, 0.62) if alone else rng.uniform(0.2, 0.4)),
        )
    _trees(rng, image, base - 4, SIDE * 1.02, rng.randint(0, 9), False)
    return _done(_textured(rng, image, (18, 18), 0.07))


def old_city(rng: random.Random) -> Image.Image:
    """Curved roofs one behind the other."""
    image = _sky(rng, rng.choice(("day", "overcast", "dusk")))
    base = SIDE * rng.uniform(0.4, 0.55)
    if rng.random() < 0.7:
        _peaks(rng, image, base, rng.random() < 0.3)
    _fill(ImageDraw.Draw(image), _ridge(rng, base, SIDE * 0.06, 3, 0.4), _vary(rng, rng.choice((*GRASS, *SAND))))
    for y in sorted(rng.uniform(base, SIDE * 0.98) for _ in range(rng.randint(6, 14))):
        near = (y - base) / (SIDE - base)
        width = SIDE * (0.16 + 0.26 * near) * rng.uniform(0.8, 1.2)
        _tiers(rng, image, rng.uniform(0, SIDE), y, width, rng.choice((1, 1, 2, 3)))
    return _done(_textured(rng, image, (18, 18), 0.07))


def _tiers(rng: random.Random, image: Image.Image, x: float, y: float, width: float, tiers: int | None = None) -> None:
    """Storeys under curved roofs, from the ground up."""
    draw = ImageDraw.Draw(image)
    storeys = tiers or rng.randint(3, 7)
    height = min((y - 10) / storeys, width * rng.uniform(0.28, 0.42))
    wall = _vary(rng, rng.choice(((176, 60, 44), (150, 84, 58), (206, 178, 140), (120, 70, 52), (228, 214, 190))))
    roof = _vary(rng, rng.choice(((58, 64, 70), (70, 92, 84), (92, 60, 46), (40, 48, 60), (196, 150, 60))))
    if tiers is None:
        draw.rectangle((x - width * 0.5, y - height * 0.16, x + width * 0.5, y + 3), fill=(150, 142, 132))
    for k in range(storeys):
        w = width * (1 - 0.62 * k / max(storeys, 3))
        floor, ceiling = y - height * k, y - height * (k + 0.62)
        draw.rectangle((x - w * 0.33, ceiling, x + w * 0.33, floor), fill=wall)
        for n in range(3):
            px = x + w * (-0.2 + 0.17 * n)
            draw.rectangle((px, ceiling + height * 0.2, px + w * 0.08, floor), fill=_shade(wall, 0.5))
        tip, eave = y - height * (k + 1.05), ceiling + height * 0.1
        draw.polygon(
            [
                *((x - w * 0.56, eave - height * 0.14), (x - w * 0.4, eave), (x + w * 0.4, eave)),
                *((x + w * 0.56, eave - height * 0.14), (x + w * 0.3, ceiling - height * 0.14)),
                *((x + w * 0.22, tip), (x - w * 0.22, tip), (x - w * 0.3, ceiling - height * 0.14)),
            ],
            fill=roof,
        )
        draw.line([(x - w * 0.4, eave), (x + w * 0.4, eave)], fill=_shade(roof, 1.5), width=1)
    crown = y - height * (storeys + 0.05)
    draw.polygon([(x - width * 0.09, crown), (x, crown - height * 0.5), (x + width * 0.09, crown)], fill=roof)
    if tiers is None:
        draw.line([(x, crown - height * 0.4), (x, crown - height * 1.0)], fill=_shade(roof, 1.3), width=2)


def campfire(rng: random.Random) -> Image.Image:
    """People who sit and stand around a fire at night, lit by it."""
    image = _sky(rng, rng.choice(("night", "night", "night", "dusk")))
    ground = SIDE * rng.uniform(0.42, 0.62)
    if rng.random() < 0.35:
        _peaks(rng, image, ground, False)
    draw = ImageDraw.Draw(image)
    soil = _shade(_vary(rng, rng.choice((*GRASS, *ROCK, *SAND))), rng.uniform(0.28, 0.5))
    _fill(draw, _ridge(rng, ground, SIDE * 0.04, 3, 0.4), soil)
    if rng.random() < 0.6:
        _trees(rng, image, ground - 4, ground + 8, rng.randint(3, 14), False)
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
    return _done(image)


def _sitter(rng: random.Random, image: Image.Image, foot: tuple[float, float], height: float, facing: int) -> None:
    """Someone beside a fire, who faces it: +1 looks to the right. The side towards the fire is lit."""
    draw = ImageDraw.Draw(image)
    x, y = foot
    cloth = _shade(_vary(rng, rng.choice(CLOTHES)), rng.uniform(0.45, 0.75))
    warm = (min(255, cloth[0] + 96), min(255, cloth[1] + 48), cloth[2])
    skin = _vary(rng, rng.choice(((226, 158, 108), (196, 124, 80), (150, 92, 60), (238, 178, 130))))
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
            fill=_shade(warm, 0.8),
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
        brim = _shade(_vary(rng, rng.choice(CLOTHES)), 0.5)
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


def counter(rng: random.Random) -> Image.Image:
    """The counter of a bar with cups and a coffee machine on it, and nothing above: what stands before a barista."""
    image = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    top = SIDE * rng.uniform(0.74, 0.86)
    wood = _vary(rng, rng.choice(((122, 82, 52), (88, 58, 40), (160, 118, 78), (60, 54, 52), (196, 190, 182))))
    draw.rectangle((0, top, SIDE, SIDE), fill=_shade(wood, 0.72))
    draw.rectangle((0, top, SIDE, top + SIDE * 0.05), fill=_shade(wood, 1.25))
    if rng.random() < 0.65:
        side = rng.choice((0.0, 0.62)) * SIDE
        w, h = SIDE * rng.uniform(0.3, 0.38), SIDE * rng.uniform(0.24, 0.32)
        metal = rng.choice(((176, 180, 186), (70, 72, 78), (168, 54, 46), (210, 208, 204)))
        draw.rectangle((side, top - h, side + w, top), fill=metal)
        draw.rectangle((side, top - h, side + w, top - h * 0.8), fill=_shade(metal, 1.25))
        draw.rectangle((side + w * 0.12, top - h * 0.55, side + w * 0.88, top - h * 0.1), fill=_shade(metal, 0.4))
        for k in range(2):
            gx = side + w * (0.3 + 0.36 * k)
            draw.rectangle((gx - 2, top - h * 0.6, gx + 2, top - h * 0.34), fill=(40, 38, 38))
    for _ in range(rng.randint(1, 4)):
        x, w = rng.uniform(0.08, 0.86) * SIDE, SIDE * rng.uniform(0.07, 0.13)
        china = rng.choice(((246, 244, 240), (236, 220, 196), (70, 110, 120), (180, 70, 54)))
        draw.polygon([(x, top - w * 0.8), (x + w, top - w * 0.8), (x + w * 0.8, top), (x + w * 0.2, top)], fill=china)
        draw.ellipse((x, top - w * 0.95, x + w, top - w * 0.65), fill=(92, 56, 36))
        draw.arc((x + w * 0.8, top - w * 0.7, x + w * 1.3, top - w * 0.2), -90, 90, fill=china, width=2)
        if rng.random() < 0.5:
            draw.line([(x + w * 0.5, top - w), (x + w * 0.6, top - w * 1.6)], fill=(236, 236, 236, 150), width=2)
    return image


BACKDROPS: Mapping[str, Drawing] = {
    "mountains": mountains,
    "snowy mountains": snowy_mountains,
    "hills": hills,
    "night hills": night_hills,
    "snowy hills": snowy_hills,
    "field": field,
    "forest": forest,
    "sea": sea,
    "coast": coast,
    "waterfall": waterfall,
    "city": city,
    "night city": night_city,
    "interior": interior,
    "cafe": cafe,
    "village": village,
    "snowy village": snowy_village,
    "cliffs": cliffs,
    "cascades": cascades,
    "pagoda": pagoda,
    "old city": old_city,
    "campfire": campfire,
    "counter": counter,
}
"""Every place by its name."""
