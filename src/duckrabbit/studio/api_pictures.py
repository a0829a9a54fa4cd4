"""The API about pictures: the gallery, and those that come in."""

import base64
import re

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from duckrabbit.making.record import content_for_others
from duckrabbit.media.png import read_metadata
from duckrabbit.studio.api_models import facts_of, studio_of
from duckrabbit.studio.bodies import Favourite
from duckrabbit.studio.index import Cursor, Entry
from duckrabbit.studio.previews import FORMATS, motion_film
from duckrabbit.studio.reads import read_out
from duckrabbit.studio.settings import MAX_PICTURE_BYTES
from duckrabbit.studio.sources import mask_of, order_of_record, pasted_back, shipped_picture, shipped_source, source_of
from duckrabbit.studio.web import Refusal, answer, body_of, json_of, number_of

SHOWN_OF_TRASH = 200
IMMUTABLE = {"Cache-Control": "private, max-age=86400"}


async def gallery(request: Request) -> Response:
    """The pictures, the newest first."""
    studio = studio_of(request)
    offset, limit = number_of(request, "offset", 0, 0, 10**8), number_of(request, "limit", 60, 1, 200)
    search = request.query_params.get("search", "")[:200]
    favourites_only = request.query_params.get("favourites") == "true"
    told = request.query_params.get("cursor")
    cursor = None if told is None else Cursor.parse(told[:2000])
    if told is not None and cursor is None:
        raise Refusal(422, "There is no such place in the gallery: give the `next` of an earlier answer.")
    verb = request.query_params.get("verb", "")[:40]
    page = await studio.pools.quick(studio.gallery.page, search, favourites_only, offset, limit, cursor, verb)
    entries, total = page
    further = str(Cursor.after(entries[-1])) if len(entries) == limit else None
    content = {"pictures": entries, "total": total, "next": further, "revision": studio.gallery.revision}
    return answer(content)


async def picture(request: Request) -> Response:
    """A picture's place in the gallery, and the job that makes it again."""
    studio, entry = studio_of(request), await entry_of(request)
    record = await studio.pools.quick(read_metadata, studio.gallery.path(entry))
    order = await studio.pools.quick(order_of_record, record)
    job = None if order is None else order.to_json()
    return answer(
        {
            **msgspec.structs.asdict(entry),
            "job": job,
            "circumstances": record.get("circumstances"),
            "score": record.get("score"),
        }
    )


async def picture_file(request: Request) -> Response:
    """The PNG as it was written; without the pictures that it was made from where it is a file to give away."""
    studio, entry = studio_of(request), await entry_of(request)
    path = studio.gallery.path(entry)
    if not path.is_file():
        raise Refusal(404, "This picture is not there any more: it may have been deleted.")
    headers = {**IMMUTABLE, **kept_as(request, entry, "png")}
    if request.query_params.get("download") == "true":
        content = await studio.pools.quick(content_for_others, path)
        return Response(content, media_type="image/png", headers=headers)
    return FileResponse(path, media_type="image/png", headers=headers)


async def animation(request: Request) -> Response:
    """The picture in motion."""
    studio, entry = studio_of(request), await entry_of(request)
    form = request.query_params.get("format", "gif")
    if form not in FORMATS:
        raise Refusal(422, f"There is no such format: the formats are {', '.join(FORMATS)}.")
    record = await studio.pools.quick(read_metadata, studio.gallery.path(entry))
    order = await studio.pools.quick(order_of_record, record)
    if order is None:
        raise Refusal(404, "This picture does not say how it was made: it can't be animated.")
    content = await studio.pools.slow(motion_film, studio.gallery.path(entry), order.recipe, form)
    if content is None:
        facts = await facts_of(studio, order.model)
        question = {"do": "film", "load": facts.load, "request": order.to_json(), "format": form}
        content = base64.b64decode(await studio.model_process.ask(question))
    return Response(content, media_type=FORMATS[form], headers=kept_as(request, entry, form))


async def favour(request: Request) -> Response:
    """Make a picture a favourite, or no longer one."""
    studio, entry = studio_of(request), await entry_of(request)
    wanted = await json_of(request, Favourite)
    changed = await studio.pools.quick(studio.gallery.favour, entry, wanted.favourite)
    studio.look()
    return answer(changed)


async def delete(request: Request) -> Response:
    """Put a picture into the trash."""
    studio, entry = studio_of(request), await entry_of(request)
    await studio.pools.quick(studio.gallery.delete, entry)
    studio.look()
    return answer({"deleted": entry.id})


async def trash(request: Request) -> Response:
    """What is in the trash, the latest first."""
    studio = studio_of(request)
    entries, total = await studio.pools.quick(studio.gallery.trash, SHOWN_OF_TRASH)
    return answer({"pictures": entries, "total": total})


async def trash_file(request: Request) -> Response:
    """A picture in the trash."""
    studio = studio_of(request)
    path = await studio.pools.quick(studio.gallery.thrown_away, request.path_params["picture"])
    if path is None:
        raise Refusal(404, "There is no such picture in the trash: it may have been restored.")
    return FileResponse(path, media_type="image/png", headers=IMMUTABLE)


async def empty_trash(request: Request) -> Response:
    """Throw everything in the trash away for good."""
    studio = studio_of(request)
    await studio.pools.quick(studio.gallery.empty_trash)
    return answer({"pictures": [], "total": 0})


async def restore(request: Request) -> Response:
    """Take a picture out of the trash."""
    studio = studio_of(request)
    entry = await studio.pools.quick(studio.gallery.restore, request.path_params["picture"])
    if entry is None:
        raise Refusal(404, "There is no such picture in the trash, or its name is taken.")
    studio.look()
    return answer(entry)


async def paste_back(request: Request) -> Response:
    """A part that was painted anew put back into the whole photo, at the photo's own size: a picture of its own."""
    studio, entry = studio_of(request), await entry_of(request)
    content = await body_of(request, MAX_PICTURE_BYTES)
    facts = await facts_of(studio, entry.model)
    path = studio.gallery.path(entry)
    name = await studio.pools.slow(pasted_back, path, content, facts, studio.settings.out)
    await studio.pools.quick(studio.gallery.look)
    [found] = await studio.pools.quick(studio.gallery.named, [name])
    studio.look()
    return answer(found, 201)


async def take(request: Request) -> Response:
    """A picture from outside, made ready for a recipe: cropped and at the model's size."""
    studio = studio_of(request)
    facts = await facts_of(studio, request.query_params.get("model"))
    name = _label(request.query_params.get("name", ""))
    wanted = request.query_params.get("as", "picture")
    if wanted not in ("picture", "mask"):
        raise Refusal(422, "A body is taken as=picture or as=mask: give one of these.")
    content = await body_of(request, MAX_PICTURE_BYTES)
    if not content:
        raise Refusal(400, "The body is empty: send the bytes of a picture.")
    crop = request.query_params.get("crop", "")[:60]
    return answer(await studio.pools.slow(source_of if wanted == "picture" else mask_of, content, name, facts, crop))


async def readings(request: Request) -> Response:
    """What the reporting judge reads in a picture from outside."""
    studio = studio_of(request)
    facts = await facts_of(studio, request.query_params.get("model"))
    name = _label(request.query_params.get("name", ""))
    content = await body_of(request, MAX_PICTURE_BYTES)
    return answer(await studio.pools.slow(read_out, content, name, facts))


async def shipped(request: Request) -> Response:
    """A picture of the package, made ready for a recipe."""
    studio = studio_of(request)
    facts = await facts_of(studio, request.query_params.get("model"))
    return answer(await studio.pools.slow(shipped_source, request.query_params.get("name", "")[:100], facts))


async def shipped_file(request: Request) -> Response:
    """A picture of the package as it is."""
    name = request.query_params.get("name", "")[:100]
    content, kind = await studio_of(request).pools.quick(shipped_picture, name)
    return Response(content, media_type=kind, headers=IMMUTABLE)


async def entry_of(request: Request) -> Entry:
    """The picture that a request is about.

    Raises:
        Refusal: 404 where there is none.
    """
    studio = studio_of(request)
    entry = await studio.pools.quick(studio.gallery.get, request.path_params["picture"])
    if entry is None:
        raise Refusal(404, "There is no such picture: it may have been deleted.")
    return entry


def _label(name: str) -> str:
    """What a picture is called in a recipe: a word for people, never a path."""
    plain = "".join(c for c in name.replace("\\", "/").rpartition("/")[2] if c.isprintable())[:80].strip()
    return plain or "a picture"


def kept_as(request: Request, entry: Entry, suffix: str) -> dict[str, str]:
    """A header that makes the browser keep it as a file, where that was asked for."""
    if request.query_params.get("download") != "true":
        return {}
    words = re.sub(r"[^a-z0-9]+", "-", " ".join(entry.prompts).lower())[:60].strip("-")
    stem = "-".join(part for part in (entry.verb, words, str(entry.seed)) if part)
    return {"Content-Disposition": f'attachment; filename="{stem}.{suffix}"'}
