"""What machines say to a customer: within the budget that the app gives them, or visibly not at all."""

from datetime import datetime, timedelta

from shared.conversation.content import Sendable, Text
from shared.conversation.draft import Draft
from shared.conversation.model import BOT
from shared.conversation.sending import machine_room, send


def say(draft: Draft, words: str | None, what: str, *, wanted_until: datetime | None = None) -> bool:
    """Send the app's own words, if it has any for this; False where there is no room, which the history shows.

    `what` names them there: `welcome`, `waiting`, `closing` …
    """
    if words is None:
        return False
    if machine_room(draft) == 0:
        skip(draft, what)
        return False
    say_content(draft, Text(text=words), wanted_until=wanted_until)
    return True


def say_content(draft: Draft, content: Sendable, *, wanted_until: datetime | None = None) -> None:
    """The caller has asked for room."""
    soon = draft.now + timedelta(seconds=draft.policy.bot_reply_seconds)
    send(draft, content, BOT, wanted_until=min(soon, wanted_until) if wanted_until else soon)


def skip(draft: Draft, what: str, count: int = 1) -> None:
    draft.add_event("bot_reply_skipped", what=what, count=count)
