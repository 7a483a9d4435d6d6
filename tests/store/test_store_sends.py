from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.clock import real_now
from shared.conversation.commands import SendMessage
from shared.conversation.content import Text
from shared.store.driver import Database
from shared.store.sends import (
    Attempt,
    Begin,
    Called,
    Defer,
    SendStore,
    Settle,
    Settlement,
    Standing,
    Start,
    StoredSend,
    Told,
    forget_at,
)

LONG_AGO = datetime.fromisoformat("2026-11-22T04:00:00+00:00")
IN_AN_HOUR = real_now().replace(microsecond=0) + timedelta(hours=1)  # mongod deletes by its own clock


def command(number: int, conversation: str = "c1") -> SendMessage:
    return SendMessage(
        conversation_id=conversation,
        app_id="wx1",
        trace_id=f"t{number}",
        send_id=f"{conversation}:{number}",
        openid="o1",
        content=Text(text="您好"),
        place=(number, 0),
        expires_at=IN_AN_HOUR,
    )


def attempt(name: str = "a1", deadline: datetime = LONG_AGO) -> Attempt:
    return Attempt(id=name, at=LONG_AGO, deadline=deadline)


def row(number: int, conversation: str = "c1", **fields: Any) -> StoredSend:
    """A send that is deferred and due, unless told otherwise."""
    sent = command(number, conversation)
    more = {"state": "deferred", "due_at": LONG_AGO, "why": "gate", "command": sent, **fields}
    return StoredSend(
        id=sent.send_id,
        conversation=conversation,
        app_id="wx1",
        place=sent.place,
        expires_at=sent.expires_at,
        trace_id=sent.trace_id,
        **more,
    )


def started(number: int, conversation: str = "c1", name: str = "a1", deadline: datetime = LONG_AGO) -> StoredSend:
    begun = attempt(name, deadline)
    return row(number, conversation, state="started", due_at=deadline, attempt=begun, why=None, command=None)


def settle(stored: StoredSend, outcome: Any = "sent", tell_by: datetime | None = None) -> Settle:
    return Settle(stored.guard, Settlement(outcome=outcome, at=LONG_AGO), tell_by, real_now())


async def test_a_send_is_written_and_read_back_as_it_was(either_database: Database) -> None:
    store = SendStore(either_database)
    assert await store.write([Begin(row(1)), Begin(started(1, "c2"))]) == [True, True]
    assert await store.get("c1:1") == row(1)
    assert await store.get("c2:1") == started(1, "c2")


async def test_a_send_begins_once_whoever_begins_it(either_database: Database) -> None:
    store = SendStore(either_database)
    await store.write([Begin(started(1))])
    assert await store.write([Begin(started(1, name="another")), Begin(row(1, "c2"))]) == [False, True]
    kept = await store.get("c1:1")
    assert kept is not None
    assert kept.attempt == attempt()


async def test_one_attempt_of_a_conversation_is_under_way_at_a_time(either_database: Database) -> None:
    store = SendStore(either_database)
    await store.write([Begin(started(1)), Begin(row(2)), Begin(row(1, "c2"))])
    assert await store.write([Begin(started(3, name="a3"))]) == [False]
    starts = [Start(row(2).guard, attempt("a2")), Start(row(1, "c2").guard, attempt("b1"))]
    assert await store.write(starts) == [False, True]
    assert await store.write([settle(started(1)), Begin(row(4))]) == [True, True]
    assert await store.write([Start(row(2).guard, attempt("a2"))]) == [True]


async def test_of_two_who_start_a_waiting_send_one_does(either_database: Database) -> None:
    store = SendStore(either_database)
    await store.write([Begin(row(1))])
    starts = [Start(row(1).guard, attempt("mine")), Start(row(1).guard, attempt("theirs"))]
    assert sorted(await store.write(starts)) == [False, True]


async def test_an_erased_send_is_not_brought_back_by_a_late_write(either_database: Database) -> None:
    store = SendStore(either_database)
    await store.write([Begin(row(1)), Begin(started(1, "c2"))])
    await either_database["sends"].delete_many({})
    again = Defer(row(1).guard, LONG_AGO, "gate", 1, command(1))
    assert await store.write([Start(row(1).guard, attempt()), settle(started(1, "c2")), again]) == [False, True, True]
    assert await store.get("c1:1") is None
    assert await store.get("c2:1") is None


async def test_what_stands_in_a_conversation_is_told_in_its_order(either_database: Database) -> None:
    store = SendStore(either_database)
    writes = [Begin(row(10)), Begin(row(9)), Begin(started(2)), Begin(row(1, "c2")), Begin(row(3, "c3"))]
    await store.write(writes)
    await store.write([settle(row(1, "c2"))])
    first, second, third = await store.standing(
        [Standing("c1", "c1:10"), Standing("c2", "c2:1"), Standing("c2", "c2:none")]
    )
    assert [one.id for one in first] == ["c1:2", "c1:9", "c1:10"]
    assert [one.state for one in second] == ["settled"]
    assert third == []


async def test_an_untold_outcome_stands_until_it_is_told(either_database: Database) -> None:
    store = SendStore(either_database)
    await store.write([Begin(started(1))])
    await store.write([settle(started(1), tell_by=LONG_AGO)])
    [[standing]] = await store.standing([Standing("c1")])
    assert (standing.state, standing.unsettled) == ("settled", False)
    assert [due.send_id for due in await store.claim_due(LONG_AGO)] == ["c1:1"]
    await store.write([Told("c1:1", "unknown")])
    assert len((await store.standing([Standing("c1")]))[0]) == 1
    await store.write([Told("c1:1", "sent")])
    assert await store.standing([Standing("c1")]) == [[]]


async def test_an_outcome_that_came_late_takes_the_place_of_unknown(either_database: Database) -> None:
    store = SendStore(either_database)
    await store.write([Begin(started(1))])
    await store.write([settle(started(1), "unknown")])
    late = {"_id": "c1:1", "attempt.id": "a1"}
    await store.write([Settle(late, Settlement(outcome="sent", at=LONG_AGO), None, real_now())])
    stored = await store.get("c1:1")
    assert stored is not None
    assert stored.settlement == Settlement(outcome="sent", at=LONG_AGO)


async def test_a_settled_send_keeps_no_content(either_database: Database) -> None:
    store = SendStore(either_database)
    await store.write([Begin(row(1))])
    await store.write([settle(row(1), "expired")])
    assert "您好" not in str(await either_database["sends"].find_one({"_id": "c1:1"}))


async def test_what_is_due_is_claimed_by_one_and_again_after_a_while(either_database: Database) -> None:
    store = SendStore(either_database)
    later = real_now() + timedelta(hours=1)
    await store.write([Begin(row(1)), Begin(row(2, "c2", due_at=later)), Begin(started(1, "c3"))])
    await store.write([Begin(started(1, "c4", deadline=later))])
    assert {due.conversation for due in await store.claim_due(real_now())} == {"c1", "c3"}
    assert await store.claim_due(real_now()) == []
    await either_database["sends"].update_many({}, {"$set": {"claim.until": LONG_AGO}})
    assert len(await store.claim_due(real_now())) == 2
    doc = await either_database["sends"].find_one({"_id": "c1:1"})
    assert doc is not None
    assert doc["claim"]["seconds"] == 120


@pytest.mark.parametrize("ahead", [timedelta(days=-1), timedelta(days=1)])
async def test_attempts_end_by_real_time_and_waiting_by_the_clock(either_database: Database, ahead: timedelta) -> None:
    store = SendStore(either_database)
    soon = real_now() + timedelta(hours=1)
    await store.write([Begin(row(1, due_at=soon)), Begin(started(1, "c2", deadline=soon))])
    claimed = await store.claim_due(soon + ahead)
    assert [due.conversation for due in claimed] == (["c1"] if ahead > timedelta() else [])


async def test_a_claim_ends_when_the_send_is_put_off_again_or_given_back(either_database: Database) -> None:
    store = SendStore(either_database)
    await store.write([Begin(row(1)), Begin(row(1, "c2"))])
    claimed = await store.claim_due(real_now())
    await store.write([Defer(row(1).guard, LONG_AGO + timedelta(seconds=1), "gate", 1, command(1))])
    await store.release_due([due for due in claimed if due.conversation == "c2"])
    assert len(await store.claim_due(real_now())) == 2


async def test_rows_are_forgotten_a_week_after_they_expire_and_never_before_their_outcome(
    either_database: Database,
) -> None:
    store = SendStore(either_database)
    now = real_now()
    assert forget_at(now + timedelta(hours=48), now) - now > timedelta(days=8, hours=23)
    assert forget_at(now - timedelta(days=300), now) - now > timedelta(days=6, hours=23)
    await store.write([Begin(row(1)), Begin(started(1, "c2"))])
    assert await either_database["sends"].count({"forget_at": {"$exists": True}}) == 0
    await store.write([settle(row(1))])
    assert await either_database["sends"].count({"forget_at": {"$exists": True}}) == 1


def called(number: int, account: str = "q1", **fields: Any) -> StoredSend:
    """A call to a vendor on behalf of c1."""
    made = row(number, command=None, **fields)
    relay = Called(vendor="qiyu", account=account, call="relay", bridging=1)
    return made.but(id=f"call:{account}:{number}", called=relay)


async def test_each_way_to_a_customer_is_a_line_of_its_own(either_database: Database) -> None:
    store = SendStore(either_database)
    one_started: dict[str, Any] = {"state": "started", "attempt": attempt(), "why": None}
    writes = [Begin(started(1)), Begin(called(2, **one_started)), Begin(called(3, "q2", **one_started))]
    assert await store.write(writes) == [True, True, True]
    assert await store.write([Begin(called(4, **one_started))]) == [False]
    assert await store.write([Begin(called(5))]) == [True]
    lines = [Standing("c1"), Standing("c1@q1"), Standing("c1@q2"), Standing("c1", "call:q1:2")]
    found = await store.standing(lines)
    assert [[one.id for one in rows] for rows in found] == [
        ["c1:1"],
        ["call:q1:2", "call:q1:5"],
        ["call:q2:3"],
        ["c1:1"],
    ]
    assert {(due.send_id, due.lane) for due in await store.claim_due(LONG_AGO)} >= {
        ("c1:1", None),
        ("call:q1:5", "qiyu:q1"),
    }


async def test_the_settled_calls_of_a_stay_are_found(either_database: Database) -> None:
    store = SendStore(either_database)
    await store.write([Begin(called(2)), Begin(called(1)), Begin(called(3)), Begin(called(4, "q2"))])
    await store.write([settle(called(2)), settle(called(1), "unknown"), settle(called(4, "q2"))])
    calls = await store.settled_calls("c1", "q1", 1)
    assert [(one.id, one.reached) for one in calls] == [("call:q1:1", True), ("call:q1:2", True)]
    assert await store.settled_calls("c1", "q1", 2) == []
