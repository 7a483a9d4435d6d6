"""A report: sessions put into rows by day, hour, app, group or agent, and the total of all. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, NamedTuple

from services.console.reporting.figures import Counted, Held, Load, Tally
from services.console.reporting.period import Period
from shared.store.reports import ReportedSession

By = Literal["day", "hour", "app", "group", "agent"]
HOURS: Final = tuple(f"{hour:02}" for hour in range(24))

Key = str | None
"""None: the row of what belongs to none: no agent had it last, it is of no group."""


class Known(NamedTuple):
    """What the settings say, as they are now: groups and name of each agent, and each app's target, in seconds."""

    groups: Mapping[str, Collection[str]] = {}
    targets: Mapping[str, int] = {}
    names: Mapping[str, str] = {}


class Narrowed(NamedTuple):
    """Only sessions of this group, or of this agent; None: of any."""

    group: str | None = None
    agent: str | None = None


@dataclass(slots=True)
class Row:
    tally: Tally = field(default_factory=Tally)
    held: Held = field(default_factory=Held)


class Report:
    """Sessions are added in any order; every session counts once in `total`, and in each row it belongs to."""

    def __init__(self, by: By, period: Period, known: Known, now: datetime, narrowed: Narrowed = Narrowed()) -> None:  # noqa: B008 - frozen
        self.by = by
        self.period = period
        self.total = Row()
        self._names: dict[str, str] = {}
        self._known = known
        self._now = now
        self._narrowed = narrowed
        self._keys = self._keys_by(by)
        self._rows: dict[Key, Row] = {key: Row() for key in self._standing()}

    @property
    def rows(self) -> list[tuple[Key, Row]]:
        """Days and hours in order, all of them; else the most sessions first, and what belongs to none last."""
        rows = list(self._rows.items())
        if self.by in {"day", "hour"}:
            return rows
        return sorted(rows, key=lambda row: (row[0] is None, -row[1].tally.sessions, row[0] or ""))

    @property
    def loads(self) -> bool:
        """Whether it says how many sessions agents had at once."""
        return self.by == "agent"

    def add(self, session: ReportedSession) -> None:
        if not self._wanted(session):
            return
        if session.agent_id is not None:
            self._names[session.agent_id] = session.agent_name or session.agent_id
        if session.opened_at >= self.period.since:
            counted = Counted.of(session, self._known.targets.get(session.app_id), self._now)
            for row in self._rows_of(session):
                row.tally.add(counted)
        if self.loads and session.agent_id is not None:
            until = min(self._now, self.period.until)
            for row in self._rows_of(session):
                row.held.add(session, self.period.since, until)

    def _rows_of(self, session: ReportedSession) -> list[Row]:
        return [self.total, *(self._rows.setdefault(key, Row()) for key in self._keys(session))]

    def agent_name(self, agent: str) -> str:
        """What the agent is called; whoever is no longer listed, as the sessions have it."""
        return self._known.names.get(agent) or self._names.get(agent) or agent

    def load(self, row: Row) -> Load | None:
        return row.held.load if self.loads else None

    def _standing(self) -> Iterable[Key]:
        """Rows that are there though nothing happened."""
        return {"day": self.period.days, "hour": HOURS}.get(self.by, ())

    def _wanted(self, session: ReportedSession) -> bool:
        group, agent = self._narrowed
        return (agent is None or session.agent_id == agent) and (group is None or group in self._groups(session))

    def _keys_by(self, by: By) -> Callable[[ReportedSession], Collection[Key]]:
        zone = self.period.zone
        keys: dict[By, Callable[[ReportedSession], Collection[Key]]] = {
            "day": lambda one: (one.opened_at.astimezone(zone).date().isoformat(),),
            "hour": lambda one: (HOURS[one.opened_at.astimezone(zone).hour],),
            "app": lambda one: (one.app_id,),
            "group": self._groups,
            "agent": lambda one: (one.agent_id,),
        }
        return keys[by]

    def _groups(self, session: ReportedSession) -> Collection[Key]:
        """In whose line it was; where that is not known, those its agent is of now."""
        if session.group is not None:
            return (session.group,)
        return self._known.groups.get(session.agent_id or "") or (None,)
