"""Reports: how long customers waited, who answered them, and what they thought of it."""

import asyncio
import csv
import io
from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from services.console.api.export import harmless
from services.console.api.shape import Shape
from services.console.operations import Call, Input, Operation, answer
from services.console.problem import Refused
from services.console.reporting import figures
from services.console.reporting.period import MOST_DAYS, Period, period
from services.console.reporting.report import By, Key, Known, Narrowed, Report, Row
from shared.store.driver import within
from shared.store.reports import MOST_SESSIONS, TooManySessions

REPORT_SECONDS: Final = 60.0
AT_A_TIME: Final = 500
"""Sessions between two looks at whatever else the console has to do."""
_DIGITS: Final = 1

_WHEN: Final = "a date, or an instant with its offset from UTC"


class ReportQuery(Input):
    from_: str | None = Field(
        None,
        alias="from",
        max_length=40,
        description=f"{_WHEN}; a date is from its beginning; left out: seven days that end with `to`",
    )
    to: str | None = Field(
        None,
        max_length=40,
        description=f"{_WHEN}, not included; a date is to its end; left out: the end of today. "
        f"At most {MOST_DAYS} days after `from`",
    )
    by: By = Field("day", description="what each row is of; `hour`: of the day, over all days")
    app: str | None = Field(None, max_length=80, description="only of this app, and days in its time zone")
    group: str | None = Field(None, max_length=80, description="only of this group, as with by=group")
    agent: str | None = Field(None, max_length=80, description="only those that this agent had last, by login")


class ReportSpread(Shape):
    """How long something took, in seconds."""

    sessions: int = Field(description="of so many")
    p50: float | None = Field(description="half of them took at most this long; null: there are none")
    p90: float | None = Field(description="nine of ten took at most this long")
    mean: float | None

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "ReportSpread":
        spread = figures.Spread.of(seconds)
        return cls(sessions=spread.sessions, p50=_short(spread.p50), p90=_short(spread.p90), mean=_short(spread.mean))


class ReportRatings(Shape):
    asked: int = Field(description="customers who were asked what they think")
    answered: int
    mean: float | None = Field(description="1 to 5; null: nobody answered")
    counts: list[int] = Field(description="how many gave 1, 2, 3, 4, 5")


class ReportLoad(Shape):
    """Sessions that an agent had at the same time, running ones too.

    Each from its first agent to its end, to the credit of the agent who had it last.
    """

    most: int
    mean: float | None = Field(description="over the time in which there was any; null: there never was")


class ReportFigures(Shape):
    """Of the sessions that began in the period, as they stand now."""

    sessions: int = Field(description="how many began; by hour: how many customers came in that hour of the day")
    running: int = Field(description="have not ended yet")
    with_agent: int = Field(description="an agent had it at some time")
    by_bot: int = Field(description="ended with the bot, and no agent ever had it")
    gave_up: int = Field(
        description="ended in line, and no agent ever had it: the customer said so, fell silent, or it was closed there"
    )
    official: int = Field(description="with WeChat's own console at the end, or now; an agent may have had it before")
    vendor: int = Field(description="with a vendor at the end, or now; an agent may have had it before")
    waiting_seconds: ReportSpread = Field(
        description="from coming in line first to the first agent; only where one came"
    )
    first_answer_seconds: ReportSpread = Field(
        description="from coming in line first, or an agent's taking it before that, to the first message of an agent"
    )
    resolution_seconds: ReportSpread = Field(description="from beginning to end, of ended ones that an agent had")
    agent_messages: int = Field(description="messages that agents wrote, held ones too")
    rated: ReportRatings
    with_target: int = Field(
        description="came in line or to an agent, in apps whose settings say how long an answer may take"
    )
    late: int = Field(
        description="of those, the ones that got no agent's message within the app's `targets.answer_seconds`, "
        "as it is set now; also those that ended or run without any for longer"
    )
    load: ReportLoad | None = Field(description="by=agent only")


class ReportRow(ReportFigures):
    key: str | None = Field(
        description="date, hour of the day (00 to 23), appid, group, or login. "
        "null: no agent had it last; no group's line, and no agent of any group"
    )
    name: str | None = Field(description="what people call it")


class ReportAnswer(Shape):
    from_: datetime = Field(alias="from")
    to: datetime
    by: By
    time_zone: str = Field(description="of days and hours: the app's, else that of the installation")
    rows: list[ReportRow] = Field(
        description="all days or hours in order; else the most sessions first. By group: the group in whose line it "
        "ended, or found its last agent; where it was in none, the groups of that agent as they are now, each of them"
    )
    total: ReportFigures = Field(description="every session once, also where it is in several rows")


async def get_report(call: Call) -> web.Response:
    """A session belongs to the time at which it began, and its row changes until it has ended."""
    return answer(_answer(call, await _report(call)))


async def export_report(call: Call) -> web.Response:
    report = await _report(call)
    told = _answer(call, report)
    lines = [COLUMNS, *(_cells(row.key, row.name, row) for row in told.rows), _cells("*", "total", told.total)]
    out = io.StringIO()
    csv.writer(out).writerows([[harmless(cell) for cell in line] for line in lines])
    days = report.period.days
    return web.Response(
        body=("\ufeff" + out.getvalue()).encode(),
        content_type="text/csv",
        charset="utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="report-{report.by}-{days[0]}-{days[-1]}.csv"',
            "Cache-Control": "no-store",
        },
    )


async def _report(call: Call) -> Report:
    """Raises Refused, FieldsRefused and StoreUnavailable."""
    query = call.query(ReportQuery)
    now = call.parts.backbone.clock.now()
    asked = period(query.from_, query.to, _zone(call, query.app), now)
    report = Report(query.by, asked, await _known(call), now, Narrowed(query.group, query.agent))
    try:
        async with within(REPORT_SECONDS), call.parts.reports.turn:
            await _read(call, query.app, report)
    except TooManySessions:
        what = f"more than {MOST_SESSIONS:,} sessions: ask for a shorter time, or for one app"
        raise Refused("invalid", what, errors=[{"where": "from", "what": what}]) from None
    return report


async def _read(call: Call, app: str | None, report: Report) -> None:
    """Put in all there is, now and then letting others have their turn. Raises TooManySessions, StoreUnavailable."""
    since, until, _ = report.period
    reading = call.parts.reports.sessions(since, until, apps=_apps(call, app), earlier=report.loads)
    async with aclosing(reading) as pieces:
        async for sessions in pieces:
            for number, session in enumerate(sessions, 1):
                report.add(session)
                if number % AT_A_TIME == 0:
                    await asyncio.sleep(0)


def _zone(call: Call, app: str | None) -> ZoneInfo:
    """The app's own; that of the installation where none is named, or the app is gone."""
    return ZoneInfo(call.parts.backbone.apps.time_zone(app or ""))


def _apps(call: Call, app: str | None) -> frozenset[str] | None:
    """Those that are asked for, of those that are seen."""
    seen = call.access.apps
    if app is None:
        return seen
    return frozenset({app}) if call.access.sees(app) else frozenset()


async def _known(call: Call) -> Known:
    staff = await call.parts.roster.staff()
    apps = call.parts.backbone.apps.all()
    return Known(
        groups={one.id: tuple(one.groups) for one in staff.everyone},
        targets={app.app_id: seconds for app in apps if (seconds := app.policy.targets.answer_seconds) is not None},
        names={one.id: one.name for one in staff.everyone},
    )


def _answer(call: Call, report: Report) -> ReportAnswer:
    asked: Period = report.period
    return ReportAnswer(
        from_=asked.since,
        to=asked.until,
        by=report.by,
        time_zone=asked.zone.key,
        rows=[
            ReportRow(key=key, name=_name(call, report, key), **dict(_figures(report, row))) for key, row in report.rows
        ],
        total=_figures(report, report.total),
    )


def _figures(report: Report, row: Row) -> ReportFigures:
    tally, load = row.tally, report.load(row)
    return ReportFigures(
        sessions=tally.sessions,
        running=tally.running,
        with_agent=tally.with_agent,
        by_bot=tally.by_bot,
        gave_up=tally.gave_up,
        official=tally.official,
        vendor=tally.vendor,
        waiting_seconds=ReportSpread.of(tally.waiting),
        first_answer_seconds=ReportSpread.of(tally.first_answer),
        resolution_seconds=ReportSpread.of(tally.resolution),
        agent_messages=tally.agent_messages,
        rated=ReportRatings(
            asked=tally.asked_rating,
            answered=tally.answered_rating,
            mean=_short(tally.mean_score, 2),
            counts=tally.scores,
        ),
        with_target=tally.with_target,
        late=tally.late,
        load=ReportLoad(most=load.most, mean=_short(load.mean, 2)) if load else None,
    )


def _name(call: Call, report: Report, key: Key) -> str | None:
    if key is None:
        return None
    match report.by:
        case "hour":
            return f"{key}:00"
        case "app":
            return call.parts.app_name(key)
        case "agent":
            return report.agent_name(key)
        case _:
            return key


def _short(number: float | None, digits: int = _DIGITS) -> float | None:
    return None if number is None else round(number, digits)


SPREADS: Final = ("waiting_seconds", "first_answer_seconds", "resolution_seconds")
COUNTS: Final = ("sessions", "running", "with_agent", "by_bot", "gave_up", "official", "vendor", "agent_messages")
COLUMNS: Final = (
    *("key", "name", *COUNTS),
    *(f"{spread}_{figure}" for spread in SPREADS for figure in ("p50", "p90", "mean")),
    *("with_target", "late"),
    *("rated_asked", "rated_answered", "rated_mean", *(f"rated_{score}" for score in range(1, 6))),
    *("load_most", "load_mean"),
)


def _cells(key: Key, name: str | None, told: ReportFigures) -> list[str]:
    spreads: list[ReportSpread] = [getattr(told, name) for name in SPREADS]
    load = told.load
    cells = (
        *(key, name, *(getattr(told, name) for name in COUNTS)),
        *(figure for spread in spreads for figure in (spread.p50, spread.p90, spread.mean)),
        *(told.with_target, told.late),
        *(told.rated.asked, told.rated.answered, told.rated.mean, *told.rated.counts),
        *((load.most, load.mean) if load else (None, None)),
    )
    return ["" if cell is None else str(cell) for cell in cells]


OPERATIONS: Final = (
    Operation(
        "GET",
        "/reports",
        get_report,
        "Sessions that began in a period: waiting, answers, outcomes and ratings, in rows and in total",
        {200: ReportAnswer},
        query=ReportQuery,
        role="supervisor",
    ),
    Operation(
        "GET",
        "/reports/export",
        export_report,
        "The same as a table: UTF-8 with a mark, as spreadsheets want it; the last row, `*`, is the total",
        {200: None},
        query=ReportQuery,
        role="supervisor",
        file_types=("text/csv",),
    ),
)
