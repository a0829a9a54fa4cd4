"""One or two options, swept over their values: a picture for each, and a labelled sheet of all."""

import dataclasses
import re
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import product
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import torch
from torch import Tensor

from duckrabbit.cli.display import Display
from duckrabbit.cli.maker import new_opener, refuse_idle_judge
from duckrabbit.cli.parse import name_of
from duckrabbit.cli.produce import Job, check, print_line, save
from duckrabbit.cli.sheets import write_sheet
from duckrabbit.errors import UsageError
from duckrabbit.making.choose import Opener
from duckrabbit.making.make import Picture, make_planned

T = TypeVar("T", bound=Any)
Jobs = Callable[[T, Opener], list[Job]]

MOST = 400
MAX_AXES = 2
UNSWEPT = frozenset(("sweep", "best", "from", "workers", "pairs", "count", "out", "json", "threads", "animate"))
GAP = 2


@dataclass(frozen=True)
class Axis:
    """An option and its values, as they were typed."""

    name: str
    values: tuple[str, ...]


def sweep(options: T, jobs: Jobs[T]) -> int:
    """Make a picture for every value, or pair of values, and the sheet.

    Raises:
        UsageError: for an unknown option, a value that it can't have, or something that can't be made.
    """
    wanted = options.sweeping.sweep
    if options.searching.best is not None:
        raise UsageError("--best chooses and --sweep compares: give one of them.")
    options.searching.numbers(options.output)
    if getattr(options, "pairs", None) is not None:
        raise UsageError("--pairs and --sweep both say what to make many of: give one of them.")
    if options.output.count != 1:
        raise UsageError("--sweep makes one picture for each value: leave out --count, and sweep seed=0..7.")
    axes = [axis_of(text, options) for text in wanted]
    if len(axes) > MAX_AXES or len({axis.name for axis in axes}) < len(axes):
        raise UsageError(f"--sweep can't show {len(axes)} options on one sheet: give one, or two different ones.")
    total = len(axes[0].values) * (len(axes[1].values) if len(axes) > 1 else 1)
    if total > MOST:
        raise UsageError(f"--sweep would make {total} pictures: give values for {MOST} at the most.")
    check(options.output)
    opener = new_opener()
    cells = [_cell(options, axes, values, jobs, opener) for values in product(*(axis.values for axis in axes))]
    refuse_idle_judge(cells[0].options, [cell.job for cell in cells])
    pictures = []
    with Display(sum(max(1, cell.job.planned.steps) for cell in cells), cells[0].job.verb) as display:
        try:
            for cell in cells:
                pictures.append(_made(cell, axes, display))
        except KeyboardInterrupt:
            kept = f"{len(pictures)} of {len(cells)} pictures are kept in {options.output.out}"
            raise KeyboardInterrupt(kept if pictures else "nothing was written.") from None
    _write_sheet(cells[0].options, axes, pictures, cells[0].job)
    return 0


def axis_of(text: str, options: Any) -> Axis:
    """Read seed=0..7 or guidance-scale=3,5,8.

    Raises:
        UsageError: if there is no such option, or it has no values.
    """
    name, equals, given = text.partition("=")
    name = name.strip().removeprefix("--").replace("_", "-")
    known = [spelt for spelt, _, hint in _fields(options) if spelt not in UNSWEPT and _is_swept(hint)]
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"give one of {', '.join(sorted(known))}."
        raise UsageError(f"There is no option {name!r} to sweep: {hint}")
    values = tuple(value.strip() for value in given.split(",") if value.strip())
    if not equals or not values:
        raise UsageError(f"--sweep {text} gives {name} no values: write {name}=0..7 or {name}=3,5,8.")
    if found := re.fullmatch(r"(-?\d{1,18})\.\.(-?\d{1,18})", given.strip()):
        first, last = int(found[1]), int(found[2])
        if not 0 <= last - first < MOST:
            raise UsageError(f"--sweep {text} counts no 1 to {MOST} values: write {name}=0..7.")
        values = tuple(str(number) for number in range(first, last + 1))
    if len(set(values)) < len(values):
        raise UsageError(f"--sweep {text} says a value twice: give each once.")
    return Axis(name, values)


def with_value(options: T, name: str, value: str) -> T:
    """The options with another value for one of them, wherever in their groups it is.

    Raises:
        UsageError: if the value is not of its kind.
    """
    for spelt, path, hint in _fields(options):
        if spelt == name:
            return _replaced(options, path, _value(name, value, hint))
    raise UsageError(f"There is no option {name!r} to sweep.")


@dataclass(frozen=True)
class _Cell:
    options: Any
    job: Job
    values: tuple[str, ...]
    words: str


def _cell(options: T, axes: Sequence[Axis], values: tuple[str, ...], jobs: Jobs[T], opener: Opener) -> _Cell:
    own = options
    for axis, value in zip(axes, values, strict=True):
        own = with_value(own, axis.name, value)
    planned = jobs(own, opener)
    if len(planned) != 1:
        raise UsageError(
            f"--sweep makes one picture for each value and this makes {len(planned)}: give --start one value."
        )
    words = " ".join(f"{axis.name} {value}" for axis, value in zip(axes, values, strict=True) if axis.name != "seed")
    check(own.output)
    return _Cell(own, planned[0], values, words)


def _made(cell: _Cell, axes: Sequence[Axis], display: Display) -> Picture:
    """Make and write one picture, alone, as `rerun` will."""
    output = cell.options.output
    [picture] = make_planned([cell.job.planned], [output.seed], lambda _: display.advance())
    path = save(picture, cell.job, output, display, cell.words)
    swept: dict[str, Any] = {"sweep": dict(zip((axis.name for axis in axes), cell.values, strict=True))}
    print_line(path, picture, cell.job, output, swept)
    return picture


def _write_sheet(options: Any, axes: Sequence[Axis], pictures: Sequence[Picture], job: Job) -> None:
    shown = [_looked_at(picture) for picture in pictures]
    columns = axes[-1]
    labels = [f"{columns.name} {value}" for value in columns.values]
    if len(axes) == 1:
        rows = [("", shown)]
    else:
        width = len(columns.values)
        rows = [
            (f"{axes[0].name} {value}", shown[k * width : (k + 1) * width]) for k, value in enumerate(axes[0].values)
        ]
    name = f"{job.slug} sweep {' '.join(axis.name for axis in axes)}"
    write_sheet(options.output, job.verb, name, rows, labels)


def _looked_at(picture: Picture) -> Tensor:
    """A picture in all of its looks, one below another."""
    looks = picture.recipe.looks
    if len(looks) < 2:
        return picture.pixels
    seen = [look.see(picture.pixels[None])[0] for look in looks]
    gap = seen[0].new_ones((seen[0].shape[0], GAP, seen[0].shape[2]))
    return torch.cat([part for own in seen for part in (own, gap)][:-1], dim=1)


def _fields(options: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Every option: how it is spelt, where it is, and what it may be."""
    hints = get_type_hints(type(options), include_extras=True)
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if dataclasses.is_dataclass(value):
            yield from _fields(value, (*path, field.name))
        else:
            yield name_of(field.name, hints[field.name]), (*path, field.name), hints[field.name]


def _replaced(options: T, path: tuple[str, ...], value: Any) -> T:
    first, *rest = path
    own = _replaced(getattr(options, first), tuple(rest), value) if rest else value
    changed: T = replace(options, **{first: own})
    return changed


def _is_swept(hint: Any) -> bool:
    """Whether one typed word is a value of it: a pair of numbers takes two, a flag none."""
    kind = next(kind for kind in _kinds(hint) if kind is not type(None))
    return kind is not bool and (get_origin(kind) is not tuple or get_args(kind)[1] is Ellipsis)


def _value(name: str, text: str, hint: Any) -> Any:
    """A typed word as what the option may be."""
    bare = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    kinds = [kind for kind in _kinds(bare) if kind is not type(None)]
    many = get_origin(kinds[0]) is tuple
    kind = get_args(kinds[0])[0] if many else kinds[0]
    try:
        single = kind(text)
    except ValueError:
        said = {"int": "whole numbers", "float": "numbers"}.get(getattr(kind, "__name__", ""), "values")
        raise UsageError(f"{name} can't be {text!r}: sweep it over {said}, such as {name}=3,5,8.") from None
    return (single,) if many else single


def _kinds(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) is Annotated:
        return _kinds(get_args(hint)[0])
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
