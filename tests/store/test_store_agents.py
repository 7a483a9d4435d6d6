import asyncio

import pytest

from shared.clock import real_now
from shared.store.agents import Agent, AgentExists, AgentStore, Claim, Unclaimed
from shared.store.driver import Database


@pytest.fixture
def agents(either_database: Database) -> AgentStore:
    return AgentStore(either_database)


def claim(name: str) -> Claim:
    return Claim(id=name, conversation="conv", app_id="wx", at=real_now())


async def create(agents: AgentStore, login: str, **fields: object) -> None:
    await agents.add(Agent.model_validate({"id": login, "name": login, "presence": "online", "capacity": 2, **fields}))


async def test_no_claim_succeeds_at_load_over_capacity_however_many_try_at_once(agents: AgentStore) -> None:
    await create(agents, "lina", capacity=3)
    outcomes = await asyncio.gather(*(agents.claim("lina", claim(f"s.{n}")) for n in range(20)))
    assert sum(isinstance(outcome, Agent) for outcome in outcomes) == 3
    refused = [outcome for outcome in outcomes if isinstance(outcome, Unclaimed)]
    assert {one.reason for one in refused} == {"at_capacity"}


async def test_one_claim_is_held_by_one_agent(agents: AgentStore) -> None:
    for login in ("lina", "omar", "ann"):
        await create(agents, login)
    outcomes = await asyncio.gather(*(agents.claim(login, claim("s.1")) for login in ("lina", "omar", "ann")))
    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, Agent)]
    losers = [outcome for outcome in outcomes if isinstance(outcome, Unclaimed)]
    assert all(loser.reason == "taken" and loser.by and loser.by.id == winner.id for loser in losers)


async def test_claiming_again_what_one_holds_succeeds_and_takes_no_more_room(agents: AgentStore) -> None:
    await create(agents, "lina")
    await agents.claim("lina", claim("s.1"))
    again = await agents.claim("lina", claim("s.1"))
    assert isinstance(again, Agent)
    assert again.load == 1


async def test_room_is_given_back_once(agents: AgentStore) -> None:
    await create(agents, "lina")
    await agents.claim("lina", claim("s.1"))
    assert await agents.release("lina", "s.1") is True
    assert await agents.release("lina", "s.1") is False
    assert isinstance(await agents.claim("lina", claim("s.2")), Agent)


async def test_agents_without_claims_do_not_collide_in_the_unique_index(agents: AgentStore) -> None:
    for number in range(5):
        await create(agents, f"agent-{number}")
    assert len(await agents.everyone()) == 5


async def test_a_disabled_agent_gets_nothing(agents: AgentStore) -> None:
    await create(agents, "lina", enabled=False)
    assert await agents.claim("lina", claim("s.1")) == Unclaimed("not_found")


async def test_a_login_is_one_agents(agents: AgentStore) -> None:
    await create(agents, "lina")
    with pytest.raises(AgentExists):
        await create(agents, "lina")


async def test_old_claims_are_found_with_their_holders(agents: AgentStore) -> None:
    await create(agents, "lina")
    await agents.claim("lina", claim("s.1"))
    assert await agents.claims_older_than(30) == []
    assert [(agent, one.id) for agent, one in await agents.claims_older_than(-1)] == [("lina", "s.1")]


async def test_the_roster_has_everyone_by_name_and_counts_what_they_hold(agents: AgentStore) -> None:
    await create(agents, "lina", name="b", groups=("vip",))
    await create(agents, "omar", name="a", enabled=False)
    await agents.claim("lina", claim("s.1"))
    await agents.claim("lina", claim("s.2"))
    omar, lina = await agents.roster()
    assert (omar.id, omar.load, omar.enabled) == ("omar", 0, False)
    assert (lina.id, lina.load, lina.capacity, lina.groups, lina.second_factor) == ("lina", 2, 2, ("vip",), False)
