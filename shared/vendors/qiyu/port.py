"""One account with Qiyu in use: how it does what is asked of every vendor."""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any, Final

import structlog
from typing_extensions import override

from shared.conversation.content import Event, Image
from shared.conversation.model import Message
from shared.conversation.vendor_facts import Stood
from shared.failures import OutcomeUnknown, Refused, SendFailure, Unavailable
from shared.pictures import Picture
from shared.vendors.port import Customer, Port, Relayed
from shared.vendors.qiyu.client import APPLY, EVALUATE, PLACE, PROFILE, SEND, QiyuClient
from shared.vendors.qiyu.codes import DONE, IN_LINE, NEVER_APPLIED, NOBODY, NOBODY_LEAVE_WORD, PARTLY
from shared.vendors.qiyu.pictures import Unfit, fitted
from shared.vendors.qiyu.settings import QiyuSettings
from shared.vendors.qiyu.standing import MACHINE, PERSON, after_applying, in_line
from shared.vendors.qiyu.wording import known_of, text_pieces, told, transcript

NOBODYS_UID: Final = "wxdesk-probe"
"""No conversation has this name, and no customer was ever introduced by it."""
_NOT_OF_ITS_PATH: Final = frozenset({"unreachable", "rate", "http_429", "http_503"})
_PICTURE_LOST: Final = "[图片，已无法获取]"
_PICTURE_UNFIT: Final = "[图片，无法转发]"

log = structlog.get_logger()


class QiyuPort(Port):
    def __init__(self, client: QiyuClient, settings: QiyuSettings, account: str, *, says_place: bool) -> None:
        self._client = client
        self._settings = settings
        self._account = account
        self._says_place = says_place

    @override
    async def introduce(self, customer: Customer, context: tuple[Message, ...], *, wants_person: bool) -> Stood:
        await self._describe(customer)
        application = self._application(customer, wants_person=wants_person)
        takes = (DONE, NOBODY_LEAVE_WORD, IN_LINE, NOBODY)
        answer = await self._client.call(APPLY, application, takes=takes)
        stood = after_applying(answer, asked_for=application["staffType"], says_place=self._says_place)
        if self._takes_context(stood):
            await self._tell_before(customer, context)
        return stood

    @override
    async def relay(self, customer: Customer, relayed: Relayed) -> None:
        await self._tell_before(customer, relayed.context)
        content = relayed.message.content
        if isinstance(content, Event):
            return
        if isinstance(content, Image):
            await self._give_picture(customer, relayed.picture)
        else:
            await self._give_text(customer, told(content))

    @override
    async def ask_place(self, customer: Customer) -> Stood:
        return in_line(await self._client.call(PLACE, {"uid": customer.uid}, takes=(DONE, NEVER_APPLIED)))

    @override
    async def leave_line(self, customer: Customer) -> None:
        if not self._settings.quit_line_path:
            return
        fields = {"uid": customer.uid}
        try:
            await self._client.call(self._settings.quit_line_path, fields, takes=(DONE, NEVER_APPLIED))
        except Unavailable as failed:
            if failed.code.isdecimal() or failed.code in _NOT_OF_ITS_PATH:
                raise
            # The path is uncertain: a wrong one says nothing of the account, and is not to be tried again.
            raise Refused(failed.code, failed.reason, failed.words) from None

    @override
    async def grade(self, customer: Customer, vendor_session: str, value: int) -> None:
        if not (vendor_session.isascii() and vendor_session.isdecimal()):
            raise Refused("no_session", "not a session of Qiyu's")
        fields = {"uid": customer.uid, "sessionId": int(vendor_session), "evaluation": value}
        await self._client.call(EVALUATE, fields)

    @override
    async def probe(self) -> str:
        answer = await self._client.call(PLACE, {"uid": NOBODYS_UID}, takes=(DONE, NEVER_APPLIED))
        return f"AppKey and checksum accepted (code {answer.code})"

    async def _describe(self, customer: Customer) -> None:
        """What is known of them. Nobody is turned away because Qiyu does not like it."""
        try:
            await self._client.call(PROFILE, {"uid": customer.uid, "userinfo": known_of(customer)})
        except Refused as refused:
            log.warning(
                "customer_description_refused",
                account=self._account,
                vendor="qiyu",
                conversation_id=customer.uid,
                code=refused.code,
            )

    def _application(self, customer: Customer, *, wants_person: bool) -> dict[str, Any]:
        """Qiyu reads staffId first, then groupId, and staffType only without them: a robot is asked for by it alone."""
        settings = self._settings
        person = wants_person or settings.staff_type == "person"
        chosen = {"staffId": settings.staff_id, "groupId": settings.group_id} if person else {}
        return {
            "uid": customer.uid,
            "staffType": PERSON if person else MACHINE,
            **{name: number for name, number in chosen.items() if number is not None},
            **({"robotShuntSwitch": 1} if settings.robot_shunt and person and not wants_person else {}),
            **({"level": settings.vip_level} if settings.vip_level else {}),
            **({"fromPage": settings.from_page} if settings.from_page else {}),
            "fromTitle": settings.from_title or customer.app_name,
            "productId": customer.app_id,
        }

    def _takes_context(self, stood: Stood) -> bool:
        match stood.standing:
            case "person" | "word":
                return True
            case "machine":
                return self._settings.context_to_machine
            case "line":
                return self._settings.relay_in_line
            case "nobody":
                return False

    async def _tell_before(self, customer: Customer, context: tuple[Message, ...]) -> None:
        """What was said before. Only what may be repeated without harm is raised; else the customer goes first."""
        text = transcript(context)
        if text is None:
            return
        try:
            await self._client.call(SEND, {"uid": customer.uid, "msgType": "TEXT", "content": text})
        except (Refused, OutcomeUnknown) as failed:
            log.warning(
                "conversation_context_untold",
                account=self._account,
                vendor="qiyu",
                conversation_id=customer.uid,
                code=failed.code,
            )

    async def _give_text(self, customer: Customer, text: str) -> None:
        for index, piece in enumerate(text_pieces(text)):
            try:
                await self._give({"uid": customer.uid, "msgType": "TEXT", "content": piece})
            except SendFailure as failure:
                if index == 0:
                    raise
                raise OutcomeUnknown("partly", f"{index} parts taken, then {failure.code}", PARTLY) from None

    async def _give_picture(self, customer: Customer, picture: Picture | None) -> None:
        if picture is None:
            await self._give_text(customer, _PICTURE_LOST)
            return
        try:
            fit = await asyncio.to_thread(fitted, picture)
        except Unfit:
            await self._give_text(customer, _PICTURE_UNFIT)
            return
        file = {
            "url": await self._client.upload(fit),
            "size": len(fit.content),
            "md5": hashlib.md5(fit.content, usedforsecurity=False).hexdigest(),
            "w": fit.width,
            "h": fit.height,
        }
        await self._give({"uid": customer.uid, "msgType": "PICTURE", "content": file})

    async def _give(self, fields: Mapping[str, Any]) -> None:
        """One message; once more where no answer came and the account wants that."""
        try:
            await self._client.call(SEND, fields)
        except OutcomeUnknown as unknown:
            if not self._settings.retry_on_unknown:
                raise
            await self._give_again(fields, unknown)

    async def _give_again(self, fields: Mapping[str, Any], unknown: OutcomeUnknown) -> None:
        try:
            await self._client.call(SEND, fields)
        except SendFailure:
            # However the second try failed, the first may have arrived.
            raise unknown from None
