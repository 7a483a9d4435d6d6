"""A sender with an account with Qiyu, between real servers; and what each side has in its books."""

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from shared.conversation.bridges import BreakerLimits, BridgeSettings
from shared.conversation.commands import CallVendor, Introduce, Relay, VendorCall
from shared.conversation.content import Content, Text
from shared.conversation.ids import conversation_id, message_id
from shared.conversation.model import CUSTOMER, Message, Party
from shared.conversation.vendor_facts import VendorAnswered
from shared.lifecycle import Background
from shared.steps import Step, no_step
from shared.store.driver import Database
from shared.store.messages import MessageStore
from shared.store.sealing import Sealer
from shared.store.sends import StoredSend
from shared.store.vendor_accounts import Breaker, BreakerStore, VendorAccount, VendorAccountStore
from tests.sandbox.box import APPID
from tests.sender.office import OPENID, Office, emptied, office
from tests.sender.qiyu_side import Fault, QiyuSide
from tests.support.services import KEYS
from tests.support.waiting import eventually
from tests.vendors.qiyu_house import qiyu_account

ACCOUNT: Final = "qiyu-1"
LIMITS: Final = BreakerLimits(failures=3, within_seconds=60, open_seconds=30)
KEPT: Final = ("vendor_accounts", "breakers", "messages", "conversations")


class VendorDesk:
    """Calls a vendor as the router would, and reads what came of it."""

    def __init__(self, desk: Office, qiyu: QiyuSide) -> None:
        self.desk = desk
        self.qiyu = qiyu
        self.accounts = VendorAccountStore(desk.database, Sealer([KEYS]))
        self.breakers = BreakerStore(desk.database)
        self.messages = MessageStore(desk.database)
        self.environment = {**desk.environment, "QIYU_API_BASE": qiyu.url}
        self._versions = itertools.count(1)

    @asynccontextmanager
    async def sender(self, step: Step = no_step, **settings: str | int) -> AsyncIterator[Background]:
        async with self.desk.sender(step, **{"QIYU_API_BASE": self.qiyu.url, **settings}) as background:
            yield background

    async def add_account(self, bridge: BridgeSettings | None = None, **settings: Any) -> VendorAccount:
        """An account that calls fast; a test of limits sets its own."""
        fast = {"calls_per_second": 1000, "calls_per_endpoint": 1000}
        return await self.accounts.add(qiyu_account(bridge or BridgeSettings(breaker=LIMITS), **{**fast, **settings}))

    async def change_account(self, **fields: Any) -> None:
        account = await self.accounts.get(ACCOUNT)
        assert account is not None
        assert await self.accounts.save(account.but(**fields)) is not None

    async def message(
        self, content: Content | str = "在吗", *, openid: str = OPENID, sender: Party = CUSTOMER, seq: int | None = None
    ) -> Message:
        """A message in the history, as the router has written it."""
        number, conversation = next(self._versions), conversation_id(APPID, openid)
        made = Message(
            id=message_id(conversation, f"m:{number}"),
            conversation=conversation,
            app_id=APPID,
            seq=seq or number,
            revision=number,
            direction="inbound" if sender == CUSTOMER else "outbound",
            sender=sender,
            content=Text(text=content) if isinstance(content, str) else content,
            at=self.desk.now,
            cause=f"m:{number}",
        )
        await self.messages.insert([made])
        return made

    def command(
        self, call: VendorCall, *, openid: str = OPENID, account: str = ACCOUNT, expires_in: float = 600
    ) -> CallVendor:
        """The next call, in the order in which they are made here."""
        version, conversation = next(self._versions), conversation_id(APPID, openid)
        return CallVendor(
            conversation_id=conversation,
            app_id=APPID,
            trace_id=f"trace-{version}",
            call_id=f"{conversation}:c:{version}:call0",
            vendor="qiyu",
            account=account,
            openid=openid,
            bridging=1,
            call=call,
            place=(version, 0),
            expires_at=self.desk.now + timedelta(seconds=expires_in),
        )

    async def relay(self, content: Content | str = "在吗", *, openid: str = OPENID, **more: Any) -> CallVendor:
        """The next message of a customer, and the call that passes it on, which is not published yet."""
        message = await self.message(content, openid=openid)
        return self.command(Relay(message_id=message.id), openid=openid, **more)

    async def call(self, call: VendorCall | None = None, **more: Any) -> CallVendor:
        """Publish a call; that of an introduction unless told otherwise."""
        command = self.command(call or Introduce(before_seq=1_000_000), **more)
        await self.desk.publish(command)
        return command

    def told(self, call: CallVendor) -> list[VendorAnswered]:
        facts = [fact for fact in self.desk.facts if isinstance(fact, VendorAnswered)]
        return [fact for fact in facts if fact.call_id == call.call_id]

    async def answered(self, call: CallVendor, *, within_seconds: float = 20) -> VendorAnswered:
        """The last word on this call, once there is one."""
        await eventually(lambda: self.told(call), within_seconds)
        return self.told(call)[-1]

    async def row(self, call: CallVendor) -> StoredSend | None:
        return await self.desk.sends.get(call.call_id)

    async def in_collection(self, call: CallVendor, state: str) -> StoredSend:
        async def found() -> StoredSend | None:
            row = await self.row(call)
            return row if row is not None and row.state == state else None

        row = await eventually(found)
        assert row is not None
        return row

    def fault(self, path: str, **fault: Any) -> None:
        self.qiyu.faults.append(Fault(path, **fault))

    async def breaker(self) -> Breaker:
        found = await self.breakers.get(APPID, ACCOUNT)
        return found or Breaker(app_id=APPID, account=ACCOUNT, since=self.desk.now)

    async def breaker_is(self, state: str) -> Breaker:
        """The breaker, once it is in this state."""

        async def found() -> Breaker | None:
            breaker = await self.breaker()
            return breaker if breaker.state == state else None

        breaker = await eventually(found)
        assert breaker is not None
        return breaker


@asynccontextmanager
async def vendor_desk(environment: Mapping[str, str], database: Database) -> AsyncIterator[VendorDesk]:
    """No account yet, no sender yet, and nothing left of the test before."""
    await emptied(environment, database)
    for collection in KEPT:
        await database[collection].delete_many({})
    async with office(environment, database) as made, QiyuSide().listening() as qiyu:
        yield VendorDesk(made, qiyu)
