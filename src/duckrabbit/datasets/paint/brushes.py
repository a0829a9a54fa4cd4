"""Colours and strokes of drawn places: skies, ridges, peaks, trees, water."""

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

TIMBER: Sequence[Colour] = ((104, 72, 52), (128, 86, 58), (84, 62, 50), (146, 108, 76), (92, 84, 78))

ROOFS: Sequence[Colour] = ((150, 70, 50), (110, 62, 48), (84, 80, 84), (126, 96, 72), (178, 84, 58))

CLOTHES: Sequence[Colour] = (
    *((120, 60, 50), (60, 70, 104), (84, 92, 70), (140, 110, 80), (70, 62, 66), (150, 130, 116), (96, 48, 60)),
    *((52, 84, 88), (168, 120, 60)),
)

Drawing = Callable[[random.Random], Image.Image]


def shaded(colour: Colour, factor: float) -> Colour:
    r, g, b = (max(0, min(255, round(c * factor))) for c in colour)
    return r, g, b


def varied(rng: random.Random, colour: Colour, amount: int = 14) -> Colour:
    r, g, b = (max(0, min(255, c + rng.randint(-amount, amount))) for c in colour)
    return r, g, b


def smooth_noise(rng: random.Random, width: int, height: int) -> Image.Image:
    """Smooth grey noise from a grid of width×height random values."""
    values = np.frombuffer(rng.randbytes(width * height), np.uint8).reshape(height, width)
    return Image.fromarray(values).resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def textured(rng: random.Random, image: Image.Image, grid: tuple[int, int], strength: float) -> Image.Image:
    """Lighten and darken by smooth noise."""
    noise = np.asarray(smooth_noise(rng, *grid), np.float32)[..., None] / 127.5 - 1
    pixels = np.asarray(image, np.float32) * (1 + strength * noise)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def draw_sky(rng: random.Random, mood: str) -> Image.Image:
    """A sky of a mood: a gradient, with clouds by day and stars by night."""
    top, bottom = rng.choice(SKIES[mood])
    ramp = np.linspace(0, 1, SIDE, dtype=np.float32)[:, None, None] ** rng.uniform(0.7, 1.4)
    sky = (1 - ramp) * np.array(varied(rng, top), np.float32) + ramp * np.array(varied(rng, bottom), np.float32)
    sky = np.broadcast_to(sky, (SIDE, SIDE, 3)).copy()
    if mood == "night":
        for _ in range(rng.randint(0, 50)):
            sky[rng.randrange(SIDE - 40), rng.randrange(SIDE)] += rng.uniform(60, 200)
    elif rng.random() < 0.6:
        cloud = np.asarray(smooth_noise(rng, rng.randint(3, 7), rng.randint(4, 10)), np.float32)[..., None] / 255
        cover = (cloud - rng.uniform(0.45, 0.7)).clip(0, 1) * rng.uniform(1.0, 3.0)
        sky += cover.clip(0, 0.9) * (np.array((250, 246, 240), np.float32) - sky)
    return Image.fromarray(sky.clip(0, 255).astype(np.uint8))


def ridge_line(rng: random.Random, base: float, height: float, peaks: int, rough: float) -> list[tuple[float, float]]:
    """The outline of hills or mountains from left to right, y in pixels."""
    xs = np.linspace(-4, SIDE + 4, 40)
    y = np.zeros_like(xs)
    for _ in range(peaks):
        centre, width = rng.uniform(0, SIDE), rng.uniform(0.25, 0.6) * SIDE
        y = np.maximum(y, height * rng.uniform(0.5, 1.0) * np.clip(1 - np.abs(xs - centre) / width, 0, None))
    y += np.array([rng.uniform(-rough, rough) for _ in xs]) * (y > 1)
    return [(float(x), float(base - h)) for x, h in zip(xs, y, strict=True)]


def fill_below(draw: ImageDraw.ImageDraw, ridge: Sequence[tuple[float, float]], colour: Colour) -> None:
    draw.polygon([*ridge, (SIDE + 4, SIDE + 4), (-4, SIDE + 4)], fill=colour)


def draw_peaks(rng: random.Random, image: Image.Image, base: float, snow: bool) -> None:
    """Mountains with lit and shaded flanks, and snow from some height on."""
    draw = ImageDraw.Draw(image)
    rock = varied(rng, rng.choice(ROCK))
    peaks = sorted(
        ((rng.uniform(0, SIDE), rng.uniform(0.3, 0.75) * SIDE) for _ in range(rng.randint(1, 4))), key=lambda p: -p[1]
    )
    for x, height in peaks:
        half, top = height * rng.uniform(0.6, 1.1), base - height
        left, right = x - half, x + half * rng.uniform(0.7, 1.3)
        ridge_foot = x + rng.uniform(-0.3, 0.3) * half
        draw.polygon([(x, top), (left, base), (ridge_foot, base)], fill=shaded(rock, 1.15))
        draw.polygon([(x, top), (ridge_foot, base), (right, base)], fill=shaded(rock, 0.75))
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
            draw.polygon([(x, top), middle, *edge[steps // 2 + 1 :]], fill=shaded(rng.choice(SNOW), 0.84))


def draw_trees(rng: random.Random, image: Image.Image, low: float, high: float, count: int, snowy: bool) -> None:
    """Firs between two heights, the nearer the larger."""
    draw = ImageDraw.Draw(image)
    for y in sorted(rng.uniform(low, high) for _ in range(count)):
        x, size = rng.uniform(0, SIDE), (6 + 16 * (y - low) / max(1.0, high - low)) * rng.uniform(0.7, 1.3)
        green = varied(rng, (40, 74, 52))
        draw.rectangle((x - size * 0.07, y - size * 0.2, x + size * 0.07, y), fill=(70, 52, 40))
        for k in range(3):
            top, half = y - size * (1.3 - 0.35 * k), size * (0.22 + 0.12 * k)
            draw.polygon([(x, top), (x - half, top + size * 0.5), (x + half, top + size * 0.5)], fill=green)
            if snowy:
                draw.polygon(
                    [(x, top), (x - half * 0.6, top + size * 0.26), (x + half * 0.6, top + size * 0.26)],
                    fill=(232, 238, 244),
                )


def finished(image: Image.Image, blur: float = 0.0) -> Image.Image:
    if blur > 0:
        return image.filter(ImageFilter.GaussianBlur(blur))
    return image


def draw_water(rng: random.Random, image: Image.Image, horizon: float) -> None:
    colour = varied(rng, rng.choice(SEA))
    strip = Image.new("RGB", (SIDE, SIDE), colour)
    strip = textured(rng, strip, (10, 64), 0.22)
    image.paste(strip.crop((0, 0, SIDE, SIDE - int(horizon))), (0, int(horizon)))
