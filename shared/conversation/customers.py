"""What a customer does: enter, write, or be the subject of some other event."""

from shared.conversation.attention import relieve
from shared.conversation.bridging import note_written, pass_on
from shared.conversation.commands import CopyMedia, EraseCustomer
from shared.conversation.content import Card, Event, Image, Text
from shared.conversation.draft import Draft
from shared.conversation.facts import (
    CustomerDeleted,
    CustomerDescribed,
    CustomerEntered,
    EventReceived,
    MediaSettled,
    MessageReceived,
    MessageReplayed,
)
from shared.conversation.grading import read_grade, take_grade
from shared.conversation.handovers import expect_handover
from shared.conversation.model import CUSTOMER, Message, MessageChange, Session
from shared.conversation.policy import bridge_of
from shared.conversation.quota import Ledger
from shared.conversation.ratings import rates, take_rating
from shared.conversation.routes import THE_BOT, Route
from shared.conversation.sending import make_held_due
from shared.conversation.sessions import disarm, ensure_session, release_claim
from shared.conversation.torrents import is_unheard
from shared.conversation.turns import ask_bot, tell_bot
from shared.conversation.vendor_answers import write_to_vendor
from shared.conversation.vendor_calls import leave_vendor
from shared.conversation.waiting import give_up, hand_off, put_in_line, say_closed, serve, situation


def enter(draft: Draft, entered: CustomerEntered) -> None:
    """Entering opens a short window, and a session that the bot welcomes once. It puts nobody in line yet."""
    ledger = draft.conversation.ledger.granted("entering", entered.occurred_at)
    draft.update(ledger=ledger, source=entered.session_from or draft.conversation.source)
    heard = draft.conversation.blocked_at is None
    if heard:
        ensure_session(draft)
    detail = {"session_from": entered.session_from} if entered.session_from else {}
    came = draft.add_message(
        Event(name="user_enter_tempsession", detail=detail),
        direction="inbound",
        sender=CUSTOMER,
        at=entered.occurred_at,
        original=entered.original,
    )
    if heard:
        draft.update_session(entered_at=entered.occurred_at)
        _greet(draft)
        _tell_vendor(draft, came)


def write(draft: Draft, received: MessageReceived) -> None:
    """A message opens the window again, releases what was held, and goes to whoever holds the session."""
    draft.update(ledger=draft.conversation.ledger.granted("message", received.occurred_at))
    score = rates(draft.conversation.session, draft.policy, received)
    grade = read_grade(draft.conversation, received)
    if is_unheard(draft, received):
        _add(draft, received)
    elif grade is not None:
        take_grade(draft, received, grade)
    elif score is not None:
        take_rating(draft, received, score)
    else:
        ensure_session(draft)
        message = _add(draft, received)
        draft.update(unread=draft.conversation.unread + 1, inbound_seq=message.seq)
        since = draft.session.unanswered_since or draft.now
        draft.update_session(active_at=draft.now, unanswered_since=since, reminded=False)
        note_written(draft, message)
        relieve(draft)
        make_held_due(draft)
        _pass_on(draft, received, message)


def note_event(draft: Draft, received: EventReceived) -> None:
    draft.add_message(received.event, direction="inbound", sender=CUSTOMER, at=received.occurred_at)


def take_media(draft: Draft, settled: MediaSettled) -> None:
    """The picture's size is known, or that it cannot be had."""
    draft.changes.append(MessageChange(message_id=settled.message_id, revision=draft.version, content=settled.content))


def replay(draft: Draft, replayed: MessageReplayed) -> None:
    """The mended push takes the unreadable message's place, and counts as if it had been readable."""
    received = replayed.received
    draft.update(ledger=draft.conversation.ledger.granted("message", received.occurred_at))
    draft.changes.append(
        MessageChange(message_id=replayed.message_id, revision=draft.version, content=received.content)
    )
    _copy_media(draft, received, replayed.message_id)
    if draft.has_open_session:
        make_held_due(draft)
        _pass_on_replayed(draft, replayed)


def describe(draft: Draft, described: CustomerDescribed) -> None:
    draft.update(described_at=described.stored_at)
    if described.name is not None:
        draft.update(name=described.name or None)
    if described.profile is not None:
        draft.update(profile=described.profile)


def forget(draft: Draft, deleted: CustomerDeleted) -> None:
    """Keep the bare frame of the conversation, so that what still arrives for it decides nothing.

    What is deleted for being quiet is forgotten only up to the instant since which it was: a message on its way to
    us at this moment begins anew.
    """
    until = deleted.quiet_since or max(draft.now, deleted.stored_at)
    if draft.conversation.session is not None:
        release_claim(draft)
        disarm(draft)
        leave_vendor(draft)
    last = draft.conversation.session
    draft.update(
        session=last and _bare(draft, last),
        ledger=Ledger(),
        held=(),
        unasked=(),
        verdicts=(),
        preview=None,
        name=None,
        source=None,
        profile=(),
        described_at=None,
        tags=(),
        last_agent=None,
        torrent=None,
        grading=None,
        unread=0,
        openid="",
        updated_at=None,
        deleted_at=until,
        erased_at=until,
    )
    draft.command(
        EraseCustomer(
            **draft.origin,
            last_seq=draft.conversation.last_seq,
            why=deleted.why,
            cause=deleted.cause,
            at=draft.now,
        )
    )


def _bare(draft: Draft, last: Session) -> Session:
    """Only its number: the next session must not have the turns and claims of one that was."""
    return Session(number=last.number, state="closed", opened_at=draft.now, active_at=draft.now, closed_at=draft.now)


def _add(draft: Draft, received: MessageReceived) -> Message:
    message = draft.add_message(
        received.content,
        direction="inbound",
        sender=CUSTOMER,
        at=received.occurred_at,
        msg_id=received.msg_id,
        original=received.original,
    )
    _copy_media(draft, received, message.id)
    return message


def _greet(draft: Draft) -> None:
    """By the bot's welcome. For the official console, so that already their first message goes there."""
    session = draft.session
    if session.state != "bot" or session.turn is not None or session.wanted is not None:
        return
    route = draft.policy.route(situation(draft))
    bridge = bridge_of(draft.policy, route.to.name) if route.to.kind == "vendor" else None
    if route.to.kind == "official" or (bridge is not None and bridge.takes_events and not bridge.down):
        serve(draft, route, f"{route.to.kind}_first")
    elif draft.policy.welcome and not session.welcomed:
        draft.update_session(welcomed=True)
        ask_bot(draft, ())


def _tell_vendor(draft: Draft, came: Message) -> None:
    """That the customer entered, where the vendor wants to hear of it."""
    bridging = draft.session.bridging
    bridge = bridge_of(draft.policy, bridging.account) if bridging else None
    if bridge is not None and bridge.takes_events and not bridge.down:
        pass_on(draft, came.id)


def _pass_on(draft: Draft, received: MessageReceived, message: Message) -> None:
    text = _text_of(received)
    if give_up(draft, text):
        return
    say_closed(draft)
    _expect_handover(draft)
    if draft.session.bridging is not None:
        write_to_vendor(draft, message.id, text)
    elif draft.session.state == "bot":
        _bring_on(draft, text)


def _pass_on_replayed(draft: Draft, replayed: MessageReplayed) -> None:
    text = _text_of(replayed.received)
    if draft.session.bridging is not None:
        write_to_vendor(draft, replayed.message_id, text)
    elif draft.session.state == "bot":
        _bring_on(draft, text)


def _text_of(received: MessageReceived) -> str:
    return received.content.text if isinstance(received.content, Text) else ""


def _expect_handover(draft: Draft) -> None:
    """Where the app hands over no more, whoever was to be handed over is for our own agents."""
    if draft.session.handover is None:
        return
    if draft.policy.may_hand_over:
        draft.update_session(asked_at=draft.session.asked_at or draft.now)
        expect_handover(draft)
    else:
        put_in_line(draft, "official_missed")


def _bring_on(draft: Draft, text: str) -> None:
    """To the agent they had a moment ago, to where a rule says, to people if they ask for them, else to the bot."""
    if draft.session.wanted is not None:
        put_in_line(draft, "reopened")
        return
    routed = Route(THE_BOT) if draft.session.sent_to_bot else draft.policy.route(situation(draft, text))
    if routed.to.kind != "bot":
        serve(draft, routed, "rule" if routed.rule else f"{routed.to.kind}_first")
    elif text and draft.policy.wants_agent(text):
        hand_off(draft, "customer_asked", text)
    else:
        tell_bot(draft, text)


def _copy_media(draft: Draft, received: MessageReceived, message: str) -> None:
    if received.media is None or not isinstance(received.content, Image | Card):
        return
    draft.command(
        CopyMedia(
            **draft.origin,
            message_id=message,
            source=received.media,
            content=received.content,
        )
    )
