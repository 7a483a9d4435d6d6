"""The one decision: what a fact makes of a conversation. Pure; the same arguments always give the same answer."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from shared.conversation import (
    agents,
    bot_turns,
    claims,
    condemned,
    customers,
    handovers,
    ratings,
    sending,
    timers,
    torrents,
    vendor_answers,
    vendor_pushes,
    waiting,
)
from shared.conversation.draft import Decision, Draft
from shared.conversation.fact import Fact
from shared.conversation.facts import (
    AcceptSession,
    AddNote,
    AgentClaimed,
    AgentCommand,
    AgentLeft,
    AnyFact,
    BlockCustomer,
    BotAnswered,
    ClaimQuestioned,
    ClaimRefused,
    CloseSession,
    CustomerDeleted,
    CustomerDescribed,
    CustomerEntered,
    DeclineOffer,
    DiscardMessage,
    EventReceived,
    FactCondemned,
    HandedToOfficial,
    MarkRead,
    MarkSent,
    MediaSettled,
    MessageReceived,
    MessageReplayed,
    SendReply,
    SendSettled,
    StoodInLine,
    TagConversation,
    TimerFired,
    TransferSession,
)
from shared.conversation.model import Conversation
from shared.conversation.policy import Policy
from shared.conversation.vendor_facts import VendorAnswered, VendorPushed

PUSHES = MessageReceived | CustomerEntered | EventReceived
BEGINNINGS = PUSHES | CustomerDescribed
"""What a conversation may begin with, and begin with anew after its customer was deleted."""
OF_THE_PAST = BEGINNINGS | CustomerDeleted | HandedToOfficial | VendorPushed | AgentCommand
"""What was forgotten with a deleted customer, and is not known any more should it be told again."""
SEEN_LATELY: Final = timedelta(seconds=20)
CLAIMS = AgentClaimed | ClaimQuestioned
"""Heard even by the tombstone of a deleted customer, which gives the agent's room back and stays a tombstone."""


def decide(conversation: Conversation, fact: AnyFact, *, policy: Policy, now: datetime) -> Decision:
    """Apply `fact`. Where it changes nothing, the very same conversation comes back and its version stays.

    The caller has found out that the fact is not known yet; every kind but a push, a reply and the answers to
    turns is harmless twice all the same. Time does not go back: the caller's `now` is lifted to the last decision.
    """
    if not _matters(conversation, fact):
        return _repeated(conversation, fact)
    draft = Draft(conversation, fact, policy, _not_before(conversation, fact, now))
    if isinstance(fact, CLAIMS):
        draft.update(deleted_at=conversation.deleted_at)
    if isinstance(fact, BEGINNINGS) and not conversation.openid:
        draft.update(openid=fact.openid)
    if _is_void(conversation, fact, policy, draft.now):
        return Decision(conversation)
    DECISIONS[type(fact)](draft, fact)
    return draft.finish(_due_at(draft))


def _is_void(conversation: Conversation, fact: AnyFact, policy: Policy, now: datetime) -> bool:
    """What was seen a while ago may be otherwise by now; as long as it is so it is told again and again."""
    match fact:
        case StoodInLine(occurred_at=seen_at, nobody_online=nobody):
            return now - seen_at > SEEN_LATELY or not waiting.notices(conversation, policy, now, nobody_online=nobody)
        case AgentLeft(occurred_at=seen_at, why="agent_offline"):
            return now - seen_at > SEEN_LATELY
        case AgentLeft(occurred_at=seen_at, why="agent_absent"):
            offer = conversation.session.offer if conversation.session is not None else None
            return offer is None or now - seen_at > SEEN_LATELY
        case _:
            return False


def _due_at(draft: Draft) -> datetime | None:
    """Always later than this decision: a timer of an instant that was named before would be that one, told twice."""
    due_at = timers.next_due_at(draft.conversation, draft.policy, draft.now)
    return due_at and max(due_at, draft.now + timedelta(milliseconds=1))


def _not_before(conversation: Conversation, fact: AnyFact, now: datetime) -> datetime:
    """Time does not go back, and a timer fires no earlier than it was due, whatever this machine's clock says."""
    instants = [now]
    if conversation.decided_at is not None:
        instants.append(conversation.decided_at)
    if isinstance(fact, TimerFired):
        instants.append(fact.due_at)
    return max(instants)


def _matters(conversation: Conversation, fact: AnyFact) -> bool:  # noqa: C901, PLR0911, PLR0912 - a line for each kind
    """Whether the fact can change anything here. A deleted customer's tombstone only wakes for something newer."""
    if conversation.version == 0 or conversation.deleted_at is not None:
        if isinstance(fact, CLAIMS):
            return conversation.deleted_at is not None
        erased = conversation.deleted_at is not None and fact.occurred_at <= conversation.deleted_at
        return isinstance(fact, BEGINNINGS | FactCondemned) and not erased
    if isinstance(fact, OF_THE_PAST) and _was_erased(conversation, fact):
        return False
    session = conversation.session
    match fact:
        case TimerFired(due_at=due_at):
            return conversation.due_at == due_at
        case BotAnswered(session=number, turn=turn):
            outstanding = session.turn if session is not None and session.number == number else None
            return outstanding is not None and outstanding.number == turn
        case AgentClaimed(claim_id=claim, command_id=asked_by):
            untold = asked_by is not None and conversation.verdict_on(asked_by) is None
            return session is None or session.claim != claim or untold
        case ClaimQuestioned(claim_id=claim):
            return session is None or session.claim != claim
        case AgentLeft(claim_id=claim):
            return session is not None and session.claim == claim
        case StoodInLine(session=number):
            return session is not None and session.number == number
        case HandedToOfficial(number=number):
            handover = session.handover if session is not None and session.state == "official" else None
            return handover is None or handover.number <= number
        case VendorAnswered():
            return vendor_answers.concerns(conversation, fact)
        case ClaimRefused(command_id=command):
            return conversation.verdict_on(command) is None
        case AgentCommand(command_id=command):
            return conversation.verdict_on(command) is None
        case CustomerDescribed():
            return conversation.described_at is None or fact.stored_at > conversation.described_at
        case CustomerDeleted(quiet_since=since) if since is not None:
            return conversation.last_sign_at is not None and conversation.last_sign_at < since
        case _:
            return True


def _was_erased(conversation: Conversation, fact: AnyFact) -> bool:
    """Whether the fact is of the time before the customer was deleted, though they have come back since."""
    return conversation.erased_at is not None and fact.stored_at <= conversation.erased_at


def _repeated(conversation: Conversation, fact: AnyFact) -> Decision:
    """A command that has its verdict is told it again."""
    if isinstance(fact, AgentCommand | AgentClaimed | ClaimRefused) and fact.command_id is not None:
        return Decision(conversation, verdict=conversation.verdict_on(fact.command_id))
    return Decision(conversation)


def _settle(draft: Draft, settled: SendSettled) -> None:
    sending.settle_send(draft, settled)
    ratings.note_outcome(draft, settled)


DECISIONS: Final[dict[type[Fact], Callable[[Draft, Any], None]]] = {
    MessageReceived: customers.write,
    CustomerEntered: customers.enter,
    EventReceived: customers.note_event,
    MediaSettled: customers.take_media,
    MessageReplayed: customers.replay,
    CustomerDescribed: customers.describe,
    CustomerDeleted: customers.forget,
    BotAnswered: bot_turns.take_answer,
    SendSettled: _settle,
    TimerFired: timers.fire,
    AgentClaimed: claims.take_claim,
    ClaimRefused: claims.refuse_claim,
    ClaimQuestioned: claims.answer_question,
    AgentLeft: claims.leave,
    StoodInLine: waiting.stand_in_line,
    HandedToOfficial: handovers.hand_over,
    VendorAnswered: vendor_answers.take_answer,
    VendorPushed: vendor_pushes.take_push,
    SendReply: agents.reply,
    AcceptSession: claims.accept,
    DeclineOffer: claims.decline,
    TransferSession: agents.transfer,
    CloseSession: agents.close,
    BlockCustomer: torrents.block,
    DiscardMessage: agents.discard,
    MarkSent: agents.mark_sent,
    TagConversation: agents.tag,
    AddNote: agents.add_note,
    MarkRead: agents.mark_read,
    FactCondemned: condemned.take,
}
"""What is done about each kind of fact."""
