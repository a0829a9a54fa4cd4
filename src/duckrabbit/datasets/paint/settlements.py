"""Drawn places where people live: cities, rooms, villages and towers."""

import random

from PIL import Image, ImageDraw

from duckrabbit.datasets.paint.brushes import (
    GRASS,
    PLASTER,
    ROOFS,
    SAND,
    SIDE,
    SKIES,
    SNOW,
    TIMBER,
    WALLS,
    Colour,
    draw_peaks,
    draw_sky,
    draw_trees,
    fill_below,
    finished,
    ridge_line,
    shaded,
    textured,
    varied,
)


def city(rng: random.Random, mood: str | None = None) -> Image.Image:
    """A skyline of tall buildings with windows, lit by night."""
    mood = mood or rng.choice(("day", "overcast", "dusk", "night"))
    image = draw_sky(rng, mood)
    draw = ImageDraw.Draw(image)
    night = mood in ("night", "dusk")
    for row in range(rng.randint(2, 3)):
        x = -rng.uniform(0, 10)
        tone = rng.choice(((96, 108, 126), (128, 132, 140), (150, 134, 120), (84, 92, 110)))
        while x < SIDE:
            w, h = rng.uniform(10, 22), SIDE * rng.uniform(0.22, 0.78) * (1.0 - 0.2 * row)
            wall = shaded(varied(rng, tone), (0.4 if night else 1.15) * (1 - 0.16 * row))
            top = SIDE - h
            draw.rectangle((x, top, x + w, SIDE), fill=wall)
            if rng.random() < 0.2:
                draw.polygon([(x, top), (x + w / 2, top - rng.uniform(6, 22)), (x + w, top)], fill=wall)
            for wy in range(int(top) + 4, SIDE, 6):
                for wx in range(int(x) + 2, int(x + w) - 2, 5):
                    if rng.random() < 0.7:
                        lit = night and rng.random() < 0.6
                        pane = (250, 216, 130) if lit else shaded(wall, 0.72 if not night else 0.8)
                        draw.rectangle((wx, wy, wx + 2, wy + 3), fill=pane)
            x += w + rng.uniform(-2, 3)
    return finished(image)


def night_city(rng: random.Random) -> Image.Image:
    """A skyline by night."""
    return city(rng, "night")


def interior(rng: random.Random) -> Image.Image:
    """A room: wall and floor or table."""
    image = Image.new("RGB", (SIDE, SIDE), varied(rng, rng.choice(WALLS)))
    draw = ImageDraw.Draw(image)
    edge = SIDE * rng.uniform(0.55, 0.85)
    draw.rectangle(
        (0, edge, SIDE, SIDE),
        fill=varied(rng, rng.choice(((140, 100, 66), (110, 80, 60), (170, 140, 104), (90, 84, 80)))),
    )
    if rng.random() < 0.4:
        x, y, w, h = rng.uniform(0, 90), rng.uniform(4, 24), rng.uniform(24, 44), rng.uniform(28, 50)
        draw.rectangle((x, y, x + w, y + h), fill=rng.choice(SKIES["day"])[1], outline=(240, 236, 226), width=3)
        draw.line((x + w / 2, y, x + w / 2, y + h), fill=(240, 236, 226), width=2)
    image = textured(rng, image, (6, 6), 0.12)
    return finished(image, rng.uniform(0, 2.5))


def cafe(rng: random.Random) -> Image.Image:
    """Behind a bar: shelves with cups and bottles, lamps."""
    image = textured(rng, Image.new("RGB", (SIDE, SIDE), shaded(varied(rng, rng.choice(WALLS)), 0.7)), (5, 5), 0.15)
    draw = ImageDraw.Draw(image)
    for y in sorted(rng.sample(range(22, 96, 18), rng.randint(2, 3))):
        draw.rectangle((0, y, SIDE, y + 3), fill=(96, 66, 44))
        x = rng.uniform(0, 6)
        while x < SIDE:
            w, h = rng.uniform(4, 8), rng.uniform(6, 15)
            draw.rectangle(
                (x, y - h, x + w, y),
                fill=varied(
                    rng, rng.choice(((240, 236, 226), (84, 112, 80), (140, 72, 50), (200, 160, 90), (60, 60, 66))), 20
                ),
            )
            x += w + rng.uniform(1, 8)
    for _ in range(rng.randint(0, 3)):
        x, hang = rng.uniform(0, SIDE), rng.uniform(6, 24)
        draw.line((x, 0, x, hang), fill=(40, 36, 34))
        draw.ellipse((x - 5, hang - 3, x + 5, hang + 7), fill=(255, 226, 160))
    return finished(image, rng.uniform(0, 1.5))


def village(rng: random.Random, snow: bool = False) -> Image.Image:
    """Gabled houses on a slope, the nearer the larger, mountains or hills behind; a church in some."""
    image = draw_sky(
        rng, rng.choice(("day", "overcast", "dusk", "night") if snow else ("day", "day", "overcast", "dusk"))
    )
    far = SIDE * rng.uniform(0.42, 0.58)
    if rng.random() < 0.8:
        draw_peaks(rng, image, far, snow or rng.random() < 0.3)
    draw = ImageDraw.Draw(image)
    ground = varied(rng, rng.choice(SNOW if snow else GRASS), 8)
    for k in range(2):
        fill_below(draw, ridge_line(rng, far + 10 * k, SIDE * 0.07, 4, 0.4), shaded(ground, 0.88 + 0.1 * k))
    draw_trees(rng, image, far - 2, far + 12, rng.randint(0, 14), snow)
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
            draw_trees(rng, image, y, min(SIDE, y + 6), 1, snow)
    if snow and rng.random() < 0.3:
        flakes = ImageDraw.Draw(image)
        for _ in range(rng.randint(20, 70)):
            fx, fy, r = rng.uniform(0, SIDE), rng.uniform(0, SIDE), rng.uniform(0.4, 1.2)
            flakes.ellipse((fx - r, fy - r, fx + r, fy + r), fill=(250, 250, 252))
    return finished(textured(rng, image, (20, 20), 0.07))


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
    front, side = varied(rng, wall), shaded(varied(rng, wall), 0.74)
    roof = rng.choice(SNOW) if snow else varied(rng, rng.choice(ROOFS))
    pane = (252, 212, 118) if lit and rng.random() < 0.8 else shaded(wall, 0.42)
    top, apex, eaves = y - height, (x + gable / 2, y - height - rise), width * 0.05
    draw.rectangle((x + gable, top, x + width, y), fill=side)
    draw.polygon([(x, y), (x, top), apex, (x + gable, top), (x + gable, y)], fill=front)
    ridge = (x + width - gable * 0.35, apex[1])
    slope = [apex, ridge, (x + width + eaves, top + eaves), (x + gable, top + eaves)]
    draw.polygon(slope, fill=roof)
    thick = max(1, round(width * 0.07))
    draw.line(
        [(x - eaves, top + eaves), apex, (x + gable, top + eaves)],
        fill=shaded(roof, 0.95 if snow else 0.8),
        width=thick,
    )
    for k in range(rng.randint(1, 3)):
        wx = x + gable + (width - gable) * (0.15 + 0.28 * k)
        draw.rectangle((wx, top + height * 0.3, wx + width * 0.09, top + height * 0.62), fill=pane)
    draw.rectangle((x + gable * 0.38, y - height * 0.52, x + gable * 0.62, y), fill=shaded(wall, 0.4))
    if rng.random() < 0.5:
        cx = x + width * 0.66
        draw.rectangle((cx, apex[1] - rise * 0.3, cx + width * 0.08, apex[1] + rise * 0.3), fill=shaded(wall, 0.6))
        if snow:
            draw.rectangle((cx, apex[1] - rise * 0.36, cx + width * 0.08, apex[1] - rise * 0.22), fill=roof)


def _steeple(rng: random.Random, image: Image.Image, x: float, y: float, width: float, snow: bool) -> None:
    """The tower of a church."""
    draw = ImageDraw.Draw(image)
    wall = varied(rng, rng.choice(PLASTER))
    top = y - width * rng.uniform(2.6, 3.6)
    draw.rectangle((x, top, x + width, y), fill=wall)
    draw.rectangle((x + width * 0.6, top, x + width, y), fill=shaded(wall, 0.78))
    cap = rng.choice(SNOW) if snow else varied(rng, rng.choice(ROOFS))
    draw.polygon(
        [(x - width * 0.12, top), (x + width / 2, top - width * rng.uniform(1.2, 2.2)), (x + width * 1.12, top)],
        fill=cap,
    )
    draw.ellipse((x + width * 0.3, top + width * 0.3, x + width * 0.7, top + width * 0.7), fill=shaded(wall, 0.5))


def pagoda(rng: random.Random) -> Image.Image:
    """A tower of curved roofs, each smaller than the one below, on a hill or among trees."""
    image = draw_sky(rng, rng.choice(("day", "day", "overcast", "dusk")))
    base = SIDE * rng.uniform(0.8, 0.95)
    if rng.random() < 0.6:
        draw_peaks(rng, image, base, rng.random() < 0.3)
    draw = ImageDraw.Draw(image)
    fill_below(draw, ridge_line(rng, base, SIDE * 0.1, 3, 0.4), varied(rng, rng.choice(GRASS)))
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
    draw_trees(rng, image, base - 4, SIDE * 1.02, rng.randint(0, 9), False)
    return finished(textured(rng, image, (18, 18), 0.07))


def old_city(rng: random.Random) -> Image.Image:
    """Curved roofs one behind the other."""
    image = draw_sky(rng, rng.choice(("day", "overcast", "dusk")))
    base = SIDE * rng.uniform(0.4, 0.55)
    if rng.random() < 0.7:
        draw_peaks(rng, image, base, rng.random() < 0.3)
    fill_below(
        ImageDraw.Draw(image), ridge_line(rng, base, SIDE * 0.06, 3, 0.4), varied(rng, rng.choice((*GRASS, *SAND)))
    )
    for y in sorted(rng.uniform(base, SIDE * 0.98) for _ in range(rng.randint(6, 14))):
        near = (y - base) / (SIDE - base)
        width = SIDE * (0.16 + 0.26 * near) * rng.uniform(0.8, 1.2)
        _tiers(rng, image, rng.uniform(0, SIDE), y, width, rng.choice((1, 1, 2, 3)))
    return finished(textured(rng, image, (18, 18), 0.07))


def _tiers(rng: random.Random, image: Image.Image, x: float, y: float, width: float, tiers: int | None = None) -> None:
    """Storeys under curved roofs, from the ground up."""
    draw = ImageDraw.Draw(image)
    storeys = tiers or rng.randint(3, 7)
    height = min((y - 10) / storeys, width * rng.uniform(0.28, 0.42))
    wall = varied(rng, rng.choice(((176, 60, 44), (150, 84, 58), (206, 178, 140), (120, 70, 52), (228, 214, 190))))
    roof = varied(rng, rng.choice(((58, 64, 70), (70, 92, 84), (92, 60, 46), (40, 48, 60), (196, 150, 60))))
    if tiers is None:
        draw.rectangle((x - width * 0.5, y - height * 0.16, x + width * 0.5, y + 3), fill=(150, 142, 132))
    for k in range(storeys):
        w = width * (1 - 0.62 * k / max(storeys, 3))
        floor, ceiling = y - height * k, y - height * (k + 0.62)
        draw.rectangle((x - w * 0.33, ceiling, x + w * 0.33, floor), fill=wall)
        for n in range(3):
            px = x + w * (-0.2 + 0.17 * n)
            draw.rectangle((px, ceiling + height * 0.2, px + w * 0.08, floor), fill=shaded(wall, 0.5))
        tip, eave = y - height * (k + 1.05), ceiling + height * 0.1
        draw.polygon(
            [
                *((x - w * 0.56, eave - height * 0.14), (x - w * 0.4, eave), (x + w * 0.4, eave)),
                *((x + w * 0.56, eave - height * 0.14), (x + w * 0.3, ceiling - height * 0.14)),
                *((x + w * 0.22, tip), (x - w * 0.22, tip), (x - w * 0.3, ceiling - height * 0.14)),
            ],
            fill=roof,
        )
        draw.line([(x - w * 0.4, eave), (x + w * 0.4, eave)], fill=shaded(roof, 1.5), width=1)
    crown = y - height * (storeys + 0.05)
    draw.polygon([(x - width * 0.09, crown), (x, crown - height * 0.5), (x + width * 0.09, crown)], fill=roof)
    if tiers is None:
        draw.line([(x, crown - height * 0.4), (x, crown - height * 1.0)], fill=shaded(roof, 1.3), width=2)


def counter(rng: random.Random) -> Image.Image:
    """The counter of a bar with cups and a coffee machine on it, and nothing above: what stands before a barista."""
    image = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    top = SIDE * rng.uniform(0.74, 0.86)
    wood = varied(rng, rng.choice(((122, 82, 52), (88, 58, 40), (160, 118, 78), (60, 54, 52), (196, 190, 182))))
    draw.rectangle((0, top, SIDE, SIDE), fill=shaded(wood, 0.72))
    draw.rectangle((0, top, SIDE, top + SIDE * 0.05), fill=shaded(wood, 1.25))
    if rng.random() < 0.65:
        side = rng.choice((0.0, 0.62)) * SIDE
        w, h = SIDE * rng.uniform(0.3, 0.38), SIDE * rng.uniform(0.24, 0.32)
        metal = rng.choice(((176, 180, 186), (70, 72, 78), (168, 54, 46), (210, 208, 204)))
        draw.rectangle((side, top - h, side + w, top), fill=metal)
        draw.rectangle((side, top - h, side + w, top - h * 0.8), fill=shaded(metal, 1.25))
        draw.rectangle((side + w * 0.12, top - h * 0.55, side + w * 0.88, top - h * 0.1), fill=shaded(metal, 0.4))
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
