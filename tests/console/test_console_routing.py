"""What routing shows in the calls: shapes, offers, blocking, WeChat's own console, attention, decisions."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.clock import real_now
from tests.console import contracts
from tests.console.house import APP, Caller, Customer, House
from tests.support.waiting import eventually


@pytest.fixture
async def boss(desk: House) -> Caller:
    return await desk.agent(role="admin")


async def me(caller: Caller) -> str:
    return str((await caller.get("/me")).body["id"])


async def an_app(desk: House, boss: Caller, **settings: Any) -> str:
    """A new app that is served so, by people first, and of which the router knows."""
    app_id = await contracts.an_app(boss, **settings)
    await desk.routed_by(app_id, (await boss.get(f"/apps/{app_id}")).body["version"])
    return app_id


async def session_of(caller: Caller, customer: Customer) -> Any:
    return (await caller.conversation(customer))["session"]


async def events(caller: Caller, customer: Customer) -> list[str]:
    items = (await caller.get(f"/conversations/{customer.id}/messages")).body["items"]
    return [item["event"]["name"] for item in items if item["event"]]


def transferred(caller: Caller, customer: Customer, **to: Any) -> Any:
    return caller.post(f"/conversations/{customer.id}/transfer", {"to": to})


async def test_a_session_in_line_says_how_it_got_there_and_when_it_will_be_late(desk: House, boss: Caller) -> None:
    await desk.agent(groups=("returns",))
    rule = {"name": "退款", "when": {"words": ["退款"]}, "to": {"kind": "group", "name": "returns"}}
    app = await an_app(desk, boss, rules=[rule], targets={"answer_seconds": 600})
    session = await session_of(boss, await desk.waiting(boss, app, "我要退款"))
    assert (session["rule"], session["group"], session["wanted"], session["first"]) == ("退款", "returns", None, False)
    late = datetime.fromisoformat(session["answer_by"]) - datetime.fromisoformat(session["waiting_since"])
    assert late == timedelta(seconds=600)
    assert session["unanswered_since"] is not None
    assert (session["offer"], session["attention"], session["to_official"], session["rated"]) == (
        None,
        None,
        False,
        None,
    )


async def test_a_session_that_a_rule_gives_to_one_agent_waits_for_them(desk: House, boss: Caller) -> None:
    lina = await desk.agent()
    login = await me(lina)
    app = await an_app(desk, boss, rules=[{"name": "一对一", "to": {"kind": "agent", "name": login}}])
    customer = await desk.waiting(boss, app)
    assert (await session_of(boss, customer))["wanted"] == login
    assert (await lina.accept(customer)).body["session"]["wanted"] is None


async def test_an_offer_is_accepted_or_declined_by_whom_it_is_for(desk: House, boss: Caller) -> None:
    lina = await desk.agent(presence="online", auto_accept=False, groups=("solo",))
    app = await an_app(desk, boss, assignment={"groups": ["solo"], "offer_seconds": 3600})
    customer = Customer(desk.publisher, app)
    await customer.say()

    async def offered() -> Any:
        answer = await lina.get(f"/conversations/{customer.id}")
        return answer.status == 200 and answer.body["session"]["offer"]

    offer = await eventually(offered)
    assert offer["agent"]["id"] == await me(lina)
    assert datetime.fromisoformat(offer["until"]) > real_now() + timedelta(seconds=3000)
    path = f"/conversations/{customer.id}/decline"
    assert (await boss.post(path, {})).code == "conflict"
    declined = await lina.post(path, {})
    assert (declined.status, declined.body["session"]["state"]) == (200, "waiting")
    assert (await lina.post(path, {})).code == "conflict"
    assert (await events(lina, customer))[-2:] == ["session_offered", "offer_passed"]
    kinds = [one["kind"] for one in (await lina.get(f"/conversations/{customer.id}/decisions")).body["items"]]
    assert kinds == ["offered"]
    assert (await lina.accept(customer)).body["session"]["responder"]["id"] == await me(lina)


async def test_whoever_serves_a_customer_may_block_them_and_lift_that_again(desk: House, boss: Caller) -> None:
    lina, omar = await desk.agent(), await desk.agent()
    customer = await desk.held_by(lina)
    path = f"/conversations/{customer.id}/block"
    assert (await omar.post(path, {"blocked": True})).code == "forbidden"
    blocked = await lina.post(path, {"blocked": True})
    assert (blocked.status, blocked.body["blocked"]) == (200, True)
    assert (blocked.body["session"]["state"], blocked.body["session"]["reason"]) == ("closed", "blocked")
    assert (await lina.post(path, {"blocked": True})).status == 200
    await customer.say("还在吗")

    async def kept() -> bool:
        return bool((await lina.conversation(customer))["preview"]["text"] == "还在吗")

    await eventually(kept)
    assert (await lina.state(customer), (await lina.conversation(customer))["unread"]) == ("closed", 0)
    assert (await omar.post(path, {"blocked": False})).code == "forbidden"
    assert (await lina.post(path, {"blocked": False})).body["blocked"] is False
    assert (await boss.post(path, {"blocked": True})).body["blocked"] is True
    assert [name for name in await events(lina, customer) if name.startswith("customer_")] == [
        "customer_blocked",
        "customer_unblocked",
        "customer_blocked",
    ]


@pytest.mark.parametrize("body", [{}, {"blocked": None}, {"blocked": True, "why": "x"}])
async def test_blocking_says_which(desk: House, lina: Caller, body: Any) -> None:
    customer = await desk.held_by(lina)
    assert (await lina.post(f"/conversations/{customer.id}/block", body)).code == "invalid"


async def test_a_customer_who_floods_is_shown_as_limited(desk: House, boss: Caller) -> None:
    customer = await desk.waiting(boss, await an_app(desk, boss, flood={"messages": 5, "seconds": 3600}))
    assert (await boss.conversation(customer))["limited"] is False
    for _ in range(6):
        await customer.say()

    async def limited() -> bool:
        return bool((await boss.conversation(customer))["limited"])

    await eventually(limited)
    assert (await boss.conversation(customer))["blocked"] is False


async def test_wechats_own_console_takes_over_where_the_app_allows_it(desk: House, boss: Caller) -> None:
    allowed = await an_app(desk, boss, official={"agents_may_transfer": True, "say": "请再发一条消息"})
    summaries = {app["id"]: app["official"] for app in (await boss.get("/apps")).body["items"]}
    assert (summaries[allowed], summaries[APP]) == (True, False)
    lina = await desk.agent()
    customer = await desk.waiting(lina, allowed)
    assert (await lina.accept(customer)).status == 200
    session = (await transferred(lina, customer, official=True)).body["session"]
    assert (session["state"], session["to_official"], session["answer_by"]) == ("waiting", True, None)
    taken_back = (await lina.accept(customer)).body["session"]
    assert (taken_back["state"], taken_back["to_official"]) == ("agent", False)
    elsewhere = await desk.held_by(lina)
    refused = await transferred(lina, elsewhere, official=True)
    assert (refused.status, refused.code) == (422, "invalid")
    assert refused.body["detail"].startswith("to.official: ")


async def test_a_supervisor_takes_a_session_over_by_giving_it_to_themselves(desk: House, boss: Caller) -> None:
    customer = await desk.held_by(await desk.agent())
    login = await me(boss)
    session = (await transferred(boss, customer, agent=login)).body["session"]
    assert session["responder"]["id"] == login


async def test_what_needs_attention_has_a_view_the_longest_first(desk: House, boss: Caller) -> None:
    app = await an_app(desk, boss, targets={"answer_seconds": 600, "warn_seconds": 599})
    customers = [await desk.waiting(boss, app) for _ in range(3)]

    async def needing() -> Any:
        page = (await boss.get("/conversations", view="attention", app=app)).body
        return len(page["items"]) == len(customers) and page

    page = await eventually(needing)
    assert page["counts"]["attention"] == len(customers)
    assert {one["session"]["attention"]["why"] for one in page["items"]} == {"answer_late"}
    since = [one["session"]["attention"]["since"] for one in page["items"]]
    assert since == sorted(since)
    found, cursor = [], None
    for _ in customers:
        asked = {"view": "attention", "app": app, "limit": 1, **({"cursor": cursor} if cursor else {})}
        one = (await boss.get("/conversations", **asked)).body
        found += [item["id"] for item in one["items"]]
        cursor = one["next"]
    assert (found, cursor) == ([one["id"] for one in page["items"]], None)
    lina = await desk.agent()
    assert (await lina.accept(customers[0])).status == 200
    left = (await boss.get("/conversations", view="attention", app=app)).body["items"]
    assert customers[0].id not in [one["id"] for one in left]
    begun = (await boss.get("/conversations", view="attention", app=app, limit=1)).body["next"]
    other = await boss.get("/conversations", view="waiting", app=app, cursor=begun)
    assert other.code == "invalid"


async def test_decisions_tell_every_turn_and_those_of_an_earlier_version(desk: House, boss: Caller) -> None:
    rule = {"name": "全部", "to": {"kind": "agents"}}
    customer = await desk.waiting(boss, await an_app(desk, boss, rules=[rule]))
    await boss.accept(customer)
    old = {
        "_id": f"{customer.id}.1.7",
        "conversation": customer.id,
        "claim_id": f"{customer.id}.1.7",
        "agent_id": "lina",
        "rule": "least_loaded",
        "candidates": [{"agent_id": "lina", "load": 1, "capacity": 5}],
        "recorded_at": real_now() - timedelta(days=1),
    }
    await desk.database["decisions"].insert_many([old])

    async def decided() -> Any:
        items = (await boss.get(f"/conversations/{customer.id}/decisions")).body["items"]
        return len(items) == 3 and items

    items = await eventually(decided)
    assert [(one["kind"], one["rule"], one["to"]) for one in items] == [
        ("assigned", "least_loaded", None),
        ("routed", "全部", "agents"),
        ("assigned", "wanted", None),
    ]
    assert {one["session"] for one in items} == {f"{customer.id}.1"}
    assert [one["claim_id"] for one in items] == [f"{customer.id}.1.7", None, f"{customer.id}.1.1"]
    assert items[0]["candidates"] == [{"agent_id": "lina", "load": 1, "capacity": 5}]


async def test_a_record_tells_what_reports_are_made_of(desk: House, boss: Caller) -> None:
    lina = await desk.agent()
    customer = await desk.waiting(lina, await an_app(desk, boss, rating={"ask": "请打分：1–5"}))
    assert (await lina.accept(customer)).status == 200
    assert (await lina.say(customer)).status == 201
    await lina.post(f"/conversations/{customer.id}/close", {})
    await customer.say("5")

    async def rated() -> Any:
        (record,) = (await lina.get(f"/conversations/{customer.id}/sessions")).body["items"]
        return record["rated"] and record["rated"]["score"] and record

    record = await eventually(rated)
    assert (record["rated"]["state"], record["rated"]["score"], record["rule"]) == ("answered", 5, None)
    times = [record[name] for name in ("opened_at", "asked_at", "assigned_at", "first_answer_at", "closed_at")]
    assert times == sorted(times)
    assert (await session_of(lina, customer))["rated"] == record["rated"]


async def test_an_agent_becomes_away_after_as_long_as_they_or_a_supervisor_say(desk: House, lina: Caller) -> None:
    assert (await lina.get("/me")).body["away_after_seconds"] is None
    assert (await lina.call("PATCH", "/me", {"away_after_seconds": 600})).body["away_after_seconds"] == 600
    assert (await lina.call("PATCH", "/me", {"capacity": 3})).body["away_after_seconds"] == 600
    supervisor, login = await desk.agent(role="supervisor"), await me(lina)
    patched = await supervisor.call("PATCH", f"/agents/{login}", {"away_after_seconds": 60})
    assert (patched.status, patched.body["away_after_seconds"]) == (200, 60)
    listed = {one["id"]: one["away_after_seconds"] for one in (await lina.get("/agents")).body["items"]}
    assert listed[login] == 60
    assert (await lina.call("PATCH", "/me", {"away_after_seconds": None})).body["away_after_seconds"] is None


@pytest.mark.parametrize("seconds", [0, 59, 86_401, "soon", True])
async def test_nobody_becomes_away_at_once_or_never_by_a_number(lina: Caller, seconds: Any) -> None:
    assert (await lina.call("PATCH", "/me", {"away_after_seconds": seconds})).code == "invalid"


async def test_settings_that_make_no_sense_together_are_refused_by_their_places(desk: House, boss: Caller) -> None:
    app = await an_app(desk, boss)
    settings = {
        "rules": [
            {"name": "夜间", "when": {"hours": "closed"}, "to": {"kind": "bot"}},
            {"name": "退款", "to": {"kind": "group", "name": "nowhere"}},
        ],
        "fallbacks": [{"when": "nobody_online", "to": {"kind": "bot"}}],
        "targets": {"answer_seconds": 30, "escalate_to": "nowhere"},
    }
    refused = await boss.call("PUT", f"/apps/{app}/settings", {"version": 2, "settings": settings})
    assert (refused.status, refused.code) == (422, "invalid")
    assert [error["where"] for error in refused.body["errors"]] == [
        "settings.rules.0.when.hours",
        "settings.rules.1.to.name",
        "settings.fallbacks.0.to",
        "settings.targets.warn_seconds",
        "settings.targets.escalate_to",
    ]
    assert (await boss.get(f"/apps/{app}")).body["version"] == 2


async def test_what_agents_do_later_does_not_spoil_what_is_stored(desk: House, boss: Caller) -> None:
    lina = await desk.agent(groups=("brief",))
    login = await me(lina)
    app = await an_app(desk, boss, rules=[{"name": "r", "to": {"kind": "group", "name": "brief"}}])
    assert (await boss.call("PATCH", f"/agents/{login}", {"enabled": False})).status == 200
    assert (await boss.get(f"/apps/{app}")).body["settings"]["rules"][0]["to"]["name"] == "brief"
    assert (await boss.call("PATCH", f"/apps/{app}", {"name": "新名字"})).status == 200
    settings = (await boss.get(f"/apps/{app}")).body
    again = {"version": settings["version"], "settings": settings["settings"]}
    refused = await boss.call("PUT", f"/apps/{app}/settings", again)
    assert [error["where"] for error in refused.body["errors"]] == ["settings.rules.0.to.name"]
