"""A town in memory: conversations, agents and queues that deliver late, twice and after crashes.

The decisions are the real ones (`decide`, `Line`); the table of agents and the queues do what MongoDB and RabbitMQ do:
a claim is taken atomically and held once, what lies in one queue comes in order, what was not acknowledged comes again.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.conversation.commands import AskBot, ClaimWanted, SessionWaiting
from shared.conversation.draft import Decision
from shared.conversation.facts import AgentClaimed, AgentLeft, AnyFact, ClaimQuestioned, ClaimRefused, StoodInLine
from shared.conversation.ids import conversation_id
from shared.conversation.line import Choice, Line, Place
from shared.conversation.model import Problem
from shared.conversation.order import Waiting, in_line
from shared.conversation.policy import Policy
from shared.conversation.strategy import Standby
from shared.conversation.waiting import notices
from tests.support.facts import APP, at, fired, origin
from tests.support.one_conversation import OneConversation

PARTITIONS: Final = 2
NEVER_LATE: Final = datetime.max.replace(tzinfo=UTC)


class TownConversation(OneConversation):
    """One whose commit and whose carrying out are two steps: a router may die between them."""

    def __init__(self, policy: Policy, openid: str, claims: dict[str, str]) -> None:
        super().__init__(policy, openid, claims)
        self.openid = openid
        self.pending: dict[str, Decision] = {}

    def commit(self, fact: AnyFact) -> None:
        """Decide and store, with what follows from it; a known fact leaves what follows from it to be carried out."""
        if not self.knows(fact):
            self.pending[fact.id] = self.tell(fact, carry_out=False)

    def carry_on(self, fact: AnyFact) -> Decision | None:
        """What follows from a fact that is in hand, if that was not done yet."""
        decision = self.pending.pop(fact.id, None)
        for command in decision.commands if decision is not None else ():
            self.carry_out(command)
        return decision


class TownOfFacts:
    """`claims` is the table of agents: by claim, who holds it."""

    def __init__(self, policy: Policy, agents: list[Standby], customers: int) -> None:
        self.policy = policy
        self.clock = 0.0
        self.agents = {agent.id: agent for agent in agents}
        self.claims: dict[str, str] = {}
        names = [f"o-{number}" for number in range(customers)]
        self.by_openid = {name: TownConversation(policy, name, self.claims) for name in names}
        self.by_id = {conversation_id(APP, name): one for name, one in self.by_openid.items()}
        self.queues: list[list[AnyFact]] = [[] for _ in range(PARTITIONS)]
        self.offers: list[ClaimWanted | SessionWaiting] = []
        self.passed_over: list[str] = []

    @property
    def now(self) -> datetime:
        return at(self.clock)

    def load(self, agent_id: str) -> int:
        return sum(holder == agent_id for holder in self.claims.values())

    def staff(self) -> list[Standby]:
        return [agent._replace(load=self.load(agent.id)) for agent in self.agents.values()]

    def publish(self, fact: AnyFact) -> None:
        """Into the queue of its conversation's partition."""
        place = sorted(self.by_id).index(fact.conversation_id) % PARTITIONS
        self.queues[place].append(fact)

    def take(self, partition: int, *, dies: str | None = None) -> None:
        """The router decides the first fact of a queue; it may die before the commit, after it, or unacknowledged."""
        queue = self.queues[partition]
        fact = queue[0]
        one = self.by_id[fact.conversation_id]
        one.clock = max(one.clock, self.clock)
        if dies == "uncommitted":
            return
        one.commit(fact)
        if dies == "committed":
            return
        decision = one.carry_on(fact)
        commands = decision.commands if decision is not None else ()
        self.offers.extend(command for command in commands if isinstance(command, ClaimWanted | SessionWaiting))
        if dies is None:
            queue.pop(0)

    def look_at_offers(self, *, dies: bool = False) -> None:
        """The one place of assignment takes the first of its queue; it may die with claims that nobody heard of."""
        offer = self.offers[0]
        if isinstance(offer, ClaimWanted):
            answer = self._answer(offer)
            if dies:
                return
            self.publish(answer)
        else:
            self.drain(dies=dies)
        if not dies:
            self.offers.pop(0)

    def sweep(self) -> None:
        """Each second: the line, whoever is gone, and claims that no session shows."""
        line = self.drain()
        for place in line.places({waiting.conversation_id for waiting in line.waiting if self._held(waiting)}):
            self._tell_place(place)
        for claim, agent_id in sorted(self.claims.items()):
            one = self.by_id[claim.split(".", 1)[0]]
            shown = one.session is not None and one.session.claim == claim
            gone = self.agents[agent_id].presence == "offline" and self.policy.assignment.offline != "keep"
            if shown and gone:
                self.publish(self._left(one, claim, agent_id))
            elif not shown:
                self.publish(self._question(one, claim, agent_id))

    def drain(self, *, dies: bool = False) -> Line:
        """Serve the line in order. `passed_over` then names what an agent got before somebody who waited longer."""
        known = [in_line(one.conversation) for one in self.by_id.values()]
        held = set(self.claims)
        line = Line([one for one in known if one is not None], self.staff(), lambda _: self.policy, self.now)
        got: list[Choice] = []
        for waiting in line.waiting:
            choice = line.choose(waiting)
            if choice is None:
                continue
            line.note(choice.taken)
            got.append(choice)
            holder = self.claim(waiting.claim_id, choice.agent.id)
            if holder is not None and not dies:
                self.publish(self._claimed(waiting, holder, choice))
        self.passed_over += self._wronged(line.waiting, got, held)
        return line

    def claim(self, claim_id: str, agent_id: str) -> str | None:
        """Who holds it now; None where the agent has no room. A claim is held once."""
        if claim_id not in self.claims and self.load(agent_id) < self.agents[agent_id].capacity:
            self.claims[claim_id] = agent_id
            self.agents[agent_id] = self.agents[agent_id]._replace(assigned_at=self.now)
        return self.claims.get(claim_id)

    def fire_timers(self) -> None:
        for one in self.by_id.values():
            due_at = one.conversation.due_at
            if due_at is not None and due_at <= self.now:
                self.publish(fired(one.conversation).but(conversation_id=one.conversation.id))

    def settle(self) -> None:
        """Nobody dies and everything arrives: until nothing is under way any more."""
        while any(self.queues) or self.offers:
            for partition, queue in enumerate(self.queues):
                while queue:
                    self.take(partition)
            while self.offers:
                self.look_at_offers()

    def turns(self) -> Iterator[tuple[TownConversation, AskBot]]:
        """What the bot was asked and has not answered."""
        for one in self.by_id.values():
            asked = one.session.turn if one.session is not None else None
            if asked is not None:
                yield from ((one, turn) for turn in one.turns if turn.turn == asked.number)

    def could_have(self, waiting: Waiting, agent: Standby) -> bool:
        """Whether this agent, with room, may have it now: told again in plain words, without the line's own code."""
        session, assignment = waiting.session, self.policy.assignment
        by_itself = assignment.auto_accept and agent.auto_accept
        serves = agent.role != "agent" or assignment.served_by(agent.groups)
        if agent.id in session.declined or not serves or not (by_itself or assignment.offer_seconds):
            return False
        if session.also_group is not None and session.also_group in agent.groups:
            return True
        wanted = self.agents.get(session.wanted or "")
        if wanted is not None and (wanted.role != "agent" or assignment.served_by(wanted.groups)):
            patient = session.wanted_until is None or (
                self.now < session.wanted_until and wanted.online and wanted.id not in session.declined
            )
            if patient:
                return agent.id == wanted.id
        in_group = [a for a in self.agents.values() if session.group in a.groups]
        staffed = session.group is not None and any(
            a.role != "agent" or assignment.served_by(a.groups) for a in in_group
        )
        return session.group in agent.groups if staffed else assignment.served_by(agent.groups)

    def kept_waiting(self) -> list[str]:
        """Sessions in line that nobody holds though somebody who is there has room for them."""
        known = [in_line(one.conversation) for one in self.by_id.values()]
        free = [agent for agent in self.staff() if agent.has_room]
        return [
            f"{waiting.claim_id} for {agent.id}"
            for waiting in known
            if waiting is not None and waiting.session.offer is None and not self._held(waiting)
            for agent in free
            if self.could_have(waiting, agent)
        ]

    def urgency(self, waiting: Waiting) -> tuple[bool, datetime, datetime, datetime]:
        """The order in which they are to be served, in plain words: the smaller, the sooner."""
        targets, since, until = self.policy.targets, waiting.session.waiting_since or self.now, waiting.window_until
        begun = self.policy.working_from(since)
        promised = 600 if targets.answer_seconds is None else targets.answer_seconds
        answer_by = begun + timedelta(seconds=promised) if begun is not None else NEVER_LATE
        closes = until if until is not None and until > self.now else NEVER_LATE
        if closes != NEVER_LATE and closes - self.now > timedelta(seconds=targets.window_seconds):
            closes = NEVER_LATE
        lost_at = closes if answer_by <= self.now else NEVER_LATE
        return not waiting.session.first, lost_at, min(answer_by, closes), since

    def _wronged(self, line: list[Waiting], got: list[Choice], held: set[str]) -> list[str]:
        """Who should have been served before somebody else, by the very agent that the other one got."""
        served = {choice.waiting.claim_id: place for place, choice in enumerate(got)}
        return [
            f"{one.claim_id} before {choice.waiting.claim_id}"
            for place, choice in enumerate(got)
            for one in line
            if served.get(one.claim_id, len(got)) > place
            and one.claim_id not in held
            and one.session.offer is None
            and self.urgency(one) < self.urgency(choice.waiting)
            and self.could_have(one, choice.agent)
        ]

    def _held(self, waiting: Waiting) -> bool:
        return waiting.claim_id in self.claims

    def _origin(self, one: OneConversation, cause: str) -> dict[str, object]:
        return {**origin(cause, self.clock), "conversation_id": one.conversation.id}

    def _answer(self, wanted: ClaimWanted) -> AgentClaimed | ClaimRefused:
        one = self.by_id[wanted.conversation_id]
        told = {"command_id": wanted.command_id, "digest": wanted.digest}
        if self.claim(wanted.claim_id, wanted.agent_id) != wanted.agent_id:
            problem = Problem(code="at_capacity", detail="There is no room.")
            return ClaimRefused.model_validate(
                {**self._origin(one, f"r:{wanted.command_id}"), **told, "problem": problem}
            )
        return AgentClaimed.model_validate(
            {
                **self._origin(one, f"a:{wanted.claim_id}:{wanted.command_id}"),
                **told,
                "claim_id": wanted.claim_id,
                "session": wanted.session,
                "agent_id": wanted.agent_id,
                "agent_name": wanted.agent_id.title(),
                "rule": "wanted",
            }
        )

    def _claimed(self, waiting: Waiting, holder: str, choice: Choice) -> AgentClaimed:
        one = self.by_id[waiting.conversation_id]
        return AgentClaimed.model_validate(
            {
                **self._origin(one, f"a:{waiting.claim_id}"),
                "claim_id": waiting.claim_id,
                "session": waiting.session.number,
                "agent_id": holder,
                "agent_name": holder.title(),
                "rule": choice.rule,
                "offered_until": choice.offered_until,
            }
        )

    def _left(self, one: OneConversation, claim: str, agent_id: str) -> AgentLeft:
        return AgentLeft.model_validate(
            {**self._origin(one, f"left:{claim}"), "agent_id": agent_id, "claim_id": claim, "why": "agent_offline"}
        )

    def _question(self, one: OneConversation, claim: str, agent_id: str) -> ClaimQuestioned:
        cause = f"q:{claim}:{self.clock}"
        return ClaimQuestioned.model_validate({**self._origin(one, cause), "agent_id": agent_id, "claim_id": claim})

    def _tell_place(self, place: Place) -> None:
        one = self.by_id[place.waiting.conversation_id]
        if notices(one.conversation, self.policy, self.now, nobody_online=place.nobody_online):
            told = {"session": place.waiting.session.number, "position": place.position}
            cause = f"line:{one.conversation.id}:{self.clock}"
            self.publish(
                StoodInLine.model_validate({**self._origin(one, cause), **told, "nobody_online": place.nobody_online})
            )
