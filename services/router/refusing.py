"""What is told where a claim that an agent wanted was not to be had."""

from datetime import datetime

from shared.conversation.claims import taken
from shared.conversation.commands import ClaimWanted
from shared.conversation.facts import ClaimRefused
from shared.conversation.model import Party, Problem
from shared.store.agents import Unclaimed


def refusal(wanted: ClaimWanted, why: Unclaimed, now: datetime) -> ClaimRefused:
    return ClaimRefused(
        conversation_id=wanted.conversation_id,
        app_id=wanted.app_id,
        cause=f"r:{wanted.claim_id}:{wanted.command_id}",
        occurred_at=now,
        trace_id=wanted.trace_id,
        command_id=wanted.command_id,
        digest=wanted.digest,
        problem=_problem(why),
    )


def _problem(why: Unclaimed) -> Problem:
    match why.reason:
        case "taken":
            holder = why.by
            return taken(Party(kind="agent", id=holder.id, name=holder.name) if holder else Party(kind="agent"))
        case "at_capacity":
            full = why.by
            detail = f"{full.name} already has {full.load} of {full.capacity}." if full else "No room."
            return Problem(code="at_capacity", detail=f"{detail} Close a conversation or raise the capacity.")
        case "elsewhere":
            name = why.by.name if why.by else "The agent"
            return Problem(code="conflict", detail=f"{name} does not serve this app.")
        case "not_found":
            return Problem(code="not_found", detail="There is no such agent, or they are disabled.")
