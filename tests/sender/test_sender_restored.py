"""After a restore the sender tells conversations that what was under way is unknown, and sends none of it again."""

from shared.clock import real_now
from shared.conversation.content import Text
from shared.conversation.model import Delivery, Message, Party
from shared.store.backup.under_way import UnderWay
from shared.store.messages import MessageStore
from shared.store.sends import Begin, row_of
from tests.sandbox.box import APPID
from tests.sender.office import Office


async def test_nothing_that_was_under_way_is_sent_again(desk: Office) -> None:
    waited, queued = desk.command("waited"), desk.command("queued")
    deferred = row_of(waited).but(state="deferred", due_at=desk.now, why="gate", command=waited)
    await desk.sends.write([Begin(deferred)])
    shown = Message(
        id=queued.send_id,
        conversation=queued.conversation_id,
        app_id=APPID,
        seq=1,
        revision=2,
        direction="outbound",
        sender=Party(kind="agent", id="lina"),
        content=Text(text="queued"),
        at=desk.now,
        cause="c",
        delivery=Delivery(state="sending", at=desk.now),
    )
    await MessageStore(desk.database).insert([shown])
    assert (await UnderWay(desk.database, real_now()).settle()).unknown == 2
    async with desk.sender():
        for one in (waited, queued):
            assert (await desk.settled(one)).outcome == "unknown"
        # Should its command turn up all the same, it has its outcome.
        await desk.publish(queued)
        after = await desk.send("after")
        assert (await desk.settled(after)).outcome == "sent"
        await desk.nothing_left()
    assert await desk.phone() == ["after"]
    assert {fact.outcome for fact in desk.told(queued)} == {"unknown"}
    await desk.database["messages"].delete_many({})
