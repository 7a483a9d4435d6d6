"""Five days of a desk on a simulated clock: an ordinary one, a holiday, and three with less than half of the staff.

Every decision is the real one (`decide`, `Line`); customers, agents and WeChat are arithmetic with a seed. The same
days are served in the line's order, and plainly first come, first served.
"""

import heapq
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

from shared.conversation.commands import ReleaseClaim
from shared.conversation.content import Text
from shared.conversation.decide import decide
from shared.conversation.draft import Decision
from shared.conversation.facts import AgentClaimed, AnyFact, CloseSession, MessageReceived, SendReply, TimerFired
from shared.conversation.ids import conversation_id
from shared.conversation.line import Line, plan
from shared.conversation.model import Conversation
from shared.conversation.order import in_line
from shared.conversation.policy import Policy
from shared.conversation.strategy import Standby
from tests.bench.bench import Table

APP: Final = "wx0123456789abcdef"
BEGINS: Final = datetime(2026, 9, 30, tzinfo=UTC)
"""A Wednesday, by the clock of the desk's own time zone, which is UTC here to keep the arithmetic plain."""
DAYS: Final = 5
HOLIDAY: Final = 1
SHORT_STAFFED: Final = (2, 3, 4)
HOURLY: Final = (2, 1, 1, 0, 0, 1, 2, 5, 13, 20, 24, 25, 32, 27, 20, 18, 18, 20, 25, 32, 30, 20, 10, 4)
"""Customers who begin to write in each hour of a day: at lunch and in the evening the most."""
SHIFTS: Final = ((9, 12, 13, 17), (9, 13, 14, 17), (13, 17, 18, 21), (13, 18, 19, 21), (9, 12, 18, 21))
"""Of agents in turn: they come, have a break, come back, and go."""
AGENTS: Final = 5
CAPACITY: Final = 2
WRITES_AGAIN: Final = 0.4
"""Of those who wait for hours, who ask again each few hours; that opens their window anew."""
LOOKS_EVERY: Final = 10
"""Seconds."""
POLICY: Final = {
    "entry": "agents",
    "hours": {
        "time_zone": "UTC",
        "weekly": [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "09:00", "to": "21:00"}],
        "holidays": [{"date": "2026-10-01", "name": "国庆"}],
    },
    "out_of_hours": "现在是下班时间",
    "give_up_words": ["算了"],
    "targets": {"window_seconds": 7200},
    "idle_close_seconds": {"waiting": 345_600},
}


@dataclass
class Seen:
    """What became of the customers, in seconds and counts."""

    waited: list[float] = field(default_factory=list)
    on_a_plain_day: list[float] = field(default_factory=list)
    gave_up: int = 0
    expired: int = 0
    served: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    facts: int = 0


class Days:
    """A heap of what happens when; each thing is a call at its time."""

    def __init__(self, policy: Policy, *, fifo: bool, seed: int = 1) -> None:
        self.policy = policy
        self.seen = Seen()
        self._fifo = fifo
        self._chance = random.Random(seed)
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = count(1)
        self._by_id: dict[str, Conversation] = {}
        self._waiting: set[str] = set()
        self._lost: set[str] = set()
        self._agents = {f"a{n:02}": Standby(f"a{n:02}", presence="offline", capacity=CAPACITY) for n in range(AGENTS)}
        self.now = BEGINS

    def run(self) -> Seen:
        for at in self._arrivals():
            self._at(at, self._comes)
        for day in range(DAYS):
            self._shifts(BEGINS + timedelta(days=day), day)
        self._at(BEGINS, self._look)
        end = BEGINS + timedelta(days=DAYS)
        while self._heap and self._heap[0][0] < end:
            self.now, _, call = heapq.heappop(self._heap)
            call()
        self.seen.expired = len(self._lost | {name for name in self._waiting if not self._may_answer(name)})
        return self.seen

    def _at(self, at: datetime, call: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (at, next(self._numbers), call))

    def _after(self, seconds: float, call: Callable[[], None]) -> None:
        self._at(self.now + timedelta(seconds=seconds), call)

    def _arrivals(self) -> Iterator[datetime]:
        for hour in range(DAYS * 24):
            for _ in range(HOURLY[hour % 24]):
                yield BEGINS + timedelta(hours=hour + self._chance.random())

    def _shifts(self, midnight: datetime, day: int) -> None:
        for place, name in enumerate(self._agents):
            if day == HOLIDAY or (day in SHORT_STAFFED and place not in {0, 2}):
                continue
            for hour, presence in zip(SHIFTS[place], ("online", "away", "online", "offline"), strict=True):
                self._at(midnight + timedelta(hours=hour), lambda n=name, p=presence: self._be(n, p))  # type: ignore[misc] # bound now

    def _be(self, name: str, presence: Any) -> None:
        self._agents[name] = self._agents[name]._replace(presence=presence)

    def _comes(self) -> None:
        openid = f"o-{next(self._numbers)}"
        name = conversation_id(APP, openid)
        self._by_id[name] = Conversation(id=name, app_id=APP, openid=openid)
        self._writes(name, "请问有货吗")
        if self.policy.open_at(self.now):
            self._after(self._chance.expovariate(1 / 1800), lambda: self._loses_patience(name))
        elif self._chance.random() < WRITES_AGAIN:
            self._after(self._chance.uniform(4, 12) * 3600, lambda: self._asks_again(name))

    def _loses_patience(self, name: str) -> None:
        """A third say so; the others do something else until they are answered."""
        if name in self._waiting and self._chance.random() < 1 / 3:
            self._writes(name, "算了")
            self.seen.gave_up += 1

    def _asks_again(self, name: str) -> None:
        if name in self._waiting:
            self._writes(name, "在吗")
            self._after(self._chance.uniform(4, 12) * 3600, lambda: self._asks_again(name))

    def _writes(self, name: str, text: str) -> None:
        number = str(next(self._numbers))
        openid = self._by_id[name].openid
        self._tell(
            MessageReceived(**self._origin(name, f"m:{number}"), openid=openid, msg_id=number, content=Text(text=text))
        )

    def _look(self) -> None:
        """As the sweep, and whoever is told that somebody has room."""
        if self._waiting and any(agent.has_room for agent in self._agents.values()):
            known = (in_line(self._by_id[name]) for name in self._waiting)
            line = Line(
                [one for one in known if one is not None], self._agents.values(), lambda _: self.policy, self.now
            )
            if self._fifo:
                line.waiting.sort(key=lambda one: (one.session.waiting_since or self.now, one.conversation_id))
            for choice in plan(line):
                self._assign(choice.waiting.conversation_id, choice.waiting.claim_id, choice.agent.id)
        self._after(LOOKS_EVERY, self._look)

    def _assign(self, name: str, claim: str, agent: str) -> None:
        began = self._by_id[name].session
        self._agents[agent] = self._agents[agent]._replace(load=self._agents[agent].load + 1, assigned_at=self.now)
        self._tell(
            AgentClaimed(
                **self._origin(name, f"a:{claim}"),
                claim_id=claim,
                session=began.number if began else 0,
                agent_id=agent,
                agent_name=agent,
                rule=self.policy.assignment.strategy,
            )
        )
        if began is not None:
            waited = (self.now - began.opened_at).total_seconds()
            self.seen.waited.append(waited)
            if began.opened_at < BEGINS + timedelta(days=1) and self.policy.open_at(began.opened_at):
                self.seen.on_a_plain_day.append(waited)
        self.seen.served[agent] += 1
        self._after(self._chance.uniform(10, 60), lambda: self._answers(name, agent))

    def _answers(self, name: str, agent: str) -> None:
        answered = self._tell(
            SendReply(**self._asked(name, agent), client_id="c", parts=(Text(text="您好"),)),
        )
        if answered.verdict is not None and answered.verdict.problem is not None:
            self._lost.add(name)
        talks = self._chance.lognormvariate(6.0, 0.6)
        self._after(talks, lambda: self._tell_and_forget(CloseSession(**self._asked(name, agent))))

    def _tell_and_forget(self, fact: AnyFact) -> None:
        self._tell(fact)

    def _tell(self, fact: AnyFact) -> Decision:
        name = fact.conversation_id
        decision = decide(self._by_id[name], fact, policy=self.policy, now=self.now)
        self.seen.facts += 1
        self._by_id[name] = decision.conversation
        for command in decision.commands:
            if isinstance(command, ReleaseClaim):
                agent = self._agents[command.agent_id]
                self._agents[agent.id] = agent._replace(load=agent.load - 1)
        session = decision.conversation.session
        in_it = session is not None and session.state == "waiting"
        (self._waiting.add if in_it else self._waiting.discard)(name)
        due_at = decision.conversation.due_at
        if due_at is not None:
            self._at(max(due_at, self.now), lambda: self._fire(name, due_at))
        return decision

    def _fire(self, name: str, due_at: datetime) -> None:
        if self._by_id[name].due_at == due_at:
            self._tell(TimerFired(**self._origin(name, f"due:{due_at.isoformat()}"), due_at=due_at))

    def _may_answer(self, name: str) -> bool:
        return self._by_id[name].ledger.balance(self.now).remaining > 0

    def _asked(self, name: str, agent: str) -> dict[str, Any]:
        key = str(next(self._numbers))
        named = {"command_id": key, "digest": key, "agent_id": agent, "agent_name": agent}
        return {**self._origin(name, f"c:{key}"), **named}

    def _origin(self, name: str, cause: str) -> dict[str, Any]:
        told = {"conversation_id": name, "app_id": APP, "trace_id": "day"}
        return {**told, "cause": cause, "occurred_at": self.now}


def policy(answer_seconds: int | None = None) -> Policy:
    targets = {"window_seconds": 7200, "answer_seconds": answer_seconds}
    return Policy.model_validate({**POLICY, "targets": targets})


async def measure(table: Table) -> None:
    for what, app, fifo in (
        ("by deadline", policy(), False),
        ("by deadline, answers wanted in 5 minutes", policy(300), False),
        ("first come, first served", policy(), True),
    ):
        _show(table, what, Days(app, fifo=fifo).run())


def _show(table: Table, what: str, seen: Seen) -> None:
    came = DAYS * sum(HOURLY)
    for kind, waited in (("all five days", seen.waited), ("in the hours of the plain day", seen.on_a_plain_day)):
        p50, p90, p99 = (sorted(waited)[len(waited) * part // 100] / 60 for part in (50, 90, 99))
        beside = f"p90 {p90:.1f}, p99 {p99:.1f}; of {len(waited)}"
        table.add(f"day, {what}: waited, {kind}, p50", p50, "min", beside)
    table.add(
        f"day, {what}: windows expired before an answer", seen.expired, "", f"{seen.gave_up} gave up, {came} came"
    )
    loads = sorted(seen.served.values())
    middle = loads[len(loads) // 2]
    table.add(f"day, {what}: sessions per agent, middle", middle, "", f"{loads[0]} to {loads[-1]}; {seen.facts} facts")
