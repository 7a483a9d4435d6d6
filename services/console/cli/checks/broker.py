"""What RabbitMQ says: itself, and whether its queues are as agreed, served and not piling up."""

from collections.abc import AsyncIterator, Mapping
from typing import Final

from services.console.administering.checks.check import Check, fail, ok, warn
from shared.bus.inspection import Inspection, QueueSeen
from shared.bus.topology import BOT, CONVERSATION, LIVE, OFFERS, OUTBOUND, Topology
from shared.settings import RabbitSettings

BALANCING_MAJOR: Final = 4
PILED_UP: Final = 1_000
_SHOWN: Final = 3

Seen = Mapping[str, QueueSeen | None]


def version_check(version: str) -> Check:
    major = version.partition(".")[0]
    if major.isdigit() and int(major) >= BALANCING_MAJOR:
        return ok(f"RabbitMQ answers, version {version}")
    return warn(
        f"RabbitMQ answers, version {version or 'unknown'}: one replica of a service works, the others stand by",
        f"fine on one machine; production asks for RabbitMQ {BALANCING_MAJOR}",
    )


def topology_check(stored: Topology | None, told: RabbitSettings) -> Check:
    """The record against what this environment says, if it says; services with other numbers refuse to start."""
    if stored is None:
        return warn("no topology is recorded", "start a service; the first one writes the record")
    counts = {"router_partitions": stored.router_partitions, "sender_partitions": stored.sender_partitions}
    here = told.model_dump(include=counts.keys() & told.model_fields_set)
    wrong = [
        f"{name.upper()}={number} here, {counts[name]} recorded"
        for name, number in here.items()
        if number != counts[name]
    ]
    if wrong:
        return fail("; ".join(wrong), "set the recorded numbers: changing them reorders conversations")
    return ok(f"the topology is as recorded: generation {stored.generation}, {_numbers(counts)}")


async def queue_checks(inspection: Inspection, topology: Topology) -> AsyncIterator[Check]:
    """One line for each group of queues."""
    missing = [name for name in (CONVERSATION, OUTBOUND, BOT, OFFERS, LIVE) if not await inspection.exchange(name)]
    if missing:
        yield fail(f"exchanges are missing: {', '.join(missing)}", "start a service with TOPOLOGY=declare")
    groups: dict[str, dict[str, QueueSeen | None]] = {}
    for name, (_, arguments) in topology.queues().items():
        groups.setdefault(name.partition(".")[0], {})[name] = await inspection.queue(name, arguments)
    for group, seen in groups.items():
        yield _group_check(group, seen)


def _group_check(group: str, seen: Seen) -> Check:
    there = {name: queue for name, queue in seen.items() if queue is not None}
    queues = f"{len(seen)} {group} queue{'s' if len(seen) > 1 else ''}"
    server = "router" if group == "offers" else group
    if len(there) < len(seen):
        absent = [name for name in seen if name not in there]
        return fail(f"{len(absent)} of {queues} missing: {_some(absent)}", f"start the {server} with TOPOLOGY=declare")
    if others := [name for name, queue in there.items() if queue.as_wanted is False]:
        return fail(
            f"{len(others)} of {queues} have other arguments: {_some(others)}",
            "queue arguments cannot change; drain and delete those queues, then start the services again",
        )
    if unheard := [name for name, queue in there.items() if queue.consumers == 0]:
        return fail(f"nobody listens on {len(unheard)} of {queues}: {_some(unheard)}", f"start the {server}")
    if piles := [name for name, queue in there.items() if queue.messages > PILED_UP]:
        most = max(queue.messages for queue in there.values())
        return warn(
            f"messages pile up on {_some(piles)}, {most} at most", f"look at the {server}'s log, or add replicas"
        )
    return ok(f"{queues} as agreed and listened to")


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")


def _numbers(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name.upper()}={count}" for name, count in counts.items())
