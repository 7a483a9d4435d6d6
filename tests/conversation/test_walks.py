"""Random walks: customers, agents, bot, sender, gateway, line and timers in any order, repeated and late."""

from collections.abc import Callable
from datetime import timedelta
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

from shared.conversation.content import Note, Text
from shared.conversation.facts import AgentCommand, CustomerDeleted, MessageReceived, SendSettled
from shared.conversation.model import HELD_LIMIT, VERDICTS_KEPT, Conversation
from shared.conversation.policy import Policy
from shared.conversation.vendor_facts import (
    Invited,
    LinedUp,
    Stood,
    Told,
    VendorAnswered,
    VendorPushed,
    WaitedTooLong,
)
from tests.support.facts import (
    accept,
    answered,
    at,
    block,
    claimed,
    close,
    decline,
    deleted,
    described,
    entered,
    fired,
    handed,
    left,
    noted,
    questioned,
    read,
    received,
    refused,
    reply,
    settled,
    stood,
    tagged,
    transfer,
)
from tests.support.one_conversation import OneConversation
from tests.support.policies import CLOSED, GIVES_UP, IN_LINE, POLICIES, with_vendors
from tests.support.vendors import answer, began, over, person, pushed, spoken

AGENTS = ("lina", "omar")
BOSS = "boss"
TARGETS: list[dict[str, Any]] = [
    {"to_bot": True},
    {"to_group": "g"},
    {"to_agent": "omar"},
    {"to_official": True},
    {"to_vendor": "qiyu"},
]
SAID = ["你好", "人工", "退款", "官方", "七鱼", GIVES_UP, "1", "5", "x"]
STOOD = [
    person("1", said="您好"),
    person("2"),
    Stood(standing="machine", vendor_session="3"),
    Stood(standing="line", ahead=2),
    Stood(standing="word", said="请留言"),
    Stood(standing="nobody"),
]
PUSHES = [
    lambda seconds: began("1", seconds=seconds, said="您好"),
    lambda seconds: began("2", before="1", seconds=seconds),
    lambda seconds: over("1", seconds=seconds),
    lambda seconds: over("1", "transferred", to="2", seconds=seconds),
    lambda seconds: over("3", "to_person", seconds=seconds),
    lambda seconds: spoken("请讲", seconds=seconds),
    lambda seconds: spoken("一", "二", "三", seconds=seconds),
    lambda seconds: pushed(Invited(), seconds=seconds),
    lambda seconds: pushed(LinedUp(ahead=4), seconds=seconds),
    lambda seconds: pushed(WaitedTooLong(), seconds=seconds),
    lambda seconds: pushed(Told(name="X"), seconds=seconds),
]
ENOUGH_TIMERS = 200
"""More than all that time alone can do to one session."""


class Walk(RuleBasedStateMachine):
    """Everything that can happen to one conversation, under an app's settings made up by chance."""

    def __init__(self) -> None:
        super().__init__()
        self.one = OneConversation(Policy())
        self.heard: list[float] = []

    @initialize(policy=POLICIES)
    def begin(self, policy: Policy) -> None:
        self.one = OneConversation(with_vendors(policy))

    @rule(seconds=st.sampled_from([0, 1, 7, 20, 70, 70, 4000, 200_000]))
    def time_passes(self, seconds: float) -> None:
        self.one.clock += seconds

    @rule(text=st.sampled_from(SAID), ago=st.sampled_from([0, 0, 30]), hand_over=st.booleans())
    def customer_writes(self, text: str, ago: float, *, hand_over: bool) -> None:
        self.write(text, ago, hand_over=hand_over)

    @rule(text=st.sampled_from(["你好", "人工"]), times=st.integers(5, 12))
    def customer_pours(self, text: str, times: int) -> None:
        for _ in range(times):
            self.write(text, 0, hand_over=False)

    def write(self, text: str, ago: float, *, hand_over: bool) -> None:
        one, before = self.one, self.one.conversation
        fact = received(text, seconds=one.clock - ago)
        decision = one.tell(fact)
        limited = self.is_limited(fact)
        if before.blocked_at is not None or limited:
            assert (one.session, one.conversation.unread) == (before.session, before.unread)
            assert not decision.commands
        elif decision.conversation is not before:
            self.heard.append(one.clock - ago)
        number = one.take_for_official(fact.msg_id or "") if hand_over else None
        if number is not None:
            one.coming.append(handed(number, fact.msg_id or "", seconds=one.clock - ago))

    def is_limited(self, fact: MessageReceived) -> bool:
        """Whether the customer is cut off as this message comes, by the count that it is part of."""
        torrent, flood = self.one.conversation.torrent, self.one.policy.flood
        if torrent is None or flood is None or torrent.until is None:
            return False
        is_part = fact.occurred_at >= torrent.since - timedelta(seconds=flood.seconds)
        return is_part and max(fact.occurred_at, torrent.since) < torrent.until

    @rule(source=st.sampled_from([None, "shop"]))
    def customer_enters(self, source: str | None) -> None:
        before = self.one.conversation
        decision = self.one.tell(entered(seconds=self.one.clock, session_from=source))
        if before.blocked_at is not None:
            assert self.one.session == before.session
            assert not decision.commands

    @precondition(lambda self: self.one.coming)
    @rule(data=st.data())
    def what_was_told_arrives(self, data: st.DataObject) -> None:
        """A claim, or a handover, at last: in the order told or not."""
        fact = data.draw(st.sampled_from(self.one.coming))
        self.one.coming.remove(fact)
        self.one.tell(fact)

    @precondition(lambda self: self.one.turns)
    @rule(data=st.data(), replies=st.integers(0, 3), hand_off=st.booleans())
    def bot_answers(self, data: st.DataObject, replies: int, *, hand_off: bool) -> None:
        turn = data.draw(st.sampled_from(self.one.turns))
        texts = [f"r{n}" for n in range(replies)]
        fact = answered(*texts, turn=turn.turn, session=turn.session, hand_off=hand_off, seconds=self.one.clock)
        self.one.tell(fact.but(reason="keyword" if turn.inputs else "welcome"))

    @rule(down=st.sampled_from([(), (), ("qiyu",), ("qiyu", "zhima")]))
    def a_breaker_opens_or_closes(self, down: tuple[str, ...]) -> None:
        self.one.story.policy = with_vendors(self.one.policy, *down)

    @precondition(lambda self: self.one.calls)
    @rule(data=st.data(), stood=st.sampled_from(STOOD), down=st.booleans())
    def a_vendor_answers(self, data: st.DataObject, stood: Stood, *, down: bool) -> None:
        """Calls of one stay are answered in their order; those of another stay whenever."""
        one = self.one
        first = {call.bridging: call for call in reversed(one.calls)}
        call = data.draw(st.sampled_from([first[number] for number in sorted(first)]))
        one.calls.remove(call)
        outcome = data.draw(st.sampled_from(["sent", "sent", "sent", "unknown", "refused", "expired"]))
        said = stood if outcome == "sent" and call.call.call in {"introduce", "ask_place"} else None
        one.tell(answer(call, said, outcome=outcome, seconds=one.clock, down=down and outcome == "refused"))

    @rule(push=st.sampled_from(PUSHES))
    def a_vendor_tells(self, push: Callable[[float], VendorPushed]) -> None:
        if self.one.conversation.version:
            fact = push(self.one.clock)
            decision = self.one.tell(fact)
            assert decision.messages or self.one.conversation.deleted_at is not None

    @rule(agent=st.sampled_from(AGENTS), parts=st.integers(1, 4), if_closed=st.sampled_from(["refuse", "hold"]))
    def agent_replies(self, agent: str, parts: int, if_closed: str) -> None:
        self.one.tell(reply(*(["t"] * parts), agent=agent, seconds=self.one.clock, if_closed=if_closed))

    @rule(agent=st.sampled_from(AGENTS))
    def agent_accepts(self, agent: str) -> None:
        if self.one.conversation.version:
            session = self.one.session
            offered = session is not None and session.offer is not None and session.offer.agent_id == agent
            self.one.tell(accept(agent, seconds=self.one.clock))
            assert not offered or self.holder == agent

    @rule(agent=st.sampled_from(AGENTS))
    def agent_declines(self, agent: str) -> None:
        if self.one.conversation.version:
            self.one.tell(decline(agent, seconds=self.one.clock))
            session = self.one.session
            assert session is None or session.offer is None or session.offer.agent_id != agent

    @rule(agent=st.sampled_from(AGENTS), to=st.sampled_from(TARGETS), by_boss=st.booleans())
    def agent_transfers(self, agent: str, to: dict[str, Any], *, by_boss: bool) -> None:
        fact = transfer(BOSS if by_boss else agent, seconds=self.one.clock, **to)
        decision = self.one.tell(fact.but(supervises=by_boss))
        if to == {"to_official": True} and decision.verdict is not None and decision.verdict.problem is None:
            assert self.one.policy.may_hand_over
            assert self.one.armed is not None

    @rule(agent=st.sampled_from(AGENTS), by_boss=st.booleans())
    def agent_closes(self, agent: str, *, by_boss: bool) -> None:
        self.one.tell(close(BOSS if by_boss else agent, supervises=by_boss, seconds=self.one.clock))

    @rule(agent=st.sampled_from([*AGENTS, BOSS]), blocked=st.booleans())
    def agent_blocks(self, agent: str, *, blocked: bool) -> None:
        if self.one.conversation.version:
            self.one.tell(block(agent, blocked=blocked, supervises=agent == BOSS, seconds=self.one.clock))

    @rule(agent=st.sampled_from(AGENTS), tags=st.lists(st.sampled_from(["退货", "VIP"]), unique=True))
    def anyone_tags(self, agent: str, tags: list[str]) -> None:
        decision = self.one.tell(tagged(*tags, agent=agent, seconds=self.one.clock))
        if decision.verdict is not None:
            assert self.one.conversation.tags == tuple(tags)

    @rule(agent=st.sampled_from(AGENTS))
    def anyone_notes(self, agent: str) -> None:
        before = self.one.conversation
        decision = self.one.tell(noted(agent=agent, seconds=self.one.clock))
        assert [m.content for m in decision.messages] == ([Note(text="老客户")] if decision.verdict else [])
        assert self.one.conversation.preview == before.preview

    @rule(agent=st.sampled_from(AGENTS), behind=st.integers(0, 3))
    def anyone_reads(self, agent: str, behind: int) -> None:
        before = self.one.conversation
        seen = max(0, before.last_seq - behind)
        missed = before.inbound_seq > seen
        theirs = self.holder == agent and before.deleted_at is None
        self.one.tell(read(seen, agent, seconds=self.one.clock))
        assert self.one.conversation.unread == (0 if theirs and not missed else before.unread)

    @rule(name=st.sampled_from([None, "", "王女士"]), level=st.sampled_from([None, "金"]), ago=st.sampled_from([0, 30]))
    def the_mini_program_describes_the_customer(self, name: str | None, level: str | None, ago: float) -> None:
        before = self.one.conversation
        fields = None if level is None else {"等级": level}
        decision = self.one.tell(described(name, seconds=self.one.clock - ago, fields=fields))
        if decision.conversation is not before:
            assert self.one.conversation.name == (before.name if name is None else name or None)

    @rule(quiet_for=st.sampled_from([None, 60, 100_000]))
    def the_customer_is_deleted(self, quiet_for: float | None) -> None:
        before = self.one.conversation
        since = None if quiet_for is None else self.one.clock - quiet_for
        self.one.tell(deleted(seconds=self.one.clock, quiet_since=since))
        last = before.last_sign_at
        if since is not None and last is not None and last >= at(since):
            assert self.one.conversation is before

    @rule(agent=st.sampled_from(AGENTS), seconds=st.sampled_from([None, 5, 30]), at_once=st.booleans())
    def someone_is_assigned(self, agent: str, seconds: float | None, *, at_once: bool) -> None:
        """As the one place of assignment does it: a claim is held once, whoever asks. Some are asked to accept."""
        one, session = self.one, self.one.session
        if session is None or not session.in_line:
            return
        if session.offer is not None:
            return
        claim = session.next_claim_in(one.conversation.id)
        holder = one.claims.setdefault(claim, agent)
        fact = claimed(holder, assignment=session.assignment + 1, session=session.number, seconds=one.clock)
        one.bring(fact.but(offered_until=None if seconds is None else at(one.clock + seconds)), at_once=at_once)

    @precondition(lambda self: self.one.wanted)
    @rule(data=st.data(), at_once=st.booleans(), full=st.booleans())
    def a_wanted_claim_is_decided(self, data: st.DataObject, *, at_once: bool, full: bool) -> None:
        one = self.one
        wanted = data.draw(st.sampled_from(one.wanted))
        if one.claims.get(wanted.claim_id, None if full else wanted.agent_id) != wanted.agent_id:
            code = "taken" if wanted.claim_id in one.claims else "at_capacity"
            one.bring(refused(wanted.command_id, code, seconds=one.clock), at_once=at_once)
            return
        one.claims[wanted.claim_id] = wanted.agent_id
        number = int(wanted.claim_id.rsplit(".", 1)[1])
        fact = claimed(
            wanted.agent_id,
            assignment=number,
            session=wanted.session,
            command=wanted.command_id,
            seconds=one.clock,
        ).but(cause=f"a:{wanted.claim_id}:{wanted.command_id}", rule="wanted")
        heard = one.conversation.verdict_on(wanted.command_id)
        one.bring(fact, at_once=at_once)
        session = one.session
        if at_once and heard is None and session is not None and session.claim == wanted.claim_id:
            verdict = one.conversation.verdict_on(wanted.command_id)
            assert self.holder == wanted.agent_id
            assert verdict is not None
            assert verdict.problem is None

    @precondition(lambda self: self.one.claims)
    @rule(data=st.data(), why=st.sampled_from(["agent_disabled", "agent_elsewhere", "agent_offline"]))
    def an_agent_leaves(self, data: st.DataObject, why: str) -> None:
        """As the sweep tells it: of a claim that is held, whether its conversation shows it or not."""
        one = self.one
        claim = data.draw(st.sampled_from(sorted(one.claims)))
        shown, agent = one.session, one.claims[claim]
        told = left(agent, claim=claim, why=why, seconds=one.clock).but(cause=f"left:{claim}:{one.clock}")
        decision = one.tell(told)
        if shown is not None and shown.claim == claim and decision.messages:
            assert claim not in one.claims
            assert self.holder is None

    @precondition(lambda self: self.one.claims)
    @rule(data=st.data())
    def the_sweep_asks_about_a_claim(self, data: st.DataObject) -> None:
        """It may be on its way for longer than the sweep waits."""
        claim = data.draw(st.sampled_from(sorted(self.one.claims)))
        self.one.tell(questioned(self.one.claims[claim], claim, seconds=self.one.clock))

    @rule(position=st.integers(1, 9), nobody=st.booleans(), behind=st.sampled_from([0, 0, 0, 1]))
    def the_line_tells_a_place(self, position: int, behind: int, *, nobody: bool) -> None:
        session = self.one.session
        if session is not None:
            number = max(1, session.number - behind)
            self.one.tell(stood(position, session=number, nobody=nobody, seconds=self.one.clock))

    @precondition(lambda self: self.one.sends)
    @rule(data=st.data(), outcome=st.sampled_from(["sent", "unknown", "refused", "expired"]), closed=st.booleans())
    def a_send_is_settled(self, data: st.DataObject, outcome: Any, *, closed: bool) -> None:
        send = data.draw(st.sampled_from(sorted(self.one.sends)))
        if self.one.outcomes.get(send) in {"sent", "refused", "expired"}:
            return
        self.one.outcomes[send] = outcome
        self.one.tell(settled(send, outcome, seconds=self.one.clock, window_closed=closed and outcome == "refused"))

    @precondition(lambda self: self.one.conversation.due_at is not None)
    @rule()
    def the_timer_fires(self) -> None:
        due_at = self.one.conversation.due_at
        self.one.tell(fired(self.one.conversation))
        assert self.one.conversation.due_at != due_at

    @precondition(lambda self: self.one.told)
    @rule(data=st.data())
    def something_is_told_again(self, data: st.DataObject) -> None:
        """Long after the last four commits: only state and history may make it harmless."""
        one = self.one
        fact = data.draw(st.sampled_from(one.told))
        if isinstance(fact, SendSettled | VendorAnswered):
            return
        before, took = one.conversation, set(one.decided)
        unanswered = isinstance(fact, AgentCommand) and before.verdict_on(fact.command_id) is None
        one.known.discard(fact.id)
        decision = one.tell(fact)
        if isinstance(fact, CustomerDeleted):
            assert one.conversation is before or fact.id not in took
        elif fact.id in took and not unanswered:
            assert _bare(one.conversation) == _bare(before)
            assert not decision.messages
            assert not decision.changes

    @property
    def holder(self) -> str | None:
        session = self.one.session
        agent = session.responder if session is not None and session.state == "agent" else None
        return agent.id if agent is not None else None

    @invariant()
    def seq_counts_without_gap(self) -> None:
        assert sorted(self.one.history) == list(range(1, len(self.one.history) + 1))
        assert self.one.conversation.last_seq == len(self.one.history)

    @invariant()
    def nobody_is_told_twice_in_a_session_that_it_is_closed(self) -> None:
        told = [m.session_id for m in self.one.history.values() if m.content == Text(text=CLOSED)]
        assert len(told) == len(set(told))

    @invariant()
    def of_a_deleted_customer_nothing_is_left(self) -> None:
        conversation = self.one.conversation
        if conversation.deleted_at is not None:
            kept = (conversation.name, conversation.openid, conversation.source, conversation.preview)
            assert kept == (None, "", None, None)
            assert (conversation.profile, conversation.tags, conversation.held, conversation.unread) == ((), (), (), 0)

    @invariant()
    def one_responder(self) -> None:
        session = self.one.session
        if session is None:
            return
        kinds = {"bot": "bot", "agent": "agent", "vendor": "vendor", "official": "official"}
        assert (session.responder.kind if session.responder else None) == kinds.get(session.state)
        assert (session.claim is not None) == (session.state == "agent" or session.offer is not None)
        assert session.offer is None or session.state == "waiting"
        assert session.turn is None or session.state == "bot"
        assert (session.bridging is not None) == (session.state == "vendor")

    @invariant()
    def a_stay_passes_on_each_message_once_and_in_order(self) -> None:
        named, session = self.one.named, self.one.session
        for stay, given in self.one.relayed.items():
            assert len(set(given)) == len(given), stay
            assert [named[one] for one in given] == sorted(named[one] for one in given), stay
        bridging = session.bridging if session is not None else None
        if bridging is not None:
            assert bridging.call is not None or not bridging.kept or bridging.standing == "line"
            assert not set(bridging.kept) & set(bridging.given)
            assert bridging.standing != "nobody"
            assert (bridging.ask_place_at is not None) == (bridging.standing == "line" and bridging.call is None)

    @invariant()
    def whom_nobody_answered_is_not_forgotten_on_leaving_a_vendor(self) -> None:
        """Back in our own line they are counted as unread, so that somebody looks."""
        one, session = self.one, self.one.session
        if session is None or session.state != "waiting" or one.events("session_assigned", session):
            return
        if one.events("session_unbridged", session):
            assert self.one.conversation.unread >= len(session.unanswered)

    @invariant()
    def at_most_one_claim_is_in_force_and_its_holder_has_it(self) -> None:
        """Every other one that an agent holds is on its way here, so that it can be given back."""
        session, one = self.one.session, self.one
        if session is not None and session.claim is not None:
            holder = session.offer.agent_id if session.offer else self.holder
            assert one.claims.get(session.claim) == holder
        assert one.unshown() <= one.astray

    @invariant()
    def only_an_armed_session_is_armed(self) -> None:
        session = self.one.session
        handover = session.handover if session is not None else None
        assert self.one.armed == (handover.number if handover else None)
        assert handover is None or (session is not None and session.state in {"waiting", "official"})

    @invariant()
    def the_quota_is_never_overdrawn(self) -> None:
        balance = self.one.conversation.ledger.balance(self.one.now)
        assert 0 <= balance.remaining <= 5
        assert len(self.one.counted(machine=False)) <= 5

    @invariant()
    def machines_keep_to_their_budget(self) -> None:
        assert len(self.one.counted(machine=True)) <= self.one.policy.bot_budget

    @invariant()
    def who_waits_is_told_so_often_and_no_more(self) -> None:
        words = IN_LINE.split("{", 1)[0]
        said = [m.content.text for m in self.one.since_in_line() if isinstance(m.content, Text)]
        assert sum(text.startswith(words) for text in said) <= self.one.policy.waiting.most

    @invariant()
    def each_way_out_is_taken_once(self) -> None:
        session = self.one.session
        if session is not None:
            assert len(set(session.fallbacks)) == len(session.fallbacks)
            assert not self.one.repeated_fallbacks(session)

    @invariant()
    def who_pours_is_not_heard(self) -> None:
        flood = self.one.policy.flood
        if flood is not None and self.heard:
            last = [second for second in self.heard if 0 <= self.heard[-1] - second < flood.seconds]
            assert len(last) <= 3 * flood.messages

    @invariant()
    def a_session_is_kept_once_it_has_ended(self) -> None:
        session = self.one.session
        if session is not None and session.state == "closed" and session.reason is not None:
            assert session.number in {record.number for record in self.one.records}

    @invariant()
    def the_document_stays_small(self) -> None:
        conversation = self.one.conversation
        assert len(conversation.held) <= HELD_LIMIT
        assert len(conversation.verdicts) <= VERDICTS_KEPT
        assert len(conversation.ledger.sends) <= 64

    @invariant()
    def an_open_session_has_a_timer_and_a_closed_one_none(self) -> None:
        conversation = self.one.conversation
        if conversation.session is not None and conversation.session.state != "closed":
            assert conversation.due_at is not None
            assert conversation.decided_at is not None
            assert conversation.due_at > conversation.decided_at
        else:
            assert conversation.due_at is None

    @override
    def teardown(self) -> None:
        """When nothing happens any more, time ends every session, and the sweep finds every claim."""
        for _ in range(ENOUGH_TIMERS):
            if self.one.conversation.due_at is None:
                break
            self.the_timer_fires()
        assert self.one.session is None or self.one.session.state == "closed"
        self.one.clock += 1
        for claim in sorted(self.one.unshown()):
            self.one.tell(questioned(self.one.claims[claim], claim, seconds=self.one.clock))
        assert not self.one.unshown()


def _bare(conversation: Conversation) -> Conversation:
    """Without what every decision changes."""
    return conversation.but(version=0, decided_at=None, due_at=None, verdicts=())


TestWalks = Walk.TestCase
TestWalks.settings = settings(max_examples=200, stateful_step_count=50, deadline=None, derandomize=True)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_long_walks() -> None:
    """The same for minutes on end, with other chances each time: `make test-long`."""
    run_state_machine_as_test(Walk, settings=settings(max_examples=1000, stateful_step_count=100, deadline=None))
