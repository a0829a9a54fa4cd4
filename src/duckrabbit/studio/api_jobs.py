"""The API about jobs: submit, follow, change places, cancel."""

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views import parse_view
from duckrabbit.studio.answers import Refusal, answer
from duckrabbit.studio.api_models import facts_of, studio_of
from duckrabbit.studio.events import Events, Follower
from duckrabbit.studio.facts import Facts, default_model
from duckrabbit.studio.films import recipe_in
from duckrabbit.studio.jobs import OVER, Job
from duckrabbit.studio.requests import json_of


async def submit(request: Request) -> Response:
    """Take a job."""
    studio = studio_of(request)
    wanted = await json_of(request, "JobRequest")
    recipe = await studio.errands.quick(recipe_in, wanted)
    facts = await facts_of(studio, wanted.get("model") or default_model(list(recipe.prompts)))
    await studio.errands.quick(_check_views, wanted, facts)
    if not facts.samples and wanted["verb"] not in ("noise", "denoise"):
        raise Refusal(400, f"{facts.name} removes noise in one step and can't sample: choose another model.")
    if wanted.get("size") not in (None, *facts.sizes):
        made = " or ".join(map(str, facts.sizes))
        raise Refusal(400, f"{facts.name} makes pictures {made} pixels wide: give size {made}, or none.")
    if wanted.get("among") is not None and wanted["among"] < wanted.get("count", 1):
        raise Refusal(422, "The best can't be more than there are: give an among that is no less than the count.")
    settled = {"seed": 0, "count": 1, "among": None, "size": None, **wanted, "model": facts.name}
    job = studio.submit(settled, facts.load)
    return answer(job.to_json(), 202, {"Location": f"/api/jobs/{job.id}"})


def _check_views(wanted: dict[str, object], facts: Facts) -> None:
    recipe = wanted["recipe"]
    assert isinstance(recipe, dict)
    for name in recipe.get("views", ()):
        parse_view(name).permutation(facts.size)
    if recipe.get("views") and len(recipe["prompts"]) - len(recipe["views"]) not in (0, 1):
        raise UsageError("Prompts and views don't go together: give one view for each prompt after the first.")


async def jobs(request: Request) -> Response:
    """All jobs: those to be made in their order, then those that are over, the latest first."""
    return answer({"jobs": [job.to_json() for job in studio_of(request).queue.all()]})


async def job(request: Request) -> Response:
    """One job, and what was asked for."""
    found = _job(request)
    return answer({**found.to_json(), "request": dict(found.request)})


async def cancel(request: Request) -> Response:
    """Cancel a job: one that waits at once, the one in the making before its next step."""
    found = _job(request)
    await studio_of(request).cancel(found)
    return answer(found.to_json())


async def place(request: Request) -> Response:
    """Let a job go before another, or to the end."""
    found = _job(request)
    wanted = await json_of(request, "Place")
    studio_of(request).queue.place(found, wanted["before"])
    return answer({"order": [waiting.id for waiting in studio_of(request).queue.unfinished()]})


async def follow_job(request: Request) -> Response:
    """What happens to a job, until it is over."""
    found = _job(request)
    events = studio_of(request).events
    follower = events.follow(f"job:{found.id}")
    events.tell("job", f"job:{found.id}", found.to_json())
    return _stream(events, follower, found)


async def follow(request: Request) -> Response:
    """What happens in the studio."""
    events = studio_of(request).events
    return _stream(events, events.follow(), None)


def _job(request: Request) -> Job:
    found = studio_of(request).queue.get(request.path_params["job"])
    if found is None:
        raise Refusal(404, "There is no such job: it may be long over.")
    return found


def _stream(events: Events, follower: Follower, job: Job | None) -> Response:
    async def told() -> AsyncIterator[bytes]:
        try:
            async for event in follower.events():
                yield event
                if job is not None and job.state in OVER and event.startswith(b"event: job\n"):
                    return
        finally:
            events.leave(follower)

    return StreamingResponse(
        told(), media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
