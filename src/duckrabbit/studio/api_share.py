"""The API about pictures to give away: cards, films, pages, posters, jigsaws to cut."""

import urllib.parse
from pathlib import Path

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from duckrabbit.errors import UsageError
from duckrabbit.making.cards import TITLE, card
from duckrabbit.making.posters import POSTER_SIDE, poster
from duckrabbit.media.decode import decode
from duckrabbit.media.encoded import png_bytes, print_bytes
from duckrabbit.media.pixels import from_uint8
from duckrabbit.media.png import read_metadata
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.studio.api_models import studio_of
from duckrabbit.studio.api_pictures import entry_of, kept_as
from duckrabbit.studio.share import shared_picture_page
from duckrabbit.studio.sources import order_of_record
from duckrabbit.studio.web import Refusal, number_of

PRINTS = {"png": "image/png", "pdf": "application/pdf", "svg": "image/svg+xml"}
USUAL_MILLIMETRES = 200
MAX_TITLE, MAX_HINT = 80, 200


async def page(request: Request) -> Response:
    """One HTML file with the working viewer in it, to give away."""
    studio, entry = studio_of(request), await entry_of(request)
    content = await studio.pools.slow(shared_picture_page, studio.gallery.path(entry), *_words(request))
    return Response(content, media_type="text/html; charset=utf-8", headers=kept_as(request, entry, "html"))


async def share_card(request: Request) -> Response:
    """A card with the picture, its readings and a title."""
    studio, entry = studio_of(request), await entry_of(request)
    content = await studio.pools.slow(_card, studio.gallery.path(entry), *_words(request))
    return Response(content, media_type="image/png", headers=kept_as(request, entry, "png"))


async def print_out(request: Request) -> Response:
    """The picture enlarged for print, with every view kept: a poster, or a jigsaw with its cutting lines."""
    studio, entry = studio_of(request), await entry_of(request)
    form = request.query_params.get("format", "png")
    if form not in PRINTS:
        raise Refusal(422, f"There is no such format: the formats are {', '.join(PRINTS)}.")
    millimetres = number_of(request, "millimetres", USUAL_MILLIMETRES, 10, 2000)
    cuts = request.query_params.get("cuts") == "true"
    content, said = await studio.pools.slow(_printed, studio.gallery.path(entry), form, millimetres, cuts)
    headers = {"X-Enlarged": urllib.parse.quote(said, safe=" ,×"), **kept_as(request, entry, form)}
    return Response(content, media_type=PRINTS[form], headers=headers)


def _words(request: Request) -> tuple[str, str]:
    title = request.query_params.get("title", "")[:MAX_TITLE].strip()
    return title or TITLE, request.query_params.get("hint", "")[:MAX_HINT].strip()


def _card(path: Path, title: str, hint: str) -> bytes:
    recipe = _recipe(path)
    return png_bytes(card(from_uint8(np.asarray(decode(path))), recipe, title, hint))


def _printed(path: Path, form: str, millimetres: float, cuts: bool) -> tuple[bytes, str]:
    found = poster(from_uint8(np.asarray(decode(path))), _recipe(path), POSTER_SIDE)
    if cuts and not found.cuts:
        raise UsageError("This picture is no jigsaw: choose one that is put together in another way.")
    return print_bytes(found.pixels, form, millimetres, found.cuts if cuts else ()), found.said


def _recipe(path: Path) -> Recipe:
    order = order_of_record(read_metadata(path))
    if order is None:
        raise UsageError("This picture does not say how it was made: choose another.")
    return order.recipe
