"""The API about models: which there are, what they know, how their views move, and how they are trained."""

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from duckrabbit.diffusion.grid import GRIDS
from duckrabbit.diffusion.steps import SOLVERS
from duckrabbit.illusions.views import VIEWS, parse_view
from duckrabbit.media.animation import can_encode_mp4
from duckrabbit.media.shipped import SHIPPED_PICTURES
from duckrabbit.models.load import DEFAULT_DIGITS, DEFAULT_TEXT
from duckrabbit.recipes.hybrid import DECOMPOSITIONS
from duckrabbit.search.ambigram import reading_through
from duckrabbit.studio.bodies import LessonRequest, RunRequest
from duckrabbit.studio.core import Studio
from duckrabbit.studio.facts import RUN, Facts, all_facts, reading, suggestions
from duckrabbit.studio.motions import motion
from duckrabbit.studio.previews import FORMATS
from duckrabbit.studio.settings import MAX_CANDIDATES, MAX_COUNT, MAX_DIGITS, MAX_PROMPT, MAX_SIDE, MAX_WAITING_JOBS
from duckrabbit.studio.tasks import PAGE
from duckrabbit.studio.web import Refusal, answer, json_of, number_of
from duckrabbit.trained.digit_recipes import DIGIT_RECIPES
from duckrabbit.version import VERSION

USUAL_SECONDS = 15
"""What one is glad to wait: so many pictures are made as fit into it, unless a number is asked for."""


def studio_of(request: Request) -> Studio:
    """The studio that serves a request."""
    studio: Studio = request.app.state.studio
    return studio


async def facts_of(studio: Studio, name: str | None) -> Facts:
    """The model of a name, or of the path that a picture remembers it by.

    Raises:
        Refusal: 404 where there is none.
    """
    found = await studio.pools.quick(all_facts, studio.settings.runs)
    chosen = name or DEFAULT_TEXT
    for facts in found.values():
        if chosen in (facts.name, facts.load):
            return facts
    raise Refusal(404, f"There is no model of that name here: the models are {', '.join(found)}.")


async def overview(request: Request) -> Response:
    """What the page needs to know when it opens."""
    studio = studio_of(request)
    found = await studio.pools.quick(all_facts, studio.settings.runs)
    await studio.warm(found[DEFAULT_TEXT].load)
    content = {
        "version": VERSION,
        "notice": studio.notice,
        "models": [facts.to_json() for facts in found.values()],
        "defaults": {"words": DEFAULT_TEXT, "digits": DEFAULT_DIGITS},
        "views": [{"name": name, "what": view.description} for name, view in VIEWS.items() if name != "identity"],
        "hybrids": [list(parts) for parts in DECOMPOSITIONS],
        "pictures": [{"name": name, "what": picture.what} for name, picture in SHIPPED_PICTURES.items()],
        "training": [{"name": name, "what": recipe.summary} for name, recipe in DIGIT_RECIPES.items()],
        "solvers": list(SOLVERS),
        "grids": list(GRIDS),
        "films": [form for form in FORMATS if form != "mp4" or await studio.pools.quick(can_encode_mp4)],
        "largest_count": MAX_COUNT,
        "paces": studio.paces,
        "usual_seconds": USUAL_SECONDS,
        "most_candidates": MAX_CANDIDATES,
        "most_jobs": MAX_WAITING_JOBS,
        "run_prefix": RUN,
        **msgspec.structs.asdict(PAGE),
    }
    return answer(content)


async def words(request: Request) -> Response:
    """What a model can be asked for."""
    studio = studio_of(request)
    facts = await facts_of(studio, request.query_params.get("model"))
    found = await studio.pools.quick(suggestions, facts)
    return answer(found, headers={"Cache-Control": "max-age=3600"})


async def read_prompt(request: Request) -> Response:
    """How a model reads a prompt."""
    studio = studio_of(request)
    prompt = request.query_params.get("prompt", "")
    if len(prompt) > MAX_PROMPT:
        raise Refusal(422, f"A prompt has {MAX_PROMPT} characters at the most: shorten it.")
    facts = await facts_of(studio, request.query_params.get("model"))
    return answer(await studio.pools.quick(reading, prompt, facts))


async def read_row(request: Request) -> Response:
    """What a view makes of a row of digits."""
    digits, view = request.query_params.get("digits", ""), request.query_params.get("view", "")
    if not (0 < len(digits) <= MAX_DIGITS and set(digits) <= set("0123456789") and len(view) <= 100):
        raise Refusal(422, f"A row has 1 to {MAX_DIGITS} digits, and a view a name such as flip: give these.")
    reads = await studio_of(request).pools.slow(reading_through, digits, parse_view(view))
    return answer({"reads": reads}, headers={"Cache-Control": "max-age=3600"})


async def view_motion(request: Request) -> Response:
    """How a view moves, for a canvas to draw."""
    name = request.query_params.get("view", "")
    size = number_of(request, "size", 64, 4, MAX_SIDE)
    if len(name) > 100 or size > 256:
        raise Refusal(422, "A view has a name such as flip, and a picture a side up to 256: give these.")
    found = await studio_of(request).pools.slow(motion, name, size)
    return answer(found, headers={"Cache-Control": "max-age=3600"})


async def lesson(request: Request) -> Response:
    """How it works, with a picture of the person's own."""
    studio = studio_of(request)
    wanted: LessonRequest = await json_of(request, LessonRequest)
    facts = await facts_of(studio, wanted.model)
    if not facts.samples:
        raise Refusal(400, f"{facts.name} is not told the noise level: choose another model.")
    return answer(
        await studio.model_process.ask({"do": "lesson", "load": facts.load, "request": msgspec.to_builtins(wanted)})
    )


async def runs(request: Request) -> Response:
    """All runs, the latest first."""
    studio = studio_of(request)
    names = await studio.pools.quick(studio.training.names)
    found = [await studio.pools.quick(studio.training.summary, name) for name in names]
    return answer({"runs": [summary for summary in found if summary is not None]})


async def run(request: Request) -> Response:
    """One run with its loss curve."""
    studio, name = studio_of(request), request.path_params["run"]
    summary = await studio.pools.quick(studio.training.summary, name)
    if summary is None:
        raise Refusal(404, "There is no such run: look at the list of runs.")
    return answer({**summary, "curve": await studio.pools.quick(studio.training.curve, name)})


async def start(request: Request) -> Response:
    """Begin a run."""
    wanted = await json_of(request, RunRequest)
    name = await studio_of(request).training.start(wanted)
    return answer({"name": name}, 202, {"Location": f"/api/runs/{name}"})


async def resume(request: Request) -> Response:
    """Go on with a run."""
    name = request.path_params["run"]
    await studio_of(request).training.resume(name)
    return answer({"name": name}, 202)


async def stop(request: Request) -> Response:
    """Let a run stop; all that it has learned is kept."""
    name = request.path_params["run"]
    await studio_of(request).training.stop(name)
    return answer({"name": name}, 202)


async def samples(request: Request) -> Response:
    """What a run had learned after an epoch."""
    studio = studio_of(request)
    path = await studio.pools.quick(studio.training.sample, request.path_params["run"], request.path_params["file"])
    if path is None:
        raise Refusal(404, "There are no such samples: look at the list of the run's.")
    return FileResponse(path, headers={"Cache-Control": "no-cache"})
