"""A history too long to be talked: written into MongoDB as the router would have left it."""

from datetime import datetime, timedelta
from typing import Final

from bson.timestamp import Timestamp

from deploy.local.seed import APP_ID
from shared.conversation.content import Text
from shared.conversation.ids import message_id
from shared.conversation.model import CUSTOMER, Delivery, Message, Party
from shared.store.driver import Doc
from tests.browser.crew import Customer, Staff
from tests.flow.town import Town

AT_ONCE: Final = 2_000
APART: Final = timedelta(seconds=150)
"""Ten thousand of them take some two weeks."""


async def lengthen(town: Town, customer: Customer, agent: Staff, count: int) -> int:
    """Add so many messages behind what is there, customer and agent in turn; answers the last place.

    Only for a conversation in which nothing is under way, and that no page shows yet.
    """
    conversation = await town.conversation(customer.openid)
    assert conversation is not None
    assert conversation.updated_at is not None
    first, stored = conversation.last_seq + 1, town.database["messages"]
    began = conversation.updated_at - count * APART
    sender = Party(kind="agent", id=agent.login, name=agent.name)
    for start in range(0, count, AT_ONCE):
        numbers = range(start, min(count, start + AT_ONCE))
        docs = [_doc(_message(customer.id, first + n, sender, began + n * APART)) for n in numbers]
        assert not await stored.insert_many(docs)
    last = first + count - 1
    changed = {"$set": {"last_seq": last}, "$inc": {"version": 1}}
    await town.database["conversations"].update_one({"_id": customer.id}, changed)
    return last


def _doc(message: Message) -> Doc:
    """As the store keeps it, written long enough ago that nobody is told of it now."""
    doc = message.model_dump(exclude_none=True, exclude={"id"})
    if message.delivery is not None:
        doc["delivery"]["rank"] = message.delivery.rank
    return {"_id": message.id, "changed_at": Timestamp(int(message.at.timestamp()), 1), **doc}


def _message(conversation: str, seq: int, sender: Party, at: datetime) -> Message:
    """Every third is ours; some are long, so that rows differ in height."""
    ours, cause = seq % 3 == 0, f"written-{seq}"
    return Message(
        id=message_id(conversation, cause),
        conversation=conversation,
        app_id=APP_ID,
        seq=seq,
        revision=1,
        direction="outbound" if ours else "inbound",
        sender=sender if ours else CUSTOMER,
        content=Text(text=f"第 {seq} 条" + "，说得长一些" * (seq * 7 % 40)),
        at=at,
        cause=cause,
        delivery=Delivery(state="sent", at=at) if ours else None,
    )
