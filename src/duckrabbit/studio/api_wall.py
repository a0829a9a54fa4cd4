"""The API about the wall that one starts from, and about surprises."""

from random import SystemRandom

from starlette.requests import Request
from starlette.responses import Response

from duckrabbit.recipes.catalogue import RECIPES
from duckrabbit.studio.api_models import studio_of
from duckrabbit.studio.finds import FOLDER
from duckrabbit.studio.hanging import content_of, file_of, shipped_wall, surprise
from duckrabbit.studio.web import Refusal, answer


async def hanging(request: Request) -> Response:  # noqa: ARG001
    """What hangs on the wall, each with the job that makes it."""
    shown = shipped_wall()
    styles = [{"style": one.style, "id": one.id} for one in shown.styles]
    return answer({"pictures": [one.tile() for one in shown.pictures], "styles": styles})


async def hanging_file(request: Request) -> Response:
    """A picture of the wall, or of a style."""
    file = file_of(request.path_params["picture"])
    if file is None:
        raise Refusal(404, "There is no such picture on the wall: look at it again.")
    return Response(content_of(file), media_type="image/webp", headers={"Cache-Control": "private, max-age=3600"})


async def surprising(request: Request) -> Response:
    """A pair that works."""
    studio, verb = studio_of(request), request.query_params.get("verb", "")
    if verb not in RECIPES:
        raise Refusal(422, "There is no such verb: give anagram or hybrid.")
    found = await studio.pools.quick(surprise, verb, studio.settings.private / FOLDER, SystemRandom())
    if found is None:
        raise Refusal(404, "No pair of that kind is known to work: give anagram or hybrid.")
    return answer({"job": found.to_json()})
