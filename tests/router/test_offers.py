from collections.abc import Sequence
from typing import Any

import pytest

from shared.bus.partition_consumer import Received
from shared.conversation.facts import AgentLeft, AnyFact
from shared.conversation.policy import Assignment, Policy
from tests.router.lining_up import nudge, responder, serve, swept, wait_in_line, waiting_told, wanted
from tests.router.workshop import StopAt, Stopped, Workshop
from tests.support.facts import CONVERSATION, transfer


async def test_a_waiting_session_goes_to_whoever_has_least(shop: Workshop, told: list[AnyFact]) -> None:
    await shop.create_agent("lina")
    await shop.create_agent("omar")
    names = await wait_in_line(shop, "o1", "o2", "o3", "o4")
    await shop.offers().handle([waiting_told(name) for name in names])
    loads = sorted(agent.load for agent in await shop.agents.everyone())
    assert loads == [2, 2]


async def test_nobody_gets_more_than_their_capacity_and_the_rest_wait(shop: Workshop, told: list[AnyFact]) -> None:
    await shop.create_agent("lina", capacity=2)
    names = await wait_in_line(shop, "o1", "o2", "o3")
    await shop.offers().handle([nudge()])
    await shop.offers().handle([nudge()])
    states = [await responder(shop, name) for name in names]
    assert states == ["lina", "lina", None]


async def test_offline_away_and_manual_agents_are_given_nothing(shop: Workshop, told: list[AnyFact]) -> None:
    await shop.create_agent("away", presence="away")
    await shop.create_agent("off", presence="offline")
    await shop.create_agent("manual")
    await shop.agents.update("manual", auto_accept=False)
    (name,) = await wait_in_line(shop, "o1")
    await shop.offers().handle([nudge()])
    assert await responder(shop, name) is None


@pytest.mark.parametrize("step", ["claimed", "told"])
async def test_stopped_between_claim_and_word_the_session_is_still_assigned_once(
    shop: Workshop, told: list[AnyFact], step: str
) -> None:
    await shop.create_agent("lina")
    await shop.create_agent("omar")
    (name,) = await wait_in_line(shop, "o1")
    with pytest.raises(Stopped):
        await shop.offers(StopAt(step)).handle([nudge()])
    await shop.offers().handle([nudge()])
    loads = sorted(agent.load for agent in await shop.agents.everyone())
    assert loads == [0, 1]
    assert await responder(shop, name) is not None


async def test_accepting_by_hand_wins_once(shop: Workshop, told: list[AnyFact]) -> None:
    for login in ("lina", "omar"):
        await shop.create_agent(login)
        await shop.agents.update(login, auto_accept=False)
    await wait_in_line(shop, "o-customer-1")
    await shop.offers().handle([wanted("lina", "k1"), wanted("omar", "k2")])
    assert await responder(shop, CONVERSATION) == "lina"
    conversation = await shop.conversation(CONVERSATION)
    refused = conversation.verdict_on("k2")
    assert refused is not None
    assert refused.problem is not None
    assert (refused.problem.code, refused.problem.more["by"]["id"]) == ("taken", "lina")


async def test_accepting_over_capacity_is_refused_in_words(shop: Workshop, told: list[AnyFact]) -> None:
    await shop.create_agent("lina", capacity=0)
    await wait_in_line(shop, "o-customer-1")
    await shop.offers().handle([wanted("lina")])
    verdict = (await shop.conversation(CONVERSATION)).verdict_on("k1")
    assert verdict is not None
    assert verdict.problem is not None
    assert (verdict.problem.code, verdict.problem.detail[:20]) == ("at_capacity", "Lina already has 0 o")


async def test_the_same_wish_twice_is_one_claim(shop: Workshop, told: list[AnyFact]) -> None:
    await shop.create_agent("lina")
    await wait_in_line(shop, "o-customer-1")
    await shop.offers().handle([wanted("lina"), wanted("lina")])
    agent = await shop.agents.get("lina")
    assert agent is not None
    assert agent.load == 1


def served_by(shop: Workshop, *groups: str) -> None:
    """From now on the app is served by agents of these groups; by all where none is named."""
    serve(shop, Policy(entry="agents", assignment=Assignment(groups=groups)))


async def held_by_lina(shop: Workshop, *openids: str, **fields: Any) -> list[str]:
    await shop.create_agent("lina", **fields)
    names = await wait_in_line(shop, *openids)
    served_by(shop)
    await shop.offers().handle([nudge()])
    assert [await responder(shop, name) for name in names] == ["lina"] * len(names)
    return names


async def state(shop: Workshop, name: str) -> str | None:
    session = (await shop.conversation(name)).session
    return session.state if session else None


async def reasons(shop: Workshop, name: str) -> list[str]:
    """Why the session waited, each time it did."""
    events = [getattr(message.content, "detail", {}) for message in await shop.history(name)]
    return [detail["reason"] for detail in events if "reason" in detail]


async def load(shop: Workshop, login: str) -> int:
    agent = await shop.agents.get(login)
    assert agent is not None
    return agent.load


@pytest.mark.parametrize("hint", [nudge(), swept()], ids=["told", "not told"])
async def test_what_a_disabled_agent_held_goes_back_in_line_and_to_a_colleague(
    shop: Workshop, told: list[AnyFact], hint: Received
) -> None:
    names = await held_by_lina(shop, "o1", "o2")
    await shop.agents.update("lina", enabled=False, presence="offline")
    await shop.offers().handle([hint])
    assert [await state(shop, name) for name in names] == ["waiting", "waiting"]
    assert await load(shop, "lina") == 0
    assert [await reasons(shop, name) for name in names] == [["agents_first", "agent_disabled"]] * 2
    await shop.create_agent("omar")
    await shop.offers().handle([nudge()])
    assert [await responder(shop, name) for name in names] == ["omar", "omar"]


async def test_that_an_agent_left_is_found_again_whoever_looks_and_decided_once(
    shop: Workshop, told: list[AnyFact]
) -> None:
    (name,) = await held_by_lina(shop, "o1")
    await shop.agents.update("lina", enabled=False)
    holds = await shop.agents.get("lina")
    for _ in range(2):
        await shop.offers().handle([swept()])
        # As if the room had not been given back yet when another replica looks.
        assert holds is not None
        await shop.database["agents"].update_one(
            {"_id": "lina"}, {"$set": {"claims": [claim.model_dump() for claim in holds.claims]}}
        )
    left = [fact for fact in told if isinstance(fact, AgentLeft)]
    assert len(left) == 2
    assert len({fact.id for fact in left}) == 1
    assert (await state(shop, name), await reasons(shop, name)) == ("waiting", ["agents_first", "agent_disabled"])


GONE: list[tuple[dict[str, Any], Sequence[str], str]] = [
    ({"groups": ("night",)}, ("vip",), "waiting"),
    ({"groups": ()}, ("vip", "day"), "waiting"),
    ({"groups": ("night", "day")}, ("vip", "day"), "agent"),
    ({"groups": ()}, (), "agent"),
    ({"groups": (), "role": "supervisor"}, ("vip",), "agent"),
    ({"presence": "offline"}, ("vip",), "agent"),
    ({"presence": "away"}, (), "agent"),
]


@pytest.mark.parametrize(("fields", "groups", "then"), GONE)
async def test_who_does_not_serve_the_app_any_more_keeps_nothing_of_it(
    shop: Workshop, told: list[AnyFact], fields: dict[str, Any], groups: Sequence[str], then: str
) -> None:
    (name,) = await held_by_lina(shop, "o1", groups=("vip",))
    served_by(shop, *groups)
    await shop.agents.update("lina", **fields)
    await shop.offers().handle([swept()])
    assert await state(shop, name) == then
    assert await load(shop, "lina") == (1 if then == "agent" else 0)
    assert (await reasons(shop, name))[1:] == ([] if then == "agent" else ["agent_elsewhere"])


async def test_what_is_held_of_an_app_that_was_removed_stays(shop: Workshop, told: list[AnyFact]) -> None:
    (name,) = await held_by_lina(shop, "o1")
    shop.apps = []
    await shop.offers().handle([swept()])
    assert await responder(shop, name) == "lina"


async def back_in_line_for(shop: Workshop, group: str) -> str:
    (name,) = await held_by_lina(shop, "o-customer-1", groups=("vip",))
    await shop.agents.update("lina", presence="offline")
    await shop.batch().settle([transfer(to_group=group)])
    return name


async def test_a_group_gets_nothing_that_its_agents_may_not_see(shop: Workshop, told: list[AnyFact]) -> None:
    name = await back_in_line_for(shop, "returns")
    served_by(shop, "vip")
    await shop.create_agent("blind", groups=("returns",))
    await shop.create_agent("busy", groups=("returns", "vip"), presence="away")
    await shop.create_agent("other", groups=("vip",))
    await shop.offers().handle([nudge()])
    assert await state(shop, name) == "waiting"
    await shop.agents.update("busy", presence="online")
    await shop.offers().handle([nudge()])
    assert await responder(shop, name) == "busy"


async def test_nobody_waits_for_a_group_in_which_nobody_serves_the_app_any_more(
    shop: Workshop, told: list[AnyFact]
) -> None:
    name = await back_in_line_for(shop, "returns")
    served_by(shop, "vip")
    await shop.create_agent("blind", groups=("returns",))
    await shop.create_agent("other", groups=("vip",))
    await shop.offers().handle([nudge()])
    assert await responder(shop, name) == "other"


async def test_who_does_not_serve_the_app_cannot_accept_by_hand(shop: Workshop, told: list[AnyFact]) -> None:
    await shop.create_agent("lina", groups=("night",))
    await wait_in_line(shop, "o-customer-1")
    served_by(shop, "vip")
    await shop.offers().handle([wanted("lina")])
    verdict = (await shop.conversation(CONVERSATION)).verdict_on("k1")
    assert verdict is not None
    assert verdict.problem is not None
    assert (verdict.problem.code, verdict.problem.detail) == ("conflict", "Lina does not serve this app.")
    assert await load(shop, "lina") == 0
    await shop.agents.update("lina", role="supervisor")
    await shop.offers().handle([wanted("lina", "k2")])
    assert await responder(shop, CONVERSATION) == "lina"
