"""Settings tried out by the API: the same pure decision that routes, on settings that nobody has saved."""

from typing import Any

import pytest

from tests.console.house import APP, Answer, Caller, House

MONDAY_NOON = "2026-11-23T12:00:00+08:00"
SUNDAY_NIGHT = "2026-11-22T23:30:00+08:00"
HOURS = {"time_zone": None, "weekly": [{"days": [1, 2, 3, 4, 5], "from": "09:00", "to": "18:00"}]}
SALES = {
    "name": "商品页",
    "when": {"source": [{"field": "page", "values": ["商品"], "match": "begins"}], "hours": "open"},
    "to": {"kind": "group", "name": "售前"},
}
REFUNDS = {"name": "退款", "when": {"words": ["退款"], "tags": ["投诉"]}, "to": {"kind": "agent", "name": "lina"}}
NIGHT = {"name": "夜里", "when": {"hours": "closed"}, "to": {"kind": "bot"}}
VIP = {
    "name": "贵宾",
    "when": {"profile": [{"name": "等级", "values": ["金"]}], "customers": ["o-1"]},
    "to": {"kind": "official"},
}
SETTINGS = {"entry": "agents", "hours": HOURS, "rules": [SALES, REFUNDS, NIGHT, VIP]}


@pytest.fixture
async def supervisor(desk: House) -> Caller:
    return await desk.agent(role="supervisor")


async def tried(caller: Caller, settings: Any = SETTINGS, **situation: Any) -> Answer:
    return await caller.post(f"/apps/{APP}/settings/try", {"settings": settings, "at": MONDAY_NOON, **situation})


async def decided(caller: Caller, settings: Any = SETTINGS, **situation: Any) -> tuple[str | None, str]:
    answer = await tried(caller, settings, **situation)
    assert answer.status == 200, answer.body
    to = answer.body["to"]
    return answer.body["rule"], to["name"] or to["kind"]


async def test_the_first_rule_that_holds_decides_else_the_entry(supervisor: Caller) -> None:
    assert await decided(supervisor, source='{"page":"商品详情"}') == ("商品页", "售前")
    assert await decided(supervisor, source="page=商品", text="我要退 款", tags=["投诉"]) == ("商品页", "售前")
    assert await decided(supervisor, text="我要退 款", tags=["投诉"]) == ("退款", "lina")
    assert await decided(supervisor, text="我要退款") == (None, "agents")
    assert await decided(supervisor, source="page=商品", at=SUNDAY_NIGHT) == ("夜里", "bot")
    profile = [{"name": "等级", "value": "金"}]
    assert await decided(supervisor, openid="o-1", profile=profile) == ("贵宾", "official")
    assert await decided(supervisor, openid="o-2", profile=profile) == (None, "agents")


async def test_it_says_what_it_went_by_and_where_the_bot_hands_off_to(supervisor: Caller) -> None:
    answer = await tried(supervisor, source='{"page":"商品", "goods": {"id": 7}}', at=SUNDAY_NIGHT)
    assert answer.body == {
        "to": {"kind": "bot", "name": None},
        "rule": "夜里",
        "handed_off": {"to": {"kind": "agents", "name": None}, "rule": None},
        "open": False,
        "fields": {"page": "商品", "goods.id": "7"},
    }
    answer = await tried(supervisor, source="商品页")
    assert (answer.body["open"], answer.body["fields"], answer.body["handed_off"]) == (True, {}, None)


async def test_without_a_time_it_is_now(supervisor: Caller) -> None:
    always = {"hours": {"weekly": [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "00:00", "to": "24:00"}]}}
    never = {"hours": {"extra_days": [{"date": "2001-01-01", "from": "00:00", "to": "24:00"}]}}
    for settings, is_open in ((always, True), (never, False)):
        answer = await supervisor.post(f"/apps/{APP}/settings/try", {"settings": settings})
        assert answer.body["open"] is is_open


async def test_what_cannot_be_settings_is_named_by_its_place(supervisor: Caller) -> None:
    wrong = {"rules": [SALES, {"name": "x", "to": {"kind": "group"}}]}
    answer = await tried(supervisor, wrong)
    assert (answer.status, answer.code) == (422, "invalid")
    assert [error["where"] for error in answer.body["errors"]] == ["settings.rules.1.to"]
    assert (await tried(supervisor, at="tomorrow")).status == 422
    assert (await tried(supervisor, source="x" * 1025)).status == 422


async def test_nothing_is_saved_and_only_who_may_set_may_try(desk: House, supervisor: Caller) -> None:
    before = (await supervisor.get(f"/apps/{APP}")).body
    assert (await tried(supervisor)).status == 200
    assert (await supervisor.get(f"/apps/{APP}")).body == before
    assert (await tried(await desk.agent())).code == "forbidden"
    unknown = await supervisor.post("/apps/wx00000000000000ff/settings/try", {"settings": {}})
    assert unknown.code == "not_found"
