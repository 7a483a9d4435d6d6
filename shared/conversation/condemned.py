"""A message for this conversation that could not be decided or written: its place in the books all the same."""

from shared.conversation.content import Unsupported
from shared.conversation.draft import Draft
from shared.conversation.facts import FactCondemned
from shared.conversation.model import CUSTOMER, Delivery, Problem


def take(draft: Draft, condemned: FactCondemned) -> None:
    """A push stands in the history as unreadable, a send is settled, a command gets its verdict."""
    if condemned.inbound:
        content = Unsupported(name="unreadable", raw={"dead_id": condemned.dead_id, "kind": condemned.condemned_kind})
        draft.add_message(content, direction="inbound", sender=CUSTOMER, at=condemned.occurred_at)
    if condemned.send_id is not None:
        draft.update(ledger=draft.conversation.ledger.settled(condemned.send_id, "refused", None))
        draft.change_delivery(
            condemned.send_id,
            Delivery(state="refused", at=draft.now, code="unreadable", reason="set aside; see `wxdesk dead`"),
        )
    if condemned.command_id is not None and draft.conversation.verdict_on(condemned.command_id) is None:
        problem = Problem(code="invalid", detail="The command could not be carried out and was set aside.")
        draft.settle(condemned.command_id, condemned.digest, problem)
