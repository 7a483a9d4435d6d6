"""A town by chance: many conversations, few agents, facts late, twice and after crashes, and the line between them."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from typing_extensions import override

from shared.conversation.commands import SessionWaiting
from shared.conversation.facts import AgentCommand, AnyFact
from shared.conversation.policy import Policy
from shared.conversation.strategy import Standby
from tests.support.facts import (
    accept,
    answered,
    close,
    decline,
    entered,
    handed,
    received,
    reply,
    settled,
    transfer,
)
from tests.support.policies import GIVES_UP, POLICIES
from tests.support.town_of_facts import PARTITIONS, TownConversation, TownOfFacts

NAMES = ("lina", "omar", "ming", "boss")
CUSTOMERS = 6
SAID = ["你好", "人工", "人工", "退款", "官方", GIVES_UP, "5"]
GOES_TO: list[dict[str, Any]] = [{"to_bot": True}, {"to_group": "g"}, {"to_agent": "omar"}, {"to_official": True}]
DEATHS = [None, None, None, "uncommitted", "committed", "carried out"]
STAFF = st.fixed_dictionaries(
    {
        name: st.builds(
            Standby,
            id=st.just(name),
            groups=st.sampled_from([(), ("g",), ("h", "g")]),
            role=st.just("supervisor" if name == "boss" else "agent"),
            presence=st.sampled_from(["online", "online", "online", "online", "away", "offline"]),
            capacity=st.integers(1, 2),
            load=st.just(0),
            assigned_at=st.none(),
            auto_accept=st.booleans(),
        )
        for name in NAMES
    }
)
ENTRIES = st.sampled_from(["agents", "agents", "agents", "bot", "official"])
ENOUGH_TIMERS = 300


class TownWalk(RuleBasedStateMachine):
    """Everything published may wait in its queue for as long as chance wants."""

    def __init__(self) -> None:
        super().__init__()
        self.town = TownOfFacts(Policy(), [], 0)
        self.told: list[AnyFact] = []

    @initialize(policy=POLICIES, staff=STAFF, groups=st.sampled_from([(), (), ("g",)]), entry=ENTRIES)
    def begin(self, policy: Policy, staff: dict[str, Standby], groups: tuple[str, ...], entry: str) -> None:
        """At noon half of the customers write."""
        assignment = policy.assignment.but(groups=groups)
        app = policy.but(assignment=assignment, entry=entry)
        self.town = TownOfFacts(app, list(staff.values()), CUSTOMERS)
        for number in range(0, CUSTOMERS, 2):
            self.customer_writes(number, "人工", hand_over=False)

    def tell(self, fact: AnyFact, one: TownConversation) -> None:
        fact = fact.but(conversation_id=one.conversation.id)
        self.told.append(fact)
        self.town.publish(fact)

    def command(self, fact: AgentCommand, one: TownConversation) -> None:
        if one.conversation.version:
            self.tell(fact, one)  # type: ignore[arg-type] # each of them is one of AnyFact

    def customer(self, number: int) -> TownConversation:
        return self.town.by_openid[f"o-{number}"]

    @rule(seconds=st.sampled_from([1, 7, 31, 31, 70, 4000]))
    def time_passes(self, seconds: float) -> None:
        self.town.clock += seconds
        self.town.fire_timers()

    @rule(who=st.integers(0, CUSTOMERS - 1), text=st.sampled_from(SAID), hand_over=st.booleans())
    def customer_writes(self, who: int, text: str, *, hand_over: bool) -> None:
        one = self.customer(who)
        fact = received(text, seconds=self.town.clock, openid=one.openid)
        self.tell(fact, one)
        number = one.take_for_official(fact.msg_id or "") if hand_over else None
        if number is not None:
            self.tell(handed(number, fact.msg_id or "", seconds=self.town.clock), one)

    @rule(who=st.integers(0, CUSTOMERS - 1), text=st.sampled_from(SAID))
    def customer_is_heard(self, who: int, text: str) -> None:
        """At once."""
        self.customer_writes(who, text, hand_over=False)
        self.town.settle()

    @rule(who=st.integers(0, CUSTOMERS - 1))
    def customer_enters(self, who: int) -> None:
        one = self.customer(who)
        self.tell(entered(seconds=self.town.clock, openid=one.openid), one)

    @rule(data=st.data(), hand_off=st.booleans())
    def bot_answers(self, data: st.DataObject, *, hand_off: bool) -> None:
        asked = list(self.town.turns())
        if asked:
            one, turn = data.draw(st.sampled_from(asked))
            fact = answered("r", turn=turn.turn, session=turn.session, hand_off=hand_off, seconds=self.town.clock)
            self.tell(fact, one)

    @rule(
        who=st.integers(0, CUSTOMERS - 1), agent=st.sampled_from(NAMES), how=st.sampled_from([accept, decline, close])
    )
    def agent_decides(self, who: int, agent: str, how: Any) -> None:
        self.command(how(agent, seconds=self.town.clock), self.customer(who))

    @rule(who=st.integers(0, CUSTOMERS - 1), accepts=st.booleans())
    def whom_it_is_offered_to_decides(self, who: int, *, accepts: bool) -> None:
        one = self.customer(who)
        offer = one.session.offer if one.session is not None else None
        if offer is not None:
            self.command((accept if accepts else decline)(offer.agent_id, seconds=self.town.clock), one)

    @rule(who=st.integers(0, CUSTOMERS - 1), to=st.sampled_from(GOES_TO))
    def boss_transfers(self, who: int, to: dict[str, Any]) -> None:
        self.command(transfer("boss", seconds=self.town.clock, **to).but(supervises=True), self.customer(who))

    @rule(who=st.integers(0, CUSTOMERS - 1), ends=st.booleans())
    def responder_goes_on(self, who: int, *, ends: bool) -> None:
        one = self.customer(who)
        agent = one.session.responder.id if one.session is not None and one.session.responder is not None else None
        if agent is not None:
            how = close(agent, seconds=self.town.clock) if ends else reply(agent=agent, seconds=self.town.clock)
            self.command(how, one)

    @rule(agent=st.sampled_from(NAMES), presence=st.sampled_from(["online", "online", "away", "offline"]))
    def agent_comes_or_goes(self, agent: str, presence: Any) -> None:
        self.town.agents[agent] = self.town.agents[agent]._replace(presence=presence)

    @rule(data=st.data(), outcome=st.sampled_from(["sent", "refused", "unknown"]))
    def a_send_is_settled(self, data: st.DataObject, outcome: Any) -> None:
        open_sends = [(one, send) for one in self.town.by_id.values() for send in one.sends if send not in one.outcomes]
        if open_sends:
            one, send = data.draw(st.sampled_from(open_sends))
            one.outcomes[send] = outcome
            self.tell(settled(send, outcome, seconds=self.town.clock), one)

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def something_is_published_again(self, data: st.DataObject) -> None:
        self.town.publish(data.draw(st.sampled_from(self.told[-30:])))

    @rule(partition=st.integers(0, PARTITIONS - 1), times=st.integers(1, 6), dies=st.sampled_from(DEATHS))
    def router_works(self, partition: int, times: int, dies: str | None) -> None:
        for _ in range(min(times, len(self.town.queues[partition]))):
            self.town.take(partition)
        if dies is not None and self.town.queues[partition]:
            self.town.take(partition, dies=dies)

    @precondition(lambda self: self.town.offers)
    @rule(dies=st.sampled_from([False, False, True]))
    def somebody_is_assigned(self, *, dies: bool) -> None:
        self.town.look_at_offers(dies=dies)

    @precondition(lambda self: self.town.offers)
    @rule()
    def a_hint_is_lost(self) -> None:
        if isinstance(self.town.offers[0], SessionWaiting):
            self.town.offers.pop(0)

    @rule()
    def the_sweep_looks(self) -> None:
        self.town.sweep()

    @rule()
    def everything_arrives_and_the_sweep_looks(self) -> None:
        """Once it has, nobody waits for whom an agent has room: in one second, or as soon as what it found is told."""
        self.town.settle()
        self.town.sweep()
        assert self.town.kept_waiting() == []
        self.town.settle()

    @invariant()
    def every_claim_in_force_is_held_and_nobody_holds_more_than_they_can(self) -> None:
        for agent in self.town.agents.values():
            assert self.town.load(agent.id) <= agent.capacity
        for one in self.town.by_id.values():
            session = one.session
            if session is not None and session.claim is not None:
                holder = session.offer.agent_id if session.offer else session.responder and session.responder.id
                assert self.town.claims.get(session.claim) == holder

    @invariant()
    def one_responder(self) -> None:
        kinds = {"bot": "bot", "agent": "agent", "waiting": None, "official": "official", "closed": None}
        for one in self.town.by_id.values():
            if one.session is not None:
                kind = one.session.responder.kind if one.session.responder else None
                assert kind == kinds[one.session.state]
                assert (one.session.claim is not None) == (
                    one.session.state == "agent" or one.session.offer is not None
                )

    @invariant()
    def nobody_is_passed_over(self) -> None:
        assert self.town.passed_over == []

    @invariant()
    def machines_keep_to_their_budget(self) -> None:
        for one in self.town.by_id.values():
            assert len(one.counted(machine=True)) <= self.town.policy.bot_budget

    @override
    def teardown(self) -> None:
        """Nobody does anything any more: time ends every session, and nobody holds anything in the end."""
        for agent in NAMES if self.town.agents else ():
            self.agent_comes_or_goes(agent, "away")
        self.town.settle()
        for _ in range(ENOUGH_TIMERS):
            due = [one.conversation.due_at for one in self.town.by_id.values() if one.conversation.due_at is not None]
            if not due:
                break
            self.town.clock += max(0.0, (min(due) - self.town.now).total_seconds())
            self.town.fire_timers()
            self.town.settle()
        assert {one.session.state for one in self.town.by_id.values() if one.session is not None} <= {"closed"}
        self.town.sweep()
        self.town.settle()
        assert self.town.claims == {}


TestTown = TownWalk.TestCase
TestTown.settings = settings(max_examples=200, stateful_step_count=50, deadline=None, derandomize=True)


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_a_long_life_of_a_town() -> None:
    """20,000 steps, with other chances each time: `make test-long`."""
    run_state_machine_as_test(TownWalk, settings=settings(max_examples=100, stateful_step_count=200, deadline=None))
