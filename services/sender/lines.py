"""Sends in hand, and the order of those of one line: one at a time, by their places in the conversation."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from services.sender.lanes import PATIENCE_SECONDS
from shared.conversation.commands import CallVendor, SendMessage
from shared.store.sends import Outgoing, StoredSend, id_of, lane_of, line_of

Command_co = TypeVar("Command_co", bound=SendMessage | CallVendor, covariant=True)


class Send(Generic[Command_co]):
    """One send, or call to a vendor, in this process's hands.

    `stored` is its row as last seen or written, None while it has none. `held`: the bus still has the message, and
    gives it again unless it is acknowledged. `calling`: its request may be on the wire. `tries` counts calls, by
    whoever made them. `uncalled` names an attempt that may have been written down and was not made; `trouble` is the
    outage that keeps its outcome from being stored or told.
    """

    def __init__(self, command: Command_co, stored: StoredSend | None, *, held: bool) -> None:
        self.command = command
        self.line = line_of(command.conversation_id, lane_of(command))
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
        return id_of(self.command)

    @property
    def tried(self) -> bool:
        """Whether an attempt is written down: from then on only we know whether it arrived."""
        return self.stored is not None and self.stored.attempt is not None


class Line:
    """The sends of one line in hand. `left_behind`: one of them had to make room because of another."""

    def __init__(self) -> None:
        self._waiting: list[Send[Outgoing]] = []
        self._going: Send[Outgoing] | None = None
        self.left_behind = False

    @property
    def empty(self) -> bool:
        return self._going is None and not self._waiting

    @property
    def awaits_answer(self) -> bool:
        """Whether the one whose turn it is may be on the wire: nobody knows for how long."""
        return self._going is not None and self._going.calling

    def enter(self, send: Send[Outgoing]) -> None:
        self._waiting.append(send)
        self._next()

    def leave(self, send: Send[Outgoing]) -> None:
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
    """All lines in which anything stands."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}

    @contextmanager
    def standing(self, send: Send[Outgoing]) -> Iterator[Line]:
        """Stand in the send's line for as long as the block runs."""
        line = self._lines.setdefault(send.line, Line())
        line.enter(send)
        try:
            yield line
        finally:
            line.leave(send)
            if line.empty:
                del self._lines[send.line]

    def leave_behind(self, name: str) -> None:
        """Something waits in the collection for those in hand to end."""
        line = self._lines.get(name)
        if line is not None:
            line.left_behind = True
