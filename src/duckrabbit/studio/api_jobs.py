"""The API about jobs: submit, follow, change places, cancel."""

from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views import parse_view
from duckrabbit.making.choose import default_name
from duckrabbit.search.ambigram import Ambigram, reverses
from duckrabbit.studio.api_models import facts_of, studio_of
from duckrabbit.studio.bodies import JobRequest, Order, Place, order_of
from duckrabbit.studio.events import Events, Follower
from duckrabbit.studio.facts import Facts, check_prompts
from duckrabbit.studio.jobs import OVER, Job
from duckrabbit.studio.tasks import PAGE
from duckrabbit.studio.web import Refusal, answer, json_of

LIVE_STEPS = 40
"""Of a picture that is shown at once: no more than a second or two of work."""


async def submit(request: Request) -> Response:
    """Take a job."""
    studio = studio_of(request)
    order, facts = await _asked(request)
    job = studio.submit(order.of(facts.name), facts.load)
    return answer(job.told(), 202, {"Location": f"/api/jobs/{job.id}"})


async def live(request: Request) -> Response:
    """One picture of a job at once, between two steps of what is being made; it is shown, and not kept."""
    studio = studio_of(request)
    order, facts = await _asked(request)
    steps = order.recipe.sampler.steps if order.recipe.sampler else None
    alone = PAGE.recipes[order.recipe.verb].alone
    if steps is None or steps > LIVE_STEPS or alone or order.size is not None or order.among is not None:
        raise Refusal(422, f"What is shown at once has a sampler with up to {LIVE_STEPS} steps, and no size: give one.")
    question = {"do": "live", "load": facts.load, "request": order.of(facts.name).to_json()}
    return answer({"picture": await studio.model_process.ask(question)})


async def _asked(request: Request) -> tuple[Order, Facts]:
    """The order in a body, which can be made, and the model that is to make it."""
    studio = studio_of(request)
    order = await studio.pools.quick(order_of, await json_of(request, JobRequest, "JobRequest"))
    facts = await facts_of(studio, order.model or default_name(order.told))
    if left_out := [source.name for source in order.recipe.sources if not source.png]:
        raise Refusal(400, f"The file was written without {left_out[0]}, which it was made from: give that as well.")
    if not facts.samples and order.recipe.verb not in ("noise", "denoise"):
        raise Refusal(400, f"{facts.name} removes noise in one step and can't sample: choose another model.")
    await studio.pools.quick(_check, order, facts)
    if order.size not in (None, *facts.sizes):
        made = " or ".join(map(str, facts.sizes))
        raise Refusal(400, f"{facts.name} makes pictures {made} pixels wide: give size {made}, or none.")
    if order.count > 1 and PAGE.recipes[order.recipe.verb].alone:
        raise Refusal(422, "Such a picture is made alone, the best of many: give a count of 1, or none.")
    if order.among is not None and order.among < order.count:
        raise Refusal(422, "The best can't be more than there are: give an among that is no less than the count.")
    return order, facts


def _check(order: Order, facts: Facts) -> None:
    """Refuse what could only fail; raises UsageError."""
    if isinstance(order.recipe, Ambigram):
        if facts.kind != "digits":
            raise UsageError(f"{facts.name} makes no digits: leave the model out, or name a model of digits.")
        reverses(order.recipe.parsed_view)
        if len({len(prompt) for prompt in order.recipe.prompts}) > 1:
            raise UsageError("Both readings have as many digits: give `reads` as long as `digits`, or leave it out.")
    negative = getattr(order.recipe, "negative_prompt", None)
    check_prompts([prompt for prompt in (*order.told, negative) if prompt], facts)
    for name in order.views:
        parse_view(name).permutation(facts.size)
    if order.views and len(order.recipe.prompts) - len(order.views) not in (0, 1):
        raise UsageError("Prompts and views don't go together: give one view for each prompt after the first.")


async def jobs(request: Request) -> Response:
    """All jobs: those to be made in their order, then those that are over, the latest first."""
    return answer({"jobs": [job.told() for job in studio_of(request).queue.all()]})


async def job(request: Request) -> Response:
    """One job, and what was asked for."""
    found = _job(request)
    return answer({**msgspec.structs.asdict(found.told()), "request": found.order.to_json()})


async def cancel(request: Request) -> Response:
    """Cancel a job: one that waits at once, the one in the making before its next step; forget what came to nothing."""
    found = _job(request)
    await studio_of(request).cancel(found)
    return answer(found.told())


async def place(request: Request) -> Response:
    """Let a job go before another, or to the end."""
    found = _job(request)
    wanted = await json_of(request, Place)
    studio_of(request).queue.place(found, wanted.before)
    return answer({"order": [waiting.id for waiting in studio_of(request).queue.unfinished()]})


async def follow_job(request: Request) -> Response:
    """What happens to a job, until it is over."""
    found = _job(request)
    events = studio_of(request).events
    follower = events.follow(f"job:{found.id}")
    events.tell("job", f"job:{found.id}", found.told())
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
