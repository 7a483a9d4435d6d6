"""What a call to a vendor is made of: who the customer is, what was said, the message with its picture."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, assert_never

from services.sender.outcomes import Ended, NotNow, Unsent
from shared.clock import Clock
from shared.conversation.bridges import Bridge
from shared.conversation.commands import AskPlace, CallVendor, GradeSession, Introduce, LeaveLine, Relay
from shared.conversation.content import Image, Note
from shared.conversation.model import Message
from shared.conversation.vendor_facts import Stood
from shared.pictures import Picture
from shared.store.apps import AppCache
from shared.store.conversations import ConversationStore
from shared.store.driver import Database
from shared.store.history import History
from shared.store.media import MediaStore
from shared.store.messages import MessageStore
from shared.store.sends import SendStore
from shared.vendors.port import Customer, Port, Relayed

Work = Callable[[Port], Awaitable[Stood | None]]
"""The call itself, with all it needs at hand."""

PICTURE_SECONDS: Final = 1.0
"""When to look again for a picture that is still being copied."""
IN_TIME: Final = timedelta(seconds=5)
"""Before a call's time is over, so that the vendor is told of the picture rather than of nothing."""
NOTED_WITHIN: Final = timedelta(seconds=60)
"""So long after a message came, that a copy of its picture is wanted may not have been noted here yet."""
LOOKED_AT: Final = 200
"""So far back into the history, at most, the messages to be shown are looked for among notes and events."""
MESSAGE_GONE: Final = Ended("refused", "message_gone", "消息已被删除，没有转给第三方客服。")


class Material:
    def __init__(self, database: Database, apps: AppCache, clock: Clock) -> None:
        self._conversations = ConversationStore(database)
        self._history = History(database)
        self._messages = MessageStore(database)
        self._media = MediaStore(database)
        self._sends = SendStore(database)
        self._apps = apps
        self._clock = clock

    async def work(self, command: CallVendor, bridge: Bridge, *, again: bool) -> Work:
        """Raises Unsent where there is nothing to call for any more, NotNow while a picture is awaited, and Outage.

        `again`: it was tried before, and what was said before it may have been told then.
        """
        customer = await self._customer(command)
        match command.call:
            case Introduce(before_seq=before, wants_person=wants_person):
                context = await self._context(command.conversation_id, before, bridge.settings.context_messages)
                return lambda port: port.introduce(customer, context, wants_person=wants_person)
            case Relay(message_id=message_id):
                relayed = await self._relayed(command, message_id, bridge, again=again)
                return lambda port: _done(port.relay(customer, relayed))
            case AskPlace():
                return lambda port: port.ask_place(customer)
            case LeaveLine():
                return lambda port: _done(port.leave_line(customer))
            case GradeSession(vendor_session=session, value=value):
                return lambda port: _done(port.grade(customer, session, value))
            case _:
                assert_never(command.call)

    async def _customer(self, command: CallVendor) -> Customer:
        conversation, app = await self._conversations.get(command.conversation_id), self._apps.get(command.app_id)
        return Customer(
            uid=command.conversation_id,
            app_id=command.app_id,
            app_name=app.name if app else "",
            openid=command.openid,
            name=conversation.name if conversation else None,
            source=conversation.source if conversation else None,
            profile=conversation.profile if conversation else (),
            tags=conversation.tags if conversation else (),
        )

    async def _context(self, conversation: str, before_seq: int, count: int) -> tuple[Message, ...]:
        """The last ones that customer and responders said to each other. What agents noted is nobody else's."""
        if count == 0:
            return ()
        page = await self._history.page(conversation, before_seq=before_seq, limit=min(5 * count, LOOKED_AT))
        said = [one for one in page.messages if one.direction != "system" and not isinstance(one.content, Note)]
        return tuple(said[-count:])

    async def _relayed(self, command: CallVendor, message_id: str, bridge: Bridge, *, again: bool) -> Relayed:
        message = await self._messages.by_id(message_id)
        if message is None:
            raise Unsent(MESSAGE_GONE)
        as_it_came = bridge.passes_originals and message.original is not None
        wants_file = isinstance(message.content, Image) and not as_it_came
        picture = await self._picture(command, message) if wants_file else None
        context = () if again else await self._untold(command, message.seq, bridge)
        return Relayed(message, picture, context)

    async def _picture(self, command: CallVendor, message: Message) -> Picture | None:
        """Raises NotNow while there may still be a copy in time. None: the vendor is told of it without the picture."""
        file = await self._media.get(getattr(message.content, "media_id", ""))
        now = self._clock.now()
        noted_soon = file is None and now < message.at + NOTED_WITHIN
        again_at = now + timedelta(seconds=PICTURE_SECONDS)
        if again_at + IN_TIME < command.expires_at and (noted_soon or (file is not None and file.state == "wanted")):
            raise NotNow(again_at, "picture")
        if file is None or file.content is None or file.content_type is None:
            return None
        return Picture(file.content, file.content_type, file.width or 0, file.height or 0)

    async def _untold(self, command: CallVendor, seq: int, bridge: Bridge) -> tuple[Message, ...]:
        """What was said before, for the first message after a wait in the vendor's line, where it could not be told."""
        if not bridge.answers_calls or bridge.takes_in_line:
            return ()
        calls = await self._sends.settled_calls(command.conversation_id, command.account, command.bridging)
        waited = any(
            one.settlement and one.settlement.stood and one.settlement.stood.standing == "line" for one in calls
        )
        spoken = any(one.called and one.called.call == "relay" and one.reached for one in calls)
        if not waited or spoken:
            return ()
        return await self._context(command.conversation_id, seq, bridge.settings.context_messages)


async def _done(work: Awaitable[None]) -> None:
    """A call that only is done or fails."""
    await work
