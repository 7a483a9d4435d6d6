"""Zhima's messages to customers, by way of us: told to the conversation, whose router decides, and its word awaited."""

import asyncio
import hashlib
import secrets
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import structlog

from services.gateway.zhima_accounts import ZhimaAccount
from services.gateway.zhima_errors import Denied, denied_by
from services.gateway.zhima_messages import Typing, Wanted
from services.gateway.zhima_pictures import ZhimaPictures
from shared.bus.publisher import Publisher
from shared.clock import Clock, real_now
from shared.contracts import ShowTyping
from shared.conversation.content import Image, Sendable
from shared.conversation.ids import conversation_id
from shared.conversation.model import Conversation, Verdict
from shared.conversation.vendor_facts import Said, VendorPushed
from shared.outage import Outage
from shared.steps import Step, no_step
from shared.store.conversation_lists import ConversationLists
from shared.store.vendor_sends import VendorSends

log = structlog.get_logger()

OK: Final[dict[str, Any]] = {"errcode": 0, "errmsg": "ok"}
ALIKE_SECONDS: Final = 3.0
"""The same words to the same customer within this are one request, repeated, unless it brings an id of its own."""
UNSETTLED_SECONDS: Final = 60.0
"""The same where we could not say in time how it ended: whoever is told to come again may take so long."""
TYPING_SECONDS: Final = 5.0
LOOKS_SECONDS: Final = (0.05, 0.1, 0.2, 0.4)
"""When to look for the verdict, one pause after another, the last again and again."""


class ZhimaSends:
    def __init__(
        self,
        conversations: ConversationLists,
        sends: VendorSends,
        pictures: ZhimaPictures,
        publisher: Publisher,
        clock: Clock,
        *,
        verdict_seconds: float,
        step: Step = no_step,
    ) -> None:
        self._conversations = conversations
        self._sends = sends
        self._pictures = pictures
        self._publisher = publisher
        self._clock = clock
        self._verdict_seconds = verdict_seconds
        self._step = step

    async def say(self, account: ZhimaAccount, wanted: Wanted, request_id: str | None) -> dict[str, Any]:
        """WeChat's answer. Raises Denied, Outage, StoreRefused; again under the same id, it is said once."""
        conversation = await self._conversation(account, wanted.openid)
        part = await self._sendable(account, conversation, wanted)
        key = _hash(account.id, wanted.openid, wanted.digest)
        name = _hash(account.id, request_id) if request_id else await self._named(key)
        try:
            verdict = await self._settled(self._fact(account, conversation, wanted, part, name), name)
        except Outage:
            await self._hold(key)
            raise
        self._note(account, conversation, name, verdict)
        if verdict is None:
            await self._hold(key)
            raise Denied(-1)
        if verdict.digest != wanted.digest:
            raise Denied(40097)
        if verdict.problem is not None:
            raise denied_by(verdict.problem)
        return OK

    async def show_typing(self, account: ZhimaAccount, typing: Typing) -> dict[str, Any]:
        """Raises Denied where somebody else has the customer, Outage, StoreRefused."""
        conversation = await self._conversation(account, typing.openid)
        bridging = conversation.session.bridging if conversation.session else None
        if bridging is None or bridging.account != account.id:
            raise Denied(65414)
        signal = ShowTyping(
            conversation_id=conversation.id,
            app_id=conversation.app_id,
            openid=typing.openid,
            typing=typing.typing,
            expires_at=self._clock.now() + timedelta(seconds=TYPING_SECONDS),
            trace_id=secrets.token_hex(8),
        )
        await self._publisher.publish(signal, expires_seconds=TYPING_SECONDS)
        return OK

    async def _conversation(self, account: ZhimaAccount, openid: str) -> Conversation:
        name = conversation_id(account.settings.app_id, openid)
        conversation = (await self._conversations.several([name])).get(name)
        if conversation is None:
            raise Denied(40003)
        return conversation

    async def _sendable(self, account: ZhimaAccount, conversation: Conversation, wanted: Wanted) -> Sendable:
        """With the picture's size; it stands in this conversation from now on."""
        if wanted.media_id is None:
            return wanted.part
        file = await self._pictures.lend(account, wanted.media_id, conversation.id)
        return wanted.part.but(width=file.width, height=file.height) if isinstance(wanted.part, Image) else wanted.part

    async def _named(self, key: str) -> str:
        return await self._sends.named(key, secrets.token_hex(16), real_now(), ALIKE_SECONDS)

    def _fact(
        self, account: ZhimaAccount, conversation: Conversation, wanted: Wanted, part: Sendable, name: str
    ) -> VendorPushed:
        said = Said(parts=(part,), staff=wanted.staff, machine=wanted.machine, command_id=name, digest=wanted.digest)
        return VendorPushed(
            conversation_id=conversation.id,
            app_id=conversation.app_id,
            cause=f"v:{account.id}:say:{name}",
            occurred_at=self._clock.now(),
            trace_id=secrets.token_hex(8),
            account=account.id,
            event=said,
        )

    async def _settled(self, fact: VendorPushed, name: str) -> Verdict | None:
        """The router's word on it; None where that is not known in time. Raises Outage: it may have been published."""
        verdict = await self._conversations.verdict(fact.conversation_id, name)
        if verdict is not None:
            return verdict
        await self._publisher.publish(fact)
        await self._step("confirmed")
        return await self._awaited(fact.conversation_id, name)

    async def _hold(self, key: str) -> None:
        """How it ended is not known: who says it again soon means the same."""
        with suppress(Outage):
            await self._sends.hold(key, real_now() + timedelta(seconds=UNSETTLED_SECONDS))

    async def _awaited(self, conversation: str, name: str) -> Verdict | None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._verdict_seconds
        pauses = iter(LOOKS_SECONDS)
        while loop.time() < deadline:
            await asyncio.sleep(next(pauses, LOOKS_SECONDS[-1]))
            verdict = await self._conversations.verdict(conversation, name)
            if verdict is not None:
                return verdict
        return None

    def _note(self, account: ZhimaAccount, conversation: Conversation, name: str, verdict: Verdict | None) -> None:
        status = "pending" if verdict is None else verdict.problem.code if verdict.problem else "taken"
        log.info(
            "vendor_message_settled",
            account=account.id,
            app_id=conversation.app_id,
            conversation_id=conversation.id,
            command_id=name,
            status=status,
        )


def _hash(*told: str) -> str:
    return hashlib.blake2b("\x00".join(told).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
