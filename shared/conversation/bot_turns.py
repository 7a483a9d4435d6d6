"""The bot's side of a session: one turn outstanding at a time, a budget, a deadline."""

from datetime import datetime

from shared.conversation.draft import Draft
from shared.conversation.facts import BotAnswered
from shared.conversation.machine_words import say_content, skip
from shared.conversation.quota import GRANTS
from shared.conversation.sending import machine_room
from shared.conversation.turns import ask_bot
from shared.conversation.waiting import hand_off


def take_answer(draft: Draft, answer: BotAnswered) -> None:
    """Send the bot's replies as far as its budget goes, then hand off or open the next turn."""
    asked = draft.session.turn.inputs if draft.session.turn else ()
    draft.update_session(turn=None)
    wanted_until = _welcome_until(draft, answer)
    for place, reply in enumerate(answer.replies):
        if machine_room(draft) == 0 or (wanted_until is not None and wanted_until <= draft.now):
            skip(draft, answer.reason, len(answer.replies) - place)
            break
        say_content(draft, reply, wanted_until=wanted_until)
        draft.update_session(active_at=draft.now)
    _note_answered(draft, answer, len(asked))
    unasked = draft.conversation.unasked
    if answer.hand_off:
        hand_off(draft, answer.reason, "\n".join((*asked, *unasked)))
    elif unasked:
        draft.update(unasked=())
        ask_bot(draft, unasked)


def _note_answered(draft: Draft, answer: BotAnswered, asked: int) -> None:
    """What the bot has answered, whoever takes over need not; what it hands off, or says nothing to, they must."""
    left = len(draft.conversation.unasked) + (0 if answer.replies and not answer.hand_off else asked)
    draft.update_session(unanswered=draft.session.unanswered[-left:] if left else ())


def _welcome_until(draft: Draft, answer: BotAnswered) -> datetime | None:
    """A welcome belongs to the minute in which the customer entered; later it would be odd."""
    entered_at = draft.session.entered_at
    return entered_at + GRANTS["entering"][1] if answer.reason == "welcome" and entered_at else None
