import asyncio
from collections import Counter
from typing import Any

import pytest

from services.console.api import canned_replies
from shared.store.audit import AuditLog
from tests.console.house import APP, VIP_APP, Caller, House
from tests.console.screen import Screen
from tests.support.waiting import eventually

TEXT = "您好 {customer}，我是 {agent}，{profile.订单号} 正在处理。{time} {app} {source}"
_numbers = iter(range(1, 1000))


@pytest.fixture
async def supervisor(desk: House) -> Caller:
    return await desk.agent(role="supervisor")


async def kept(caller: Caller, **fields: Any) -> Any:
    body = {"shortcut": f"s{next(_numbers)}", "title": "招呼", "text": TEXT, **fields}
    answer = await caller.post("/canned-replies", body)
    assert answer.status == 201, answer.body
    return answer.body


async def ids_of(caller: Caller) -> set[str]:
    return {one["id"] for one in (await caller.get("/canned-replies")).body["items"]}


async def change(caller: Caller, reply: Any, **fields: Any) -> Any:
    return await caller.call("PATCH", f"/canned-replies/{reply['id']}", fields)


async def remove(caller: Caller, reply: Any) -> Any:
    return await caller.call("DELETE", f"/canned-replies/{reply['id']}")


async def test_a_personal_reply_is_its_owners_alone(desk: House, lina: Caller, supervisor: Caller) -> None:
    mine = await kept(lina, shortcut=" hi ", title=" <b>招呼</b> ")
    expected = {"shortcut": "hi", "title": "<b>招呼</b>", "text": TEXT, "scope": "personal", "app_id": None}
    assert mine == {"id": mine["id"], "version": 1, **expected}
    assert mine["id"] in await ids_of(lina)
    for other in (await desk.agent(), supervisor):
        assert mine["id"] not in await ids_of(other)
        assert (await change(other, mine, title="x")).code == "not_found"
        assert (await remove(other, mine)).code == "not_found"
    assert (await change(lina, mine, title="新")).body == {**mine, "title": "新", "version": 2}
    assert (await remove(lina, mine)).status == 204
    assert (await remove(lina, mine)).code == "not_found"
    assert await desk.database["audit"].count({"target": mine["id"]}) == 0


async def test_what_is_shared_is_the_supervisors(desk: House, lina: Caller, supervisor: Caller) -> None:
    shared = await kept(supervisor, scope="shared")
    assert shared["id"] in await ids_of(lina)
    new = {"shortcut": "mine", "title": "x", "text": "x", "scope": "shared"}
    for refused in (
        await change(lina, shared, title="x"),
        await remove(lina, shared),
        await lina.post("/canned-replies", new),
    ):
        assert (refused.status, refused.code) == (403, "forbidden")
    other = await desk.agent(role="supervisor")
    assert (await change(other, shared, text="好")).body["text"] == "好"
    assert (await remove(other, shared)).status == 204
    entries, _ = await AuditLog(desk.database).page(target=shared["id"])
    actions = ["canned_reply.removed", "canned_reply.changed", "canned_reply.added"]
    assert [entry.action for entry in entries] == actions
    assert [change.model_dump() for change in entries[1].changes] == [{"field": "text", "before": TEXT, "after": "好"}]


async def test_replies_of_an_app_are_for_those_who_see_it(desk: House, lina: Caller, supervisor: Caller) -> None:
    vip = await desk.agent(groups=("vip",))
    for_vip, for_all = await kept(supervisor, scope="shared", app_id=VIP_APP), await kept(supervisor, scope="shared")
    assert {for_vip["id"], for_all["id"]} <= await ids_of(vip)
    assert for_vip["id"] not in await ids_of(lina)
    assert (await change(lina, for_vip, title="x")).code == "not_found"
    new = {"shortcut": "mine", "title": "x", "text": "x", "app_id": VIP_APP}
    assert (await lina.post("/canned-replies", new)).body["errors"][0]["where"] == "app_id"
    assert (await change(supervisor, for_vip, app_id=APP)).body["app_id"] == APP
    assert (await change(supervisor, for_vip, title="y")).body["app_id"] == APP
    assert (await change(supervisor, for_vip, app_id=None)).body["app_id"] is None


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"shortcut": " "}, "shortcut"),
    ({"shortcut": "two words"}, "shortcut"),
    ({"shortcut": "x" * 31}, "shortcut"),
    ({"title": ""}, "title"),
    ({"title": "x" * 61}, "title"),
    ({"text": " \n"}, "text"),
    ({"text": "长" * 683}, "text"),
    ({"text": "您好 {custmer}"}, "text"),
    ({"text": "{profile}"}, "text"),
    ({"text": "{profile.}"}, "text"),
    ({"text": "{customer.name}"}, "text"),
    ({"app_id": "wx00000000deadbeef"}, "app_id"),
    ({"owner": "omar"}, "owner"),
]


@pytest.mark.parametrize(("fields", "where"), [*REFUSED, ({"scope": "public"}, "scope")])
async def test_what_could_not_be_sent_is_refused_by_its_place(lina: Caller, fields: dict[str, Any], where: str) -> None:
    answer = await lina.post("/canned-replies", {"shortcut": "hi", "title": "招呼", "text": "好", **fields})
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.body["errors"][0]["where"] == where


@pytest.mark.parametrize(("fields", "where"), REFUSED)
async def test_a_change_is_judged_alike(lina: Caller, fields: dict[str, Any], where: str) -> None:
    reply = await kept(lina)
    assert (await change(lina, reply, **fields)).body["errors"][0]["where"] == where
    assert (await change(lina, reply)).body == reply


@pytest.mark.parametrize("text", ['{"a": 1}', "{ }", "{}", "{1}", "a{", "<script>{profile.a b}</script>", "长" * 682])
async def test_other_braces_and_markup_are_only_text(lina: Caller, text: str) -> None:
    assert (await kept(lina, text=text))["text"] == text


async def test_a_shortcut_is_one_replys(lina: Caller, supervisor: Caller, desk: House) -> None:
    reply = await kept(lina)
    again = {"shortcut": reply["shortcut"], "title": "x", "text": "x"}
    assert (await lina.post("/canned-replies", again)).code == "conflict"
    assert (await change(lina, await kept(lina), shortcut=reply["shortcut"])).code == "conflict"
    assert (await (await desk.agent()).post("/canned-replies", again)).status == 201
    assert (await supervisor.post("/canned-replies", {**again, "scope": "shared"})).status == 201


async def test_of_many_who_change_one_version_one_succeeds(supervisor: Caller) -> None:
    reply = await kept(supervisor, scope="shared")
    answers = await asyncio.gather(*(change(supervisor, reply, version=1, title=f"t{n}") for n in range(8)))
    assert Counter(answer.status for answer in answers) == {200: 1, 409: 7}
    late = await change(supervisor, reply, version=1, title="x")
    assert (late.code, late.body["version"]) == ("conflict", 2)
    assert (await change(supervisor, reply, version=2, title="y")).body["version"] == 3


async def test_there_are_not_endlessly_many(lina: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canned_replies, "MOST_REPLIES", 1)
    await kept(lina)
    refused = await lina.post("/canned-replies", {"shortcut": "two", "title": "x", "text": "x"})
    assert (refused.status, refused.code) == (409, "conflict")


async def test_every_change_is_told_to_those_who_have_the_reply(desk: House, lina: Caller, supervisor: Caller) -> None:
    mine, mine_too, theirs = Screen(lina), Screen(lina), Screen(await desk.agent())
    told = {"type": "settings", "what": "canned-replies"}
    async with mine.ready(), mine_too.ready(), theirs.ready():
        reply = await kept(lina)
        await change(lina, reply, title="x")
        await remove(lina, reply)
        await eventually(lambda: mine.said("settings") == mine_too.said("settings") == [told] * 3)
        await kept(supervisor, scope="shared")
        await eventually(lambda: mine.said("settings") == [told] * 4)
        await eventually(lambda: theirs.said("settings") == [told])


@pytest.mark.parametrize(("field", "value"), [("shortcut", "a\0"), ("title", "a\x7fb")])
async def test_controls_are_no_part_of_a_shortcut(lina: Caller, field: str, value: str) -> None:
    answer = await lina.post("/canned-replies", {"shortcut": "s", "title": "x", "text": "x", field: value})
    assert (answer.code, answer.body["errors"][0]["where"]) == ("invalid", field)


async def test_strangers_have_none(desk: House) -> None:
    stranger = desk.stranger()
    assert (await stranger.get("/canned-replies")).code == "login_required"
    assert (await stranger.post("/canned-replies", {})).code == "login_required"
    assert (await change(stranger, {"id": "x"})).code == "login_required"
    assert (await remove(stranger, {"id": "x"})).code == "login_required"
