"""Sends in hand, and the order of those to one customer: one at a time, by their places in the conversation."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from services.sender.lanes import PATIENCE_SECONDS
from shared.conversation.commands import SendMessage
from shared.store.sends import StoredSend


class Send:
    """One send in this process's hands.

    `stored` is its row as last seen or written, None while it has none. `held`: the bus still has the message, and
    gives it again unless it is acknowledged. `calling`: its request may be on the wire. `tries` counts calls, by
    whoever made them. `uncalled` names an attempt that may have been written down and was not made; `trouble` is the
    outage that keeps its outcome from being stored or told.
    """

    def __init__(self, command: SendMessage, stored: StoredSend | None, *, held: bool) -> None:
        self.command = command
        self.stored = stored
        self.held = held
        self.calling = False
        self.tries = stored.tries if stored else 0
        self.uncalled: str | None = None
        self.trouble: Exception | None = None
        self.start_by = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        self.turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def id(self) -> str:
        return self.command.send_id

    @property
    def tried(self) -> bool:
        """Whether an attempt is written down: from then on only we know whether WeChat has it."""
        return self.stored is not None and self.stored.attempt is not None


class Line:
    """The sends to one customer in hand. `left_behind`: one of them had to make room because of another."""

    def __init__(self) -> None:
        self._waiting: list[Send] = []
        self._going: Send | None = None
        self.left_behind = False

    @property
    def empty(self) -> bool:
        return self._going is None and not self._waiting

    @property
    def awaits_wechat(self) -> bool:
        """Whether the one whose turn it is may be on the wire: nobody knows for how long."""
        return self._going is not None and self._going.calling

    def enter(self, send: Send) -> None:
        self._waiting.append(send)
        self._next()

    def leave(self, send: Send) -> None:
        if self._going is send:
            self._going = None
        else:
            self._waiting.remove(send)
        self._next()

    def _next(self) -> None:
        if self._going is None and self._waiting:
            first = min(self._waiting, key=lambda send: send.command.place)
            self._waiting.remove(first)
            self._going = first
            if not first.turn.done():
                first.turn.set_result(None)


class Lines:
    """The lines of all customers who have any."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}

    @contextmanager
    def standing(self, send: Send) -> Iterator[Line]:
        """Stand in the customer's line for as long as the block runs."""
        conversation = send.command.conversation_id
        line = self._lines.setdefault(conversation, Line())
        line.enter(send)
        try:
            yield line
        finally:
            line.leave(send)
            if line.empty:
                del self._lines[conversation]

    def leave_behind(self, conversation: str) -> None:
        """Something waits in the collection for those in hand to end."""
        line = self._lines.get(conversation)
        if line is not None:
            line.left_behind = True
