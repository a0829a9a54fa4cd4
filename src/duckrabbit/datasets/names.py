"""The packs' names: which are kept as subjects, how else people call them, and which are the same thing."""

from functools import cache

from duckrabbit.datasets.prompts import table

CONTRADICTED = "the name contradicts the picture"
"""Why a few names are dropped for good."""


@cache
def kept_names() -> frozenset[str]:
    """The names of cut-out pictures that can be asked for: all but those of hopeless subgroups, with exceptions."""
    hopeless, exceptions, dropped = table("dropped_subgroups"), table("kept"), table("dropped")
    return frozenset(
        name
        for name, (packs, subgroup, *_) in table("names").items()
        if packs != "photos"
        and (subgroup not in hopeless or name in exceptions)
        and dropped.get(name) != (CONTRADICTED,)
    )


@cache
def minor_names() -> frozenset[str]:
    """Names of signs and symbols, which can be asked for but seldom are."""
    return frozenset(table("dropped"))


@cache
def phrases_of(name: str) -> tuple[str, ...]:
    """What people call it: the name itself first, then the others."""
    return tuple(dict.fromkeys((name, *table("synonyms").get(name, ()))))


@cache
def everyday(name: str) -> str:
    """What most people call it."""
    return table("synonyms").get(name, (name,))[0]


@cache
def twins() -> dict[str, str]:
    """Names that nobody could tell apart: each → the first of its group."""
    return {name: first for first, others in table("twins").items() for name in (first, *others)}
