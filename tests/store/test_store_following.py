"""What a follower promises: everything, in order, at least once, by one process at a time."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from bson.timestamp import Timestamp

from shared.conversation.content import Text
from shared.conversation.model import Message, MessageChange
from shared.store.driver import Database, StoreUnavailable
from shared.store.following import PIECE, Follower
from shared.store.leases import Leases
from shared.store.messages import MessageStore
from tests.support.facts import message
from tests.support.waiting import eventually


class Told:
    """Keeps what it was handed; `failure` is raised as often as it is there."""

    def __init__(self) -> None:
        self.pieces: list[list[Message]] = []
        self.failures: list[Exception] = []

    async def handle(self, messages: Sequence[Message]) -> None:
        if self.failures:
            raise self.failures.pop()
        self.pieces.append(list(messages))

    @property
    def seqs(self) -> list[int]:
        return [message.seq for piece in self.pieces for message in piece]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def messages(either_database: Database) -> MessageStore:
    return MessageStore(either_database)


@pytest.fixture
def follower(either_database: Database, told: Told) -> Callable[..., Follower]:
    """Makes the follower of another process each time, with the same name."""

    def make(holder: str = "one", **options: str) -> Follower:
        leases = Leases(either_database, holder)
        return Follower(either_database, leases, "test", told.handle, every_seconds=0.01, **options)  # type: ignore[arg-type]

    return make


async def test_all_of_the_history_comes_once_and_in_order(
    messages: MessageStore, follower: Callable[..., Follower], told: Told
) -> None:
    await messages.insert([message(seq) for seq in range(1, 2 * PIECE + 3)])
    one = follower()
    assert await one.follow() == 2 * PIECE + 2
    assert told.seqs == list(range(1, 2 * PIECE + 3))
    assert max(len(piece) for piece in told.pieces) == PIECE
    await messages.insert([message(5000)])
    assert [await one.follow(), await one.follow()] == [1, 0]


async def test_a_changed_message_comes_again_as_it_is_now(
    messages: MessageStore, follower: Callable[..., Follower], told: Told
) -> None:
    await messages.insert([message(1), message(2)])
    one = follower()
    await one.follow()
    change = MessageChange(message_id=message(1).id, revision=9, content=Text(text="改了"))
    await messages.change([change])
    assert await one.follow() == 1
    assert told.pieces[-1][0].content == Text(text="改了")


async def test_what_was_not_dealt_with_comes_again_and_nothing_behind_it_is_lost(
    messages: MessageStore, follower: Callable[..., Follower], told: Told
) -> None:
    await messages.insert([message(seq) for seq in range(1, PIECE + 2)])
    one = follower()
    told.failures = [StoreUnavailable("gone")]
    with pytest.raises(StoreUnavailable):
        await one.follow()
    told.failures = [ValueError("a bug")]
    with pytest.raises(ValueError, match="a bug"):
        await one.follow()
    assert await one.follow() == PIECE + 1
    assert told.seqs == list(range(1, PIECE + 2))


async def test_another_process_takes_over_where_the_first_one_left(
    messages: MessageStore, either_database: Database, follower: Callable[..., Follower], told: Told
) -> None:
    await messages.insert([message(1)])
    one, two = follower("one"), follower("two")
    assert await one.follow() == 1
    assert await two.follow() is None
    await messages.insert([message(2)])
    await Leases(either_database, "one").give_up("follower:test")
    await two.follow()
    assert set(told.seqs) == {1, 2}
    assert told.seqs[-1] == 2


async def test_what_lies_far_behind_is_not_read_again_by_the_next_process(
    messages: MessageStore, either_database: Database, follower: Callable[..., Follower], told: Told
) -> None:
    await messages.insert([message(1), message(2)])
    old = Timestamp(1_000_000_000, 1)
    await either_database["messages"].update_one({"_id": message(1).id}, {"$set": {"changed_at": old}})
    await follower().follow()
    await Leases(either_database, "one").give_up("follower:test")
    await follower("two").follow()
    assert told.seqs == [1, 2, 2]


async def test_one_that_became_visible_late_is_found(
    messages: MessageStore, either_database: Database, follower: Callable[..., Follower], told: Told
) -> None:
    await messages.insert([message(1)])
    one = follower()
    await one.follow()
    await messages.insert([message(2)])
    reached = await either_database["followers"].find_one({"_id": "test"})
    assert reached is not None
    late = Timestamp(reached["at"].time - 2, 1)
    await either_database["messages"].update_one({"_id": message(2).id}, {"$set": {"changed_at": late}})
    assert await one.follow() == 1
    await messages.insert([message(3)])
    later = Timestamp(reached["at"].time - 20, 1)
    await either_database["messages"].update_one({"_id": message(3).id}, {"$set": {"changed_at": later}})
    for _ in range(10):
        await one.follow()
    assert told.seqs == [1, 2, 3]


async def test_more_than_a_piece_of_one_instant_does_not_stop_it(
    messages: MessageStore, either_database: Database, follower: Callable[..., Follower], told: Told
) -> None:
    await messages.insert([message(seq) for seq in range(1, 2 * PIECE + 10)])
    await either_database["messages"].update_many({}, {"$set": {"changed_at": Timestamp(1_700_000_000, 7)}})
    assert await follower().follow() == 2 * PIECE + 9
    assert sorted(told.seqs) == list(range(1, 2 * PIECE + 10))


async def test_one_that_begins_now_leaves_out_what_was_before(
    messages: MessageStore, follower: Callable[..., Follower], told: Told
) -> None:
    await messages.insert([message(1)])
    one = follower(begin="now")
    assert await one.follow() == 0
    await messages.insert([message(2)])
    await one.follow()
    assert told.seqs == [2]


async def test_it_follows_on_through_failures_and_lets_go_at_the_end(
    messages: MessageStore, either_database: Database, follower: Callable[..., Follower], told: Told
) -> None:
    told.failures = [StoreUnavailable("away"), TimeoutError()]
    task = asyncio.create_task(follower().follow_forever())
    await messages.insert([message(1)])
    await eventually(lambda: told.seqs == [1])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await Leases(either_database, "two").take("follower:test")
