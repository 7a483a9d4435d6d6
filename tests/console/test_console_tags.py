from typing import Any
from urllib.parse import quote

import pytest

from services.console.api import tags
from shared.store.audit import AuditLog
from tests.console.house import Caller, House
from tests.console.screen import Screen
from tests.support.waiting import eventually


@pytest.fixture
async def supervisor(desk: House) -> Caller:
    return await desk.agent(role="supervisor")


async def put(caller: Caller, name: str, color: Any = "red") -> Any:
    return await caller.call("PUT", f"/tags/{quote(name, safe='')}", {"color": color})


async def colors(caller: Caller) -> dict[str, str]:
    return {one["name"]: one["color"] for one in (await caller.get("/tags")).body["items"]}


@pytest.mark.parametrize("name", ["退款", "a/b?c#d", "<b>{x}</b>", "100%", "x" * 40])
async def test_a_tag_is_offered_recoloured_and_removed(
    desk: House, lina: Caller, supervisor: Caller, name: str
) -> None:
    screen = Screen(lina)
    async with screen.ready():
        assert (await put(supervisor, name)).body == {"name": name, "color": "red"}
        assert (await put(supervisor, name, "blue")).body == {"name": name, "color": "blue"}
        assert (await colors(lina))[name] == "blue"
        path = f"/tags/{quote(name, safe='')}"
        assert (await supervisor.call("DELETE", path)).status == 204
        assert (await supervisor.call("DELETE", path)).code == "not_found"
        assert name not in await colors(lina)
        await eventually(lambda: screen.said("settings") == [{"type": "settings", "what": "tags"}] * 3)
    entries, _ = await AuditLog(desk.database).page(target=name)
    assert [entry.action for entry in entries] == ["tag.removed", "tag.changed", "tag.added"]
    assert [(one.before, one.after) for one in entries[1].changes] == [("red", "blue")]


async def test_a_name_is_trimmed(supervisor: Caller) -> None:
    assert (await put(supervisor, " 加急 ")).body["name"] == "加急"


@pytest.mark.parametrize(
    ("name", "color", "where"),
    [
        ("  ", "red", "name"),
        ("a\0b", "red", "name"),
        ("a\u2028b", "red", "name"),
        ("x" * 41, "red", "name"),
        ("x", "pink", "color"),
        ("x", None, "color"),
    ],
)
async def test_what_is_no_tag_is_refused(supervisor: Caller, name: str, color: Any, where: str) -> None:
    answer = await put(supervisor, name, color)
    assert (answer.status, answer.code, answer.body["errors"][0]["where"]) == (422, "invalid", where)


async def test_agents_only_look(desk: House, lina: Caller, supervisor: Caller) -> None:
    await put(supervisor, "kept")
    assert (await put(lina, "kept", "blue")).code == "forbidden"
    assert (await lina.call("DELETE", "/tags/kept")).code == "forbidden"
    assert (await colors(lina))["kept"] == "red"
    stranger = desk.stranger()
    assert (await stranger.get("/tags")).code == "login_required"
    assert (await put(stranger, "kept")).code == "login_required"
    assert (await stranger.call("DELETE", "/tags/kept")).code == "login_required"


async def test_there_are_not_endlessly_many(supervisor: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    await put(supervisor, "there")
    monkeypatch.setattr(tags, "MOST_TAGS", 1)
    assert (await put(supervisor, "one-more")).code == "conflict"
    assert (await put(supervisor, "there", "green")).status == 200
