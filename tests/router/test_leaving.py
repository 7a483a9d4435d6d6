"""Agents who went offline: what they had stays, or goes back in line, as the app says."""

from datetime import timedelta
from typing import Any

import pytest

from shared.clock import real_now
from shared.conversation.facts import AgentLeft, AnyFact
from shared.conversation.policy import Assignment, Policy
from tests.router.lining_up import nudge, responder, serve, session_of, swept, wait_in_line
from tests.router.workshop import Workshop
from tests.support.facts import accept


def policy(offline: Any, seconds: int = 300) -> Policy:
    return Policy(entry="agents", assignment=Assignment(offline=offline, offline_seconds=seconds))


async def lina_goes(shop: Workshop, app: Policy, *, seconds_ago: float) -> str:
    """Lina takes a session, and went offline so long ago by the machines' clock; the conversation."""
    await shop.create_agent("lina")
    (name,) = await wait_in_line(shop, "o1", policy=app)
    await shop.offers().handle([nudge()])
    await shop.agents.update("lina", presence="offline")
    gone_at = real_now() - timedelta(seconds=seconds_ago)
    await shop.database["agents"].update_one({"_id": "lina"}, {"$set": {"presence_at": gone_at}})
    return name


@pytest.mark.parametrize(
    ("app", "seconds_ago", "state"),
    [
        (policy("keep", 0), 10_000, "agent"),
        (policy("return"), 250, "agent"),
        (policy("return"), 301, "waiting"),
        (policy("reassign"), 301, "waiting"),
        (policy("return", 0), 0, "waiting"),
    ],
)
async def test_an_agent_who_is_offline_for_too_long_loses_what_the_app_does_not_keep_for_them(
    shop: Workshop, told: list[AnyFact], app: Policy, seconds_ago: float, state: str
) -> None:
    name = await lina_goes(shop, app, seconds_ago=seconds_ago)
    await shop.offers().handle([swept()])
    session = await session_of(shop, name)
    assert session.state == state
    assert [fact.why for fact in told if isinstance(fact, AgentLeft)] == ["agent_offline"] * (state == "waiting")
    lina = await shop.agents.get("lina")
    assert lina is not None
    assert lina.load == (1 if state == "agent" else 0)


@pytest.mark.parametrize(("offline", "served"), [("return", "o2"), ("reassign", "o1")])
async def test_in_front_of_the_line_or_at_its_end(
    shop: Workshop, told: list[AnyFact], offline: Any, served: str
) -> None:
    app = policy(offline)
    first = await lina_goes(shop, app, seconds_ago=301)
    (second,) = await wait_in_line(shop, "o2", policy=app)
    shop.at += timedelta(seconds=60)
    await shop.offers().handle([swept()])
    await shop.create_agent("omar", capacity=1)
    await shop.offers().handle([nudge()])
    names = {"o1": first, "o2": second}
    assert [one for one, name in names.items() if await responder(shop, name) == "omar"] == [served]


async def test_each_app_has_its_own_patience(shop: Workshop, told: list[AnyFact]) -> None:
    name = await lina_goes(shop, policy("return", 600), seconds_ago=400)
    quick = shop.apps[0].but(app_id="wx-quick", policy=policy("return", 60))
    shop.apps = [*shop.apps, quick]
    await shop.offers().handle([swept()])
    assert await responder(shop, name) == "lina"


async def test_who_comes_back_in_time_keeps_theirs(shop: Workshop, told: list[AnyFact]) -> None:
    name = await lina_goes(shop, policy("return"), seconds_ago=301)
    await shop.agents.update("lina", presence="online")
    await shop.agents.update("lina", presence="offline")
    await shop.offers().handle([swept()])
    assert await responder(shop, name) == "lina"


async def test_the_settings_of_the_moment_count(shop: Workshop, told: list[AnyFact]) -> None:
    name = await lina_goes(shop, policy("keep"), seconds_ago=301)
    await shop.offers().handle([swept()])
    assert await responder(shop, name) == "lina"
    serve(shop, policy("return"))
    await shop.offers().handle([swept()])
    assert (await session_of(shop, name)).state == "waiting"


@pytest.mark.parametrize("presence", ["away", "offline"])
async def test_what_somebody_is_offered_who_is_not_there_goes_on(
    shop: Workshop, told: list[AnyFact], presence: str
) -> None:
    app = Policy(entry="agents", assignment=Assignment(offer_seconds=3600))
    await shop.create_agent("lina", auto_accept=False)
    (name,) = await wait_in_line(shop, "o1", policy=app)
    await shop.offers().handle([nudge()])
    await shop.agents.update("lina", presence=presence)
    await shop.create_agent("omar", auto_accept=False)
    await shop.offers().handle([swept()])
    await shop.offers().handle([nudge()])
    offer = (await session_of(shop, name)).offer
    assert offer is not None
    assert offer.agent_id == "omar"
    lina = await shop.agents.get("lina")
    assert lina is not None
    assert lina.load == 0


async def test_who_accepted_what_they_were_offered_and_is_away_for_a_moment_keeps_it(
    shop: Workshop, told: list[AnyFact]
) -> None:
    app = Policy(entry="agents", assignment=Assignment(offer_seconds=3600))
    await shop.create_agent("lina", auto_accept=False)
    (name,) = await wait_in_line(shop, "o1", policy=app)
    await shop.offers().handle([nudge()])
    await shop.batch().settle([accept("lina").but(conversation_id=name)])
    await shop.agents.update("lina", presence="away")
    await shop.offers().handle([swept()])
    assert await responder(shop, name) == "lina"
