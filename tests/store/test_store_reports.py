"""Sessions as reports read them: ended and running ones, each once, of the time and the apps that are asked for."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.conversation.commands import RecordSession
from shared.conversation.ids import conversation_id
from shared.conversation.model import Conversation, Party, Rated, Session
from shared.store import reports
from shared.store.conversations import Commit, ConversationStore
from shared.store.driver import Database
from shared.store.records import SessionRecords
from shared.store.reports import ReportedSession, Reports, TooManySessions
from tests.support.facts import NOON

LINA = Party(kind="agent", id="lina", name="李娜")
UNTIL = NOON + timedelta(hours=1)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def session(number: int = 1, opened: float = 0, closed: float | None = 60, **more: Any) -> Session:
    ended = None if closed is None else at(closed)
    return Session(
        number=number,
        state="agent" if closed is None else "closed",
        opened_at=at(opened),
        active_at=at(opened),
        closed_at=ended,
        **more,
    )


async def end(database: Database, one: Session, *, app: str = "wx1", openid: str = "o1") -> None:
    conversation = conversation_id(app, openid)
    command = RecordSession(conversation_id=conversation, app_id=app, trace_id="t", session=one)
    await SessionRecords(database).save(command)


async def run(database: Database, one: Session, *, app: str = "wx1", openid: str = "o1") -> None:
    """As the router leaves a conversation: whose session is open has something due."""
    due_at = at(9999) if one.state != "closed" else None
    name = conversation_id(app, openid)
    stored = Conversation(id=name, app_id=app, openid=openid, version=1, session=one, due_at=due_at)
    assert await ConversationStore(database).commit([Commit(0, stored, (), ())]) == []


async def read(database: Database, *, since: datetime = NOON, **more: Any) -> list[ReportedSession]:
    pieces = Reports(database).sessions(since, UNTIL, **more)
    return sorted([one async for piece in pieces for one in piece], key=lambda one: (one.app_id, one.opened_at))


async def test_a_session_is_read_with_all_that_reports_count(either_database: Database) -> None:
    rated = Rated(state="answered", at=at(70), score=4)
    times: dict[str, Any] = {"asked_at": at(1), "assigned_at": at(2), "first_answer_at": at(3)}
    one = session(responder=LINA, served_group="vip", agent_messages=2, rated=rated, **times)
    await end(either_database, one)
    assert await read(either_database) == [
        ReportedSession(
            app_id="wx1",
            opened_at=at(0),
            closed_at=at(60),
            asked_at=at(1),
            assigned_at=at(2),
            first_answer_at=at(3),
            holder="agent",
            agent_id="lina",
            agent_name="李娜",
            group="vip",
            agent_messages=2,
            asked_rating=True,
            score=4,
        )
    ]


async def test_who_ended_in_line_is_of_the_lines_group_and_who_could_not_be_asked_was_not(
    either_database: Database,
) -> None:
    one = session(asked_at=at(1), group="night", served_group="vip", rated=Rated(state="not_asked", at=at(60)))
    await end(either_database, one)
    (found,) = await read(either_database)
    assert (found.holder, found.agent_id, found.group) == (None, None, "night")
    assert (found.asked_rating, found.score) == (False, None)


async def test_records_of_before_these_fields_were_kept_are_read(either_database: Database) -> None:
    old = {"_id": "c.1", "conversation": "c", "app_id": "wx1", "number": 1, "state": "closed", "opened_at": at(0)}
    await either_database["sessions"].insert_one({**old, "closed_at": at(5), "responder": None})
    assert await read(either_database) == [ReportedSession("wx1", at(0), at(5))]


async def test_only_what_began_in_the_period_and_for_loads_what_went_on_into_it(either_database: Database) -> None:
    for number, (opened, closed) in enumerate([(-10, -1), (-10, 5), (0, 7000), (3599, 3601), (3600, 3700)], 1):
        await end(either_database, session(number, opened, closed))
    await run(either_database, session(6, -20, None), openid="o2")
    await run(either_database, session(7, 20, None), openid="o3")
    await run(either_database, session(8, 3600, None), openid="o4")
    assert [one.opened_at for one in await read(either_database)] == [at(0), at(20), at(3599)]
    earlier = await read(either_database, earlier=True)
    assert [one.opened_at for one in earlier] == [at(-20), at(-10), at(0), at(20), at(3599)]


async def test_only_of_the_apps_that_are_asked_for(either_database: Database) -> None:
    await end(either_database, session(opened=1))
    await end(either_database, session(opened=2), app="wx2")
    await run(either_database, session(2, 3, None), app="wx2", openid="o2")
    await run(either_database, session(2, 4, None), app="wx3", openid="o2")
    assert [one.opened_at for one in await read(either_database, apps={"wx2"})] == [at(2), at(3)]
    assert await read(either_database, apps=set()) == []
    assert len(await read(either_database)) == 4


async def test_a_running_session_is_read_once_even_where_it_ends_meanwhile(either_database: Database) -> None:
    await run(either_database, session(responder=LINA, closed=None))
    pieces = Reports(either_database).sessions(NOON, UNTIL)
    assert [one.closed_at for one in await read(either_database)] == [None]
    # Its record is there already, its conversation as it was: what a reading between the two finds.
    await end(either_database, session(responder=LINA))
    assert [one.closed_at async for piece in pieces for one in piece] == [at(60)]


async def test_too_many_are_refused(either_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "MOST_SESSIONS", 3)
    for number in (1, 2):
        await end(either_database, session(number))
    await run(either_database, session(3, closed=None))
    assert len(await read(either_database)) == 3
    await run(either_database, session(1, closed=None), openid="o2")
    with pytest.raises(TooManySessions):
        await read(either_database)
    for number in (4, 5):
        await end(either_database, session(number))
    with pytest.raises(TooManySessions):
        await read(either_database)


async def test_what_is_read_is_found_by_an_index(mongo_url: str, mongo_db: str, either_database: Database) -> None:
    """Only what the period has is looked at, however much was before."""
    for number in range(1, 40):
        await end(either_database, session(number, -5000 + number, -4000))
    await end(either_database, session(40))
    found = await either_database["sessions"].aggregate([{"$indexStats": {}}])
    before = {one["name"]: one["accesses"]["ops"] for one in found}["reports"]
    assert len(await read(either_database)) == 1
    found = await either_database["sessions"].aggregate([{"$indexStats": {}}])
    assert {one["name"]: one["accesses"]["ops"] for one in found}["reports"] == before + 1
