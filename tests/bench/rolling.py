"""Two replicas of each service are replaced under load: what that costs those who wait for an answer.

Everything else that must be true of a roll is checked as well; a figure of one that lost something would say nothing.
"""

import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

from tests.bench.bench import Bench
from tests.chaos.rolled import RESTART, Rolled, roll, twin_town_behind_doors
from tests.chaos.rolling import REPLACED


async def measure(bench: Bench) -> None:
    for name, at_once in (("in turn", False), ("at once", True)):
        servers = {
            "AMQP_URL": await bench.rabbit.create_vhost(f"rolling-{at_once:d}"),
            "MONGO_URL": bench.mongo.url,
            "MONGO_DB": f"rolling-{at_once:d}",
            "WXDESK_SECRET_KEYS": Fernet.generate_key().decode(),
        }
        with tempfile.TemporaryDirectory(prefix="wxdesk-rolling-", ignore_cleanup_errors=True) as directory:
            async with twin_town_behind_doors(servers, Path(directory)) as (town, doors):
                rolled = await roll(town, doors, at_once=at_once)
        rolled.check()
        _tell(bench, name, rolled)


def _tell(bench: Bench, name: str, rolled: Rolled) -> None:
    pushes = f"p99 {rolled.p99_ms:.0f} ms, of {len(rolled.pushes)} pushes"
    bench.add(f"rolling {name}: longest answer to a push", rolled.longest_ms, "ms", pushes)
    ends = ", ".join(f"{service} {rolled.slowest_end(service):.1f} s" for service in REPLACED)
    bench.add(f"rolling {name}: from SIGTERM to the end", max(rolled.took.values()), "s", ends)
    back = rolled.ends.count(RESTART)
    bench.add(f"rolling {name}: sockets ended with {RESTART}, back", back, "", f"of {len(rolled.desks)} desks")
    bench.add(f"rolling {name}: commands, each asked for twice, done once", rolled.commands, "")
