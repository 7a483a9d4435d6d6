from datetime import timedelta

import pytest

from shared.clock import real_now
from shared.conversation.strategy import Standby
from shared.store.agents import Agent, AgentStore, Claim
from shared.store.attendance import Attendance
from shared.store.driver import Database
from tests.support.facts import NOON


@pytest.fixture
def agents(either_database: Database) -> AgentStore:
    return AgentStore(either_database)


@pytest.fixture
def attendance(either_database: Database) -> Attendance:
    return Attendance(either_database)


def agent(login: str = "lina", **fields: object) -> Agent:
    return Agent.model_validate({"id": login, "name": login, "presence": "online", **fields})


async def now_of(agents: AgentStore, login: str = "lina") -> Agent:
    found = await agents.get(login)
    assert found is not None
    return found


async def test_the_staff_is_everybody_who_may_log_in_as_assignment_sees_them(
    agents: AgentStore, attendance: Attendance
) -> None:
    await agents.add(agent(groups=("vip",), capacity=3, auto_accept=False, role="supervisor", assigned_at=NOON))
    await agents.add(agent("omar", presence="offline"))
    await agents.add(agent("gone", enabled=False))
    for number in range(2):
        at = NOON + timedelta(seconds=number)
        await agents.claim("lina", Claim(id=f"s.{number}", conversation="c", app_id="wx", at=at))
    staff = {one.id: one for one in await attendance.staff()}
    assert staff.keys() == {"lina", "omar"}
    assert staff["lina"] == (await now_of(agents)).standby
    assert staff["lina"] == Standby(
        id="lina",
        groups=("vip",),
        role="supervisor",
        presence="online",
        capacity=3,
        load=2,
        auto_accept=False,
        assigned_at=NOON + timedelta(seconds=1),
    )
    assert (staff["omar"].presence, staff["omar"].load, staff["omar"].has_room) == ("offline", 0, False)


async def test_it_is_noted_since_when_an_agent_is_as_they_are(agents: AgentStore) -> None:
    await agents.add(agent(presence_at=NOON, absent_since=NOON))
    same = await agents.update("lina", presence="online", capacity=9)
    assert same is not None
    assert (same.presence_at, same.absent_since, same.capacity) == (NOON, NOON, 9)
    before = real_now() - timedelta(milliseconds=1)
    changed = await agents.update("lina", presence="offline", name="$presence", groups=("$name",))
    assert changed is not None
    assert (changed.presence, changed.name, changed.groups) == ("offline", "$presence", ("$name",))
    assert changed.presence_at is not None
    assert before <= changed.presence_at <= real_now()
    assert changed.absent_since == changed.presence_at
    assert await agents.update("nobody", presence="online") is None


async def test_what_else_changes_says_nothing_about_presence(agents: AgentStore) -> None:
    await agents.add(agent(presence_at=NOON))
    changed = await agents.update("lina", capacity=1)
    assert changed is not None
    assert changed.presence_at == NOON


async def test_an_agent_who_is_new_is_so_since_now(agents: AgentStore) -> None:
    await agents.add(agent())
    added = await now_of(agents)
    assert added.presence_at is not None
    assert added.absent_since == added.presence_at


async def test_who_is_offline_since_an_instant_and_still_has_something(
    agents: AgentStore, attendance: Attendance
) -> None:
    for login, presence, claims in (("old", "offline", 1), ("idle", "offline", 0), ("here", "away", 1)):
        await agents.add(agent(login, presence=presence, presence_at=NOON))
        for _ in range(claims):
            await agents.claim(login, Claim(id=f"s.{login}", conversation="c", app_id="wx", at=NOON))
    assert [one.id for one in await attendance.offline_since(NOON)] == ["old"]
    assert await attendance.offline_since(NOON - timedelta(seconds=1)) == []


async def test_only_those_whose_time_is_up_become_away(agents: AgentStore, attendance: Attendance) -> None:
    for login, patience in (("soon", 60), ("later", 61), ("never", None)):
        await agents.add(agent(login, away_after_seconds=patience, absent_since=NOON))
    at = NOON + timedelta(seconds=60)
    away = await attendance.leave_absent(at)
    assert [(one.id, one.presence, one.presence_at) for one in away] == [("soon", "away", at)]
    assert await attendance.leave_absent(at) == []
    assert (await now_of(agents, "later")).presence == "online"
