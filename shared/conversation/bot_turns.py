"""The bot's side of a session: one turn outstanding at a time, a budget, a deadline, and the hand-off."""

from datetime import timedelta

from shared.conversation.commands import AskBot, SessionWaiting
from shared.conversation.content import Sendable, Text
from shared.conversation.draft import Draft
from shared.conversation.facts import BotAnswered
from shared.conversation.model import BOT, TURN_INPUTS_KEPT, Turn
from shared.conversation.sending import machine_room, send


def ask_bot(draft: Draft, inputs: tuple[str, ...]) -> None:
    """Open the next turn with these texts; no texts: the customer entered and may be welcomed."""
    turn = Turn(number=draft.session.turns + 1, deadline=draft.now + timedelta(seconds=draft.policy.bot_turn_seconds))
    draft.update_session(turn=turn, turns=turn.number)
    draft.command(
        AskBot(
            **draft.origin,
            session=draft.session.number,
            turn=turn.number,
            inputs=inputs,
            deadline=turn.deadline,
        )
    )


def tell_bot(draft: Draft, text: str) -> None:
    """A message for the bot: its next turn, or kept for it while one is outstanding."""
    if draft.session.turn is None:
        ask_bot(draft, (text,))
    else:
        draft.update(unasked=(*draft.conversation.unasked, text)[-TURN_INPUTS_KEPT:])


def take_answer(draft: Draft, answer: BotAnswered) -> None:
    """Send the bot's replies as far as its budget goes, then hand off or open the next turn."""
    draft.update_session(turn=None)
    for place, reply in enumerate(answer.replies):
        if machine_room(draft) == 0:
            draft.add_event("bot_reply_skipped", count=len(answer.replies) - place)
            break
        _reply(draft, reply)
    unasked = draft.conversation.unasked
    if answer.hand_off:
        hand_off(draft, answer.reason)
    elif unasked:
        draft.update(unasked=())
        ask_bot(draft, unasked)


def hand_off(draft: Draft, reason: str, *, group: str | None = None) -> None:
    """Put the session in line for an agent. It is committed as waiting before anyone may claim for it."""
    draft.update(unasked=())
    draft.update_session(
        state="waiting", responder=None, waiting_since=draft.now, active_at=draft.now, turn=None, group=group
    )
    draft.add_event("session_waiting", reason=reason)
    draft.command(
        SessionWaiting(
            **draft.origin,
        )
    )
    if owes_closed_words(draft) and not say_closed(draft):
        draft.add_event("bot_reply_skipped", count=1)


def owes_closed_words(draft: Draft) -> bool:
    """Whether the customer waits at an hour at which nobody works, and has not been told so in this session."""
    session, policy = draft.session, draft.policy
    untold = session.state == "waiting" and not session.told_closed and policy.out_of_hours is not None
    return untold and not policy.open_at(draft.now)


def say_closed(draft: Draft) -> bool:
    """Tell them, within the machine's budget; False where it has no room."""
    words = draft.policy.out_of_hours
    if words is None or machine_room(draft) == 0:
        return False
    _reply(draft, Text(text=words))
    draft.update_session(told_closed=True)
    return True


def _reply(draft: Draft, reply: Sendable) -> None:
    wanted_until = draft.now + timedelta(seconds=draft.policy.bot_reply_seconds)
    send(draft, reply, BOT, wanted_until=wanted_until)
    draft.update_session(active_at=draft.now)
