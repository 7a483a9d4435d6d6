"""What customers think of a session: asked once after it, within the quota, answered with a number from 1 to 5."""

import re
from datetime import timedelta
from typing import Final

from shared.conversation.commands import RecordSession
from shared.conversation.content import Text
from shared.conversation.draft import Draft
from shared.conversation.facts import MessageReceived, SendSettled
from shared.conversation.machine_words import say
from shared.conversation.model import CUSTOMER, Rated, Session
from shared.conversation.policy import Policy
from shared.conversation.quota import CREATE_TIME_RESOLUTION
from shared.conversation.sending import make_held_due
from shared.conversation.texts import normal

BEST: Final = 5
_NUMBERS: Final = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5}
_NUMBER: Final = re.compile(r"([1-5一二两三四五])(?:分|星|颗星|stars?|points?|/5)?[。.!！~～]*")
_STARS: Final = re.compile(r"(?:[★⭐🌟]\ufe0f?){1,5}")


def read_score(text: str) -> int | None:
    """`5`, `５分`, `五星`, `⭐⭐⭐⭐` … as 1 to 5; anything more than that is a message."""
    said = normal(text).translate({ord("０") + n: str(n) for n in range(10)})
    if _STARS.fullmatch(said):
        return len(said.replace("\ufe0f", ""))
    found = _NUMBER.fullmatch(said)
    return None if found is None else _NUMBERS.get(found[1]) or int(found[1])


def ask_rating(draft: Draft) -> None:
    """The session is about to close. Where nothing may be sent, it is kept that nobody was asked."""
    if draft.policy.rating.ask is not None:
        asked = say(draft, draft.policy.rating.ask, "rating")
        question = draft.messages[-1].id if asked else None
        draft.update_session(rated=Rated(state="asked" if asked else "not_asked", at=draft.now, send_id=question))


def note_outcome(draft: Draft, settled: SendSettled) -> None:
    """A question that WeChat did not take was not asked: a number that comes now is a message."""
    rated = draft.conversation.session.rated if draft.conversation.session else None
    failed = settled.outcome in {"refused", "expired"}
    if rated is not None and rated.state == "asked" and rated.send_id == settled.send_id and failed:
        draft.update_session(rated=rated.but(state="not_asked"))
        _record(draft)


def rates(session: Session | None, policy: Policy, received: MessageReceived) -> int | None:
    """The score, if this message is the answer to our question and not the beginning of another session."""
    rated = session.rated if session is not None and session.state == "closed" else None
    if rated is None or rated.state != "asked" or not isinstance(received.content, Text):
        return None
    after = received.occurred_at + CREATE_TIME_RESOLUTION - rated.at
    in_time = timedelta(0) <= after <= timedelta(seconds=policy.rating.within_seconds)
    return read_score(received.content.text) if in_time else None


def take_rating(draft: Draft, received: MessageReceived, score: int) -> None:
    """It belongs to the session that ended: no other opens for it, and nobody has to read it."""
    draft.add_message(
        received.content, direction="inbound", sender=CUSTOMER, at=received.occurred_at, msg_id=received.msg_id
    )
    make_held_due(draft)
    draft.update_session(rated=Rated(state="answered", at=draft.now, score=score))
    draft.add_event("session_rated", score=score)
    say(draft, draft.policy.rating.thanks, "thanks")
    _record(draft)


def _record(draft: Draft) -> None:
    draft.command(RecordSession(**draft.origin, session=draft.session.but(responder=draft.conversation.last_agent)))
