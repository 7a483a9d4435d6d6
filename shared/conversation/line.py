"""Who may have each session that waits, who gets it, and where the others stand. Pure."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from shared.conversation.model import Session
from shared.conversation.order import PolicyOf, Waiting, in_order
from shared.conversation.policy import Policy
from shared.conversation.strategy import Standby, ranked

AGAIN_SECONDS: Final = 60
"""Once everybody with room has passed a session on, nobody is offered it again for so long; then for twice as long …"""
LONGEST_PAUSE_DOUBLINGS: Final = 5


class Choice(NamedTuple):
    """`agent`, as they were before, gets the session, or, with `offered_until`, is offered it.

    `candidates` are those it was between, the chosen one included, in the order of the app's strategy.
    """

    waiting: Waiting
    agent: Standby
    rule: str
    candidates: tuple[Standby, ...]
    at: datetime
    offered_until: datetime | None = None

    @property
    def taken(self) -> Standby:
        """The agent with that session, or that offer."""
        return self.agent._replace(load=self.agent.load + 1, assigned_at=self.at)


class Place(NamedTuple):
    """Where a session stands, from 1, among those that wait for the same agents; and whether any of them is there."""

    waiting: Waiting
    position: int
    nobody_online: bool


class _Wish(NamedTuple):
    """The agent that a session would rather have; `only`: it goes to nobody else."""

    agent: Standby
    rule: str
    only: bool


class Line:
    """One look along the line. Only the room that is left changes meanwhile, and it only becomes less."""

    def __init__(
        self, waiting: Iterable[Waiting], staff: Iterable[Standby], policy_of: PolicyOf, now: datetime
    ) -> None:
        """`staff` is everybody who may log in, with room or without, there or not."""
        self.waiting = in_order(waiting, policy_of, now)
        self._staff = {agent.id: agent for agent in staff}
        self._room = {agent.id: agent for agent in self._staff.values() if agent.has_room}
        self._policy_of = policy_of
        self.now = now
        self._known: dict[tuple[str | None, ...], frozenset[str]] = {}

    @property
    def has_room(self) -> bool:
        """Whether anybody is left who could have anything."""
        return bool(self._room)

    def note(self, agent: Standby) -> None:
        """What has become of an agent's room. One who had none stays without."""
        if agent.id in self._room:
            self._room.pop(agent.id)
            if agent.has_room:
                self._room[agent.id] = agent

    def pass_over(self, agent_id: str) -> None:
        """They have no room after all."""
        self._room.pop(agent_id, None)

    def choose(self, waiting: Waiting) -> Choice | None:
        """Who gets it now, or is offered it; None: it waits on. What is offered already is left alone."""
        if waiting.session.offer is not None:
            return None
        policy = self._policy_of(waiting.app_id)
        wish = self._wish(waiting, policy)
        there = [self._room[name] for name in self._room.keys() & self._may_have(waiting, wish)]
        at_once, by_hand = _divided(there, policy)
        by_hand = _willing(by_hand, waiting.session, self.now)
        candidates = ranked([*at_once, *by_hand], policy.assignment.strategy)
        if wish is not None:
            at_once, by_hand = _rather(wish.agent, at_once, by_hand)
        takers = ranked(at_once or by_hand, policy.assignment.strategy)
        if not takers:
            return None
        taker = takers[0]
        rule = wish.rule if wish is not None and wish.agent.id == taker.id else policy.assignment.strategy
        until = None if at_once else self.now + timedelta(seconds=policy.assignment.offer_seconds or 0)
        return Choice(waiting, taker, rule, tuple(candidates), self.now, until)

    def places(self, gone: Container[str] = ()) -> Iterator[Place]:
        """Where everybody stands; `gone` are conversations that somebody has got by now."""
        before: Counter[frozenset[str]] = Counter()
        somebody: dict[frozenset[str], bool] = {}
        for waiting in self.waiting:
            if waiting.conversation_id in gone:
                continue
            agents = self.may_have(waiting)
            before[agents] += 1
            if agents not in somebody:
                somebody[agents] = any(self._staff[name].online for name in agents)
            yield Place(waiting, before[agents], nobody_online=not somebody[agents])

    def may_have(self, waiting: Waiting) -> frozenset[str]:
        """Everybody who may have it as things are, there or not."""
        return self._may_have(waiting, self._wish(waiting, self._policy_of(waiting.app_id)))

    def _wish(self, waiting: Waiting, policy: Policy) -> _Wish | None:
        """An agent who does not exist, or does not serve the app, is not waited for.

        Who was named by a rule is waited for whatever happens; the customer's last agent only while they are there,
        for a while, and not if they have passed it on.
        """
        session = waiting.session
        agent = self._staff.get(session.wanted) if session.wanted is not None else None
        if agent is None or not agent.may_serve(policy):
            return None
        if session.wanted_until is None:
            return _Wish(agent, "named", only=True)
        patient = self.now < session.wanted_until and agent.online and agent.id not in session.declined
        return _Wish(agent, "last_agent", only=patient)

    def _may_have(self, waiting: Waiting, wish: _Wish | None) -> frozenset[str]:
        only = wish.agent.id if wish is not None and wish.only else None
        session = waiting.session
        key = (waiting.app_id, session.group, session.also_group, only)
        if key not in self._known:
            policy = self._policy_of(waiting.app_id)
            also = self._of_group(session.also_group, policy)
            rest = frozenset({only}) if only is not None else self._serving(session.group, policy)
            self._known[key] = also | rest
        return self._known[key]

    def _serving(self, group: str | None, policy: Policy) -> frozenset[str]:
        """Who is of the group; a group in which nobody serves the app keeps nobody waiting."""
        staffed = self._of_group(group, policy)
        return staffed or frozenset(agent.id for agent in self._staff.values() if agent.is_given(policy))

    def _of_group(self, group: str | None, policy: Policy) -> frozenset[str]:
        if group is None:
            return frozenset()
        return frozenset(a.id for a in self._staff.values() if group in a.groups and a.may_serve(policy))


def plan(line: Line) -> list[Choice]:
    """Everything that this line, with this room, comes to; each choice takes the room it needs."""
    choices: list[Choice] = []
    for waiting in line.waiting:
        choice = line.choose(waiting) if line.has_room else None
        if choice is not None:
            line.note(choice.taken)
            choices.append(choice)
    return choices


def _willing(there: Sequence[Standby], session: Session, now: datetime) -> list[Standby]:
    """Those to whom it was not offered in vain; where there are none, after a pause, those who passed it on least."""
    passed_on = Counter(session.declined)
    least = min((passed_on[agent.id] for agent in there), default=0)
    if least > 0 and session.passed_at is not None and now < session.passed_at + _pause(least):
        return []
    return [agent for agent in there if passed_on[agent.id] == least]


def _pause(rounds: int) -> timedelta:
    """Longer with each round that was in vain: nobody is asked for hours on end."""
    return timedelta(seconds=AGAIN_SECONDS * 2 ** min(rounds - 1, LONGEST_PAUSE_DOUBLINGS))


def _divided(there: Sequence[Standby], policy: Policy) -> tuple[list[Standby], list[Standby]]:
    """Who gets a session at once, and who is offered one; where the app offers none, the latter are left alone."""
    assignment = policy.assignment
    at_once = [agent for agent in there if assignment.auto_accept and agent.auto_accept]
    if assignment.offer_seconds is None:
        return at_once, []
    return at_once, [agent for agent in there if not (assignment.auto_accept and agent.auto_accept)]


def _rather(agent: Standby, at_once: list[Standby], by_hand: list[Standby]) -> tuple[list[Standby], list[Standby]]:
    """Only this agent, if they can have it in either way."""
    ours_at_once = [one for one in at_once if one.id == agent.id]
    ours_by_hand = [one for one in by_hand if one.id == agent.id]
    return (ours_at_once, ours_by_hand) if ours_at_once or ours_by_hand else (at_once, by_hand)
