"""Drawn places: what stands behind subjects, and scenery of which the packs have too little.

Each function draws one place, `SIDE` pixels wide in RGB, with its own random numbers; shrunk, its edges are smooth.
"""

import random
from collections.abc import Callable, Mapping, Sequence

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
}
"""Every place by its name."""
