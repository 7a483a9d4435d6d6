"""Notifiers by REST, and who has the desk open as the replicas tell each other."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.store.pages_open import PagesOpen
from tests.console.ear import Ear, ear
from tests.console.house import APP, Caller, House, replica
from tests.support.waiting import eventually


@pytest.fixture
async def robot() -> AsyncIterator[Ear]:
    async with ear() as made:
        yield made


@pytest.fixture
async def admin(desk: House) -> Caller:
    return await desk.agent(role="admin")


async def made(admin: Caller, robot: Ear, **fields: Any) -> Any:
    body = {"name": "夜班群", "kind": "feishu", "url": f"{robot.url}/hook/0123456789", "secret": "demo", **fields}
    answer = await admin.post("/notifiers", body)
    assert answer.status == 201, answer.body
    return answer.body


async def test_its_address_and_secret_are_never_told_again(admin: Caller, robot: Ear) -> None:
    notifier = await made(admin, robot, app_ids=[APP], after_seconds=60)
    assert notifier["url"] == f"{robot.url}/…6789"
    assert (notifier["has_secret"], notifier["app_ids"], notifier["after_seconds"]) == (True, [APP], 60)
    path = f"/notifiers/{notifier['id']}"
    changed = (await admin.call("PATCH", path, {"secret": None, "name": "白班群", "app_ids": []})).body
    assert (changed["has_secret"], changed["name"], changed["app_ids"]) == (False, "白班群", [])
    moved = (await admin.call("PATCH", path, {"url": f"{robot.url}/hook/another-key", "kind": "wecom"})).body
    assert moved["url"].endswith("…-key")
    listed = (await admin.get("/notifiers")).body["items"]
    assert next(item for item in listed if item["id"] == notifier["id"]) == moved
    told = (await admin.get("/audit", target=notifier["id"])).body["items"]
    assert [entry["action"] for entry in told] == ["notifier.changed", "notifier.changed", "notifier.added"]
    assert "hook" not in str(told)
    assert "demo" not in str(told)
    assert (await admin.call("DELETE", path)).status == 204
    assert (await admin.post(f"{path}/test")).code == "not_found"


async def test_a_masked_address_sent_back_is_refused(admin: Caller, robot: Ear) -> None:
    notifier = await made(admin, robot)
    answer = await admin.call("PATCH", f"/notifiers/{notifier['id']}", {"url": notifier["url"]})
    assert (answer.code, answer.body["errors"][0]["where"]) == ("invalid", "url")


async def test_a_call_to_try_it_understands_what_the_robot_says(admin: Caller, robot: Ear) -> None:
    notifier = await made(admin, robot)
    path = f"/notifiers/{notifier['id']}/test"
    robot.answers["/hook/0123456789"] = {"code": 19021, "msg": "sign match fail"}
    failed = (await admin.post(path)).body
    assert (failed["status"], failed["failure"]) == (200, "19021: the secret is wrong, or this machine's clock is")
    robot.answers["/hook/0123456789"] = {"code": 0, "msg": "success"}
    assert (await admin.post(path)).body["failure"] is None
    said = robot.heard[-1].json
    assert (said["msg_type"], "客服" in said["content"]["text"]) == ("text", True)
    assert {"timestamp", "sign"} <= said.keys()


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"kind": "slack"}, "kind"),
        ({"kind": "wecom", "secret": "x"}, "secret"),
        ({"after_seconds": 5}, "after_seconds"),
        ({"url": "http://169.254.169.254/"}, "url"),
    ],
)
async def test_what_makes_no_notifier_is_refused_by_its_place(admin: Caller, fields: Any, where: str) -> None:
    answer = await admin.post("/notifiers", {"name": "群", "kind": "feishu", "url": "https://example.com/", **fields})
    assert (answer.code, [error["where"] for error in answer.body["errors"]]) == ("invalid", [where])


async def test_only_an_admin_may_see_notifiers(desk: House, lina: Caller) -> None:
    assert (await lina.get("/notifiers")).code == "forbidden"
    assert (await (await desk.agent(role="supervisor")).get("/notifiers")).code == "forbidden"


async def test_a_replica_says_whose_desk_is_open_and_takes_it_back(desk: House, lina: Caller) -> None:
    pages = PagesOpen(desk.database)
    me = (await lina.get("/me")).body["id"]

    async def here() -> bool:
        return me in await pages.agents()

    async def gone() -> bool:
        return me not in await pages.agents()

    async with lina.live() as socket:
        await socket.send_json({"type": "hello", "cursor": None})
        await eventually(here)
    await eventually(gone)


async def test_a_replica_that_stops_has_no_page_open(desk: House) -> None:
    agent = await desk.agent()
    before = await desk.database["pages_open"].count({})
    async with replica(desk.common):

        async def two() -> bool:
            return await desk.database["pages_open"].count({}) == before + 1

        await eventually(two)
    assert await desk.database["pages_open"].count({}) == before
    assert (await agent.get("/me")).status == 200
