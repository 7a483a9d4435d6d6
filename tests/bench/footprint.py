"""What a process of ours needs, as `python -m tests.bench resources` found it; kept in one file beside the manifests.

The requests in `deploy/base` and the table in `docs/measurements.md` are held against that file.
"""

import asyncio
import os
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from deploy.local.checks import ROOT

KEPT: Final = ROOT / "deploy" / "measured.json"
SERVICES: Final = ("gateway", "router", "bot", "sender", "console")
_KIB_PER_MIB = 1024


class Need(BaseModel):
    """Of one process. Memory is what it has resident, in MiB; processor is in seconds of one core."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    idle_mib: int
    busiest_mib: int
    """The most it ever had, through all the load of the run."""
    idle_percent: float
    """Of one core, with nothing to do."""
    seconds_per_1000: float
    """For so many messages of customers at an even pace, what runs anyway included."""
    burst_seconds_per_1000: float
    """The same, with as many at once as there is room for: more of them share a round trip."""


class Watched(BaseModel):
    """The console again, with agents' live sockets open that see everything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sockets: int
    per_second: int
    seconds_per_1000: float
    busiest_mib: int


class Footprint(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    at: str
    conditions: str
    services: dict[str, Need]
    watched: Watched

    def most_mib(self, service: str) -> int:
        """The most that a process of it had in any of the runs."""
        busiest = self.services[service].busiest_mib
        return max(busiest, self.watched.busiest_mib) if service == "console" else busiest

    def lines(self) -> list[str]:
        """The table for people, as Markdown."""
        found = [
            "| service | idle | at most | idle, of a core | 1,000 messages at an even pace | 1,000 in a burst |",
            "|---|---|---|---|---|---|",
        ]
        for name, need in self.services.items():
            cells = f"{need.idle_mib} MiB | {need.busiest_mib} MiB | {need.idle_percent} %"
            found.append(f"| {name} | {cells} | {need.seconds_per_1000} s | {need.burst_seconds_per_1000} s |")
        seen = self.watched
        watched = f"console with {seen.sockets} live sockets, {seen.per_second} messages/s"
        return [*found, f"| {watched} | | {seen.busiest_mib} MiB | | {seen.seconds_per_1000} s | |"]


def kept() -> Footprint:
    return Footprint.model_validate_json(KEPT.read_bytes())


def keep(footprint: Footprint) -> None:
    KEPT.write_text(footprint.model_dump_json(indent=2) + "\n", encoding="utf-8")


def resident_mib(process: asyncio.subprocess.Process) -> int:
    """What it has in memory now, shared files included, as a container is charged for them."""
    return _status(process, "VmRSS")


def most_resident_mib(process: asyncio.subprocess.Process) -> int:
    """The most it has had since its start."""
    return _status(process, "VmHWM")


def _status(process: asyncio.subprocess.Process, key: str) -> int:
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
    kib = next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))
    return -(-kib // _KIB_PER_MIB)


def cores() -> int:
    return os.cpu_count() or 1
