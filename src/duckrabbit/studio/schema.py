"""Checks a JSON value against a JSON Schema: the few words of it that the studio's own schemas use.

The same schemas stand in the OpenAPI document, so that what is documented is what is checked.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def problem_with(value: Any, schema: Schema, schemas: Mapping[str, Schema], where: str = "the body") -> str | None:
    """What is wrong with a value, in a few words; None where nothing is.

    Args:
        value: what `json.loads` gave.
        schema: type, enum, minimum, maximum, minLength, maxLength, pattern, items, minItems, maxItems, properties,
            required, additionalProperties, anyOf, oneOf with a discriminator, and $ref to a name in `schemas`.
        schemas: by name.
        where: what the value is called in the answer.
    """
    return next(_problems(value, schema, schemas, where), None)


def _problems(value: Any, schema: Schema, schemas: Mapping[str, Schema], where: str) -> Iterator[str]:
    if "$ref" in schema:
        yield from _problems(value, schemas[schema["$ref"].rpartition("/")[2]], schemas, where)
        return
    if "discriminator" in schema:
        yield from _chosen(value, schema, schemas, where)
        return
    if "anyOf" in schema:
        found = [problem_with(value, option, schemas, where) for option in schema["anyOf"]]
        if all(found):
            # What is no null is meant to be the other thing: that is what to speak of.
            yield str(found[0])
        return
    kinds = schema.get("type", ())
    if kinds and not _is_one_of(value, [kinds] if isinstance(kinds, str) else kinds):
        yield f"{where} must be {_named(kinds)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where} must be one of {', '.join(map(str, schema['enum']))}"
    elif isinstance(value, str):
        yield from _text(value, schema, where)
    elif isinstance(value, list):
        yield from _list(value, schema, schemas, where)
    elif isinstance(value, dict):
        yield from _object(value, schema, schemas, where)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        if not low <= value <= high:
            yield f"{where} must be a number from {low} to {high}"


def _is_one_of(value: Any, kinds: list[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in kinds
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return any(isinstance(value, _TYPES[kind]) for kind in kinds)


def _named(kinds: str | list[str]) -> str:
    names = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join("null" if name == "null" else f"{'an' if name[0] in 'aio' else 'a'} {name}" for name in names)


def _text(value: str, schema: Schema, where: str) -> Iterator[str]:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf):
        yield f"{where} must have {schema.get('minLength', 0)} to {schema.get('maxLength', 'any number of')} characters"
    elif "pattern" in schema and re.search(schema["pattern"], value) is None:
        yield f"{where} must be of the form {schema['pattern']}"


def _list(value: list[Any], schema: Schema, schemas: Mapping[str, Schema], where: str) -> Iterator[str]:
    least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
    if not least <= len(value) <= most:
        yield f"{where} must have {least} to {most} items"
        return
    for number, item in enumerate(value):
        yield from _problems(item, schema.get("items", {}), schemas, f"{where}[{number}]")


def _object(value: dict[str, Any], schema: Schema, schemas: Mapping[str, Schema], where: str) -> Iterator[str]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{where} lacks {name}"
    extra = schema.get("additionalProperties", True)
    for name, item in value.items():
        inside = f"{name} in {where}"
        if name in properties:
            yield from _problems(item, properties[name], schemas, inside)
        elif extra is False:
            yield f"{where} has no {name!r}; it has {', '.join(properties)}"
        elif isinstance(extra, Mapping):
            yield from _problems(item, extra, schemas, inside)
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", math.inf):
        yield f"{where} must have {schema.get('minProperties', 0)} to {schema.get('maxProperties')} entries"


def _chosen(value: Any, schema: Schema, schemas: Mapping[str, Schema], where: str) -> Iterator[str]:
    """One of several kinds of object, by the property that says which."""
    name, mapping = schema["discriminator"]["propertyName"], schema["discriminator"]["mapping"]
    if not isinstance(value, dict):
        yield f"{where} must be an object"
    elif value.get(name) not in list(mapping):
        yield f"{name} in {where} must be one of {', '.join(mapping)}"
    else:
        yield from _problems(value, {"$ref": mapping[value[name]]}, schemas, where)
