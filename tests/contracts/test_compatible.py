"""What today's code takes still takes all that release v1 wrote, and the other way round as far as it can be told.

v1's shapes are frozen in `v1/schemas.json`. A kind may gain optional fields; whatever would end what v1 says (a field
gone, a type narrowed, a value not taken any more, something required that was not) needs a version of its own.
"""

import copy
import json
from typing import Any, Final

import pytest

from tests.contracts.record import V1
from tests.contracts.schemas import breaks, snapshots

OLD: Final[dict[str, Any]] = json.loads((V1 / "schemas.json").read_text(encoding="utf-8"))
NEW: Final = snapshots()
ONLY_READ: Final[frozenset[str]] = frozenset()
"""What this release reads and does not write yet, so that the next one may: the kind, and the place as it is told."""


@pytest.mark.parametrize("name", sorted(OLD))
def test_what_v1_writes_is_taken_today(name: str) -> None:
    assert name in NEW, "a kind may only go with a release after the one that stopped writing it"
    assert breaks(OLD[name], NEW[name]) == []


@pytest.mark.parametrize("name", sorted(OLD))
def test_what_today_writes_is_taken_by_v1(name: str) -> None:
    """v1 ignores fields that it does not know; any value it does not know it would condemn."""
    found = breaks(NEW[name], OLD[name], fields_go=True)
    assert [one for one in found if f"{name}{one}" not in ONLY_READ] == []


def changed(*path: str, to: Any) -> dict[str, Any]:
    """`message_received` as some release might have it; `...` takes the thing away."""
    schema: dict[str, Any] = copy.deepcopy(OLD["message_received"])
    at = schema
    for step in path[:-1]:
        at = at[step]
    if to is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = to
    return schema


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (changed("properties", "openid", to=...), ".openid: the field is gone"),
        (changed("properties", "openid", "type", to="integer"), ".openid: type string became integer"),
        (changed("properties", "openid", "maxLength", to=10), ".openid: maxLength None became 10"),
        (changed("properties", "openid", "enum", to=["a"]), ".openid: values are bound now, or gone: ['a']"),
        (changed("properties", "contract", "const", to=2), ".contract: values are bound now, or gone: [1]"),
        (changed("properties", "msg_id", "anyOf", to=[{"type": "null"}]), ".msg_id: type string became null"),
        (
            changed("required", to=[*OLD["message_received"]["required"], "msg_id"]),
            ".msg_id: is required now",
        ),
        (changed("$defs", "Text", "properties", "text", to=...), ".content.text: the field is gone"),
    ],
)
def test_a_break_is_found(schema: dict[str, Any], said: str) -> None:
    found = breaks(OLD["message_received"], schema)
    assert any(said in one for one in found), found


def test_more_is_no_break() -> None:
    more = changed("properties", "mood", to={"type": "string", "default": "calm"})
    more["properties"]["openid"]["type"] = "string"
    assert breaks(OLD["message_received"], more) == []
    wider = copy.deepcopy(OLD["timer_fired"])
    wider["properties"]["contract"] = {"enum": [1, 2], "type": "integer", "default": 2}
    assert breaks(OLD["timer_fired"], wider) == []
    assert breaks(wider, OLD["timer_fired"]) == [".contract: values are bound now, or gone: [2]"]
    assert breaks(more, OLD["message_received"]) == [".mood: the field is gone"]
    assert breaks(more, OLD["message_received"], fields_go=True) == []
