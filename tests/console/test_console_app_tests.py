"""The test of one app by the API: the sandbox stands for WeChat."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import web

from services.console.api.testing_turns import A_MINUTE
from shared.observe.http import listen
from tests.console.house import APP, House, house
from tests.sandbox.box import APPID, SECRET, TOKEN, boxed

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


async def echo(request: web.Request) -> web.Response:
    return web.Response(text=request.query["echostr"])


@pytest.fixture
async def tried(amqp_url: str, mongo_url: str, mongo_db: str) -> AsyncIterator[House]:
    """A desk whose WeChat is a sandbox, and whose gateway answers as it should."""
    async with AsyncExitStack() as stack:
        box = await stack.enter_async_context(boxed())
        gateway = web.Application()
        gateway.add_routes([web.get("/wechat/{app}", echo)])
        port = await stack.enter_async_context(listen(gateway, "127.0.0.1", 0, "none"))
        more: dict[str, Any] = {"wechat_api_base": box.running.url, "gateway_url": f"http://127.0.0.1:{port}"}
        yield await stack.enter_async_context(house(amqp_url, mongo_url, mongo_db, routed=False, **more))


async def findings(desk: House, app_id: str) -> list[tuple[str, str, str]]:
    supervisor = await desk.agent(role="supervisor")
    answer = await supervisor.post(f"/apps/{app_id}/test")
    assert answer.status == 200, answer.body
    assert answer.body["next"] is None
    return [(one["status"], one["what"], one["advice"]) for one in answer.body["items"]]


async def add(desk: House, **fields: Any) -> None:
    admin = await desk.agent(role="admin")
    app = {"app_id": APPID, "name": "店", "secret": SECRET, "token": TOKEN, "aes_key": AES_KEY, **fields}
    # The seed of every house may have registered this appid already.
    await desk.database["apps"].delete_one({"_id": app["app_id"]})
    assert (await admin.post("/apps", app)).status == 201


async def test_what_is_right_is_said_to_be(tried: House) -> None:
    await add(tried)
    found = await findings(tried, APPID)
    assert [status for status, _, _ in found] == ["ok", "ok", "ok", "warn"]
    assert "gives a token" in found[0][1]
    assert "answers WeChat's check" in found[2][1]
    assert "no genuine push" in found[3][1]
    assert found[3][2]
    assert SECRET not in str(found)


async def test_what_is_wrong_says_what_to_do_here_and_not_on_a_command_line(tried: House) -> None:
    await add(tried, secret="f" * 32)
    found = await findings(tried, APPID)
    assert found[0][0] == "fail"
    assert "save it with the app" in found[0][2]
    assert "wxdesk apps" not in str(found)


async def test_nobody_in_its_groups_is_said(tried: House) -> None:
    await add(tried)
    supervisor = await tried.agent(role="supervisor")
    body = {"version": 1, "settings": {"assignment": {"groups": ["nobody"]}}}
    assert (await supervisor.call("PUT", f"/apps/{APPID}/settings", body)).status == 200
    assert (await findings(tried, APPID))[0][:2] == (
        "fail",
        f"{APPID}: nobody is in the groups that serve it (nobody), so its customers wait for ever",
    )


async def test_a_disabled_app_is_only_said_to_be(tried: House) -> None:
    admin = await tried.agent(role="admin")
    assert (await admin.call("PATCH", f"/apps/{APP}", {"name": "x", "enabled": False, "mode": "plain"})).status == 200
    ((status, what, advice),) = await findings(tried, APP)
    assert (status, "is disabled" in what, "`enabled`" in advice) == ("warn", True, True)


async def test_a_wechat_and_a_gateway_out_of_reach_are_findings(amqp_url: str, mongo_url: str, mongo_db: str) -> None:
    nowhere: dict[str, Any] = {"wechat_api_base": "http://127.0.0.1:1", "gateway_url": "http://127.0.0.1:1"}
    async with house(amqp_url, mongo_url, mongo_db, routed=False, **nowhere) as desk:
        found = await findings(desk, APP)
    assert [status for status, _, _ in found] == ["fail", "ok", "fail", "warn"]
    assert found[2][1] == f"{APP}: the gateway does not answer (ClientConnectorError)"


async def test_a_gateway_nobody_told_of_is_a_finding(amqp_url: str, mongo_url: str, mongo_db: str) -> None:
    nowhere: dict[str, Any] = {"wechat_api_base": "http://127.0.0.1:1"}
    async with house(amqp_url, mongo_url, mongo_db, routed=False, **nowhere) as desk:
        found = await findings(desk, APP)
    assert ("warn", f"{APP}: the gateway was not asked", "set GATEWAY_URL or PUBLIC_BASE_URL") in found


async def test_an_app_is_tested_a_few_times_a_minute_whoever_asks(tried: House) -> None:
    await add(tried)
    for _ in range(A_MINUTE):
        await findings(tried, APPID)
    supervisor = await tried.agent(role="supervisor")
    refused = await supervisor.post(f"/apps/{APPID}/test")
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert (await supervisor.post(f"/apps/{APP}/test")).status == 200


async def test_an_app_is_tested_once_at_a_time(amqp_url: str, mongo_url: str, mongo_db: str) -> None:
    asked, answers = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        asked.set()
        await answers.wait()
        return await echo(request)

    async with AsyncExitStack() as stack:
        gateway = web.Application()
        gateway.add_routes([web.get("/wechat/{app}", slow)])
        port = await stack.enter_async_context(listen(gateway, "127.0.0.1", 0, "none"))
        more: dict[str, Any] = {"wechat_api_base": "http://127.0.0.1:1", "gateway_url": f"http://127.0.0.1:{port}"}
        desk = await stack.enter_async_context(house(amqp_url, mongo_url, mongo_db, routed=False, **more))
        supervisor = await desk.agent(role="supervisor")
        first = asyncio.create_task(supervisor.post(f"/apps/{APP}/test"))
        await asked.wait()
        assert (await supervisor.post(f"/apps/{APP}/test")).code == "rate_limited"
        answers.set()
        assert (await first).status == 200
        assert (await supervisor.post(f"/apps/{APP}/test")).status == 200
