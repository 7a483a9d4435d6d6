"""Why sessions went where they did: what was noted at each turn, in one shape."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from services.console.api.shape import Shape
from shared.store.driver import Doc


class Candidate(Shape):
    agent_id: str
    load: int
    capacity: int


class Decision(Shape):
    """One turn that a session took: routed by a rule or a fallback, offered to an agent, or assigned to one."""

    kind: Literal["assigned", "offered", "routed"]
    recorded_at: datetime
    session: str = Field(description="its id")
    claim_id: str | None = Field(description="of what was assigned or offered")
    agent_id: str | None
    rule: str | None = Field(description="the app's rule or fallback; or how the agent was chosen")
    to: str | None = Field(description="where it was routed: agents, group:vip, agent:lina, bot, official")
    policy_version: int | None = Field(description="version of the app's settings that decided")
    candidates: list[Candidate] = Field(description="who could have had it")

    @classmethod
    def of(cls, doc: Doc) -> "Decision":
        """What an earlier version noted says neither what kind it is nor of which session."""
        claim = doc.get("claim_id")
        told: dict[str, Any] = {field: doc.get(field) for field in ("agent_id", "rule", "to", "policy_version")}
        return cls(
            kind=doc.get("kind") or ("assigned" if claim else "routed"),
            recorded_at=doc["recorded_at"],
            session=doc.get("session") or str(claim).rpartition(".")[0],
            claim_id=claim,
            candidates=[Candidate.model_validate(candidate) for candidate in doc.get("candidates") or ()],
            **told,
        )


class DecisionList(Shape):
    items: list[Decision] = Field(description="the oldest first")
    next: None = None
