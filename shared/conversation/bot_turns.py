"""The bot's side of a session: one turn outstanding at a time, a budget, a deadline."""

from datetime import datetime, timedelta

from shared.conversation.commands import AskBot
from shared.conversation.draft import Draft
from shared.conversation.facts import BotAnswered
from shared.conversation.machine_words import say_content, skip
from shared.conversation.model import TURN_INPUTS_KEPT, Turn
from shared.conversation.quota import GRANTS
from shared.conversation.sending import machine_room
from shared.conversation.waiting import hand_off


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
    wanted_until = _welcome_until(draft, answer)
    for place, reply in enumerate(answer.replies):
        if machine_room(draft) == 0 or (wanted_until is not None and wanted_until <= draft.now):
            skip(draft, answer.reason, len(answer.replies) - place)
            break
        say_content(draft, reply, wanted_until=wanted_until)
        draft.update_session(active_at=draft.now)
    unasked = draft.conversation.unasked
    if answer.hand_off:
        hand_off(draft, answer.reason, "\n".join(unasked))
    elif unasked:
        draft.update(unasked=())
        ask_bot(draft, unasked)


def _welcome_until(draft: Draft, answer: BotAnswered) -> datetime | None:
    """A welcome belongs to the minute in which the customer entered; later it would be odd."""
    entered_at = draft.session.entered_at
    return entered_at + GRANTS["entering"][1] if answer.reason == "welcome" and entered_at else None
