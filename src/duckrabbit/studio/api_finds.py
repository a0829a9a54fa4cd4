"""The API about finding: look for pairs that work, look at the wall, keep some."""

from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from duckrabbit.illusions.views import parse_view
from duckrabbit.media.png import read_metadata
from duckrabbit.recipes.hybrid import DECOMPOSITIONS
from duckrabbit.studio.api_models import facts_of, studio_of
from duckrabbit.studio.bodies import FindRequest
from duckrabbit.studio.facts import Facts, check_prompts
from duckrabbit.studio.finds import keep
from duckrabbit.studio.sources import order_of_record
from duckrabbit.studio.web import Refusal, answer, json_of

NOT_CACHED = {"Cache-Control": "no-cache"}


async def wall(request: Request) -> Response:
    """What is looked for, and what was found, the best first."""
    found = studio_of(request).wall
    return answer({"find": None, "tiles": []} if found is None else {"find": found.told(), "tiles": found.tiles()})


async def find(request: Request) -> Response:
    """Look for pairs, in place of whatever was looked for before."""
    studio = studio_of(request)
    wanted: FindRequest = await json_of(request, FindRequest)
    facts = await facts_of(studio, wanted.model)
    await studio.pools.quick(_check, wanted, facts)
    begun = await studio.find(msgspec.structs.replace(wanted, model=facts.name), facts.load)
    return answer(begun.told(), 202)


async def stop_finding(request: Request) -> Response:
    """Look no further; what was found stays on the wall."""
    studio = studio_of(request)
    await studio.stop_finding()
    return answer(None if studio.wall is None else studio.wall.told())


async def tile(request: Request) -> Response:
    """The job that makes a tile's picture again."""
    studio, path = studio_of(request), _path(request)
    order = await studio.pools.quick(order_of_record, await studio.pools.quick(read_metadata, path))
    return answer({"job": None if order is None else order.to_json()})


async def tile_file(request: Request) -> Response:
    """A tile's picture."""
    path = _path(request)
    if not path.is_file():
        raise Refusal(404, "A better picture of this pair has taken its place: look at the wall again.")
    return FileResponse(path, media_type="image/png", headers=NOT_CACHED)


async def keep_tile(request: Request) -> Response:
    """Keep a tile's picture in the gallery."""
    studio = studio_of(request)
    name = await studio.pools.quick(keep, _path(request), studio.settings.out)
    await studio.pools.quick(studio.gallery.look)
    [entry] = await studio.pools.quick(studio.gallery.named, [name])
    studio.look()
    return answer(entry, 201)


def _check(wanted: FindRequest, facts: Facts) -> None:
    if not facts.samples or not facts.conditional:
        raise Refusal(400, f"{facts.name} can't be asked for anything: choose another model.")
    if wanted.parts is not None and wanted.view is not None:
        raise Refusal(422, "A hybrid is not read in a view: give a view, or parts.")
    if wanted.parts is not None and not any(set(wanted.parts) == set(names) for names in DECOMPOSITIONS):
        raise Refusal(422, "These are no parts of one hybrid: give near and far, for example.")
    if wanted.view is not None:
        parse_view(wanted.view).permutation(facts.size)
    if facts.kind == "digits" and wanted.style:
        raise Refusal(422, f"{facts.name}'s digits have no style: leave it out.")
    check_prompts([words for words in (wanted.style, wanted.subject) if words], facts)


def _path(request: Request) -> Path:
    found = studio_of(request).wall
    path = None if found is None else found.path(request.path_params["tile"])
    if path is None:
        raise Refusal(404, "There is no such picture on the wall: look at it again.")
    return path
