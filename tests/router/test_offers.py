from datetime import timedelta

import pytest

from shared.bus.partition_consumer import Received
from shared.contracts import AgentChanged, encode
from shared.conversation.commands import ClaimWanted, SessionWaiting
from shared.conversation.facts import AnyFact
from shared.conversation.policy import Policy
from tests.router.workshop import StopAt, Stopped, Workshop
from tests.support.facts import APP, CONVERSATION, received


def nudge() -> Received:
    return Received(encode(AgentChanged(agent_id="x", trace_id="t")), "agent_changed", 0, redelivered=False, tag=1)


def waiting_told(conversation: str = CONVERSATION) -> Received:
    told = SessionWaiting(conversation_id=conversation, app_id=APP, trace_id="t")
    return Received(encode(told), told.kind, 0, redelivered=False, tag=1)


def wanted(agent: str, command: str = "k1", assignment: int = 1) -> Received:
    told = ClaimWanted(
        conversation_id=CONVERSATION,
        app_id=APP,
        trace_id="t",
        session=1,
        claim_id=f"{CONVERSATION}.1.{assignment}",
        agent_id=agent,
        command_id=command,
        digest="d",
    )
    return Received(encode(told), told.kind, 0, redelivered=False, tag=1)


@pytest.fixture
async def told(shop: Workshop) -> list[AnyFact]:
    """What offers tell conversations is taken by a batch at once, as a router would, and kept here."""
    kept: list[AnyFact] = []
    publish = shop.publisher.publish

    async def publish_and_settle(message: object, **more: object) -> None:
        await publish(message, **more)  # type: ignore[arg-type] # passed on as it came
        if hasattr(message, "cause"):
            kept.append(message)  # type: ignore[arg-type] # only facts have a cause
            await shop.batch().settle([message])  # type: ignore[list-item] # only facts have a cause

    shop.publisher.publish = publish_and_settle  # type: ignore[method-assign] # listens in on the real one
    return kept


async def wait_in_line(shop: Workshop, *openids: str) -> list[str]:
    shop.policy = Policy(entry="agents")
    names = []
    for openid in openids:
        shop.at += timedelta(seconds=1)
        fact = received("你好", openid=openid)
        await shop.batch().settle([fact])
        names.append(fact.conversation_id)
    return names


async def responder(shop: Workshop, name: str) -> str | None:
    session = (await shop.conversation(name)).session
    return session.responder.id if session and session.responder else None


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
