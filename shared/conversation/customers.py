"""What a customer does: enter, write, or be the subject of some other event."""

from shared.conversation.bot_turns import ask_bot, hand_off, owes_closed_words, say_closed, tell_bot
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
from shared.conversation.model import CUSTOMER, MessageChange, Session
from shared.conversation.quota import Ledger
from shared.conversation.sending import make_held_due
from shared.conversation.sessions import ensure_session, release_claim


def enter(draft: Draft, entered: CustomerEntered) -> None:
    """Entering opens a short window, and a session that the bot welcomes once."""
    ledger = draft.conversation.ledger.granted("entering", entered.occurred_at)
    draft.update(ledger=ledger, source=entered.session_from or draft.conversation.source)
    ensure_session(draft)
    detail = {"session_from": entered.session_from} if entered.session_from else {}
    draft.add_message(
        Event(name="user_enter_tempsession", detail=detail),
        direction="inbound",
        sender=CUSTOMER,
        at=entered.occurred_at,
    )
    session = draft.session
    if session.state == "bot" and draft.policy.welcome and not session.welcomed and session.turn is None:
        draft.update_session(welcomed=True)
        ask_bot(draft, ())


def write(draft: Draft, received: MessageReceived) -> None:
    """A message opens the window again, releases what was held, and goes to whoever holds the session."""
    draft.update(ledger=draft.conversation.ledger.granted("message", received.occurred_at))
    ensure_session(draft)
    message = draft.add_message(
        received.content, direction="inbound", sender=CUSTOMER, at=received.occurred_at, msg_id=received.msg_id
    )
    draft.update(unread=draft.conversation.unread + 1, inbound_seq=message.seq)
    draft.update_session(active_at=draft.now)
    _copy_media(draft, received, message.id)
    make_held_due(draft)
    _pass_on(draft, received)


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
        _pass_on(draft, received)


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


def _pass_on(draft: Draft, received: MessageReceived) -> None:
    if owes_closed_words(draft):
        say_closed(draft)
    if draft.session.state != "bot":
        return
    text = received.content.text if isinstance(received.content, Text) else ""
    if draft.policy.entry == "agents":
        hand_off(draft, "agents_first")
    elif text and draft.policy.wants_agent(text):
        hand_off(draft, "customer_asked")
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
