"""Sessions go to vendors and come back: by transfer, by switching an app, by a drill; and how the calls show it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from services.console.api.testing_turns import A_MINUTE
from shared.observe.http import listen
from tests.console.contracts import added, an_app, places, put_settings, qiyu, zhima
from tests.console.house import Caller, Customer, House
from tests.support.waiting import eventually


@pytest.fixture
async def boss(desk: House) -> Caller:
    return await desk.agent(role="admin")


async def bridged_app(desk: House, boss: Caller, **settings: Any) -> tuple[str, str]:
    """An app of our agents', of which the router knows, and a vendor account that serves it."""
    app = await an_app(boss, **settings)
    await desk.routed_by(app, (await boss.get(f"/apps/{app}")).body["version"])
    return app, str((await added(boss, zhima(app)))["id"])


def given(caller: Caller, customer: Customer, account: str) -> Any:
    return caller.post(f"/conversations/{customer.id}/transfer", {"to": {"vendor": account}})


async def given_to_vendor(caller: Caller, customer: Customer, account: str) -> Any:
    """The router hears of a new account a moment after the console."""

    async def taken() -> Any:
        answer = await given(caller, customer, account)
        return answer.body if answer.status == 200 else None

    return await eventually(taken)


async def session_of(caller: Caller, customer: Customer) -> Any:
    return (await caller.conversation(customer))["session"]


async def with_vendor(caller: Caller, customer: Customer, account: str) -> bool:
    bridging = (await session_of(caller, customer))["bridging"]
    return bool(bridging and bridging["account"] == account)


async def switched(boss: Caller, app: str, to: dict[str, Any], sessions: str | None = None) -> Any:
    body = {"to": to, **({"sessions": sessions} if sessions else {})}
    answer = await boss.post(f"/apps/{app}/switch", body)
    assert answer.status == 200, answer.body
    return answer.body


async def test_an_agent_gives_a_session_to_a_vendor_and_takes_it_over_again(desk: House, boss: Caller) -> None:
    app, account = await bridged_app(desk, boss)
    lina = await desk.agent()
    customer = await desk.waiting(lina, app)
    assert (await lina.accept(customer)).status == 200
    session = (await given_to_vendor(lina, customer, account))["session"]
    assert (session["state"], session["responder"]) == (
        "vendor",
        {"kind": "vendor", "id": account, "name": "芝麻"},
    )
    bridging = session["bridging"]
    assert (bridging["account"], bridging["vendor"], bridging["vendor_name"]) == (account, "zhima", "芝麻")
    assert (bridging["standing"], bridging["shows_replies"]) == ("person", False)
    await customer.say("在吗")

    async def passed_on() -> Any:
        messages = (await boss.get(f"/conversations/{customer.id}/messages")).body["items"]
        return next((one["delivery"] for one in messages if one["text"] == "在吗"), None)

    assert (await eventually(passed_on))["state"] == "sending"
    assert (await session_of(boss, customer))["bridging"]["given"] >= 1
    session = (await lina.accept(customer)).body["session"]
    assert (session["state"], session["bridging"]) == ("agent", None)


async def test_a_session_goes_only_to_vendors_that_serve_the_app_and_work(desk: House, boss: Caller) -> None:
    app, account = await bridged_app(desk, boss)
    _, elsewhere = await bridged_app(desk, boss)
    customer = await desk.waiting(boss, app)
    for wrong in ("nobody", elsewhere):
        refused = await given(boss, customer, wrong)
        assert (refused.status, refused.code) == (422, "invalid")
        assert refused.body["detail"].startswith("to.vendor: ")
    body = {"app_id": app, "open": True}
    assert (await boss.post(f"/vendor-accounts/{account}/breaker", body)).status == 200
    down = await given(boss, customer, account)
    assert (down.status, down.code) == (409, "conflict")
    assert "芝麻 cannot be reached" in down.body["detail"]
    both = await boss.post(f"/conversations/{customer.id}/transfer", {"to": {"vendor": account, "bot": True}})
    assert both.code == "invalid"


async def test_a_drill_opens_a_breaker_for_one_app_and_closes_it(desk: House, boss: Caller) -> None:
    app = await an_app(boss)
    other = await an_app(boss)
    account = (await added(boss, qiyu()))["id"]
    path = f"/vendor-accounts/{account}/breaker"
    opened = (await boss.post(path, {"app_id": app, "open": True, "seconds": 120})).body["breakers"]
    assert [(one["app_id"], one["state"], one["drill"], one["code"]) for one in opened] == [
        (app, "open", True, "drill")
    ]
    assert (await boss.get("/bridges", app=other)).body["items"][0]["down"] is False
    again = (await boss.post(path, {"app_id": app, "open": True})).body["breakers"]
    assert again[0]["probe_at"] > opened[0]["probe_at"]
    closed = (await boss.post(path, {"app_id": app, "open": False})).body["breakers"]
    assert [(one["state"], one["drill"], one["probe_at"], one["code"]) for one in closed] == [
        ("closed", False, None, None)
    ]
    audited = (await boss.get("/audit", target=account)).body["items"]
    assert [one["action"] for one in audited][:3] == [
        "vendor_account.breaker_closed",
        "vendor_account.breaker_opened",
        "vendor_account.breaker_opened",
    ]
    serves_other = (await added(boss, zhima(other)))["id"]
    for wrong in ({"app_id": app, "open": True}, {"app_id": "wx00000000000000ff", "open": True}):
        refused = await boss.post(f"/vendor-accounts/{serves_other}/breaker", wrong)
        assert (refused.status, refused.code) == (422, "invalid")
    assert (await boss.post("/vendor-accounts/nobody/breaker", {"app_id": app, "open": True})).code == "not_found"
    assert (await boss.post(path, {"app_id": app, "open": True, "seconds": 0})).code == "invalid"


async def test_switching_moves_what_comes_and_if_asked_what_is_open(desk: House, boss: Caller) -> None:
    app, account = await bridged_app(desk, boss)
    vendor = {"kind": "vendor", "name": account}
    held, waiting = await desk.waiting(boss, app), await desk.waiting(boss, app)
    assert (await boss.accept(held)).status == 200
    first = await switched(boss, app, vendor)
    assert (first["moved"], first["failed"]) == (0, 0)
    assert (await boss.get(f"/apps/{app}")).body["settings"]["entry"] == f"vendor:{account}"
    assert (await session_of(boss, held))["state"] == "agent"

    async def all_moved() -> bool:
        # Until the router has heard of the account.
        return bool((await switched(boss, app, vendor, "all"))["failed"] == 0)

    await eventually(all_moved)
    for customer in (held, waiting):
        assert await with_vendor(boss, customer, account)
    again = await switched(boss, app, vendor, "all")
    assert (again["version"], again["moved"], again["left"]) == (first["version"], 0, 0)
    fresh = Customer(desk.publisher, app)
    await fresh.say("有人吗")

    async def there() -> bool:
        found = await boss.get(f"/conversations/{fresh.id}")
        return found.status == 200 and await with_vendor(boss, fresh, account)

    await eventually(there)
    back = await switched(boss, app, {"kind": "agents"}, "all")
    assert (back["moved"], back["failed"], back["unsettled"]) == (3, 0, 0)
    for customer in (held, waiting, fresh):
        session = await session_of(boss, customer)
        assert (session["state"], session["bridging"]) == ("waiting", None)
    actions = [one["action"] for one in (await boss.get("/audit", target=app)).body["items"]]
    assert actions[:2] == ["app.sessions_moved", "app.settings_changed"]


async def test_switching_to_the_bot_and_to_wechats_console(desk: House, boss: Caller) -> None:
    app, account = await bridged_app(desk, boss)
    customer = await desk.waiting(boss, app)
    assert (await switched(boss, app, {"kind": "bot"}, "all"))["moved"] == 1
    assert await boss.state(customer) == "bot"

    async def to_official() -> bool:
        # The router hands over only once it has heard that the app does.
        return bool((await switched(boss, app, {"kind": "official"}, "all"))["failed"] == 0)

    await eventually(to_official)
    session = await session_of(boss, customer)
    assert (session["state"], session["to_official"]) == ("waiting", True)
    assert (await switched(boss, app, {"kind": "official"}, "all"))["moved"] == 0
    assert (await switched(boss, app, {"kind": "agents"}, "all"))["moved"] == 1
    assert (await session_of(boss, customer))["to_official"] is False
    assert account


async def test_a_switch_refuses_only_what_it_makes_wrong(desk: House, boss: Caller) -> None:
    agent = await desk.agent(groups=("late",))
    app, account = await bridged_app(desk, boss, rules=[{"name": "夜里", "to": {"kind": "group", "name": "late"}}])
    login = (await agent.get("/me")).body["id"]
    assert (await boss.call("PATCH", f"/agents/{login}", {"groups": []})).status == 200
    assert places(await put_settings(boss, app, rules=[{"name": "夜里", "to": {"kind": "group", "name": "late"}}])) == [
        "settings.rules.0.to.name"
    ]
    assert (await switched(boss, app, {"kind": "vendor", "name": account}))["moved"] == 0
    _, elsewhere = await bridged_app(desk, boss)
    refused = await boss.post(f"/apps/{app}/switch", {"to": {"kind": "vendor", "name": elsewhere}})
    assert places(refused) == ["settings.entry"]
    for wrong in ({"kind": "vendor"}, {"kind": "agents", "name": "x"}, {"kind": "group", "name": "late"}):
        assert (await boss.post(f"/apps/{app}/switch", {"to": wrong})).code == "invalid"
    assert (await boss.post("/apps/wx00000000000000ff/switch", {"to": {"kind": "bot"}})).code == "not_found"
    assert (await agent.post(f"/apps/{app}/switch", {"to": {"kind": "bot"}})).code == "forbidden"


async def test_open_sessions_are_not_switched_to_a_vendor_that_is_down(desk: House, boss: Caller) -> None:
    app, account = await bridged_app(desk, boss)
    vendor = {"kind": "vendor", "name": account}
    down = {"app_id": app, "open": True}
    assert (await boss.post(f"/vendor-accounts/{account}/breaker", down)).status == 200
    refused = await boss.post(f"/apps/{app}/switch", {"to": vendor, "sessions": "all"})
    assert refused.code == "conflict"
    assert (await boss.get(f"/apps/{app}")).body["settings"]["entry"] == "agents"
    assert (await switched(boss, app, vendor))["moved"] == 0


async def test_settings_are_tried_with_vendors(desk: House, boss: Caller) -> None:
    app, account = await bridged_app(desk, boss)

    async def tried(**settings: Any) -> Any:
        return (await boss.post(f"/apps/{app}/settings/try", {"settings": settings})).body

    assert (await tried(entry=f"vendor:{account}"))["to"] == {"kind": "vendor", "name": account}
    after = await tried(after_bot={"kind": "vendor", "name": account})
    assert (after["to"]["kind"], after["handed_off"]["to"]) == ("bot", {"kind": "vendor", "name": account})


class AtZhima:
    """What stands at the push address: it answers WeChat's check of one, as told."""

    def __init__(self) -> None:
        self.status = 200
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = 0

    async def handle(self, request: web.Request) -> web.Response:
        self.asked += 1
        await self.gate.wait()
        return web.Response(status=self.status, text=request.query.get("echostr", ""))


@pytest.fixture
async def at_zhima() -> AsyncIterator[tuple[AtZhima, str]]:
    there, app = AtZhima(), web.Application()
    app.router.add_route("*", "/push/{key}", there.handle)
    async with listen(app, "127.0.0.1", 0, "the vendor's port") as port:
        yield there, f"http://127.0.0.1:{port}/push/key-nobody-knows"


async def test_an_account_is_tested_where_the_vendor_is(boss: Caller, at_zhima: tuple[AtZhima, str]) -> None:
    there, url = at_zhima
    app = await an_app(boss)
    path = f"/vendor-accounts/{(await added(boss, zhima(app, secrets={'push_url': url})))['id']}/test"
    works = (await boss.post(path)).body
    assert (works["ok"], works["code"], there.asked) == (True, None, 1)
    there.status = 404
    refused = (await boss.post(path)).body
    assert (refused["ok"], bool(refused["what"])) == (False, True)
    assert "key-nobody-knows" not in str([works, refused])


async def test_an_account_is_tested_one_at_a_time_and_not_too_often(
    desk: House, boss: Caller, at_zhima: tuple[AtZhima, str]
) -> None:
    there, url = at_zhima
    app = await an_app(boss)
    path = f"/vendor-accounts/{(await added(boss, zhima(app, secrets={'push_url': url})))['id']}/test"
    there.gate.clear()
    first = asyncio.create_task(boss.post(path))

    async def asked() -> bool:
        return there.asked == 1

    await eventually(asked)
    assert (await (await desk.agent(role="supervisor")).post(path)).code == "rate_limited"
    there.gate.set()
    assert (await first).body["ok"] is True
    for _ in range(A_MINUTE - 1):
        assert (await boss.post(path)).status == 200
    late = await boss.post(path)
    assert (late.code, int(late.headers["Retry-After"]) >= 1) == ("rate_limited", True)


async def test_a_vendor_that_nobody_answers_for_is_told(boss: Caller) -> None:
    app = await an_app(boss)
    found = (await boss.post(f"/vendor-accounts/{(await added(boss, zhima(app)))['id']}/test")).body
    assert (found["ok"], bool(found["code"])) == (False, True)
    assert (await boss.post("/vendor-accounts/nobody/test")).code == "not_found"
