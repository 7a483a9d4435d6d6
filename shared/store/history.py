"""The history as it stands, with what a commit has decided and nobody has written yet.

The router commits first and writes the messages after. A reader who asks in between finds them in the
conversation's `pending`; one who asks for the conversation first, and the messages then, misses nothing.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shared.conversation.content import Note
from shared.conversation.ids import message_id
from shared.conversation.model import HELD_LIMIT, Conversation, Message, MessageChange
from shared.store.conversations import ConversationStore, Entry
from shared.store.driver import Database
from shared.store.messages import MessageStore


class Page(NamedTuple):
    """Messages in ascending order, and the place of the last one there is."""

    messages: list[Message]
    last_seq: int


class History:
    def __init__(self, database: Database) -> None:
        self._conversations = ConversationStore(database)
        self._messages = MessageStore(database)

    async def page(
        self, conversation: str, *, after_seq: int | None = None, before_seq: int | None = None, limit: int = 50
    ) -> Page:
        """Those after, or the last ones before, a place in the history; neither: the last ones."""
        known, pending = await self._stand(conversation)
        stored = await self._messages.page(conversation, after_seq=after_seq, before_seq=before_seq, limit=limit)
        low = after_seq if after_seq is not None else 0
        high = before_seq if after_seq is None and before_seq is not None else None
        messages = [
            message
            for message in overlaid(stored, pending)
            if message.seq > low and (high is None or message.seq < high)
        ]
        cut = messages[:limit] if after_seq is not None else messages[-limit:]
        last = max([known.last_seq if known else 0, *(message.seq for message in cut)])
        return Page(cut, last)

    async def one(self, conversation: str, seq: int) -> Message | None:
        _, pending = await self._stand(conversation)
        stored = await self._messages.get(conversation, seq)
        messages = overlaid([stored] if stored else [], pending)
        return next((message for message in messages if message.seq == seq), None)

    async def notes(self, conversation: str, limit: int) -> list[Message]:
        """What agents noted for each other, newest first."""
        _, pending = await self._stand(conversation)
        stored = await self._messages.notes(conversation, limit)
        notes = [message for message in overlaid(stored, pending) if isinstance(message.content, Note)]
        return notes[::-1][:limit]

    async def of_cause(self, conversation: str, cause: str) -> list[Message]:
        """The messages one cause added, in order."""
        _, pending = await self._stand(conversation)
        stored = await self._messages.by_command(conversation, cause)
        ids = {message_id(conversation, cause, index) for index in range(HELD_LIMIT)}
        return [message for message in overlaid(stored, pending) if message.id in ids]

    async def _stand(self, conversation: str) -> tuple[Conversation | None, list[Entry]]:
        loaded = (await self._conversations.load([conversation])).get(conversation)
        if loaded is None:
            return None, []
        return loaded.conversation, list(loaded.pending.values())


def overlaid(stored: Sequence[Message], pending: Iterable[Entry]) -> list[Message]:
    """`stored` with what is pending: messages not written yet, changes not made yet. In order of `seq`.

    A change follows the rules of the one in the database: only a newer revision, only a delivery of higher rank.
    """
    entries = sorted(pending, key=lambda entry: entry.version)
    messages = {message.id: message for message in stored}
    for entry in entries:
        for message in entry.messages:
            messages.setdefault(message.id, message)
    for entry in entries:
        for change in entry.changes:
            if change.message_id in messages:
                messages[change.message_id] = _changed(messages[change.message_id], change)
    return sorted(messages.values(), key=lambda message: message.seq)


def _changed(message: Message, change: MessageChange) -> Message:
    delivery = change.delivery or message.delivery
    worse = change.delivery is not None and (message.delivery is None or change.delivery.rank <= message.delivery.rank)
    if message.revision >= change.revision or worse:
        return message
    if change.mark is not None and delivery is not None:
        delivery = delivery.model_copy(update={"mark": change.mark})
    content = change.content or message.content
    return message.model_copy(update={"revision": change.revision, "delivery": delivery, "content": content})
