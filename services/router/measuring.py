"""How the line, the agents and what was set aside stand: measured by whoever holds the one place of assignment."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.conversation.order import Deadlines, Waiting
from shared.conversation.policy import Policy
from shared.conversation.strategy import Standby
from shared.lately import Lately
from shared.observe import metrics
from shared.store.dead import DeadStore

LINE_SECONDS: Final = 5.0
"""How often the line is measured; what was measured is gone from the metrics after four times as long."""
DEAD_SECONDS: Final = 30.0


@dataclass(slots=True)
class AppInLine:
    """The customers of one app who wait. `late` are those past the app's own target."""

    waiting: int = 0
    late: int = 0
    oldest_seconds: float = 0.0


def in_line_by_app(
    waiting: Iterable[Waiting], policy_of: Callable[[str], Policy], now: datetime
) -> Mapping[str, AppInLine]:
    """Pure."""
    deadlines = Deadlines(policy_of, now)
    apps: defaultdict[str, AppInLine] = defaultdict(AppInLine)
    for one in waiting:
        app, answer_by = apps[one.app_id], deadlines.of(one)
        since = one.session.waiting_since or now
        app.waiting += 1
        app.late += answer_by is not None and answer_by <= now
        app.oldest_seconds = max(app.oldest_seconds, (now - since).total_seconds())
    return apps


class LineMeasures:
    def __init__(self, policy_of: Callable[[str], Policy], *, every_seconds: float = LINE_SECONDS) -> None:
        self._policy_of = policy_of
        self._measured = Lately(every_seconds)

    def look(self, waiting: Iterable[Waiting], staff: Sequence[Standby], now: datetime) -> None:
        """Tell the metrics, unless that was done a moment ago."""
        if not self._measured.due("line"):
            return
        apps = in_line_by_app(waiting, self._policy_of, now)
        metrics.router_line_waiting.replace({(app,): one.waiting for app, one in apps.items()})
        metrics.router_line_late.replace({(app,): one.late for app, one in apps.items()})
        metrics.router_line_oldest_seconds.replace({(app,): one.oldest_seconds for app, one in apps.items()})
        online = [agent for agent in staff if agent.online]
        metrics.router_agents_online.set(len(online))
        metrics.router_agents_capacity.set(sum(agent.capacity for agent in online))
        metrics.router_agents_load.set(sum(agent.load for agent in online))


class DeadMeasure:
    def __init__(self, dead: DeadStore, *, every_seconds: float = DEAD_SECONDS) -> None:
        self._dead = dead
        self._measured = Lately(every_seconds)

    async def look(self) -> None:
        """Raises Outage."""
        if self._measured.due("dead"):
            metrics.router_dead_messages.set(await self._dead.count())
