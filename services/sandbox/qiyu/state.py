"""Everything Qiyu remembers of its accounts. In memory, for as long as the sandbox runs."""

from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from services.sandbox.deliveries import Delivery
from services.sandbox.qiyu.config import AccountConfig, StaffConfig
from services.sandbox.qiyu.faults import QiyuFaults
from services.sandbox.qiyu.limits import CallLimits

ROBOT_ID: Final = 10_001
ROBOT_NAME: Final = "机器人"
_KEPT_MESSAGES: Final = 2_000
_KEPT_PUSHES: Final = 5_000
_KEPT_SESSIONS: Final = 20_000

Speaker = Literal["customer", "staff", "robot"]
MsgType = Literal["TEXT", "PICTURE", "AUDIO"]

CLOSED_BY_STAFF: Final = 0
IDLE: Final = 2
TO_PERSON: Final = 3
STAFF_LEFT: Final = 4
TRANSFERRED: Final = 5

_GRADES: Final[dict[int, tuple[tuple[str, int], ...]]] = {
    2: (("满意", 100), ("不满意", 1)),
    3: (("满意", 100), ("一般", 50), ("不满意", 1)),
    5: (("非常满意", 100), ("满意", 75), ("一般", 50), ("不满意", 25), ("非常不满意", 1)),
}


def evaluation_model(kind: int) -> dict[str, Any]:
    grades = [{"name": name, "value": value} for name, value in _GRADES[kind]]
    return {"title": "模型一", "note": f"{kind}级评价模型", "type": kind, "list": grades}


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that was said. `n` counts within the customer's conversation from 1."""

    n: int
    at: datetime
    speaker: Speaker
    kind: MsgType
    session_id: int | None
    text: str | None = None
    file: dict[str, Any] | None = None
    msg_id: str | None = None
    staff_id: int | None = None

    def view(self) -> dict[str, Any]:
        file = self.file or {}
        return {
            "n": self.n,
            "at": self.at,
            "from": self.speaker,
            "type": self.kind,
            "text": self.text,
            "url": file.get("url"),
            "md5": file.get("md5"),
            "size": file.get("size"),
            "session_id": self.session_id,
            "staff_id": self.staff_id,
            "msg_id": self.msg_id,
        }


@dataclass(slots=True)
class Session:
    """From its beginning on; `staff` is None with the robot. `model` is what may be answered to evaluate."""

    id: int
    uid: str
    staff: StaffConfig | None
    began_at: datetime
    heard_at: datetime
    model: dict[str, Any] | None = None
    group_id: int | None = None
    transfer_from: int | None = None
    transfer_to: int | None = None
    ended_at: datetime | None = None
    close_reason: int | None = None
    invited_at: datetime | None = None
    evaluation: int | None = None

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def values(self) -> frozenset[int]:
        return frozenset(one["value"] for one in self.model["list"]) if self.model is not None else frozenset()

    def view(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "uid": self.uid,
            "kind": "robot" if self.staff is None else "human",
            "staff_id": ROBOT_ID if self.staff is None else self.staff.id,
            "staff_name": ROBOT_NAME if self.staff is None else self.staff.name,
            "open": self.is_open,
            "began_at": self.began_at,
            "ended_at": self.ended_at,
            "close_reason": self.close_reason,
            "transfer_from": self.transfer_from,
            "transfer_to": self.transfer_to,
            "invited_at": self.invited_at,
            "evaluation": self.evaluation,
        }


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a customer asks for; one of `staff_id` and `group_id` at most, neither = anybody."""

    staff_id: int | None = None
    group_id: int | None = None

    def is_met_by(self, staff: StaffConfig) -> bool:
        if self.staff_id is not None:
            return staff.id == self.staff_id
        return self.group_id is None or self.group_id in staff.groups


@dataclass(frozen=True, slots=True)
class InLine:
    uid: str
    wanted: Wanted
    since: datetime
    level: int = 0


@dataclass(slots=True)
class LeftWord:
    """留言: what a customer writes while nobody is there. Closed after a silence."""

    uid: str
    wanted: Wanted
    since: datetime
    heard_at: datetime
    messages: int = 0

    def view(self) -> dict[str, Any]:
        return {"uid": self.uid, "since": self.since, "heard_at": self.heard_at, "messages": self.messages}


@dataclass(slots=True)
class Visitor:
    """One customer, as Qiyu knows them: by the uid alone."""

    uid: str
    profile: list[dict[str, Any]] = field(default_factory=list)
    application: dict[str, Any] = field(default_factory=dict)
    messages: deque[Message] = field(default_factory=lambda: deque(maxlen=_KEPT_MESSAGES))
    said: int = 0
    session: Session | None = None
    """The open one."""
    last: Session | None = None
    """The last that a person had, open or not."""
    left_word: LeftWord | None = None


@dataclass(slots=True, kw_only=True)
class Push(Delivery):
    """`kind` is its eventType; `time` what the last attempt said in its address."""

    n: int
    body: dict[str, Any]
    content: bytes
    time: int | None = None

    def view(self) -> dict[str, Any]:
        return {
            "n": self.n,
            "event": self.kind,
            "uid": self.uid,
            "at": self.at,
            "msg_id": self.body.get("msgId"),
            "body": self.body,
            "time": self.time,
            "accepted": self.accepted,
            "attempts": [asdict(attempt) for attempt in self.attempts],
        }


class Account:
    """One company's account. A new configuration takes effect at once and keeps everything else."""

    def __init__(self, app_key: str, config: AccountConfig) -> None:
        self.app_key = app_key
        self.config = config
        self._last_session = 0
        self.faults = QiyuFaults()
        self.forget()

    def forget(self) -> None:
        """Lose everything but the configuration."""
        self.faults = QiyuFaults()
        self.limits = CallLimits()
        self.visitors: dict[str, Visitor] = {}
        self.sessions: dict[int, Session] = {}
        self.loads: Counter[int] = Counter()
        self.line: list[InLine] = []
        self.words: deque[dict[str, Any]] = deque(maxlen=_KEPT_MESSAGES)
        self.evaluations: deque[dict[str, Any]] = deque(maxlen=_KEPT_MESSAGES)
        self.pushes: deque[Push] = deque(maxlen=_KEPT_PUSHES)
        self.pushed = 0

    def visitor(self, uid: str) -> Visitor:
        return self.visitors.setdefault(uid, Visitor(uid))

    def staff(self, staff_id: int) -> StaffConfig | None:
        return next((one for one in self.config.staff if one.id == staff_id), None)

    def load(self, staff_id: int) -> int:
        """How many open sessions one of its people has."""
        return self.loads[staff_id]

    def place(self, uid: str) -> int | None:
        """How many are before this customer in line; None for who is not in it."""
        return next((index for index, one in enumerate(self.line) if one.uid == uid), None)

    def new_session(self, uid: str, staff: StaffConfig | None, now: datetime, group_id: int | None = None) -> Session:
        """Numbers begin with the time: after a restart or a reset they are not those of other sessions."""
        self._last_session = max(self._last_session + 1, int(now.timestamp()))
        model = evaluation_model(self.config.evaluation_type) if staff is not None else None
        session = Session(self._last_session, uid, staff, now, now, model, group_id)
        self.sessions[session.id] = session
        if staff is not None:
            self.loads[staff.id] += 1
        if len(self.sessions) > _KEPT_SESSIONS:
            del self.sessions[next(iter(self.sessions))]
        return session
