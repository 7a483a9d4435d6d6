"""Reports over HTTP: figures of sessions that are known, who may ask, and the same as a table."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts.hints import SettingsChanged
from shared.conversation.commands import RecordSession
from shared.conversation.ids import conversation_id
from shared.conversation.model import Party, Rated, Session
from shared.store.apps import AppStore
from shared.store.records import SessionRecords
from shared.store.sealing import Sealer
from tests.console.house import APP, KEY, VIP_APP, Caller, House
from tests.support.waiting import eventually

NINE = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""Nine in the morning in Shanghai, of a day long before all that other tests do."""
DAY = {"from": "2026-03-02", "to": "2026-03-02"}
COUNTS = ("sessions", "running", "with_agent", "by_bot", "gave_up", "official")


def at(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def ended(number: int, opened: float, closed: float, **more: Any) -> Session:
    instants = {name: at(value) for name, value in more.items() if name.endswith("_at")}
    fields: dict[str, Any] = {
        **more,
        **instants,
        "opened_at": at(opened),
        "active_at": at(opened),
        "closed_at": at(closed),
    }
    return Session(number=number, state="closed", **fields)


@pytest.fixture(scope="module")
async def boss(desk: House) -> Caller:
    """A supervisor, in a house where five sessions have ended on one day, and one on the next."""
    boss = await desk.agent(role="supervisor")
    lina = Party(kind="agent", id="lina", name="李娜")
    omar = Party(kind="agent", id="omar", name="=奥马")
    day = [
        ended(1, 0, 30, asked_at=0, assigned_at=1, first_answer_at=2, responder=lina, agent_messages=4).but(
            rated=Rated(state="answered", at=at(31), score=5)
        ),
        ended(2, 5, 25, asked_at=5, assigned_at=8, first_answer_at=10, responder=lina, served_group="夜班").but(
            rated=Rated(state="answered", at=at(26), score=2)
        ),
        ended(3, 60, 70, responder=Party(kind="bot")),
        ended(4, 65, 95, asked_at=65, reason="gave_up"),
    ]
    records = SessionRecords(desk.database)
    for app, sessions in (
        (APP, [*day, ended(5, 24 * 60, 24 * 60 + 1, responder=Party(kind="official"))]),
        (VIP_APP, [ended(1, 10, 20, asked_at=10, assigned_at=12, responder=omar)]),
    ):
        for session in sessions:
            name = conversation_id(app, "o-report")
            await records.save(RecordSession(conversation_id=name, app_id=app, trace_id="t", session=session))
    return boss


async def rows(caller: Caller, by: str, **asked: Any) -> dict[str | None, Any]:
    answer = await caller.get("/reports", by=by, **{**DAY, **asked})
    assert answer.status == 200, answer.body
    return {row["key"]: row for row in answer.body["rows"]}


async def test_a_day_by_hand(boss: Caller) -> None:
    answer = await boss.get("/reports", **DAY)
    assert answer.status == 200
    told = answer.body
    assert (told["from"], told["to"]) == ("2026-03-01T16:00:00Z", "2026-03-02T16:00:00Z")
    assert (told["by"], told["time_zone"]) == ("day", "Asia/Shanghai")
    (row,) = told["rows"]
    assert (row["key"], row["name"]) == ("2026-03-02", "2026-03-02")
    assert {**row, "key": 0, "name": 0} == {**told["total"], "key": 0, "name": 0}
    assert [row[name] for name in COUNTS] == [5, 0, 3, 1, 1, 0]
    assert row["waiting_seconds"] == {"sessions": 3, "p50": 120.0, "p90": 180.0, "mean": 120.0}
    assert row["first_answer_seconds"] == {"sessions": 2, "p50": 120.0, "p90": 300.0, "mean": 210.0}
    assert row["resolution_seconds"] == {"sessions": 3, "p50": 1200.0, "p90": 1800.0, "mean": 1200.0}
    assert row["rated"] == {"asked": 2, "answered": 2, "mean": 3.5, "counts": [0, 1, 0, 0, 1]}
    assert (row["agent_messages"], row["load"]) == (4, None)


async def test_rows_of_every_kind(boss: Caller) -> None:
    hours = await rows(boss, "hour")
    assert (len(hours), hours["09"]["sessions"], hours["10"]["sessions"], hours["09"]["name"]) == (24, 3, 2, "09:00")
    days = await rows(boss, "day", to="2026-03-04")
    assert [(key, row["sessions"], row["official"]) for key, row in days.items()] == [
        ("2026-03-02", 5, 0),
        ("2026-03-03", 1, 1),
        ("2026-03-04", 0, 0),
    ]
    apps = await rows(boss, "app")
    assert [(row["name"], row["sessions"]) for row in apps.values()] == [("店铺", 4), ("会员店", 1)]
    agents = await rows(boss, "agent")
    assert [(key, row["name"], row["sessions"], row["load"]) for key, row in agents.items()] == [
        ("lina", "李娜", 2, {"most": 2, "mean": pytest.approx(1.59)}),
        ("omar", "=奥马", 1, {"most": 1, "mean": 1.0}),
        (None, None, 2, {"most": 0, "mean": None}),
    ]
    groups = await rows(boss, "group")
    assert {key: row["sessions"] for key, row in groups.items()} == {"夜班": 1, None: 4}


async def test_it_is_narrowed_to_an_app_an_agent_or_a_group(boss: Caller) -> None:
    assert {key: row["sessions"] for key, row in (await rows(boss, "agent", app=VIP_APP)).items()} == {"omar": 1}
    assert {key: row["sessions"] for key, row in (await rows(boss, "app", agent="lina")).items()} == {APP: 2}
    assert {key: row["sessions"] for key, row in (await rows(boss, "agent", group="夜班")).items()} == {"lina": 1}
    assert await rows(boss, "app", app="wx00000000000000ff") == {}


async def test_the_groups_of_an_agent_are_those_of_now(desk: House, boss: Caller) -> None:
    lead = await desk.agent(groups=("白班",))
    login = (await lead.get("/me")).body["id"]
    agent = Party(kind="agent", id=login, name="x")
    one = ended(9, -3 * 1440, -3 * 1440 + 5, assigned_at=-3 * 1440, responder=agent)
    name = conversation_id(APP, "o-groups")
    await SessionRecords(desk.database).save(RecordSession(conversation_id=name, app_id=APP, trace_id="t", session=one))
    assert list(await rows(boss, "group", **{"from": "2026-02-27", "to": "2026-02-27"})) == ["白班"]


async def test_who_waited_longer_than_the_apps_target_is_late(desk: House, boss: Caller) -> None:
    async def late() -> tuple[int, int]:
        row = (await rows(boss, "day"))["2026-03-02"]
        return row["late"], row["with_target"]

    assert await late() == (0, 0)
    store = AppStore(desk.database, Sealer([KEY]))
    app = await store.get(APP)
    assert app is not None
    targets = app.policy.targets.but(answer_seconds=180)
    assert await store.save(app.but(policy=app.policy.but(targets=targets))) is not None
    await desk.publisher.hint(SettingsChanged(what="apps"))

    async def counted() -> bool:
        return await late() == (2, 3)

    await eventually(counted)


async def test_a_running_session_counts_with_what_is_known_of_it(desk: House, boss: Caller) -> None:
    lina = await desk.agent()
    login = (await lina.get("/me")).body["id"]
    customer = await desk.held_by(lina)
    assert (await lina.say(customer)).status == 201
    answer = await boss.get("/reports", by="agent", agent=login)
    (row,) = answer.body["rows"]
    assert [row[name] for name in COUNTS] == [1, 1, 1, 0, 0, 0]
    assert (row["key"], row["agent_messages"], row["load"]) == (login, 1, {"most": 1, "mean": 1.0})
    assert (row["waiting_seconds"]["sessions"], row["first_answer_seconds"]["sessions"]) == (1, 1)
    assert row["resolution_seconds"]["sessions"] == 0


async def test_the_table_has_the_same_and_runs_nothing(boss: Caller) -> None:
    url = f"{boss.url}/api/v1/reports/export"
    async with boss.session.get(url, params={**DAY, "by": "agent"}, headers=boss.headers) as response:
        content = await response.read()
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        name = 'attachment; filename="report-agent-2026-03-02-2026-03-02.csv"'
        assert response.headers["Content-Disposition"] == name
    assert content.startswith(b"\xef\xbb\xbf")
    table = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [(row["key"], row["name"], row["sessions"]) for row in table] == [
        ("lina", "李娜", "2"),
        ("omar", "'=奥马", "1"),
        ("", "", "2"),
        ("*", "total", "5"),
    ]
    lina = table[0]
    assert (lina["waiting_seconds_p50"], lina["waiting_seconds_p90"], lina["load_most"]) == ("60.0", "180.0", "2")
    assert (lina["rated_mean"], lina["rated_2"], lina["rated_5"], lina["with_agent"]) == ("3.5", "1", "1", "2")
    assert (table[1]["first_answer_seconds_p50"], table[1]["rated_mean"]) == ("", "")


async def test_only_supervisors_may_ask(desk: House, lina: Caller) -> None:
    for path in ("/reports", "/reports/export"):
        answer = await lina.get(path)
        assert (answer.status, answer.code) == (403, "forbidden")
        answer = await desk.stranger().get(path)
        assert (answer.status, answer.code) == (401, "login_required")


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-03-02T00:00:00"}, "to"),
        ({"from": "2026-03-03"}, "to"),
        ({"from": "2024-03-03"}, "from"),
        ({"by": "month"}, "by"),
        ({"of": "me"}, "of"),
    ],
)
async def test_what_is_not_understood_is_named(boss: Caller, asked: dict[str, str], where: str) -> None:
    answer = await boss.get("/reports", **{**DAY, **asked})
    assert (answer.status, answer.code) == (422, "invalid")
    assert [error["where"] for error in answer.body["errors"]] == [where]
