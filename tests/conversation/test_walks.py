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

from shared.conversation.commands import AskBot, ClaimWanted, EraseCustomer, ReleaseClaim, SendMessage
from shared.conversation.content import Note, Text
from shared.conversation.decide import decide
from shared.conversation.draft import Decision
from shared.conversation.facts import AnyFact, CustomerDeleted, SendSettled
from shared.conversation.hours import Hours, WeeklyWindow
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
    deleted,
    described,
    entered,
    fired,
    left,
    noted,
    read,
    received,
    reply,
    settled,
    tagged,
    transfer,
)

AGENTS = ("lina", "omar")
CLOSED = "现在是下班时间"
MORNINGS = Hours(time_zone="UTC", weekly=(WeeklyWindow(days=(1, 2, 3, 4, 5, 6, 7), starts="00:00", ends="12:01"),))
"""The walk begins at noon: a minute later it is closed, and open again twelve hours on."""


class Walk(RuleBasedStateMachine):
    """One conversation as the router keeps it: known facts decide nothing, everything else is told twice at will."""

    @initialize(entry=st.sampled_from(["bot", "agents"]), budget=st.integers(0, 5))
    def begin(self, entry: Any, budget: int) -> None:
        bot = {"entry": entry, "bot_budget": budget, "welcome": "欢迎", "bot_turn_seconds": 5}
        self.story = Story(Policy(**bot, hours=MORNINGS, out_of_hours=CLOSED))
        self.clock = 0.0
        self.known: set[str] = set()
        self.decided: set[str] = set()
        self.told: list[AnyFact] = []
        self.history: dict[int, Message] = {}
        self.erased = 0
        self.sends: dict[str, SendMessage] = {}
        self.outcomes: dict[str, str] = {}
        self.turns: list[AskBot] = []
        self.wanted: list[ClaimWanted] = []
        self.claims: dict[str, str] = {}

    def tell(self, fact: AnyFact) -> Decision:
        first = message_id(fact.conversation_id, fact.cause)
        if fact.id in self.known or any(m.id == first for m in self.history.values() if m.seq > self.erased):
            return Decision(self.story.conversation)
        decision = decide(self.story.conversation, fact, policy=self.story.policy, now=at(self.clock))
        self.told.append(fact)
        if decision.conversation is not self.story.conversation:
            assert decision.conversation.version == self.story.conversation.version + 1
            self.known.add(fact.id)
            self.decided.add(fact.id)
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
            case EraseCustomer():
                assert command.last_seq is not None
                assert command.last_seq >= self.erased
                self.erased = command.last_seq
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

    @rule(agent=st.sampled_from(AGENTS), tags=st.lists(st.sampled_from(["退货", "VIP"]), unique=True))
    def anyone_tags(self, agent: str, tags: list[str]) -> None:
        decision = self.tell(tagged(*tags, agent=agent, seconds=self.clock))
        if decision.verdict is not None:
            assert self.story.conversation.tags == tuple(tags)

    @rule(agent=st.sampled_from(AGENTS))
    def anyone_notes(self, agent: str) -> None:
        before = self.story.conversation
        decision = self.tell(noted(agent=agent, seconds=self.clock))
        assert [m.content for m in decision.messages] == ([Note(text="老客户")] if decision.verdict else [])
        assert self.story.conversation.preview == before.preview

    @rule(agent=st.sampled_from(AGENTS), behind=st.integers(0, 3))
    def anyone_reads(self, agent: str, behind: int) -> None:
        before = self.story.conversation
        seen = max(0, before.last_seq - behind)
        self.tell(read(seen, agent, seconds=self.clock))
        session, unread = before.session, self.story.conversation.unread
        theirs = session is not None and session.responder is not None and session.responder.id == agent
        missed = any(m.msg_id is not None and m.seq > seen for m in self.history.values())
        assert unread == (0 if theirs and not missed and before.deleted_at is None else before.unread)

    @rule(name=st.sampled_from([None, "", "王女士"]), level=st.sampled_from([None, "金"]), ago=st.sampled_from([0, 30]))
    def the_mini_program_describes_the_customer(self, name: str | None, level: str | None, ago: float) -> None:
        before = self.story.conversation
        decision = self.tell(
            described(name, seconds=self.clock - ago, fields=None if level is None else {"等级": level})
        )
        if decision.conversation is not before:
            assert self.story.conversation.name == (before.name if name is None else name or None)

    @rule(quiet_for=st.sampled_from([None, 60, 100_000]))
    def the_customer_is_deleted(self, quiet_for: float | None) -> None:
        before = self.story.conversation
        since = None if quiet_for is None else self.clock - quiet_for
        self.tell(deleted(seconds=self.clock, quiet_since=since))
        last = before.last_sign_at
        if since is not None and last is not None and last >= at(since):
            assert self.story.conversation is before

    @rule(agent=st.sampled_from(AGENTS))
    def someone_is_assigned(self, agent: str) -> None:
        """As the one place of assignment does it: a claim is held once, whoever asks."""
        session = self.story.conversation.session
        if session is None or session.state != "waiting":
            return
        claim = session.next_claim_in(self.story.conversation.id)
        holder = self.claims.setdefault(claim, agent)
        self.tell(claimed(holder, assignment=session.assignment + 1, session=session.number, seconds=self.clock))

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def an_agent_leaves(self, data: st.DataObject) -> None:
        """As the sweep tells it: of a claim that is held, whether its conversation shows it or not."""
        claim = data.draw(st.sampled_from(sorted(self.claims)))
        shown = self.story.conversation.session
        told = left(self.claims[claim], claim=claim, seconds=self.clock).but(cause=f"left:{claim}:{self.clock}")
        decision = self.tell(told)
        if shown is not None and shown.claim == claim and decision.messages:
            assert self.story.state == "waiting"
            assert claim not in self.claims

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
        if isinstance(fact, CustomerDeleted):
            before, took = self.story.conversation, set(self.decided)
            self.known.discard(fact.id)
            self.tell(fact)
            assert self.story.conversation is before or fact.id not in took
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
    def nobody_is_told_twice_in_a_session_that_it_is_closed(self) -> None:
        if hasattr(self, "history"):
            told = [m.session_id for m in self.history.values() if m.content == Text(text=CLOSED)]
            assert len(told) == len(set(told))

    @invariant()
    def of_a_deleted_customer_nothing_is_left(self) -> None:
        conversation = self.story.conversation if hasattr(self, "story") else None
        if conversation is not None and conversation.deleted_at is not None:
            kept = (conversation.name, conversation.openid, conversation.source, conversation.preview)
            assert kept == (None, "", None, None)
            assert (conversation.profile, conversation.tags, conversation.held, conversation.unread) == ((), (), (), 0)

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
TestWalks.settings = settings(max_examples=200, stateful_step_count=60, deadline=None, derandomize=True)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_long_walks() -> None:
    """The same for minutes on end, with other chances each time: `make test-long`."""
    run_state_machine_as_test(Walk, settings=settings(max_examples=1000, stateful_step_count=100, deadline=None))
