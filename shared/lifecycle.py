"""How every service starts, runs and stops: settings, logs, signals, one ordered shutdown, an honest exit code."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import Any, NoReturn, Self, TypeVar

import structlog
import uvloop

from shared.observe.logging import configure_logging
from shared.settings import ObserveSettings, SettingsRefused, read_settings

log = structlog.get_logger()

EXIT_FAILED = 1
EXIT_SETTINGS = 2


class Background:
    """The tasks a service keeps running. If one ends by itself, `died` completes and the service stops."""

    def __init__(self) -> None:
        self.serving = False
        """Whether the service has started in full; its readiness waits for this."""
        self._tasks: set[asyncio.Task[object]] = set()
        self.died: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Cancel every task and wait until it has ended; done again it changes nothing."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, object], name: str, *, may_end: bool = False) -> None:
        """Run it beside the rest. Where it `may_end`, its end is nothing to speak of, but its failure is."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._note_end(ended, may_end=may_end))

    def _note_end(self, task: asyncio.Task[object], *, may_end: bool) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        failure = task.exception()
        if may_end and failure is None:
            return
        log.error("part_died", part=task.get_name(), exc_info=failure)
        if not self.died.done():
            self.died.set_result(task.get_name())


AnyServiceSettings = TypeVar("AnyServiceSettings", bound=ObserveSettings)
Service = Callable[[AnyServiceSettings], AbstractAsyncContextManager[Background]]


def run_service(name: str, kind: type[AnyServiceSettings], service: Service[AnyServiceSettings]) -> NoReturn:
    """Run `service` until SIGTERM, SIGINT or the death of a part, then exit: 0 told to stop, 1 failed, 2 settings.

    Entering the service means it serves; leaving it means it has drained. A second signal ends at once.
    """
    try:
        settings = read_settings(kind)
    except SettingsRefused as refused:
        print(f"{name} cannot start:\n{refused}", file=sys.stderr)  # noqa: T201 - logs are not configured yet
        sys.exit(EXIT_SETTINGS)
    configure_logging(name, settings.log_format, settings.log_level)
    _collect_garbage_seldom()
    with _traced(name, settings):
        code = uvloop.run(_serve(name, settings, service))
    sys.exit(code)


def _traced(name: str, settings: ObserveSettings) -> AbstractContextManager[None]:
    if settings.otel_exporter_otlp_endpoint is None:
        return nullcontext()
    # Who does not trace does not pay for the import.
    from shared.observe.otlp import traced  # noqa: PLC0415

    return traced(settings, name)


def _collect_garbage_seldom() -> None:
    """What was imported stays, and messages are freed by their counts: to look for cycles all the time is waste."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def _serve(name: str, settings: AnyServiceSettings, service: Service[AnyServiceSettings]) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop_or_exit, stop)
    try:
        async with service(settings) as background:
            background.serving = True
            log.info("service_started", service=name)
            told = asyncio.create_task(stop.wait())
            ends: set[asyncio.Future[Any]] = {told, background.died}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            log.info("service_stopping", service=name)
        died = background.died.done()
    except Exception:
        log.exception("service_failed", service=name)
        return EXIT_FAILED
    log.info("service_stopped", service=name)
    return EXIT_FAILED if died else 0


def _stop_or_exit(stop: asyncio.Event) -> None:
    if stop.is_set():
        sys.exit(EXIT_FAILED)
    stop.set()
