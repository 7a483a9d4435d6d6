"""Asking the bot: one turn outstanding at a time, with a deadline."""

from datetime import timedelta
from typing import Final

from shared.conversation.commands import AskBot
from shared.conversation.draft import Draft
from shared.conversation.model import BOT, TURN_INPUTS_KEPT, Turn
from shared.conversation.sessions import disarm, outdate_claims, release_claim
from shared.conversation.vendor_calls import leave_vendor

INPUT_KEPT: Final = 200
"""Characters of each that a turn remembers, for the rules that are asked when the bot hands off."""


def ask_bot(draft: Draft, inputs: tuple[str, ...]) -> None:
    """Open the next turn with these texts; no texts: the customer entered and may be welcomed."""
    turn = Turn(
        number=draft.session.turns + 1,
        deadline=draft.now + timedelta(seconds=draft.policy.bot_turn_seconds),
        inputs=tuple(text[:INPUT_KEPT] for text in inputs),
    )
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


def send_to_bot(draft: Draft) -> None:
    """By somebody's decision: no rule takes it away again."""
    outdate_claims(draft)
    release_claim(draft)
    disarm(draft)
    leave_vendor(draft)
    draft.update_session(
        state="bot",
        responder=BOT,
        waiting_since=None,
        group=None,
        also_group=None,
        wanted=None,
        wanted_until=None,
        attention=None,
        first=False,
        sent_to_bot=True,
        active_at=draft.now,
    )
