"""What became of a customer's last pushes, attempt by attempt, for people to look at."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

KEPT_PUSHES: Final = 5
"""Of each customer. Few: a load test has many customers, and people look at the last."""

Verdict = Literal["accepted", "transferred", "malformed", "unanswered"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One delivery. `error` says what was wrong with the answer, or why there was none."""

    at: datetime
    status: int | None
    body: str | None
    ms: float
    error: str | None
    verdict: Verdict

    @property
    def is_accepted(self) -> bool:
        return self.verdict in {"accepted", "transferred"}

    def view(self) -> dict[str, Any]:
        return {"at": self.at, "status": self.status, "body": self.body, "ms": self.ms, "error": self.error}


@dataclass(slots=True)
class PushRecord:
    """One push, from its beginning. `accepted` is None until it is settled."""

    kind: str
    msg_id: str | None
    at: datetime
    attempts: list[Attempt] = field(default_factory=list)
    accepted: bool | None = None

    def view(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "msg_id": self.msg_id,
            "at": self.at,
            "accepted": self.accepted,
            "attempts": [attempt.view() | {"verdict": attempt.verdict} for attempt in self.attempts],
        }
