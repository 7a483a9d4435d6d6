"""What a client missed while it was away: every conversation and message its agent may see that changed since."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from services.console import frames
from services.console.access import Access
from services.console.api import shapes
from services.console.cursor import BadCursor, Cursor, read_cursor
from shared.conversation.model import Conversation, Message
from shared.store.changes import Changes, Stamp, Standing
from shared.store.history import overlaid
from shared.store.unsettled import UnsettledCommands

SLACK_SECONDS: Final = 30
"""A change may become visible this much later than its own time says."""
OLDEST_SECONDS: Final = 43_200
MESSAGES_AT_MOST: Final = 10_000
CONVERSATIONS_AT_MOST: Final = 3_000
"""Beyond this, loading lists and open conversations again is less for everyone."""
AT_ONCE: Final = 4


class TooMuch(Exception):
    """More changed than is worth replaying, or something changed in a way that no frame tells."""


class Replays:
    """Reads a replay from MongoDB; a few at a time, so that everybody coming back at once does not stop the rest."""

    def __init__(
        self,
        changes: Changes,
        unsettled: UnsettledCommands,
        shown: Callable[[Conversation], shapes.Conversation],
    ) -> None:
        self._changes = changes
        self._unsettled = unsettled
        self._shown = shown
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def since(
        self, told: str | None, access: Access, horizon: Stamp, agent_id: str
    ) -> AsyncIterator[list[bytes]]:
        """Frames, in pieces; none where the client has no cursor, only `reset` where its cursor is of no use.

        All carry the cursor the client came with: cut off in between, it begins again from there.
        """
        if told is None:
            return
        try:
            cursor = _usable(told, access, horizon)
            async with self._turns:
                async for piece in self._frames(cursor, access, agent_id):
                    yield piece
        except (BadCursor, TooMuch):
            yield [frames.RESET]

    async def _frames(self, cursor: Cursor, access: Access, agent_id: str) -> AsyncIterator[list[bytes]]:
        """Conversations are read first: what is pending in them is either still so, or in the messages read after."""
        since, name = cursor.at.earlier(SLACK_SECONDS), cursor.encode()
        standing = await self._conversations(since, access)
        pending = {message.id: message for one in standing for message in overlaid((), one.pending)}
        count = 0
        async for messages in self._changes.messages_since(since, access.apps):
            count += len(messages)
            if count > MESSAGES_AT_MOST:
                raise TooMuch
            for message in messages:
                pending.pop(message.id, None)
            yield _written(messages, name)
        for stored in await self._changes.messages(pending):
            del pending[stored.id]
        yield _written(list(pending.values()), name)
        yield [self._conversation(one, name) for one in standing if one.conversation.updated_at is not None]
        settled = await self._unsettled.settled_since(since, [agent_id])
        yield [frames.command(one.verdict) for one in settled if one.verdict is not None]

    async def _conversations(self, since: Stamp, access: Access) -> list[Standing]:
        found: list[Standing] = []
        async for piece in self._changes.conversations_since(since, access.apps):
            found += piece
            if len(found) > CONVERSATIONS_AT_MOST or any(one.conversation.deleted_at for one in piece):
                raise TooMuch
        return found

    def _conversation(self, standing: Standing, cursor: str) -> bytes:
        conversation = standing.conversation
        return frames.conversation_change(conversation.app_id, self._shown(conversation)).frame(cursor)


def _usable(told: str, access: Access, horizon: Stamp) -> Cursor:
    cursor = read_cursor(told)
    if cursor.mark != access.mark or horizon.seconds - cursor.at.seconds > OLDEST_SECONDS:
        raise BadCursor
    return cursor


def _written(messages: list[Message], cursor: str) -> list[bytes]:
    return [frames.message_change(message).frame(cursor) for message in messages]
