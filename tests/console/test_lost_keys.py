"""One secret sealed with a key that is lost: it is said, it can be entered again, and nobody else is stopped."""

from collections.abc import AsyncIterator
from typing import Any

import pyotp
import pytest
from cryptography.fernet import Fernet

from shared.clock import real_now
from shared.store.sealing import Sealer
from tests.console.ear import Ear, ear
from tests.console.house import APP, PASSWORD, VIP_APP, Caller, House, replica
from tests.console.test_notifier_calls import made as made_notifier
from tests.console.test_webhook_calls import made as made_webhook
from tests.support.waiting import eventually

LOST = Sealer([Fernet.generate_key().decode()])
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


@pytest.fixture
async def listener() -> AsyncIterator[Ear]:
    async with ear() as made:
        yield made


@pytest.fixture
async def admin(desk: House) -> Caller:
    return await desk.agent(role="admin")


async def lose(desk: House, collection: str, name: str, *fields: str) -> None:
    """As if they had been sealed with a key that is not in WXDESK_SECRET_KEYS any more."""
    sealed = {field: LOST.seal("lost", name, field) for field in fields}
    assert await desk.database[collection].update_one({"_id": name}, {"$set": sealed}) == 1


async def listed(admin: Caller, path: str, name: str) -> Any:
    answer = await admin.get(path)
    assert answer.status == 200, answer.body
    return next(one for one in answer.body["items"] if one["id"] == name)


async def test_a_webhook_that_cannot_be_read_is_shown_and_mended(desk: House, admin: Caller, listener: Ear) -> None:
    broken = await made_webhook(admin, listener, "/broken", events=["message"])
    whole = await made_webhook(admin, listener, "/whole", events=["message"])
    await lose(desk, "webhooks", broken["id"], "url", "secret")
    shown = await listed(admin, "/webhooks", broken["id"])
    assert (shown["readable"], shown["url"], shown["name"]) == (False, "", "ERP")
    assert (await listed(admin, "/webhooks", whole["id"]))["readable"] is True
    path = f"/webhooks/{broken['id']}"
    assert (await admin.post(f"{path}/test")).code == "conflict"
    customer = await desk.waiting(admin)
    await eventually(lambda: [one for one in listener.of("/whole") if customer.id in one.body.decode()])
    assert listener.of("/broken") == []
    renamed = (await admin.call("PATCH", path, {"name": "CRM", "url": f"{listener.url}/mended"})).body
    assert (renamed["name"], renamed["readable"], renamed["secret"]) == ("CRM", False, None)
    mended = (await admin.call("PATCH", path, {"renew_secret": True})).body
    assert (mended["readable"], mended["secret"].startswith("whsec_")) == (True, True)
    assert (await admin.post(f"{path}/test")).body["failure"] is None
    assert listener.of("/mended")
    told = str((await admin.get("/audit", target=broken["id"])).body)
    assert mended["secret"] not in told
    assert "changed" in told


async def test_what_cannot_be_read_can_be_removed(desk: House, admin: Caller, listener: Ear) -> None:
    webhook = await made_webhook(admin, listener)
    notifier = await made_notifier(admin, listener)
    await lose(desk, "webhooks", webhook["id"], "url", "secret")
    await lose(desk, "notifiers", notifier["id"], "url", "secret")
    for path in (f"/webhooks/{webhook['id']}", f"/notifiers/{notifier['id']}"):
        assert (await admin.call("DELETE", path)).status == 204
        assert (await admin.call("DELETE", path)).code == "not_found"


async def test_a_notifier_that_cannot_be_read_is_shown_and_mended(desk: House, admin: Caller, listener: Ear) -> None:
    notifier = await made_notifier(admin, listener)
    path = f"/notifiers/{notifier['id']}"
    await lose(desk, "notifiers", notifier["id"], "url", "secret")
    shown = await listed(admin, "/notifiers", notifier["id"])
    assert (shown["readable"], shown["url"], shown["has_secret"]) == (False, "", True)
    assert (await admin.post(f"{path}/test")).code == "conflict"
    mended = await admin.call("PATCH", path, {"url": f"{listener.url}/hook/mended", "secret": None})
    assert (mended.body["readable"], mended.body["url"]) == (True, f"{listener.url}/…nded")
    listener.answers["/hook/mended"] = {"code": 0}
    assert (await admin.post(f"{path}/test")).body["failure"] is None


async def test_an_app_that_cannot_be_read_is_shown_and_mended(desk: House, admin: Caller) -> None:
    body = {"app_id": "wx00000000000000cc", "name": "旧店", "secret": "s", "token": "t", "aes_key": AES_KEY}
    assert (await admin.post("/apps", body)).status == 201
    await lose(desk, "apps", "wx00000000000000cc", "secret", "token", "aes_key")
    path = "/apps/wx00000000000000cc"
    assert (await admin.get(path)).body["unreadable"] == ["secret", "token", "aes_key"]
    # A console that starts now starts, and shows it among the others.
    async with replica(desk.common) as url:
        there = Caller(url, desk.session, desk.document)
        there.headers = admin.headers
        shown = {one["id"]: one["readable"] for one in (await there.get("/apps")).body["items"]}
    assert shown == {APP: True, VIP_APP: True, "wx00000000000000cc": False}
    (check,) = (await admin.post(f"{path}/test")).body["items"]
    assert (check["status"], "cannot be read" in check["what"]) == ("fail", True)
    half = (await admin.call("PATCH", path, {"name": "新店", "token": "t2"})).body
    assert (half["name"], half["unreadable"]) == ("新店", ["secret", "aes_key"])
    settings = {"version": half["version"], "settings": {"welcome": "您好"}}
    assert (await admin.call("PUT", f"{path}/settings", settings)).status == 200
    whole = (await admin.call("PATCH", path, {"secret": "s2", "aes_key": AES_KEY})).body
    assert (whole["unreadable"], whole["has_aes_key"], whole["has_previous_aes_key"]) == ([], True, False)
    assert (await listed(admin, "/apps", "wx00000000000000cc"))["readable"] is True


async def test_a_second_factor_that_cannot_be_read_says_what_to_do(desk: House, admin: Caller) -> None:
    caller = await desk.agent()
    login = (await caller.get("/me")).body["id"]
    offered = (await caller.post("/me/second-factor", {"password": PASSWORD})).body["secret"]
    code = pyotp.TOTP(offered).at(real_now())
    recovery = (await caller.post("/me/second-factor/confirm", {"code": code})).body["recovery_codes"]
    await lose(desk, "agents", login, "second_factor.secret")
    asked = {"login": login, "password": PASSWORD}
    refused = await desk.stranger().post("/login", {**asked, "code": "123456"})
    assert (refused.status, refused.code) == (503, "unavailable")
    assert "wxdesk agents second-factor" in refused.body["detail"]
    assert (await desk.stranger().post("/login", {**asked, "code": recovery[0]})).status == 200
    assert (await admin.call("DELETE", f"/agents/{login}/second-factor")).status == 204
    assert (await desk.stranger().post("/login", asked)).status == 200


async def test_an_offered_secret_that_cannot_be_read_is_asked_for_again(desk: House) -> None:
    caller = await desk.agent()
    login = (await caller.get("/me")).body["id"]
    await caller.post("/me/second-factor", {"password": PASSWORD})
    await lose(desk, "agents", login, "offered_factor.secret")
    assert (await caller.post("/me/second-factor/confirm", {"code": "123456"})).code == "conflict"
