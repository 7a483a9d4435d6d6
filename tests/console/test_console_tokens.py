"""API tokens: what they let a machine do, and what not."""

import re
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from services.console.app import OPERATIONS
from services.console.openapi import plain_path
from services.console.operations import PREFIX, Operation
from shared.clock import real_now
from shared.store.api_tokens import SCOPES, ApiTokenStore
from tests.console.house import APP, VIP_APP, Caller, Customer, House

READ = {"name": "reports", "scopes": ["read"]}


async def admin_of(desk: House) -> Caller:
    return await desk.agent(role="admin")


def machine(desk: House, text: str) -> Caller:
    caller = desk.stranger()
    caller.headers = {"Authorization": f"Bearer {text}"}
    return caller


async def made(desk: House, body: dict[str, Any]) -> tuple[Caller, Any]:
    """A machine with a new token, and what was told of it."""
    answer = await (await admin_of(desk)).post("/tokens", body)
    assert answer.status == 201, answer.body
    return machine(desk, answer.body["token"]), answer.body


async def test_a_token_is_told_once_and_stored_nowhere(desk: House) -> None:
    admin = await admin_of(desk)
    told = (await admin.post("/tokens", {**READ, "days": 30})).body
    text = told.pop("token")
    assert text.startswith("wxd_")
    assert len(text) > 40
    listed = [one for one in (await admin.get("/tokens")).body["items"] if one["id"] == told["id"]]
    assert listed == [told]
    assert (told["name"], told["scopes"], told["apps"], told["last_used_at"]) == ("reports", ["read"], None, None)
    assert told["expires_at"] > told["created_at"]
    stored = str(await desk.database["api_tokens"].find({})) + str(await desk.database["audit"].find({}))
    assert text not in stored


@pytest.mark.parametrize(
    "body",
    [
        {"name": " ", "scopes": ["read"]},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["everything"]},
        {"name": "x", "scopes": ["read"], "days": 0},
        {"name": "x", "scopes": ["read"], "apps": []},
        {"name": "x", "scopes": ["read"], "apps": ["wxunknown"]},
    ],
)
async def test_what_is_no_token_is_refused(desk: House, body: dict[str, Any]) -> None:
    assert (await (await admin_of(desk)).post("/tokens", body)).code == "invalid"


@pytest.mark.parametrize("role", ["agent", "supervisor"])
async def test_only_an_admin_has_to_do_with_tokens(desk: House, role: str) -> None:
    caller = await desk.agent(role=role)
    assert (await caller.get("/tokens")).code == "forbidden"
    assert (await caller.post("/tokens", READ)).code == "forbidden"
    assert (await caller.call("DELETE", "/tokens/x")).code == "forbidden"


async def test_reading_sees_every_conversation(desk: House) -> None:
    supervisor = await desk.agent(role="supervisor")
    customer, vip = await desk.waiting(supervisor), await desk.waiting(supervisor, VIP_APP)
    reader, _ = await made(desk, READ)
    waiting = (await reader.get("/conversations", view="waiting", limit=200)).body
    assert {customer.id, vip.id} <= {one["id"] for one in waiting["items"]}
    assert (await reader.get("/conversations", view="mine")).body["items"] == []
    assert (await reader.get(f"/conversations/{vip.id}")).status == 200
    messages = (await reader.get(f"/conversations/{customer.id}/messages")).body["items"]
    assert "转人工" in [one["text"] for one in messages]
    assert (await reader.get(f"/conversations/{customer.id}/decisions")).status == 200


async def test_reading_sees_only_the_apps_that_are_named(desk: House) -> None:
    supervisor = await desk.agent(role="supervisor")
    customer, vip = await desk.waiting(supervisor), await desk.waiting(supervisor, VIP_APP)
    reader, _ = await made(desk, {**READ, "apps": [APP]})
    listed = (await reader.get("/conversations", limit=200)).body["items"]
    assert customer.id in {one["id"] for one in listed}
    assert {one["app"]["id"] for one in listed} == {APP}
    assert (await reader.get(f"/conversations/{vip.id}")).code == "not_found"
    assert (await reader.get(f"/conversations/{vip.id}/messages")).code == "not_found"
    assert (await reader.get("/conversations", app=VIP_APP)).code == "not_found"


async def test_whatever_names_no_scope_refuses_every_token(desk: House) -> None:
    """Every operation of the document, by the strongest token there can be."""
    strong, _ = await made(desk, {"name": "all", "scopes": list(SCOPES)})
    closed = [one for one in OPERATIONS if one.scope is None and not one.public]
    assert len(closed) > 10
    for operation in closed:
        path = address(desk, operation)
        async with desk.session.request(operation.method, path, headers=strong.headers, json={}) as response:
            problem = await response.json(content_type=None)
            assert (response.status, problem["code"]) == (403, "forbidden"), operation.path


def address(desk: House, operation: Operation) -> str:
    """Where to call it, about something that is not there."""
    return desk.url + PREFIX + re.sub(r"\{\w+\}", "1", plain_path(operation.path))


async def test_a_token_of_another_scope_is_refused(desk: House) -> None:
    writer, _ = await made(desk, {"name": "shop", "scopes": ["customers"]})
    for operation in (one for one in OPERATIONS if one.scope == "read"):
        path = address(desk, operation)
        async with desk.session.get(path, headers=writer.headers) as response:
            problem = await response.json(content_type=None)
            assert (response.status, problem["code"]) == (403, "forbidden"), operation.path


def test_reading_scopes_let_into_nothing_that_changes_something() -> None:
    assert {one.method for one in OPERATIONS if one.scope == "read"} == {"GET"}
    assert not [one for one in OPERATIONS if one.scope is not None and one.public]


async def test_a_removed_token_lets_nobody_in_from_that_moment(desk: House) -> None:
    reader, told = await made(desk, READ)
    assert (await reader.get("/conversations")).status == 200
    admin = await admin_of(desk)
    assert (await admin.call("DELETE", f"/tokens/{told['id']}")).status == 204
    assert (await reader.get("/conversations")).code == "login_required"
    assert (await admin.call("DELETE", f"/tokens/{told['id']}")).code == "not_found"


async def test_an_expired_token_lets_nobody_in_and_is_still_shown(desk: House) -> None:
    past = real_now() - timedelta(days=2)
    text, token = await ApiTokenStore(desk.database).make("old", ["read"], None, now=past, lasts=timedelta(days=1))
    assert (await machine(desk, text).get("/conversations")).code == "login_required"
    listed = (await (await admin_of(desk)).get("/tokens")).body["items"]
    assert token.id in [one["id"] for one in listed]


@pytest.mark.parametrize("name", ["wxdesk", "__Host-wxdesk"])
async def test_a_token_is_no_cookie(desk: House, name: str) -> None:
    reader, _ = await made(desk, READ)
    text = reader.headers["Authorization"].removeprefix("Bearer ")
    reader.headers = {"Cookie": f"{name}={text}"}
    assert (await reader.get("/conversations")).code == "login_required"


@pytest.mark.parametrize("by_header", [True, False])
async def test_a_token_opens_no_live_socket(desk: House, *, by_header: bool) -> None:
    reader, _ = await made(desk, {"name": "all", "scopes": list(SCOPES)})
    hello = {"type": "hello", "cursor": None}
    if not by_header:
        hello["token"] = reader.headers["Authorization"].removeprefix("Bearer ")
        reader.headers = {}
    async with reader.live() as socket:
        await socket.send_json(hello)
        message = await socket.receive(timeout=20)
        assert message.type is not aiohttp.WSMsgType.TEXT
        assert socket.close_code == 4401


async def test_a_use_is_noted_to_the_minute(desk: House) -> None:
    reader, told = await made(desk, READ)
    admin = await admin_of(desk)

    async def last_used() -> Any:
        items = (await admin.get("/tokens")).body["items"]
        return next(one["last_used_at"] for one in items if one["id"] == told["id"])

    await reader.get("/conversations")
    first = await last_used()
    assert first is not None
    await reader.get("/conversations")
    assert await last_used() == first
    earlier = {"$set": {"last_used_at": real_now() - timedelta(seconds=61)}}
    await desk.database["api_tokens"].update_one({"_id": told["id"]}, earlier)
    await reader.get("/conversations")
    assert await last_used() > first


async def test_making_and_removing_is_audited(desk: House) -> None:
    admin = await admin_of(desk)
    me = (await admin.get("/me")).body["id"]
    told = (await admin.post("/tokens", {**READ, "apps": [APP, APP]})).body
    await admin.call("DELETE", f"/tokens/{told['id']}")
    entries = await desk.database["audit"].find({"target": told["id"]}, sort=[("at", 1)])
    assert [(one["action"], one["by"]["id"]) for one in entries] == [("token.made", me), ("token.removed", me)]
    changes = {one["field"]: one["after"] for one in entries[0]["changes"]}
    assert changes == {"name": "reports", "scopes": ["read"], "apps": [APP], "expires_at": None}


async def test_a_picture_of_a_conversation_is_read_by_a_token(desk: House, lina: Caller) -> None:
    """An upload that was sent nowhere is its agent's alone."""
    form = aiohttp.FormData()
    form.add_field("file", GIF, filename="dot.gif")
    uploaded = (await lina.call("POST", "/media", data=form)).body["media_id"]
    reader, _ = await made(desk, READ)
    assert (await reader.get(f"/media/{uploaded}")).code == "not_found"
    customer: Customer = await desk.held_by(lina)
    sent = [{"conversation": customer.id, "app_id": customer.app_id}]
    await desk.database["media"].update_one({"_id": uploaded}, {"$set": {"sent_to": sent}})
    assert (await reader.get(f"/media/{uploaded}")).body == GIF


GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
