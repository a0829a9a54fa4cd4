"""The API about training: runs, their curves and their samples."""

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from duckrabbit.studio.answers import Refusal, answer
from duckrabbit.studio.api_models import studio_of
from duckrabbit.studio.requests import json_of


async def runs(request: Request) -> Response:
    """All runs, the latest first."""
    studio = studio_of(request)
    names = await studio.errands.quick(studio.training.names)
    found = [await studio.errands.quick(studio.training.summary, name) for name in names]
    return answer({"runs": [summary for summary in found if summary is not None]})


async def run(request: Request) -> Response:
    """One run with its loss curve."""
    studio, name = studio_of(request), request.path_params["run"]
    summary = await studio.errands.quick(studio.training.summary, name)
    if summary is None:
        raise Refusal(404, "There is no such run: look at the list of runs.")
    return answer({**summary, "curve": await studio.errands.quick(studio.training.curve, name)})


async def start(request: Request) -> Response:
    """Begin a run."""
    wanted = await json_of(request, "RunRequest")
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
    path = await studio.errands.quick(studio.training.sample, request.path_params["run"], request.path_params["file"])
    if path is None:
        raise Refusal(404, "There are no such samples: look at the list of the run's.")
    return FileResponse(path, headers={"Cache-Control": "no-cache"})
