from shared.conversation.commands import ClaimWanted, RecordSession, ReleaseClaim, SendMessage, SessionWaiting
from shared.conversation.content import Event
from shared.conversation.facts import ClaimQuestioned, ClaimRefused, DiscardMessage, MarkSent
from shared.conversation.model import Problem
from tests.support.facts import (
    Story,
    accept,
    answered,
    asked,
    at,
    claimed,
    close,
    deleted,
    left,
    noted,
    origin,
    read,
    received,
    reply,
    settled,
    tagged,
    transfer,
)


def problem_of(story: Story) -> str | None:
    verdict = story.decisions[-1].verdict
    assert verdict is not None
    return verdict.problem.code if verdict.problem else None


def test_an_agents_reply_is_reserved_and_sent() -> None:
    story = Story().with_agent()
    decision = story.tell(reply("您好", seconds=1))
    (send,) = decision.commands
    assert isinstance(send, SendMessage)
    assert (send.send_id, send.place) == (decision.messages[0].id, (story.conversation.version, 0))
    assert story.remaining == 4
    assert problem_of(story) is None


def test_only_the_responder_may_reply() -> None:
    story = Story().with_agent("lina")
    assert story.tell(reply(agent="omar")).messages == ()
    assert problem_of(story) == "not_yours"


def test_nobody_may_reply_to_a_closed_session() -> None:
    story = Story().with_agent()
    story.tell(close(), reply())
    assert problem_of(story) == "not_yours"


def test_the_sixth_message_is_refused_with_the_ledger() -> None:
    story = Story().with_agent()
    story.tell(*(reply(seconds=1) for _ in range(6)))
    verdict = story.decisions[-1].verdict
    assert verdict is not None
    assert verdict.problem is not None
    assert (verdict.problem.code, verdict.problem.more["quota"]["remaining"]) == ("quota_used", 0)


def test_after_48_hours_the_window_is_closed() -> None:
    story = Story().with_agent()
    story.tell(reply(seconds=48 * 3600 + 1))
    assert problem_of(story) == "window_closed"


def test_all_parts_or_none() -> None:
    story = Story().with_agent()
    story.tell(reply("1", "2", "3", "4", seconds=1), reply("5", "6", seconds=2))
    assert problem_of(story) == "quota_used"
    assert story.remaining == 1


def test_held_messages_are_bounded_and_nothing_overtakes_them() -> None:
    story = Story().with_agent()
    story.tell(reply(*"12345", seconds=1), reply(*"abcdefghij", seconds=2, if_closed="hold"))
    assert len(story.conversation.held) == 10
    story.tell(reply("k", seconds=3, if_closed="hold"))
    assert problem_of(story) == "quota_used"


def test_a_held_message_can_be_discarded_once() -> None:
    story = Story().with_agent()
    story.tell(reply(*"12345", seconds=1), reply("a", seconds=2, if_closed="hold"))
    held = story.conversation.held[0].message_id
    decision = story.tell(DiscardMessage(**asked(), message_id=held, seq=7))
    assert [c.delivery.state for c in decision.changes if c.delivery] == ["discarded"]
    story.tell(DiscardMessage(**asked(), message_id=held, seq=7))
    assert problem_of(story) == "conflict"


def test_accepting_a_waiting_session_asks_the_one_place_of_assignment() -> None:
    story = Story()
    story.tell(received("人工"))
    (wanted,) = story.tell(accept("lina")).commands
    assert isinstance(wanted, ClaimWanted)
    assert (wanted.agent_id, wanted.claim_id) == ("lina", f"{story.conversation.id}.1.1")
    story.tell(claimed("lina", command=wanted.command_id))
    assert (story.state, problem_of(story)) == ("agent", None)


def test_accepting_again_is_done_and_accepting_anothers_is_taken() -> None:
    story = Story().with_agent("lina")
    story.tell(accept("lina"))
    assert problem_of(story) is None
    story.tell(accept("omar"))
    verdict = story.decisions[-1].verdict
    assert verdict is not None
    assert verdict.problem is not None
    assert (verdict.problem.code, verdict.problem.more) == ("taken", {"by": {"id": "lina", "name": "Lina"}})


def test_a_refused_claim_is_the_commands_verdict() -> None:
    story = Story()
    story.tell(received("人工"), accept("lina", key="k"))
    refused = Problem(code="at_capacity", detail="Lina already has 5 of 5.")
    story.tell(ClaimRefused(**origin(), command_id="k", digest="d", problem=refused))
    assert problem_of(story) == "at_capacity"
    assert story.state == "waiting"


def test_a_claim_for_another_assignment_is_given_back() -> None:
    story = Story().with_agent("lina")
    (release,) = story.tell(claimed("omar", assignment=3)).commands
    assert isinstance(release, ReleaseClaim)
    assert release.agent_id == "omar"
    assert story.conversation.session is not None
    assert story.conversation.session.responder is not None
    assert story.conversation.session.responder.id == "lina"


def test_the_same_claim_again_changes_nothing() -> None:
    story = Story().with_agent("lina")
    before = story.conversation
    story.tell(claimed("lina"))
    assert story.conversation is before


def test_closing_gives_the_room_back_and_keeps_the_record() -> None:
    story = Story().with_agent("lina")
    decision = story.tell(close(seconds=5))
    release, record = decision.commands
    assert isinstance(release, ReleaseClaim)
    assert isinstance(record, RecordSession)
    assert (record.session.state, record.session.closed_at) == ("closed", at(5))


def test_a_supervisor_closes_and_moves_what_is_not_theirs() -> None:
    story = Story().with_agent("lina")
    story.tell(close("boss"))
    assert problem_of(story) == "not_yours"
    story.tell(close("boss", supervises=True))
    assert story.state == "closed"


def test_transfer_to_an_agent_keeps_the_old_one_until_the_new_one_has_room() -> None:
    story = Story().with_agent("lina")
    (wanted,) = story.tell(transfer(to_agent="omar")).commands
    assert isinstance(wanted, ClaimWanted)
    assert (wanted.agent_id, story.state) == ("omar", "agent")
    decision = story.tell(claimed("omar", assignment=2, command=wanted.command_id))
    assert [c.agent_id for c in decision.commands if isinstance(c, ReleaseClaim)] == ["lina"]
    assert story.conversation.session is not None
    assert story.conversation.session.responder is not None
    assert story.conversation.session.responder.id == "omar"


def test_transfer_to_a_group_goes_back_in_line_for_that_group() -> None:
    story = Story().with_agent("lina")
    decision = story.tell(transfer(to_group="售后", note="要退货"))
    assert [type(c) for c in decision.commands] == [ReleaseClaim, SessionWaiting]
    assert story.conversation.session is not None
    assert story.conversation.session.group == "售后"


def test_a_questioned_claim_is_given_back_unless_it_is_the_one_in_force() -> None:
    story = Story().with_agent("lina")
    claim = story.conversation.session.claim if story.conversation.session else None
    own = ClaimQuestioned(**origin(), agent_id="lina", claim_id=claim or "")
    assert story.tell(own).commands == ()
    other = ClaimQuestioned(**origin(), agent_id="omar", claim_id="elsewhere")
    assert [type(c) for c in story.tell(other).commands] == [ReleaseClaim]


def test_the_session_of_an_agent_who_left_goes_back_in_line_and_says_why() -> None:
    story = Story().with_agent("lina")
    decision = story.tell(left("lina", seconds=9))
    assert [type(one) for one in decision.commands] == [ReleaseClaim, SessionWaiting]
    (message,) = decision.messages
    assert isinstance(message.content, Event)
    assert (message.content.name, message.content.detail) == ("session_waiting", {"reason": "agent_disabled"})
    session = story.conversation.session
    assert session is not None
    assert (session.state, session.responder, session.claim, session.waiting_since) == ("waiting", None, None, at(9))


def test_that_an_agent_left_is_told_in_vain_once_the_session_is_anothers() -> None:
    story = Story().with_agent("lina")
    told = left("lina")
    story.tell(told, claimed("omar", assignment=2))
    before = story.conversation
    story.tell(told, left("omar", claim="another"))
    assert story.conversation is before
    story.tell(close("omar"))
    closed = story.conversation
    story.tell(left("omar", claim=f"{closed.id}.1.2"))
    assert story.conversation is closed


def test_a_repeated_command_is_told_its_verdict_and_decides_nothing() -> None:
    story = Story().with_agent()
    first = story.tell(reply("一次", key="same"))
    again = story.tell(reply("一次", key="same"))
    assert again.verdict == first.verdict
    assert again.messages == ()
    assert story.remaining == 4


def test_a_refusal_because_the_window_is_closed_empties_the_ledger() -> None:
    story = Story().with_agent()
    send = story.tell(reply(seconds=1)).messages[0].id
    story.tell(settled(send, "refused", seconds=2, code="45015", window_closed=True))
    assert story.remaining == 0


def test_a_mark_is_kept_beside_the_unknown_delivery() -> None:
    story = Story().with_agent()
    send = story.tell(reply(seconds=1)).messages[0]
    (change,) = story.tell(MarkSent(**asked(), message_id=send.id, seq=send.seq)).changes
    assert (change.mark, change.delivery) == ("sent:Lina", None)


def test_the_bots_late_answer_to_a_session_an_agent_took_is_nobodys() -> None:
    story = Story()
    story.tell(received("在吗"), claimed("lina", command="k"))
    before = story.conversation
    story.tell(answered("机器人"))
    assert story.conversation is before


def test_accepting_what_was_assigned_to_oneself_meanwhile_has_its_verdict() -> None:
    story = Story()
    story.tell(received("人工"), accept("lina", key="k"), claimed("lina"))
    told = claimed("lina", command="k").but(cause="a:again")
    assert story.tell(told).commands == ()
    verdict = story.conversation.verdict_on("k")
    assert verdict is not None
    assert verdict.problem is None


def test_anyone_may_tag_and_the_newest_tags_count() -> None:
    story = Story().with_agent("lina")
    story.tell(tagged("退货", "VIP", agent="omar"))
    assert (story.conversation.tags, problem_of(story)) == (("退货", "VIP"), None)
    story.tell(tagged(agent="omar"))
    assert story.conversation.tags == ()


def test_a_tagging_told_again_does_not_undo_a_later_one() -> None:
    story = Story().with_agent("lina")
    first = tagged("旧")
    story.tell(first, tagged("新"))
    assert story.tell(first).verdict is not None
    assert story.conversation.tags == ("新",)


def test_a_note_is_for_colleagues_and_touches_nothing_of_the_session() -> None:
    story = Story().with_agent("lina")
    before = story.conversation
    decision = story.tell(noted("先查订单", agent="omar", key="n1", seconds=5))
    (message,) = decision.messages
    assert (message.content.type, message.direction, message.sender.id) == ("note", "system", "omar")
    assert (message.command_id, message.client_id, message.digest) == ("n1", "client", "digest of n1")
    assert decision.verdict is not None
    assert decision.verdict.seqs == (message.seq,)
    assert decision.commands == ()
    after = story.conversation
    assert (after.session, after.preview, after.unread) == (before.session, before.preview, before.unread)


def test_a_note_can_be_left_on_a_closed_session() -> None:
    story = Story().with_agent("lina")
    story.tell(close(), noted("已退款"))
    assert (story.state, problem_of(story)) == ("closed", None)


def test_reading_everything_leaves_nothing_unread() -> None:
    story = Story().with_agent("lina")
    story.tell(received("二"), received("三"))
    assert story.conversation.unread == 3
    story.tell(read(story.conversation.last_seq, "lina"))
    assert story.conversation.unread == 0


def test_what_the_customer_wrote_after_the_place_read_keeps_it_unread() -> None:
    story = Story().with_agent("lina")
    seen = story.conversation.last_seq
    story.tell(received("二"), read(seen, "lina"))
    assert (story.conversation.unread, problem_of(story)) == (2, None)
    last = story.conversation.last_seq
    story.tell(noted(), read(last, "lina"))
    assert story.conversation.unread == 0


def test_only_the_responders_reading_counts() -> None:
    story = Story().with_agent("lina")
    story.tell(read(99, "omar"))
    assert (story.conversation.unread, problem_of(story)) == (1, None)
    story.tell(close(), received("还有", seconds=60), read(99, "lina"))
    assert (story.conversation.unread, problem_of(story)) == (1, None)


def test_a_tombstone_takes_no_tags_notes_or_reading() -> None:
    story = Story().with_agent("lina")
    story.tell(deleted(seconds=50))
    version = story.conversation.version
    story.tell(tagged("x", seconds=60), noted(seconds=60), read(9, seconds=60))
    assert story.conversation.version == version


def test_the_record_of_a_session_says_who_held_it_at_the_end() -> None:
    story = Story().with_agent("lina")
    (record,) = [c for c in story.tell(close()).commands if isinstance(c, RecordSession)]
    assert record.session.responder is not None
    assert (record.session.responder.id, record.session.state) == ("lina", "closed")
    assert story.conversation.session is not None
    assert story.conversation.session.responder is None
