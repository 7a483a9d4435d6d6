"""A whole roll of two replicas of each service under load, and what came of it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.local.plan import Plan
from deploy.local.seed import register
from tests.chaos.passers import Passers, Scribe, Watcher
from tests.chaos.rolling import REPLACED, REPLICAS, Balancer, Rollout, balancer, is_new
from tests.flow.town import Books, Caller, Town, town
from tests.support.waiting import eventually

PATIENCE_SECONDS: Final = 5.0
"""So long WeChat waits for the answer to a push."""
RESTART: Final = 1012
DESKS: Final = ("lina", "zhou", "zhou", "admin")
SEEN_WITHIN_SECONDS: Final = 60.0


@dataclass
class Rolled:
    """What is true of every one of its fields is in `check`."""

    pushes: list[float]
    """Seconds until each was answered, the door included; the longest last."""
    took: dict[str, float]
    codes: dict[str, int]
    failures: list[str]
    doubtful: set[str]
    commands: int
    twice_or_never: list[str]
    desks: list[Watcher] = field(repr=False)

    @property
    def longest_ms(self) -> float:
        return 1000 * self.pushes[-1]

    @property
    def p99_ms(self) -> float:
        return 1000 * self.pushes[len(self.pushes) * 99 // 100]

    @property
    def ends(self) -> list[int]:
        return [code for desk in self.desks for code in desk.ends]

    def slowest_end(self, service: str) -> float:
        return max(seconds for name, seconds in self.took.items() if name.split("-")[0] == service)

    def check(self) -> None:
        assert len(self.pushes) > 100, "too little load to show anything"
        assert self.failures == []
        assert not self.doubtful
        assert len(self.codes) == REPLICAS * len(REPLACED)
        assert set(self.codes.values()) == {0}
        assert self.longest_ms < 1000 * PATIENCE_SECONDS
        assert self.commands >= REPLICAS * len(REPLACED), "too few commands to show anything"
        assert self.twice_or_never == []
        for desk in self.desks:
            assert desk.ends, "no socket was open on a replica that went"
            assert (set(desk.ends), desk.refused, desk.screen.resets) == ({RESTART}, [], 0)


@asynccontextmanager
async def twin_town_behind_doors(
    servers: Mapping[str, str], directory: Path
) -> AsyncIterator[tuple[Town, dict[str, Balancer]]]:
    """Two replicas of each service, a balancer before gateways and consoles, and places for as many new ones."""
    planned = dict.fromkeys((f"{service}s" for service in REPLACED), 2 * REPLICAS)
    async with balancer() as gateways, balancer() as consoles:
        doors = {"gateway": gateways, "console": consoles}

        def open_doors(plan: Plan) -> None:
            for service, door in doors.items():
                door.replicas += [one.url for one in plan.of(service) if not is_new(one)]

        async with town(servers, directory, open_doors, is_new, **planned) as made:
            # WeChat is told the door in place of the gateway behind it.
            await register({**made.common, "GATEWAY_PORT": gateways.url.rsplit(":")[-1]}, made.seeded)
            yield made, doors


async def roll(made: Town, doors: dict[str, Balancer], *, at_once: bool) -> Rolled:
    """Every service in turn; or all at once, as `kubectl rollout restart deployment` does it."""
    rollout = Rollout(made, doors)
    crowd, over, seen = Passers(made, "rolling"), asyncio.Event(), asyncio.Event()
    url = doors["console"].url
    callers = [await made.log_in(login, presence="online" if login == "lina" else None) for login in DESKS]
    desks = [Watcher(made, url, caller.token) for caller in callers]
    scribe = Scribe(Caller(url, callers[0].session, callers[0].token))
    async with asyncio.TaskGroup() as watching:
        for desk in desks:
            watching.create_task(desk.watch(seen))
        async with asyncio.TaskGroup() as writing:
            for number, openid in enumerate(crowd.openids):
                first = "人工" if number % 2 else "什么时候发货"
                writing.create_task(crowd.keep_writing(openid, over, first=first))
            writing.create_task(scribe.write(over))
            await _replaced(rollout, at_once=at_once)
            over.set()
        await crowd.calm()
        history = [message for openid in crowd.openids for message in await made.history(openid)]
        for desk in desks:
            await eventually(lambda desk=desk: _all_seen(desk, made, crowd), SEEN_WITHIN_SECONDS)  # type: ignore[misc] # bound now
        seen.set()
    await Books(made).check(crowd.openids, crowd.said)
    return Rolled(
        pushes=sorted(doors["gateway"].seconds),
        took=rollout.took,
        codes=rollout.codes,
        failures=doors["gateway"].failures + doors["console"].failures,
        doubtful=crowd.doubtful,
        commands=len(scribe.asked),
        twice_or_never=scribe.wrong(history),
        desks=desks,
    )


async def _replaced(rollout: Rollout, *, at_once: bool) -> None:
    if at_once:
        await asyncio.gather(*map(rollout.replace, REPLACED))
        return
    for service in REPLACED:
        await rollout.replace(service)


async def _all_seen(desk: Watcher, made: Town, crowd: Passers) -> bool:
    missing = [one for openid in crowd.openids for one in desk.missing(await made.history(openid))]
    assert missing == [], f"{len(missing)} messages are not on a desk"
    return True
