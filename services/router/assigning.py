"""One look along the line: whoever has room is given, or offered, what is theirs to have."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from services.router.claiming import Claiming, Taken
from services.router.measuring import LineMeasures
from services.router.settings import RETELL_SECONDS
from services.router.standing import Standing
from shared.clock import real_now
from shared.conversation.line import Choice, Line
from shared.conversation.order import Waiting, in_line
from shared.conversation.policy import Policy
from shared.lately import Lately
from shared.pieces import pieces
from shared.store.agents import Agent, Claim
from shared.store.attendance import Attendance
from shared.store.driver import Database
from shared.store.waiting_line import WaitingLine

AT_ONCE: Final = 20
"""So many are claimed together, and then told together."""


class Assigning:
    def __init__(
        self,
        database: Database,
        claiming: Claiming,
        standing: Standing,
        policy_of: Callable[[str], Policy],
        now: Callable[[], datetime],
    ) -> None:
        self._line = WaitingLine(database)
        self._attendance = Attendance(database)
        self._claiming = claiming
        self._standing = standing
        self._policy_of = policy_of
        self._now = now
        self._told = Lately(RETELL_SECONDS)
        self._measures = LineMeasures(policy_of)

    async def drain(self, *, places: bool = False) -> None:
        """Serve the line in order as far as there is room; `places`: tell the others how they stand. Raises Outage."""
        staff = await self._attendance.staff()
        if not places and not any(agent.has_room for agent in staff):
            return
        conversations = await self._line.read()
        waiting = (in_line(conversation) for conversation in conversations.values())
        line = Line((one for one in waiting if one is not None), staff, self._policy_of, self._now())
        await self._serve(line)
        if places:
            gone = {one.conversation_id for one in line.waiting if one.claim_id in self._told}
            self._measures.look((one for one in line.waiting if one.conversation_id not in gone), staff, line.now)
            await self._standing.tell(line.places(gone), conversations)

    async def _serve(self, line: Line) -> None:
        for some in pieces(line.waiting, AT_ONCE):
            if not line.has_room:
                return
            asked = [self._give(line, waiting) for waiting in some if waiting.claim_id not in self._told]
            outcomes = await asyncio.gather(*asked, return_exceptions=True)
            await self._tell([outcome for outcome in outcomes if isinstance(outcome, Taken)])
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome

    async def _tell(self, taken: Sequence[Taken]) -> None:
        if not taken:
            return
        await self._claiming.tell(taken)
        for one in taken:
            self._told.add(one.claim.id)

    async def _give(self, line: Line, waiting: Waiting) -> Taken | None:
        """Claim it for the agent whose turn it is; where they have no room after all, for the next.

        Whoever is chosen has less room from that moment on, so that several may be claimed at once.
        """
        while (choice := line.choose(waiting)) is not None:
            line.note(choice.taken)
            outcome = await self._claiming.take(choice.agent.id, _claim(choice), online=True)
            if isinstance(outcome, Agent):
                return self._taken(choice, outcome)
            if outcome.reason == "taken":
                # Claimed before, and its conversation has not heard of it yet; or given back this very moment.
                return self._taken(choice, outcome.by) if outcome.by is not None else None
            line.pass_over(choice.agent.id)
        return None

    def _taken(self, choice: Choice, holder: Agent) -> Taken | None:
        """As the claim itself says it was: perhaps it was another look along the line that took it."""
        claim = holder.holds(choice.waiting.claim_id)
        if claim is None:
            return None
        return Taken(
            agent=holder,
            claim=claim,
            session=choice.waiting.session.number,
            policy_version=self._policy_of(choice.waiting.app_id).version,
            trace_id=f"assign-{claim.id}",
            candidates=choice.candidates,
        )


def _claim(choice: Choice) -> Claim:
    return Claim(
        id=choice.waiting.claim_id,
        conversation=choice.waiting.conversation_id,
        app_id=choice.waiting.app_id,
        at=real_now(),
        rule=choice.rule,
        offered_until=choice.offered_until,
    )
