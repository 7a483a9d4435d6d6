"""A vendor's own grades for its session, asked as a numbered list and given back to it as the number it knows."""

from datetime import timedelta

from shared.conversation.commands import GradeSession
from shared.conversation.content import Text
from shared.conversation.draft import Draft
from shared.conversation.facts import MessageReceived
from shared.conversation.machine_words import say
from shared.conversation.model import CUSTOMER, Bridging, Conversation, Grading
from shared.conversation.policy import bridge_of
from shared.conversation.sending import make_held_due
from shared.conversation.texts import normal
from shared.conversation.vendor_calls import call_vendor
from shared.conversation.vendor_facts import Grade


def ask_grade(draft: Draft, bridging: Bridging, vendor_session: str | None) -> None:
    """Ask for the session's grade, unless that was asked already or the vendor named no grades."""
    bridge, session = bridge_of(draft.policy, bridging.account), vendor_session or bridging.vendor_session
    asked = draft.conversation.grading
    if bridge is None or not bridge.rates or not bridging.grades or session is None:
        return
    if bridge.settings.ask_rating is None or (asked is not None and asked.vendor_session == session):
        return
    lines = (f"{number} {grade.name}" for number, grade in enumerate(bridging.grades, 1))
    if say(draft, "\n".join((bridge.settings.ask_rating, *lines)), "vendor_rating"):
        until = draft.now + timedelta(seconds=bridge.settings.rating_seconds)
        draft.update(
            grading=Grading(
                bridging=bridging.but(kept=(), given=()), vendor_session=session, grades=bridging.grades, until=until
            )
        )


def read_grade(conversation: Conversation, received: MessageReceived) -> Grade | None:
    """The grade this message gives, if it answers the question and is not for somebody else who has the customer."""
    asked, session = conversation.grading, conversation.session
    if asked is None or received.occurred_at > asked.until or not isinstance(received.content, Text):
        return None
    elsewhere = session is not None and session.state not in {"vendor", "closed"}
    said = normal(received.content.text)
    if elsewhere or not said.isdecimal() or not 1 <= int(said) <= len(asked.grades):
        return None
    return asked.grades[int(said) - 1]


def take_grade(draft: Draft, received: MessageReceived, grade: Grade) -> None:
    """It goes to the vendor as a grade and not as a message; nobody has to read it."""
    asked = draft.conversation.grading
    draft.add_message(
        received.content, direction="inbound", sender=CUSTOMER, at=received.occurred_at, msg_id=received.msg_id
    )
    if asked is None:
        return
    draft.update(grading=None)
    make_held_due(draft)
    call_vendor(draft, asked.bridging, GradeSession(vendor_session=asked.vendor_session, value=grade.value))
    draft.add_event("vendor_graded", name=grade.name)
    bridge = bridge_of(draft.policy, asked.bridging.account)
    say(draft, bridge.settings.thanks if bridge else None, "thanks")
