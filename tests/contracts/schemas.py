"""The shape of every contract and stored model as JSON schema, and whether a newer shape takes all of an older one."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter

from shared.bus.topology import Topology
from shared.contracts.hints import LiveHint
from shared.contracts.messages import Offer, Outbound
from shared.contracts.understood import members
from shared.conversation.commands import AskBot
from shared.conversation.facts import AnyFact
from shared.conversation.model import Conversation, Message, Session
from shared.store.agents import Agent
from shared.store.conversations import Entry
from shared.store.sends import StoredSend

UNIONS: Final[Mapping[str, Any]] = {
    "facts": AnyFact,
    "offers": Offer,
    "outbound": Outbound,
    "bot": AskBot,
    "hints": LiveHint,
}
STORED: Final[tuple[type[BaseModel], ...]] = (Conversation, Message, Session, Entry, Agent, StoredSend, Topology)
_MEANINGLESS: Final = frozenset({"title", "description", "examples", "discriminator"})
GONE: Final = "the field is gone"
_SCALE: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems"), ("maximum", "maxLength", "maxItems")


def kind_of(model: type[BaseModel]) -> str:
    return str(model.model_fields["kind"].default)


def all_kinds() -> set[str]:
    return {kind_of(model) for union in UNIONS.values() for model in members(union)}


def snapshots() -> dict[str, Any]:
    """By name: `kind` of what crosses the bus, the model's name of what is stored."""
    crossing = {kind_of(model): model for union in UNIONS.values() for model in members(union)}
    return {
        name: _bare(TypeAdapter(model).json_schema(mode="validation"))
        for name, model in {**crossing, **{model.__name__: model for model in STORED}}.items()
    }


def _bare(schema: Any) -> Any:
    """Without what says nothing about what is taken; a property of these names is kept."""
    if isinstance(schema, list):
        return [_bare(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {key: _bare(one) for key, one in value.items()} if name in {"properties", "$defs"} else _bare(value)
        for name, value in schema.items()
        if name not in _MEANINGLESS
    }


def breaks(old: Mapping[str, Any], new: Mapping[str, Any], *, fields_go: bool = False) -> list[str]:
    """Why documents of `old` would not be taken by `new`, or would lose something, with the place of each.

    `fields_go`: what `new` does not know it may ignore.
    """
    found = list(_Pair(old, new).breaks(old, new, "", frozenset()))
    return [one for one in found if not (fields_go and one.endswith(GONE))]


class _Pair:
    """Two whole schemas, into which references point."""

    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self._old = old
        self._new = new

    def breaks(self, old: Any, new: Any, at: str, under: frozenset[tuple[str, str]]) -> Iterator[str]:
        names = (str(old.get("$ref", "")), str(new.get("$ref", "")))
        if any(names) and names in under:
            return
        under |= {names}
        old, new = _resolved(old, self._old), _resolved(new, self._new)
        olds, news = _choices(old), _choices(new)
        if len(olds) > 1 or len(news) > 1:
            for one in olds:
                yield from min((list(self.breaks(one, other, at, under)) for other in news), key=_weight)
            return
        yield from _narrowed(old, new, at)
        yield from self._fields(old, new, at, under)
        for part in ("items", "additionalProperties"):
            if isinstance(old.get(part), dict) and isinstance(new.get(part), dict):
                yield from self.breaks(old[part], new[part], f"{at}[]", under)

    def _fields(self, old: Any, new: Any, at: str, under: frozenset[tuple[str, str]]) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, one in before.items():
            if name not in after:
                yield f"{at}.{name}: {GONE}"
            else:
                yield from self.breaks(one, after[name], f"{at}.{name}", under)
        for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
            yield f"{at}.{name}: is required now"


def _weight(found: list[str]) -> tuple[int, int]:
    """The choice that comes nearest: a field that goes is less than anything else."""
    return len([one for one in found if not one.endswith(GONE)]), len(found)


def _narrowed(old: Any, new: Any, at: str) -> Iterator[str]:
    wider = old.get("type") == "integer" and new.get("type") == "number"
    if "type" in new and old.get("type") != new["type"] and not wider:
        yield f"{at}: type {old.get('type')} became {new['type']}"
    allowed = _values(new)
    if allowed is not None:
        gone = allowed if _values(old) is None else [one for one in _values(old) or [] if one not in allowed]
        if gone:
            yield f"{at}: values are bound now, or gone: {gone}"
    lower, upper = _SCALE
    for name in (*lower, *upper, "pattern", "format"):
        if name in new and new[name] != old.get(name) and not _looser(name, old.get(name), new[name]):
            yield f"{at}: {name} {old.get(name)} became {new[name]}"


def _looser(name: str, old: Any, new: Any) -> bool:
    lower, upper = _SCALE
    if old is None or name not in {*lower, *upper}:
        return False
    return bool(new <= old) if name in lower else bool(new >= old)


def _values(schema: Any) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    found: list[Any] | None = schema.get("enum")
    return found


def _choices(schema: Any) -> list[Any]:
    found: list[Any] = schema.get("anyOf") or schema.get("oneOf") or [schema]
    return found


def _resolved(schema: Any, root: Any) -> Any:
    reference = schema.get("$ref")
    return root["$defs"][reference.rpartition("/")[2]] if reference else schema
