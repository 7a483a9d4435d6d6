"""Webhooks by REST, and told by a whole desk: the router writes the history, the console reads it and calls."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.console.ear import Ear, Heard, ear
from tests.console.house import APP, VIP_APP, Caller, Customer, House, replica
from tests.support.waiting import eventually

EVENTS = ["session_opened", "session_waiting", "session_assigned", "session_closed", "message"]


@pytest.fixture
async def listener() -> AsyncIterator[Ear]:
    async with ear() as made:
        yield made


@pytest.fixture
async def admin(desk: House) -> Caller:
    return await desk.agent(role="admin")


async def made(admin: Caller, listener: Ear, path: str = "/hook", **fields: Any) -> Any:
    body = {"name": "ERP", "url": listener.url + path, "events": EVENTS, **fields}
    answer = await admin.post("/webhooks", body)
    assert answer.status == 201, answer.body
    return answer.body


async def stored(admin: Caller, webhook: Any) -> Any:
    items = (await admin.get("/webhooks")).body["items"]
    return next(item for item in items if item["id"] == webhook["id"])


async def entries(admin: Caller, webhook: Any) -> list[Any]:
    return list(reversed((await admin.get("/audit", target=webhook["id"])).body["items"]))


def about(listener: Ear, customer: Customer) -> list[Any]:
    told = [heard.json for heard in listener.of("/hook")]
    return [one for one in told if one["conversation"]["id"] == customer.id]


def check(heard: Heard, secret: str) -> None:
    fields = dict(part.split("=", 1) for part in heard.headers["X-Wxdesk-Signature"].split(","))
    signed = fields["t"].encode() + b"." + heard.body
    assert fields["v1"] == hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


async def test_another_system_hears_a_session_from_its_opening_to_its_end(
    desk: House, admin: Caller, lina: Caller, listener: Ear
) -> None:
    webhook = await made(admin, listener)
    assert (webhook["last"], webhook["failing"], webhook["failing_since"]) == (None, False, None)
    customer = await desk.held_by(lina)
    await lina.say(customer, "您好")
    assert (await lina.post(f"/conversations/{customer.id}/close", {"reason": "done"})).status == 200

    async def complete() -> bool:
        assert sorted(one["event"] for one in about(listener, customer)) == sorted([*EVENTS, "message"])
        return True

    await eventually(complete)
    for heard in listener.of("/hook"):
        check(heard, webhook["secret"])
        assert heard.headers["X-Wxdesk-Delivery"] == heard.json["id"]
    texts = [one["message"]["text"] for one in about(listener, customer) if one["event"] == "message"]
    assert sorted(texts) == ["您好", "转人工"]
    assert {one["customer"]["id"] for one in about(listener, customer)} == {customer.openid}

    async def shown() -> bool:
        deliveries = (await admin.get(f"/webhooks/{webhook['id']}/deliveries")).body["items"]
        assert {one["state"] for one in deliveries} == {"done"}
        assert {one["id"] for one in deliveries} == {heard.json["id"] for heard in listener.of("/hook")}
        assert (await stored(admin, webhook))["last"]["failure"] is None
        return True

    await eventually(shown)


async def test_a_second_console_tells_nothing_twice(desk: House, admin: Caller, listener: Ear) -> None:
    await made(admin, listener, events=["message"], app_id=APP)
    async with replica(desk.common), replica(desk.common):
        customers = [await desk.waiting(admin) for _ in range(5)]
        other = await desk.waiting(admin, VIP_APP)
        await eventually(lambda: all(about(listener, customer) for customer in customers))
    assert sorted(len(about(listener, customer)) for customer in customers) == [1] * 5
    assert about(listener, other) == []


async def test_a_call_to_try_it_says_what_came_back(admin: Caller, listener: Ear) -> None:
    webhook = await made(admin, listener, "/try", enabled=False)
    answer = await admin.post(f"/webhooks/{webhook['id']}/test")
    assert (answer.status, answer.body["status"], answer.body["failure"]) == (200, 200, None)
    heard = listener.of("/try")[0]
    check(heard, webhook["secret"])
    assert (heard.json["event"], heard.headers["X-Wxdesk-Event"]) == ("test", "test")
    listener.answers["/try"] = 302
    answer = await admin.post(f"/webhooks/{webhook['id']}/test")
    assert (answer.body["status"], answer.body["failure"]) == (302, "HTTP 302: redirects are not followed")
    assert (await stored(admin, webhook))["last"]["status"] == 302
    assert (await stored(admin, webhook))["failing_since"] is not None
    await admin.call("PATCH", f"/webhooks/{webhook['id']}", {"url": f"{listener.url}/other"})
    renewed = await stored(admin, webhook)
    assert (renewed["last"], renewed["failing_since"]) == (None, None)


async def test_what_is_changed_is_audited_and_no_secret_is_in_it(admin: Caller, listener: Ear) -> None:
    webhook = await made(admin, listener)
    path = f"/webhooks/{webhook['id']}"
    changes = {"name": "CRM", "url": f"{listener.url}/with-a-key", "app_id": APP, "enabled": False}
    changed = (await admin.call("PATCH", path, changes)).body
    assert {name: changed[name] for name in changes} == changes
    assert changed["events"] == EVENTS
    assert changed["secret"] is None
    assert (await admin.call("PATCH", path, {"app_id": None})).body["app_id"] is None
    assert (await admin.call("PATCH", path, {})).status == 200
    assert (await admin.call("DELETE", path)).status == 204
    assert (await admin.call("DELETE", path)).status == 404
    assert (await admin.get(f"{path}/deliveries")).status == 404
    told = await entries(admin, webhook)
    assert [entry["action"] for entry in told] == [
        "webhook.added",
        "webhook.changed",
        "webhook.changed",
        "webhook.removed",
    ]
    fields = {change["field"]: (change["before"], change["after"]) for change in told[1]["changes"]}
    assert fields["name"] == ("ERP", "CRM")
    assert fields["url"] == ("set", "changed")
    assert webhook["secret"] not in str(told)
    assert "with-a-key" not in str(told)


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"url": "http://203.205.254.1/hook"}, "url"),
        ({"url": "http://169.254.169.254/"}, "url"),
        ({"url": "https://user:pw@example.com/"}, "url"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["everything"]}, "events.0"),
        ({"name": " "}, "name"),
        ({"secret": "mine"}, "secret"),
    ],
)
async def test_what_makes_no_webhook_is_refused_by_its_place(admin: Caller, fields: Any, where: str) -> None:
    body = {"name": "ERP", "url": "https://example.com/", "events": ["message"], **fields}
    answer = await admin.post("/webhooks", body)
    assert (answer.status, answer.code) == (422, "invalid")
    assert [error["where"] for error in answer.body["errors"]] == [where]
    assert "pw" not in str(answer.body)


async def test_what_cannot_be_null_or_is_not_there_is_refused(admin: Caller, listener: Ear) -> None:
    webhook = await made(admin, listener)
    path = f"/webhooks/{webhook['id']}"
    for fields in ({"name": None}, {"enabled": None}, {"app_id": "wx00000000000000aa"}):
        assert (await admin.call("PATCH", path, fields)).code == "invalid"
    assert (await admin.post("/webhooks/none/test")).code == "not_found"
    assert (await admin.call("PATCH", "/webhooks/none", {"name": "x"})).code == "not_found"
    assert (await admin.post(f"{path}/deliveries/none/retry")).code == "not_found"


async def test_only_an_admin_may(desk: House, lina: Caller) -> None:
    supervisor = await desk.agent(role="supervisor")
    for caller in (lina, supervisor):
        assert (await caller.get("/webhooks")).code == "forbidden"
        body = {"name": "ERP", "url": "https://example.com/", "events": ["message"]}
        assert (await caller.post("/webhooks", body)).code == "forbidden"


async def test_what_waits_for_a_disabled_one_is_given_up_and_told_again_by_hand(
    desk: House, admin: Caller, listener: Ear
) -> None:
    webhook = await made(admin, listener, events=["message"])
    path = f"/webhooks/{webhook['id']}"
    listener.answers["/hook"] = 500
    customer = await desk.waiting(admin)

    async def row() -> Any:
        items = (await admin.get(f"{path}/deliveries")).body["items"]
        return items[0] if items and items[0]["attempts"] else None

    waiting = await eventually(row)
    assert (waiting["state"], waiting["event"]) == ("waiting", "message")
    await admin.call("PATCH", path, {"enabled": False})

    async def given_up() -> bool:
        return bool((await row())["state"] == "given_up")

    await eventually(given_up)
    retry = f"{path}/deliveries/{waiting['id']}/retry"
    assert (await admin.post(retry)).code == "conflict"
    await admin.call("PATCH", path, {"enabled": True})
    listener.answers["/hook"] = 200
    assert (await admin.post(retry)).body["state"] == "waiting"

    async def done() -> bool:
        return bool((await row())["state"] == "done")

    await eventually(done)
    assert {one["id"] for one in about(listener, customer)} == {waiting["id"]}
    assert (await admin.post(retry)).code == "conflict"
