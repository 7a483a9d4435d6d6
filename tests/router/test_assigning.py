"""What waits is given or offered as the line says, and its conversations hear how they stand."""

from datetime import timedelta
from typing import Any

import pytest

from shared.conversation.facts import AnyFact
from shared.conversation.policy import Assignment, Policy, Targets
from shared.conversation.routes import Destination, Rule
from shared.store.agents import Claim
from tests.router.lining_up import nudge, responder, serve, session_of, swept, wait_in_line, waiting_told, wanted
from tests.router.workshop import StopAt, Stopped, Workshop
from tests.support.facts import NOON, accept, close, decline, fired, received

OFFERING = Policy(entry="agents", assignment=Assignment(offer_seconds=30))


async def by_hand(shop: Workshop, *logins: str, **fields: Any) -> None:
    for login in logins:
        await shop.create_agent(login, auto_accept=False, **fields)


async def offered_to(shop: Workshop, name: str) -> str | None:
    offer = (await session_of(shop, name)).offer
    return offer.agent_id if offer else None


async def loads(shop: Workshop) -> dict[str, int]:
    return {agent.id: agent.load for agent in await shop.agents.everyone()}


async def decisions(shop: Workshop, name: str) -> list[dict[str, Any]]:
    return await shop.database["decisions"].find({"conversation": name}, {"_id": 0}, sort=[("recorded_at", 1)])


async def test_a_freed_agent_gets_at_once_who_waits_for_longest(shop: Workshop, told: list[AnyFact]) -> None:
    await shop.create_agent("lina", capacity=1)
    names = await wait_in_line(shop, "o1", "o2", "o3")
    offers = shop.offers()
    await offers.handle([nudge()])
    first = await session_of(shop, names[0])
    assert first.claim is not None
    await shop.agents.release("lina", first.claim)
    await offers.handle([nudge()])
    assert [await responder(shop, name) for name in names] == ["lina", "lina", None]


async def test_nobody_is_left_out_however_many_wait_in_front_for_others(shop: Workshop, told: list[AnyFact]) -> None:
    only_vip = Policy(entry="agents", rules=(Rule(name="vip", to=Destination(kind="group", name="vip")),))
    await shop.create_agent("vip", groups=("vip",), presence="away")
    await shop.create_agent("omar")
    await wait_in_line(shop, *(f"v{number}" for number in range(60)), policy=only_vip)
    (last,) = await wait_in_line(shop, "o-last")
    await shop.offers().handle([waiting_told(last)])
    assert await responder(shop, last) == "omar"
    assert await loads(shop) == {"omar": 1, "vip": 0}


async def test_several_pieces_of_the_line_are_served_in_one_look(shop: Workshop, told: list[AnyFact]) -> None:
    await shop.create_agent("lina", capacity=30)
    await shop.create_agent("omar", capacity=30)
    names = await wait_in_line(shop, *(f"o{number}" for number in range(50)))
    await shop.offers().handle([nudge()])
    assert await loads(shop) == {"lina": 25, "omar": 25}
    assert None not in [await responder(shop, name) for name in names]


async def test_the_nearest_deadline_comes_first(shop: Workshop, told: list[AnyFact]) -> None:
    await shop.create_agent("lina", capacity=1)
    closing = Policy(entry="agents", targets=Targets(answer_seconds=86_400, window_seconds=3600))
    names = await wait_in_line(shop, "o1", "o2", policy=closing)
    # The second one's window closes soon: the customer wrote long before they came in line.
    ledger = "ledger.grants.0.deadline"
    await shop.database["conversations"].update_one(
        {"_id": names[1]}, {"$set": {ledger: shop.at + timedelta(seconds=60)}}
    )
    await shop.offers().handle([nudge()])
    assert [await responder(shop, name) for name in names] == [None, "lina"]


async def test_why_is_kept_with_each_decision(shop: Workshop, told: list[AnyFact]) -> None:
    await shop.create_agent("lina", capacity=3)
    await by_hand(shop, "omar")
    (name,) = await wait_in_line(shop, "o1", policy=OFFERING.but(version=7))
    await shop.offers().handle([nudge()])
    (decision,) = await decisions(shop, name)
    assert decision.pop("recorded_at") is not None
    assert decision == {
        "kind": "assigned",
        "conversation": name,
        "session": f"{name}.1",
        "claim_id": f"{name}.1.1",
        "agent_id": "lina",
        "rule": "least_loaded",
        "policy_version": 7,
        "candidates": [
            {"agent_id": "lina", "load": 0, "capacity": 3},
            {"agent_id": "omar", "load": 0, "capacity": 5},
        ],
    }


async def test_an_offer_is_a_claim_and_passes_on_until_somebody_accepts(shop: Workshop, told: list[AnyFact]) -> None:
    await by_hand(shop, "lina", "omar", "wei")
    (name,) = await wait_in_line(shop, "o-customer-1", policy=OFFERING)
    offers = shop.offers()
    await offers.handle([waiting_told(name)])
    session = await session_of(shop, name)
    assert session.offer is not None
    assert (session.state, session.claim, session.offer.agent_id) == ("waiting", f"{name}.1.1", "lina")
    assert session.offer.until == shop.at + timedelta(seconds=30)
    await shop.batch().settle([decline("lina")])
    await offers.handle([waiting_told(name)])
    assert await offered_to(shop, name) == "omar"
    shop.at += timedelta(seconds=31)
    await shop.batch().settle([fired(await shop.conversation(name))])
    assert await loads(shop) == {"lina": 0, "omar": 0, "wei": 0}
    await offers.handle([waiting_told(name)])
    await shop.batch().settle([accept("wei")])
    assert await responder(shop, name) == "wei"
    assert await loads(shop) == {"lina": 0, "omar": 0, "wei": 1}
    kept = [(one["kind"], one["agent_id"], one["rule"]) for one in await decisions(shop, name)]
    assert kept == [("offered", login, "least_loaded") for login in ("lina", "omar", "wei")]


@pytest.mark.parametrize("step", ["claimed", "recorded", "told"])
async def test_stopped_on_the_way_an_offer_is_still_an_offer_to_one_agent(
    shop: Workshop, told: list[AnyFact], step: str
) -> None:
    await by_hand(shop, "lina", "omar")
    (name,) = await wait_in_line(shop, "o1", policy=OFFERING)
    with pytest.raises(Stopped):
        await shop.offers(StopAt(step)).handle([nudge()])
    # Whoever looks next finds other settings, and an agent who accepts by themselves by now.
    serve(shop, Policy(entry="agents"))
    await shop.agents.update("omar", auto_accept=True)
    await shop.offers().handle([nudge()])
    assert await offered_to(shop, name) == "lina"
    assert await loads(shop) == {"lina": 1, "omar": 0}
    assert [(one["kind"], one["agent_id"]) for one in await decisions(shop, name)] == [("offered", "lina")]


@pytest.mark.parametrize("step", ["claimed", "recorded", "told"])
async def test_stopped_on_the_way_several_are_each_given_once(shop: Workshop, told: list[AnyFact], step: str) -> None:
    await shop.create_agent("lina")
    await shop.create_agent("omar")
    names = await wait_in_line(shop, "o1", "o2", "o3")
    with pytest.raises(Stopped):
        await shop.offers(StopAt(step)).handle([nudge()])
    await shop.offers().handle([nudge()])
    assert sorted((await loads(shop)).values()) == [1, 2]
    for name in names:
        (decision,) = await decisions(shop, name)
        assert (decision["kind"], decision["agent_id"]) == ("assigned", await responder(shop, name))


async def test_an_offer_whose_agent_has_no_room_after_all_goes_to_the_next(
    shop: Workshop, told: list[AnyFact], monkeypatch: pytest.MonkeyPatch
) -> None:
    await by_hand(shop, "lina", "omar")
    (name,) = await wait_in_line(shop, "o1", policy=OFFERING)
    offers = shop.offers()
    staff = await shop.attendance.staff()
    await shop.agents.update("lina", capacity=0)

    async def as_it_was() -> list[Any]:
        return staff

    monkeypatch.setattr("shared.store.attendance.Attendance.staff", lambda _: as_it_was())
    await offers.handle([nudge()])
    assert await offered_to(shop, name) == "omar"


async def test_who_wants_by_hand_what_is_just_being_offered_to_them_has_it(shop: Workshop, told: list[AnyFact]) -> None:
    await by_hand(shop, "lina")
    (name,) = await wait_in_line(shop, "o-customer-1", policy=OFFERING)
    offers = shop.offers()
    await offers.handle([nudge()])
    assert await offered_to(shop, name) == "lina"
    await offers.handle([wanted("lina")])
    assert await responder(shop, name) == "lina"
    verdict = (await shop.conversation(name)).verdict_on("k1")
    assert verdict is not None
    assert (verdict.problem, await loads(shop)) == (None, {"lina": 1})


@pytest.mark.parametrize("step", ["claimed", "recorded", "told"])
async def test_stopped_on_the_way_a_wish_is_granted_when_it_comes_again(
    shop: Workshop, told: list[AnyFact], step: str
) -> None:
    await by_hand(shop, "lina", "omar")
    (name,) = await wait_in_line(shop, "o-customer-1")
    with pytest.raises(Stopped):
        await shop.offers(StopAt(step)).handle([wanted("lina")])
    await shop.offers().handle([wanted("lina"), swept()])
    assert await responder(shop, name) == "lina"
    assert await loads(shop) == {"lina": 1, "omar": 0}
    verdict = (await shop.conversation(name)).verdict_on("k1")
    assert verdict is not None
    assert verdict.problem is None
    assert [(one["kind"], one["rule"]) for one in await decisions(shop, name)] == [("assigned", "wanted")]


async def test_a_named_agent_is_waited_for(shop: Workshop, told: list[AnyFact]) -> None:
    named = Policy(entry="agents", rules=(Rule(name="zhou", to=Destination(kind="agent", name="zhou")),))
    await shop.create_agent("omar")
    await shop.create_agent("zhou", presence="away")
    (name,) = await wait_in_line(shop, "o1", policy=named)
    await shop.offers().handle([nudge()])
    assert await responder(shop, name) is None
    await shop.agents.update("zhou", presence="online")
    await shop.offers().handle([nudge()])
    assert await responder(shop, name) == "zhou"
    assert [(one["kind"], one["rule"]) for one in await decisions(shop, name)] == [
        ("routed", "zhou"),
        ("assigned", "named"),
    ]


async def test_a_named_agent_who_may_not_log_in_is_not_waited_for(shop: Workshop, told: list[AnyFact]) -> None:
    named = Policy(entry="agents", rules=(Rule(name="zhou", to=Destination(kind="agent", name="zhou")),))
    await shop.create_agent("omar")
    await shop.create_agent("zhou", enabled=False)
    (name,) = await wait_in_line(shop, "o1", policy=named)
    await shop.offers().handle([nudge()])
    assert await responder(shop, name) == "omar"


async def test_the_last_agent_is_waited_for_as_long_as_the_app_says(shop: Workshop, told: list[AnyFact]) -> None:
    patient = Policy(entry="agents", assignment=Assignment(last_agent_seconds=60))
    await shop.create_agent("lina")
    (name,) = await wait_in_line(shop, "o-customer-1", policy=patient)
    await shop.offers().handle([nudge()])
    await shop.batch().settle([close("lina")])
    await shop.agents.update("lina", capacity=0)
    await shop.create_agent("omar")
    assert await wait_in_line(shop, "o-customer-1", policy=patient) == [name]
    await shop.offers().handle([nudge()])
    assert await responder(shop, name) is None
    shop.at += timedelta(seconds=60)
    await shop.offers().handle([nudge()])
    assert await responder(shop, name) == "omar"


async def test_the_last_agent_with_room_has_the_customer_again(shop: Workshop, told: list[AnyFact]) -> None:
    again = Policy(entry="agents", assignment=Assignment(last_agent_seconds=60))
    await shop.create_agent("lina")
    (name,) = await wait_in_line(shop, "o-customer-1", policy=again)
    await shop.offers().handle([nudge()])
    await shop.batch().settle([close("lina")])
    (other,) = await wait_in_line(shop, "o2", policy=again)
    await shop.create_agent("omar")
    await shop.offers().handle([nudge()])
    await wait_in_line(shop, "o-customer-1", policy=again)
    await shop.offers().handle([nudge()])
    assert await responder(shop, name) == "lina"
    assert (await decisions(shop, name))[-1]["rule"] == "last_agent"
    assert await responder(shop, other) == "omar"


async def test_a_claim_that_nobody_shows_is_asked_about_and_comes_back(shop: Workshop, told: list[AnyFact]) -> None:
    await shop.create_agent("lina", capacity=1)
    (name,) = await wait_in_line(shop, "o1")
    lost = Claim(id=f"{name}.1.9", conversation=name, app_id=shop.apps[0].app_id, at=NOON - timedelta(days=1))
    await shop.agents.claim("lina", lost)
    offers = shop.offers()
    await offers.handle([swept()])
    await offers.handle([swept()])
    assert await responder(shop, name) == "lina"
    assert len([fact for fact in told if fact.kind == "claim_questioned"]) == 1


async def test_the_line_sees_what_changed_since_it_looked(shop: Workshop, told: list[AnyFact]) -> None:
    await shop.create_agent("omar", presence="away")
    (name,) = await wait_in_line(shop, "o1")
    offers = shop.offers()
    await offers.handle([swept()])
    await shop.batch().settle([received("还在吗", openid="o1")])
    (other,) = await wait_in_line(shop, "o2")
    await shop.agents.update("omar", presence="online")
    await offers.handle([nudge()])
    assert [await responder(shop, one) for one in (name, other)] == ["omar", "omar"]
