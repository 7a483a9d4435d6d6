"""Random walks: customers, agents, bot, sender and timers in any order, with repeats and late deliveries."""

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

from shared.conversation.commands import AskBot, ClaimWanted, ReleaseClaim, SendMessage
from shared.conversation.decide import decide
from shared.conversation.draft import Decision
from shared.conversation.facts import AnyFact, SendSettled
from shared.conversation.ids import message_id
from shared.conversation.model import HELD_LIMIT, VERDICTS_KEPT, Message
from shared.conversation.policy import Policy
from tests.support.facts import (
    Story,
    accept,
    answered,
    at,
    claimed,
    close,
    entered,
    fired,
    received,
    reply,
    settled,
    transfer,
)

AGENTS = ("lina", "omar")
DESTINATIONS = ({"to_bot": True}, {"to_group": "g"}, {"to_agent": "omar"})


class Walk(RuleBasedStateMachine):
    """One conversation as the router keeps it: known facts decide nothing, everything else is told twice at will."""

    @initialize(entry=st.sampled_from(["bot", "agents"]), budget=st.integers(0, 5))
    def begin(self, entry: Any, budget: int) -> None:
        self.story = Story(Policy(entry=entry, bot_budget=budget, welcome="欢迎", bot_turn_seconds=5))
        self.clock = 0.0
        self.known: set[str] = set()
        self.told: list[AnyFact] = []
        self.history: dict[int, Message] = {}
        self.sends: dict[str, SendMessage] = {}
        self.outcomes: dict[str, str] = {}
        self.turns: list[AskBot] = []
        self.wanted: list[ClaimWanted] = []
        self.claims: dict[str, str] = {}

    def tell(self, fact: AnyFact) -> Decision:
        first = message_id(fact.conversation_id, fact.cause)
        if fact.id in self.known or any(m.id == first for m in self.history.values()):
            return Decision(self.story.conversation)
        decision = decide(self.story.conversation, fact, policy=self.story.policy, now=at(self.clock))
        self.told.append(fact)
        if decision.conversation is not self.story.conversation:
            assert decision.conversation.version == self.story.conversation.version + 1
            self.known.add(fact.id)
        self.story.conversation = decision.conversation
        for message in decision.messages:
            assert message.seq not in self.history
            self.history[message.seq] = message
        for command in decision.commands:
            self.carry_out(command)
        return decision

    def carry_out(self, command: object) -> None:
        match command:
            case SendMessage():
                assert command.send_id not in self.sends, "one message is sent once"
                assert command.expires_at >= at(self.clock)
                self.sends[command.send_id] = command
            case AskBot():
                self.turns.append(command)
            case ClaimWanted():
                self.wanted.append(command)
            case ReleaseClaim():
                if self.claims.get(command.claim_id) == command.agent_id:
                    del self.claims[command.claim_id]
            case _:
                pass

    @rule(seconds=st.sampled_from([0, 1, 7, 70, 4000, 200_000]))
    def time_passes(self, seconds: float) -> None:
        self.clock += seconds

    @rule(text=st.sampled_from(["你好", "人工", "x"]), ago=st.sampled_from([0, 0, 30]))
    def customer_writes(self, text: str, ago: float) -> None:
        self.tell(received(text, seconds=self.clock - ago))

    @rule()
    def customer_enters(self) -> None:
        self.tell(entered(seconds=self.clock))

    @precondition(lambda self: self.turns)
    @rule(data=st.data(), replies=st.integers(0, 3), hand_off=st.booleans())
    def bot_answers(self, data: st.DataObject, replies: int, *, hand_off: bool) -> None:
        turn = data.draw(st.sampled_from(self.turns))
        texts = [f"r{n}" for n in range(replies)]
        fact = answered(*texts, turn=turn.turn, session=turn.session, hand_off=hand_off, seconds=self.clock)
        self.tell(fact)

    @rule(agent=st.sampled_from(AGENTS), parts=st.integers(1, 4), if_closed=st.sampled_from(["refuse", "hold"]))
    def agent_replies(self, agent: str, parts: int, if_closed: str) -> None:
        self.tell(reply(*(["t"] * parts), agent=agent, seconds=self.clock, if_closed=if_closed))

    @rule(agent=st.sampled_from(AGENTS))
    def agent_accepts(self, agent: str) -> None:
        if self.story.conversation.version:
            self.tell(accept(agent, seconds=self.clock))

    @rule(
        agent=st.sampled_from(AGENTS), to=st.sampled_from([{"to_bot": True}, {"to_group": "g"}, {"to_agent": "omar"}])
    )
    def agent_transfers(self, agent: str, to: dict[str, Any]) -> None:
        self.tell(transfer(agent, **to))

    @rule(agent=st.sampled_from(AGENTS))
    def agent_closes(self, agent: str) -> None:
        self.tell(close(agent, seconds=self.clock))

    @rule(agent=st.sampled_from(AGENTS))
    def someone_is_assigned(self, agent: str) -> None:
        """As the one place of assignment does it: a claim is held once, whoever asks."""
        session = self.story.conversation.session
        if session is None or session.state != "waiting":
            return
        claim = session.next_claim_in(self.story.conversation.id)
        holder = self.claims.setdefault(claim, agent)
        self.tell(claimed(holder, assignment=session.assignment + 1, session=session.number, seconds=self.clock))

    @precondition(lambda self: self.wanted)
    @rule(data=st.data())
    def a_wanted_claim_is_won(self, data: st.DataObject) -> None:
        wanted = data.draw(st.sampled_from(self.wanted))
        number = int(wanted.claim_id.rsplit(".", 1)[1])
        if self.claims.setdefault(wanted.claim_id, wanted.agent_id) == wanted.agent_id:
            self.tell(claimed(wanted.agent_id, assignment=number, session=wanted.session, command=wanted.command_id))

    @precondition(lambda self: self.sends)
    @rule(data=st.data(), outcome=st.sampled_from(["sent", "unknown", "refused", "expired"]), closed=st.booleans())
    def a_send_is_settled(self, data: st.DataObject, outcome: Any, *, closed: bool) -> None:
        send = data.draw(st.sampled_from(sorted(self.sends)))
        if self.outcomes.get(send) in {"sent", "refused", "expired"}:
            return
        self.outcomes[send] = outcome
        self.tell(settled(send, outcome, seconds=self.clock, window_closed=closed and outcome == "refused"))

    @precondition(lambda self: self.story.conversation.due_at is not None)
    @rule()
    def the_timer_fires(self) -> None:
        due_at = self.story.conversation.due_at
        self.tell(fired(self.story.conversation))
        assert self.story.conversation.due_at != due_at

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def something_is_told_again(self, data: st.DataObject) -> None:
        """Long after the last four commits: only state and history may make it harmless."""
        fact = data.draw(st.sampled_from(self.told))
        if isinstance(fact, SendSettled):
            return
        sends, messages = len(self.sends), len(self.history)
        self.known.discard(fact.id)
        decision = self.tell(fact)
        harmless = {"session_closed", "session_waiting", "session_assigned"}
        added = [m for m in decision.messages if getattr(m.content, "name", "") not in harmless]
        assert len(self.sends) == sends or decision.changes or messages < len(self.history)
        assert not [m for m in added if m.direction == "inbound"]

    @invariant()
    def seq_counts_without_gap(self) -> None:
        if hasattr(self, "history"):
            assert sorted(self.history) == list(range(1, len(self.history) + 1))
            assert self.story.conversation.last_seq == len(self.history)

    @invariant()
    def one_responder(self) -> None:
        session = self.story.conversation.session if hasattr(self, "story") else None
        if session is None:
            return
        kinds = {"bot": "bot", "agent": "agent", "waiting": None, "closed": None}
        assert (session.responder.kind if session.responder else None) == kinds[session.state]
        assert (session.claim is not None) == (session.state == "agent")

    @invariant()
    def every_claim_in_force_is_held_by_its_responder(self) -> None:
        session = self.story.conversation.session if hasattr(self, "story") else None
        if session is not None and session.claim is not None and session.responder is not None:
            assert self.claims.get(session.claim, session.responder.id) == session.responder.id

    @invariant()
    def the_quota_is_never_overdrawn(self) -> None:
        if hasattr(self, "story"):
            balance = self.story.conversation.ledger.balance(at(self.clock))
            assert 0 <= balance.remaining <= 5

    @invariant()
    def the_document_stays_small(self) -> None:
        if hasattr(self, "story"):
            conversation = self.story.conversation
            assert len(conversation.held) <= HELD_LIMIT
            assert len(conversation.verdicts) <= VERDICTS_KEPT
            assert len(conversation.ledger.sends) <= 64

    @invariant()
    def an_open_session_has_a_timer_and_a_closed_one_none(self) -> None:
        session = self.story.conversation.session if hasattr(self, "story") else None
        if session is not None:
            assert (self.story.conversation.due_at is None) == (session.state == "closed")


TestWalks = Walk.TestCase
TestWalks.settings = settings(max_examples=120, stateful_step_count=60, deadline=None, derandomize=True)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_long_walks() -> None:
    """The same for minutes on end, with other chances each time: `make test-long`."""
    run_state_machine_as_test(Walk, settings=settings(max_examples=1000, stateful_step_count=100, deadline=None))
