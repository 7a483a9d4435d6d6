"""`wxdesk vendors drill`: a vendor is declared dead on purpose, to see whether its customers fall into the net."""

import argparse
import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

from services.console.administering.breaker_drills import Drills
from services.console.administering.vendor_fields import serves
from services.console.cli.environment import Environment
from services.console.cli.failures import Misused, Refused
from services.console.cli.output import Output
from services.console.cli.vendor_stores import Kept, announce, existing, service_now, stores
from shared.conversation.model import Conversation
from shared.store.audit import COMMAND_LINE
from shared.store.conversation_lists import ConversationLists
from shared.store.open_sessions import OpenSession, OpenSessions
from shared.store.vendor_accounts import VendorAccount

LOOK_SECONDS: Final = 0.5
SAFETY_SECONDS: Final = 60
"""Should this process die, the breaker is probed so long after the drill, and closes by itself."""


def add_to(verbs: Any, as_json: argparse.ArgumentParser) -> None:
    about = (
        "open an app's breaker on purpose, watch where its sessions with the vendor go, and close it again, also on "
        "Ctrl-C; exit code 1 if the vendor still has a customer whose messages it was not given"
    )
    drilling = verbs.add_parser(
        "drill", parents=[as_json], help="declare the vendor dead for a while", description=about
    )
    drilling.add_argument("id", metavar="ID")
    drilling.add_argument("--app", required=True, metavar="A", help="of which app's sessions")
    drilling.add_argument("--seconds", type=float, default=60.0, metavar="S", help="for so long (60)")
    drilling.add_argument("--end", action="store_true", help="only close the breaker, where a drill left it open")
    drilling.set_defaults(run=drill)


async def drill(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    if not args.seconds > 0:
        raise Misused("--seconds must be more than 0")
    async with stores(environment) as kept:
        account = await existing(kept, args.id)
        await _require_served(kept, account, args.app)
        one = Drill(environment, output, kept, account, args.app)
        if args.end:
            await one.close()
            output.done(f"The breaker of {args.id} for {args.app} is closed.", one.told())
            return
        await one.run(args.seconds)
    output.done(one.summary, one.told())
    if one.stuck:
        raise Refused(f"the net did not hold: {', '.join(sorted(one.stuck))} still with {args.id}, owed an answer")


async def _require_served(kept: Kept, account: VendorAccount, app_id: str) -> None:
    if await kept.apps.get(app_id) is None:
        raise Refused(f"there is no app {app_id}; see `wxdesk apps list`")
    if not serves(account, app_id):
        raise Refused(f"{account.account_id} does not serve {app_id}; see `wxdesk vendors show {account.account_id}`")


@dataclass
class Drill:
    environment: Environment
    output: Output
    kept: Kept
    account: VendorAccount
    app_id: str
    seen: set[str] = field(default_factory=set)
    """Conversations that were with the vendor at any time of the drill."""
    moved: dict[str, dict[str, Any]] = field(default_factory=dict)
    quiet: set[str] = field(default_factory=set)
    """Still with the vendor at the end, which owes them nothing: they move when the customer writes."""
    stuck: set[str] = field(default_factory=set)
    """Still with the vendor at the end, though it was not given what the customer wrote."""

    async def run(self, seconds: float) -> None:
        """Raises StoreUnavailable and the like; the breaker is closed again however it ends."""
        loop = asyncio.get_running_loop()
        self.seen = set(await self._with_vendor())
        began = loop.time()
        try:
            await self._open(seconds)
            self._say(f"{self.account.account_id} is dead for {self.app_id}; it had {len(self.seen)} sessions.")
            while loop.time() < began + seconds:
                await self._look(loop.time() - began)
                await asyncio.sleep(min(LOOK_SECONDS, max(0.0, began + seconds - loop.time())))
            await self._judge(began)
        finally:
            await self.close()
            self._say("The breaker is closed again.")

    async def close(self) -> None:
        now = await service_now(self.environment, self.kept.database)
        await self._drills.close(self.app_id, self.account.account_id, now)
        await announce(self.environment, self.output)

    @property
    def summary(self) -> str:
        net = "The net did not hold" if self.stuck else "The net held"
        quiet = f"; {len(self.quiet)} silent ones move when their customers write" if self.quiet else ""
        return f"{net}: {len(self.moved)} of {len(self.seen)} sessions moved{quiet}."

    def told(self) -> dict[str, Any]:
        return {
            "account": self.account.account_id,
            "app_id": self.app_id,
            "held": not self.stuck,
            "sessions": len(self.seen),
            "moved": [{"conversation": name, **how} for name, how in self.moved.items()],
            "quiet": sorted(self.quiet),
            "stuck": sorted(self.stuck),
        }

    async def _open(self, seconds: float) -> None:
        now = await service_now(self.environment, self.kept.database)
        await self._drills.open(self.app_id, self.account.account_id, now, seconds + SAFETY_SECONDS)
        await announce(self.environment, self.output)

    async def _look(self, after_seconds: float) -> dict[str, OpenSession]:
        """Who is still there; whoever has left is told of."""
        there = await self._with_vendor()
        left = self.seen - there.keys() - self.moved.keys()
        self.seen |= there.keys()
        for name, conversation in (await ConversationLists(self.kept.database).several(left)).items():
            how = {"to": where(conversation), "after_seconds": round(after_seconds, 1)}
            self.moved[name] = how
            self._say(f"{after_seconds:6.1f} s  {name}  → {how['to']}")
        return there

    async def _judge(self, began: float) -> None:
        """Whoever is owed something at the end has as long as any message: the account's patience."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.account.bridge.patience_seconds
        there = await self._look(loop.time() - began)
        owed = {name for name, session in there.items() if session.owed}
        while owed and loop.time() < until:
            await asyncio.sleep(LOOK_SECONDS)
            there = await self._look(loop.time() - began)
            owed &= {name for name, session in there.items() if session.owed}
        self.stuck, self.quiet = owed, set(there) - owed

    async def _with_vendor(self) -> dict[str, OpenSession]:
        return await OpenSessions(self.kept.database).with_vendor(self.app_id, self.account.account_id)

    @property
    def _drills(self) -> Drills:
        return Drills(self.kept.database, COMMAND_LINE)

    def _say(self, line: str) -> None:
        if not self.output.as_json:
            self.output.value(None, [line])


def where(conversation: Conversation) -> str:
    """Who serves its session by now, in words."""
    session = conversation.session
    if session is None or session.state == "closed":
        return "closed"
    if session.handover is not None:
        return "WeChat's own console, with the next message"
    if session.state == "waiting":
        return f"waiting for {session.group or session.wanted or 'agents'}"
    responder = session.responder
    return f"{session.state} {responder.name or responder.id or ''}".strip() if responder else session.state
