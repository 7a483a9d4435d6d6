"""One partition of lanes: hand over what has arrived, and return once every message has its place in the books."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from services.sender.condemned import Condemner, described
from services.sender.copies import Copies
from services.sender.lanes import PATIENCE_SECONDS
from services.sender.sending import InHand, Sending
from services.sender.tokens import Tokens
from services.sender.typing_signals import TypingSignals
from shared.bus.partition_consumer import Received
from shared.clock import real_now
from shared.condemning import CondemnedRate, Suspects
from shared.contracts import KeepToken, SendDue, ShowTyping, Unreadable, decode_outbound
from shared.contracts.messages import Outbound
from shared.conversation.commands import CallVendor, CopyMedia, SendMessage
from shared.outage import Outage
from shared.store.dead import DeadStore
from shared.store.sends import line_of


class Hands(NamedTuple):
    """Who deals with the messages of a partition."""

    sending: Sending
    copies: Copies
    typing: TypingSignals
    tokens: Tokens
    condemner: Condemner
    dead: DeadStore


class Partition:
    """The handler of one partition queue."""

    def __init__(self, queue: str, hands: Hands, real: Callable[[], datetime] = real_now) -> None:
        self._queue = queue
        self._hands = hands
        self._suspects = Suspects(queue, hands.dead, self._take, self._condemn)
        self._rate = CondemnedRate(real)

    async def handle(self, received: list[Received]) -> None:
        """Raises Outage (hold and take again) or StopPartition (too many condemned)."""
        await self._suspects.take(received)

    async def _take(self, received: list[Received]) -> None:
        """A picture is noted before what shows it is sent: that waits for the copy then."""
        read = [(one, message) for one in received if (message := await self._read(one)) is not None]
        copies = [message for _, message in read if isinstance(message, CopyMedia)]
        if copies:
            await self._hands.copies.want(copies)
        in_hand: list[tuple[Received, InHand]] = []
        for one, message in read:
            match message:
                case SendMessage() | CallVendor():
                    in_hand.append((one, self._hands.sending.take(message)))
                case SendDue():
                    line = line_of(message.conversation_id, message.lane)
                    in_hand.append((one, self._hands.sending.resume(line)))
                case CopyMedia():
                    pass  # noted above
                case ShowTyping():
                    self._hands.typing.show(message)
                case KeepToken():
                    self._hands.tokens.keep(message.app_id)
        await self._until_durable(in_hand)

    async def _read(self, one: Received) -> Outbound | None:
        """None for what cannot be read: it is condemned."""
        try:
            return decode_outbound(one.body)
        except Unreadable as unreadable:
            await self._condemn(one, str(unreadable))
            return None

    async def _until_durable(self, in_hand: list[tuple[Received, InHand]]) -> None:
        """Wait until none of the messages is needed any more; what a second does not settle is let go or put off."""
        while in_hand:
            await asyncio.wait({one.task for _, one in in_hand}, timeout=PATIENCE_SECONDS)
            in_hand = [(received, one) for received, one in in_hand if not await self._durable(received, one)]

    async def _durable(self, received: Received, one: InHand) -> bool:
        try:
            return one.durable()
        except Outage:
            raise
        except Exception as failure:  # noqa: BLE001 - our own judgement: it would fail again
            await self._condemn(received, described(failure))
            return True

    async def _condemn(self, one: Received, reason: str) -> None:
        """Into `dead` first, for good, and into the conversation's books; only then may it be forgotten here."""
        if await self._hands.condemner.condemn(self._queue, one.body, one.kind, reason):
            self._rate.note()
