"""Conversations in line hear how they stand, when it is time and not again and again."""

from datetime import timedelta
from typing import Any

import pytest

from shared.conversation.facts import AgentClaimed, AnyFact, StoodInLine
from shared.conversation.policy import Policy, WaitingWords
from shared.conversation.routes import Conditions, Destination, Fallback, Rule
from shared.lately import Lately
from tests.router.lining_up import nudge, responder, swept, wait_in_line
from tests.router.workshop import Workshop
from tests.support.facts import NOON

WORDS = WaitingWords(say="您排在第{position}位", after_seconds=10, every_seconds=60, most=2)


async def words(shop: Workshop, name: str) -> list[str]:
    return [
        getattr(message.content, "text", "") for message in await shop.history(name) if message.direction == "outbound"
    ]


async def test_customers_hear_their_place_when_it_is_time_and_not_again(shop: Workshop, told: list[AnyFact]) -> None:
    names = await wait_in_line(shop, "o1", "o2", policy=Policy(entry="agents", waiting=WORDS))
    offers = shop.offers()
    await offers.handle([swept()])
    assert not [fact for fact in told if isinstance(fact, StoodInLine)]
    shop.at = NOON + timedelta(seconds=13)
    for _ in range(3):
        await shop.offers().handle([swept()])
    assert [await words(shop, name) for name in names] == [["您排在第1位"], ["您排在第2位"]]
    shop.at += timedelta(seconds=60)
    await offers.handle([swept()])
    assert [len(await words(shop, name)) for name in names] == [2, 2]
    shop.at += timedelta(seconds=600)
    await shop.offers().handle([swept()])
    assert len([fact for fact in told if isinstance(fact, StoodInLine)]) == 4


async def test_only_a_sweep_tells_places_and_not_of_those_just_given_away(shop: Workshop, told: list[AnyFact]) -> None:
    await shop.create_agent("lina", capacity=1)
    at_once = Policy(entry="agents", waiting=WORDS.but(after_seconds=0))
    names = await wait_in_line(shop, "o1", "o2", policy=at_once)
    offers = shop.offers()
    await offers.handle([nudge()])
    assert [type(fact) for fact in told] == [AgentClaimed]
    await offers.handle([swept()])
    assert [await words(shop, name) for name in names] == [[], ["您排在第1位"]]


async def test_the_same_is_told_again_after_a_while_only(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The conversation's own router is slow: nothing of what it is told is decided."""
    at = [0.0]
    monkeypatch.setattr("services.router.standing.Lately", lambda seconds: Lately(seconds, now=lambda: at[0]))
    published: list[StoodInLine] = []
    publish = shop.publisher.publish

    async def listen(message: Any, **more: Any) -> None:
        await publish(message, **more)
        published.append(message)

    monkeypatch.setattr(shop.publisher, "publish", listen)
    out = Fallback(when="nobody_online", to=Destination(kind="bot"))
    await shop.create_agent("lina", capacity=0)
    await wait_in_line(shop, "o1", policy=Policy(entry="agents", waiting=WORDS, fallbacks=(out,)))
    shop.at += timedelta(seconds=20)
    published.clear()
    offers = shop.offers()
    for seconds in (0, 29, 30, 31):
        at[0] = float(seconds)
        await offers.handle([swept()])
    assert [fact.nobody_online for fact in published] == [False, False]
    assert len({fact.id for fact in published}) == 1
    await shop.agents.update("lina", presence="offline")
    await offers.handle([swept()])
    assert [fact.nobody_online for fact in published] == [False, False, True]


async def test_where_nobody_is_online_the_way_out_is_taken(shop: Workshop, told: list[AnyFact]) -> None:
    out = Fallback(when="nobody_online", to=Destination(kind="group", name="night"), say="夜班为您服务")
    await shop.create_agent("lina", presence="offline", groups=("day",))
    await shop.create_agent("night", groups=("night",))
    rule = Rule(name="day", when=Conditions(), to=Destination(kind="group", name="day"))
    (name,) = await wait_in_line(shop, "o1", policy=Policy(entry="agents", rules=(rule,), fallbacks=(out,)))
    await shop.offers().handle([swept()])
    assert await words(shop, name) == ["夜班为您服务"]
    await shop.offers().handle([nudge()])
    assert await responder(shop, name) == "night"
