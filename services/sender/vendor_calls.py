"""One call to a vendor on its way through the account's limits, and what came of it."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog

from services.sender.breakers import Breakers
from services.sender.condemned import described
from services.sender.known import Known
from services.sender.lines import Send
from services.sender.outcomes import Ended, NotNow, Unsent
from services.sender.spans import record_attempt
from services.sender.starting import LOST_SECONDS, Starting
from services.sender.vendor_material import Material, Work
from services.sender.vendor_outcomes import UNUSABLE, broken, judge_call
from services.sender.vendor_ports import Used, VendorPorts
from shared.clock import Clock
from shared.conversation.bridges import Bridge
from shared.conversation.commands import CallVendor, Relay
from shared.conversation.vendor_facts import Stood
from shared.failures import OutcomeUnknown, SendFailure, Unavailable, Words
from shared.observe import tracing
from shared.outage import Outage
from shared.steps import Step

log = structlog.get_logger()

ANSWERS: Final = 6
"""A call may take several requests, each after its pace, one of them with a file; so many times what one may take."""
LATE: Final = Words(
    zh="第三方客服没有及时答复，对方可能收到了，也可能没有。",
    en="The vendor did not answer in time; it may or may not have the message.",
)
FAULT: Final = Words(
    zh="程序出错，无法确定是否已转给第三方客服。请联系管理员。",
    en="A fault of ours: whether the vendor has the message is not known. Tell an administrator.",
)


class VendorCalls:
    def __init__(
        self,
        starting: Starting,
        ports: VendorPorts,
        breakers: Breakers,
        material: Material,
        known: Known,
        clock: Clock,
        *,
        answer_seconds: float,
        step: Step,
    ) -> None:
        self._starting = starting
        self._ports = ports
        self._breakers = breakers
        self._material = material
        self._known = known
        self._clock = clock
        self._whole = timedelta(seconds=ANSWERS * answer_seconds)
        self._step = step

    async def deliver(self, send: Send[CallVendor]) -> Ended:
        """Try to make the call; raises NotNow, AlreadyKnown, or Outage where nothing was written to the vendor."""
        try:
            used, bridge = await self._used(send.command)
            self._check_breaker(send.command)
            return await self._through_lane(send, used, bridge)
        except Unsent as unsent:
            return unsent.ended
        except Outage:
            if not send.tried:
                raise
            # An attempt failed, and what it needs to be repeated cannot be had: it is known not to be delivered.
            raise NotNow(self._clock.now() + timedelta(seconds=LOST_SECONDS), "stalled") from None

    async def _used(self, command: CallVendor) -> tuple[Used, Bridge]:
        """Raises Unsent where the app or the account is not served any more."""
        ended = await self._known.unwanted(command)
        if ended is not None:
            raise Unsent(ended)
        used = self._ports.of(command.account)
        if used is None:
            await self._known.read_again()
            used = self._ports.of(command.account)
        bridge = used.bridge(command.app_id) if used and used.account.vendor == command.vendor else None
        if used is None or bridge is None:
            raise Unsent(UNUSABLE)
        return used, bridge

    async def _through_lane(self, send: Send[CallVendor], used: Used, bridge: Bridge) -> Ended:
        work = await self._material.work(send.command, bridge, again=send.tries > 0)
        lane = used.lanes.of(send.command.call.call)
        async with lane.admitted(), lane.place(send.start_by, returning=send.stored is not None):
            self._check_breaker(send.command)
            await self._starting.begin(send, self._whole)
            began = tracing.now()
            answered = await self._called(send, used, work)
            failure = answered if isinstance(answered, SendFailure) else None
            record_attempt(send, began, failure)
            limits = used.account.bridge.breaker
            with suppress(Outage):  # the call is made: nothing may have it made again
                await self._breakers.note(send.command.app_id, send.command.account, failure, limits)
            await self._step("answered")
        return self._judged(send, answered)

    def _judged(self, send: Send[CallVendor], answered: Stood | SendFailure | None) -> Ended:
        if not isinstance(answered, SendFailure):
            return Ended("sent", stood=answered)
        verdict = judge_call(answered, tries=send.tries, now=self._clock.now())
        if isinstance(verdict, Ended):
            return verdict
        self._check_breaker(send.command)
        raise NotNow(verdict.due_at, verdict.why)

    def _check_breaker(self, command: CallVendor) -> None:
        breaker = self._breakers.of(command.app_id, command.account)
        if breaker.down:
            raise Unsent(broken(breaker))

    async def _called(self, send: Send[CallVendor], used: Used, work: Work) -> Stood | SendFailure | None:
        """What the vendor said, or how the call failed."""
        send.calling = True
        try:
            async with asyncio.timeout(self._whole.total_seconds()):
                return await work(used.port(lambda: self._clock.now() < send.command.expires_at))
        except SendFailure as failure:
            return failure
        except TimeoutError:
            return _late(send.command)
        except Exception as failure:  # noqa: BLE001 - what it was cannot be known, nor whether anything was sent
            names = {"send_id": send.id, "account": send.command.account, "vendor": send.command.vendor}
            log.error("send_broken", reason=described(failure), **names)  # noqa: TRY400 - see described
            return OutcomeUnknown("fault", "a fault of ours", FAULT)
        finally:
            send.calling = False
            send.tries += 1


def _late(command: CallVendor) -> SendFailure:
    """Only a message may be there twice if it is given again; all else may be asked again."""
    if isinstance(command.call, Relay):
        return OutcomeUnknown("no_answer", "it took too long", LATE)
    return Unavailable("no_answer", "it took too long", LATE, retry_after_seconds=1)
