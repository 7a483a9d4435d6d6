"""Real services on a test's own servers, in the test's own process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from services.router.app import router
from services.router.settings import RouterSettings
from shared.settings import Settings
from tests.cli.cli import Cli

AnySettings = TypeVar("AnySettings", bound=Settings)


def settings(kind: type[AnySettings], cli: Cli, **more: Any) -> AnySettings:
    """As the command is told, on any free ports, with few partitions; the command is told the latter too."""
    cli.variables |= {"ROUTER_PARTITIONS": "2", "SENDER_PARTITIONS": "2"}
    told = {name.lower(): value for name, value in cli.variables.items()}
    return kind(**{**told, "host": "127.0.0.1", "ops_port": 0, **more})


@asynccontextmanager
async def routing(cli: Cli) -> AsyncIterator[None]:
    async with router(settings(RouterSettings, cli)):
        yield
