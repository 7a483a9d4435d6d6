"""One send on its way through the lane to WeChat, and what came of it."""

from datetime import timedelta
from typing import Final

import structlog

from services.sender.condemned import described
from services.sender.contents import Contents
from services.sender.known import Known
from services.sender.lanes import Lane, Lanes
from services.sender.lines import Send
from services.sender.outcomes import (
    FAULT,
    SENT,
    Ended,
    NotNow,
    PutOff,
    Shut,
    Unsent,
    judge,
)
from services.sender.spans import record_attempt
from services.sender.starting import LOST_SECONDS, Starting
from services.sender.tokens import Tokens
from shared.clock import Clock
from shared.conversation.commands import SendMessage
from shared.failures import OutcomeUnknown, SendFailure, Words
from shared.observe import metrics, tracing
from shared.outage import Outage
from shared.steps import Step
from shared.wechat.client import WeChatClient
from shared.wechat.failures import MediaExpired, TokenStale
from shared.wechat.outbound import Outbound as Message

log = structlog.get_logger()

REMEDIED: Final = (TokenStale, MediaExpired)
"""Not delivered, and to be tried again at once, after something was renewed: each once."""


class Attempts:
    def __init__(
        self,
        client: WeChatClient,
        starting: Starting,
        lanes: Lanes,
        tokens: Tokens,
        contents: Contents,
        known: Known,
        clock: Clock,
        *,
        answer_seconds: float,
        step: Step,
    ) -> None:
        self._client = client
        self._starting = starting
        self._lanes = lanes
        self._tokens = tokens
        self._contents = contents
        self._known = known
        self._clock = clock
        self._answer = timedelta(seconds=answer_seconds)
        self._step = step

    async def deliver(self, send: Send[SendMessage]) -> Ended:
        """Try to send it; raises NotNow, AlreadyKnown, or Outage where nothing was written to WeChat."""
        ended = await self._known.unwanted(send.command)
        if ended is not None:
            return ended
        lane = self._lanes.of(send.command.app_id)
        try:
            async with lane.admitted() as probing:
                failure = await self._deliver(send, lane)
                return await self._judged(send, lane, failure, probing=probing)
        except Unsent as unsent:
            return unsent.ended
        except Outage:
            if not send.tried:
                raise
            # An attempt failed, and what it needs to be repeated cannot be had: it is known not to be delivered.
            raise NotNow(self._clock.now() + timedelta(seconds=LOST_SECONDS), "stalled") from None

    async def _judged(
        self, send: Send[SendMessage], lane: Lane, failure: SendFailure | None, *, probing: bool
    ) -> Ended:
        verdict = SENT if failure is None else judge(failure, tries=send.tries, now=self._clock.now())
        match verdict:
            case Ended():
                if probing:
                    await lane.reopen()
                return verdict
            case PutOff():
                raise NotNow(verdict.due_at, verdict.why)
            case Shut(gate, first):
                if await lane.shut(gate) and first is not None:
                    return first
                raise NotNow(gate.until, "gate")

    async def _deliver(self, send: Send[SendMessage], lane: Lane) -> SendFailure | None:
        """Call WeChat until it takes the message or fails in a way that renewing something cannot mend."""
        command, remedies = send.command, list(REMEDIED)
        try:
            token = await self._tokens.token(command.app_id, send.start_by)
            message = await self._contents.message(command.app_id, command.content, send.start_by)
            async with lane.place(send.start_by, returning=send.stored is not None):
                while (failure := await self._attempt(send, token, message)) is not None:
                    if type(failure) not in remedies:
                        return failure
                    remedies.remove(type(failure))
                    if isinstance(failure, TokenStale):
                        token = await self._tokens.renewed(command.app_id, token)
                    else:
                        by = send.start_by + self._answer.total_seconds()
                        message = await self._contents.message_again(command.app_id, command.content, message, by)
        except SendFailure as failure:
            return failure
        return None

    async def _attempt(self, send: Send[SendMessage], token: str, message: Message) -> SendFailure | None:
        """One call, durable before it is made. None: WeChat took the message."""
        await self._starting.begin(send, self._answer)
        began = tracing.now()
        failure = await self._called(send, token, message)
        record_attempt(send, began, failure)
        metrics.sender_attempts_total.labels(failure.code if failure else "sent").inc()
        await self._step("answered")
        return failure

    async def _called(self, send: Send[SendMessage], token: str, message: Message) -> SendFailure | None:
        command = send.command
        send.calling = True
        try:
            with metrics.sender_attempt_seconds.time():
                await self._client.send(token, command.openid, message, ai_label=command.ai_label)
        except SendFailure as failure:
            return failure
        except Exception as failure:  # noqa: BLE001 - what it was cannot be known, nor whether anything was sent
            log.error("send_broken", send_id=send.id, app_id=command.app_id, reason=described(failure))  # noqa: TRY400
            return OutcomeUnknown(
                str(FAULT.code), "a fault of ours", Words(zh=str(FAULT.reason), en="A fault of ours.")
            )
        finally:
            send.calling = False
            send.tries += 1
        return None
