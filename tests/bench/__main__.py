"""`make bench`: one table, ratios within the run with absolute figures beside them, and the same as JSON."""

import os
import platform
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from tests.bench import (
    assignment,
    day,
    end_to_end,
    gateway,
    history,
    resources,
    rolling,
    router,
    screen,
    search,
    tracing,
)
from tests.bench.bench import Bench, Row, Table, as_json, bench

MEASURES: dict[str, Callable[[Bench], Awaitable[None]]] = {
    "gateway": gateway.measure,
    "router": router.measure,
    "end_to_end": end_to_end.measure,
    "assignment": assignment.measure,
    "search": search.measure,
    "history": history.measure,
    "screen": screen.measure,
    "resources": resources.measure,
    "rolling": rolling.measure,
}
WITHOUT_SERVERS: dict[str, Callable[[Table], Awaitable[None]]] = {"day": day.measure, "tracing": tracing.measure}
"""What needs no servers: a simulation, whose figures do not depend on the machine, and plain computing."""
ONLY_BY_NAME = {"history", "search", "screen", "resources", "rolling"}
"""They fill a database with a million messages first, which takes minutes; or need the web app and Chromium; or write
what the manifests are held against; or keep both cores busy with fifteen processes."""


async def main(wanted: list[str]) -> None:
    conditions = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "servers": "RabbitMQ and mongod on the same machine, one node each; majority writes, confirmed publishes",
    }
    print(", ".join(f"{name} {value}" for name, value in conditions.items()))  # noqa: T201 - the table's head
    simulated = Table()
    for name, simulate in WITHOUT_SERVERS.items():
        if name in wanted or not wanted:
            await simulate(simulated)
    rows = simulated.rows
    if not wanted or not WITHOUT_SERVERS.keys() >= set(wanted):
        rows += await _measured(wanted)
    out = Path(os.environ.get("DATA_DIR", ".data")) / "bench.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(as_json(rows, conditions))


async def _measured(wanted: list[str]) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="wxdesk-bench-", ignore_cleanup_errors=True) as directory:
        async with bench(Path(directory)) as ground:
            for name, measure in MEASURES.items():
                if name in wanted or (not wanted and name not in ONLY_BY_NAME):
                    await measure(ground)
            return ground.rows


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
