"""Structured logs: one constant event name a record, facts as keys of `log_keys`, JSON or readable lines."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import orjson
import structlog

Record = MutableMapping[str, Any]


def configure_logging(service: str, shape: Literal["console", "json"], level: str = "info") -> None:
    """Send structlog's and the standard library's records to stderr through the same processors."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderers = _console() if shape == "console" else _json()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _named(service),
                *renderers,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("aiormq", "aio_pika", "aiohttp.access", "pymongo", "asyncio"):
        logging.getLogger(noisy).setLevel("ERROR")
    structlog.configure(
        processors=[*shared, _named(service), *renderers],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )


def _named(service: str) -> structlog.typing.Processor:
    def add_service(_: object, __: str, record: Record) -> Record:
        record.setdefault("service", service)
        return record

    return add_service


def _json() -> list[structlog.typing.Processor]:
    return [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=lambda record, **_: orjson.dumps(record, default=str).decode()),
    ]


def _console() -> list[structlog.typing.Processor]:
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
