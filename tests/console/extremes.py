"""What nobody should send: for every field of every call, derived from the very models that read it."""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from services.console import page_cursor
from services.console.operations import Operation

NUL: Final = "a\x00b"
HALF: Final = "\ud800"
"""Half of a pair of UTF-16: JSON can write it, UTF-8 cannot."""
LONG: Final = "x" * 100_000
"""As much as a body holds."""
NUMBERS: Final = (-1, 2**53, 2**63, 10**30)
WORDS: Final = ("", NUL, HALF, LONG)
OTHERS: Final[tuple[Any, ...]] = (None, {}, 10**30)
INSTANTS: Final = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1969-12-31T23:59:59Z", "1e308", "-1")
PATH_WORDS: Final = ("%00", "%ED%A0%80", "%FF", "%2e%2e", "x" * 5000, "9" * 15)
QUERY_WORDS: Final = ("", "%00", "%ED%A0%80", "%FF", "x" * 5000, *map(str, NUMBERS))

Schema = Mapping[str, Any]
_numbers = itertools.count(1)


class Sent(NamedTuple):
    """One call: the path with its query as it goes on the wire, and the body if it has one."""

    method: str
    path: str
    body: bytes | None = None


def forged_cursors() -> list[str]:
    """Cursors of the form that lists give, which end where no list can."""
    steps: list[Any] = [*INSTANTS, NUL, 2**63 - 1, None, [], 1e308]
    pairs = [page_cursor.written(step, "x") for step in steps]
    triples = [page_cursor.written(view, step, "x") for view in ("waiting", "all") for step in steps]
    return [*pairs, *triples, page_cursor.written("2026-01-01T00:00:00Z", NUL), "f" * 16, "-1", "!", "AA"]


def of_query(operation: Operation, path: str) -> Iterator[Sent]:
    if operation.query is None:
        return
    schema = operation.query.model_json_schema()
    needed = "&".join(f"{name}=xx" for name in schema.get("required", ()))
    for name in schema["properties"]:
        others = "&".join(part for part in needed.split("&") if part and not part.startswith(f"{name}="))
        words = [*QUERY_WORDS, *(one.replace("+", "%2B") for one in INSTANTS)]
        words += forged_cursors() if name == "cursor" else []
        views = ("&view=waiting", "") if name == "cursor" and "view" in schema["properties"] else ("",)
        for word, view in itertools.product(words, views):
            yield Sent(operation.method, f"{path}?{others}&{name}={word}{view}")


def of_body(operation: Operation, path: str, known: Mapping[str, Any], shapes: Schema) -> Iterator[Sent]:
    """`shapes` are those of the document; `known` holds values for fields that not just anything will do for."""
    if operation.body is None:
        return
    for mutant in _mutants(shapes[operation.body.__name__], shapes, known):
        if isinstance(mutant, dict) or mutant is None:
            yield Sent(operation.method, path, json.dumps(mutant).encode())


def _mutants(schema: Schema, shapes: Schema, known: Mapping[str, Any], name: str = "") -> Iterator[Any]:
    """Values that are as they should be, but for one thing each."""
    plain = _resolved(schema, shapes)
    yield from OTHERS
    match plain.get("type"):
        case "object":
            sound = _sound(plain, shapes, known)
            for field, inner in plain.get("properties", {}).items():
                for mutant in _mutants(inner, shapes, known, field):
                    yield {**sound, **_fresh(sound), field: mutant}
            yield {**sound, NUL: 1, "$where": 1}
        case "array":
            yield from ([mutant] for mutant in _mutants(plain.get("items", {}), shapes, known, name))
            yield [_sound(plain.get("items", {}), shapes, known, name)] * 3000
        case "integer" | "number":
            yield from NUMBERS
        case "string":
            yield from WORDS
            if plain.get("format") == "date-time" or name in {"date", "from", "to"}:
                yield from INSTANTS
        case _:
            pass


def _sound(schema: Schema, shapes: Schema, known: Mapping[str, Any], name: str = "") -> Any:
    """The least that the model takes."""
    plain = _resolved(schema, shapes)
    if name in known or "const" in plain:
        return known.get(name, plain.get("const"))
    match plain.get("type"):
        case "object":
            needed: Sequence[str] = plain.get("required", ())
            return {field: _sound(plain["properties"][field], shapes, known, field) for field in needed}
        case "array":
            return [_sound(plain.get("items", {}), shapes, known, name)] * plain.get("minItems", 0)
        case "integer" | "number":
            return max(1, plain.get("minimum", 1))
        case "boolean":
            return True
        case _:
            return plain.get("enum", ["x" * max(1, plain.get("minLength", 1))])[0]


def _fresh(sound: Mapping[str, Any]) -> dict[str, Any]:
    """Names that may be used once."""
    return {field: f"x{next(_numbers):05}" for field in ("login", "client_id", "shortcut") if field in sound}


def _resolved(schema: Schema, shapes: Schema) -> Schema:
    if "$ref" in schema:
        return _resolved(shapes[schema["$ref"].rpartition("/")[2]], shapes)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            chosen: Schema = next((one for one in schema[several] if one.get("type") != "null"), {})
            return _resolved(chosen, shapes)
    return schema
