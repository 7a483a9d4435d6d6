"""What time alone does: a bot that did not answer hands off, a session gone quiet closes."""

from shared.conversation.bot_turns import hand_off
from shared.conversation.draft import Draft, idle_at
from shared.conversation.sessions import end_session


def fire(draft: Draft) -> None:
    """Do everything that is due. What remains gives the next `due_at`."""
    session = draft.session
    if session.turn is not None and session.turn.deadline <= draft.now:
        inputs_wait = draft.conversation.unread > 0
        if inputs_wait:
            hand_off(draft, "bot_silent")
        else:
            draft.update_session(turn=None)
    if idle_at(draft.session, draft.policy) <= draft.now:
        end_session(draft, "idle")
