"""The arithmetic of reports. Pure: sessions go in one by one, numbers come out."""

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from shared.conversation.ratings import BEST
from shared.store.reports import ReportedSession

_ELSEWHERE: Final = frozenset({"official", "vendor"})


def percentile(ascending: Sequence[float], per_cent: int) -> float | None:
    """The least of them that so many per cent are not above (nearest rank); None: there are none."""
    if not ascending:
        return None
    return ascending[max(0, math.ceil(len(ascending) * per_cent / 100) - 1)]


class Spread(NamedTuple):
    """How long something took, in seconds: half of `sessions` at most p50, nine tenths at most p90."""

    sessions: int
    p50: float | None
    p90: float | None
    mean: float | None

    @classmethod
    def of(cls, seconds: Iterable[float]) -> "Spread":
        ascending = sorted(seconds)
        if not ascending:
            return cls(0, None, None, None)
        mean = math.fsum(ascending) / len(ascending)
        return cls(len(ascending), percentile(ascending, 50), percentile(ascending, 90), mean)


class Load(NamedTuple):
    """How many sessions somebody had at once: the most, and the average of the time in which there were any."""

    most: int
    mean: float | None


def at_once(begins: Iterable[float], ends: Iterable[float]) -> Load:
    """Of spans [begin, end) in seconds, begins and ends in any order. One that begins as another ends is after it."""
    begun, ended = sorted(begins), sorted(ends)
    most = place = 0
    for gone, end in enumerate(ended):
        while place < len(begun) and begun[place] < end:
            place += 1
        most = max(most, place - gone)  # just before this one ends: the most since another ended
    busy = math.fsum(end - begin for begin, end in _busy(begun, ended))
    held = math.fsum(ended) - math.fsum(begun)
    return Load(most, held / busy if busy > 0 else None)


def _busy(begun: Sequence[float], ended: Sequence[float]) -> Iterator[tuple[float, float]]:
    """The times in which there was any, one after another."""
    first = 0
    for number in range(1, len(begun) + 1):
        if number == len(begun) or begun[number] >= ended[number - 1]:
            yield begun[first], ended[number - 1]
            first = number


def waited(session: ReportedSession) -> float | None:
    """From coming in line to the first agent; None: it was in no line before, or no agent came."""
    if session.asked_at is None or session.assigned_at is None or session.assigned_at < session.asked_at:
        return None
    return _seconds(session.asked_at, session.assigned_at)


def wanted_people_at(session: ReportedSession) -> datetime | None:
    """When it came in line, or an agent took it before that; None: it was the bot's alone."""
    return min((at for at in (session.asked_at, session.assigned_at) if at is not None), default=None)


def until_answered(session: ReportedSession) -> float | None:
    """From wanting people to the first message of one."""
    since = wanted_people_at(session)
    return None if since is None or session.first_answer_at is None else _seconds(since, session.first_answer_at)


def is_late(session: ReportedSession, target: int | None, now: datetime) -> bool | None:
    """Whether it got, or still gets, no answer for longer than `target` seconds; None: that says nothing of it.

    Whom WeChat's own console or a vendor serves nobody here answers.
    """
    since = wanted_people_at(session)
    if target is None or since is None or (session.holder in _ELSEWHERE and session.assigned_at is None):
        return None
    return _seconds(since, session.first_answer_at or session.closed_at or now) > target


class Counted(NamedTuple):
    """What one session adds to every row that it is in; None: nothing of this."""

    session: ReportedSession
    waiting: float | None
    first_answer: float | None
    resolution: float | None
    late: bool | None

    @classmethod
    def of(cls, session: ReportedSession, target: int | None, now: datetime) -> "Counted":
        """`target`: the app's, in seconds, for the first answer."""
        served = session.closed_at is not None and session.assigned_at is not None
        return cls(
            session,
            waited(session),
            until_answered(session),
            _seconds(session.opened_at, session.closed_at) if served and session.closed_at else None,
            is_late(session, target, now),
        )


@dataclass(slots=True)
class Tally:
    """The numbers of one row, as far as sessions were added to it."""

    sessions: int = 0
    running: int = 0
    with_agent: int = 0
    by_bot: int = 0
    gave_up: int = 0
    official: int = 0
    vendor: int = 0
    agent_messages: int = 0
    with_target: int = 0
    late: int = 0
    asked_rating: int = 0
    scores: list[int] = field(default_factory=lambda: [0] * BEST)
    waiting: "array[float]" = field(default_factory=lambda: array("d"))
    first_answer: "array[float]" = field(default_factory=lambda: array("d"))
    resolution: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, counted: Counted) -> None:
        session, waiting, first_answer, resolution, late = counted
        self.sessions += 1
        self._add_outcome(session)
        self.agent_messages += session.agent_messages
        self.with_target += late is not None
        self.late += late is True
        self.asked_rating += session.asked_rating
        if session.score is not None:
            self.scores[session.score - 1] += 1
        if waiting is not None:
            self.waiting.append(waiting)
        if first_answer is not None:
            self.first_answer.append(first_answer)
        if resolution is not None:
            self.resolution.append(resolution)

    def _add_outcome(self, session: ReportedSession) -> None:
        ended, alone = session.closed_at is not None, session.assigned_at is None
        self.running += not ended
        self.with_agent += not alone
        self.official += session.holder == "official"
        self.vendor += session.holder == "vendor"
        self.by_bot += ended and alone and session.holder == "bot"
        self.gave_up += ended and alone and session.holder is None

    @property
    def answered_rating(self) -> int:
        return sum(self.scores)

    @property
    def mean_score(self) -> float | None:
        points = sum(score * count for score, count in enumerate(self.scores, 1))
        return points / self.answered_rating if self.answered_rating else None


@dataclass(slots=True)
class Held:
    """When an agent had sessions, within a period."""

    begins: "array[float]" = field(default_factory=lambda: array("d"))
    ends: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, session: ReportedSession, since: datetime, until: datetime) -> None:
        """From the first agent to the end, or `until`, all to the credit of the one who has it last."""
        if session.assigned_at is None:
            return
        begins, ends = max(session.assigned_at, since), min(session.closed_at or until, until)
        if begins < ends:
            self.begins.append(begins.timestamp())
            self.ends.append(ends.timestamp())

    @property
    def load(self) -> Load:
        return at_once(self.begins, self.ends)


def _seconds(since: datetime, until: datetime) -> float:
    """Never less than none: a clock may have been put back between."""
    return max(0.0, (until - since).total_seconds())
