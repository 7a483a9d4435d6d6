"""The command line as a whole: its parser, and how every command ends."""

import argparse
import asyncio
import io
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, NoReturn

import structlog
from typing_extensions import override

from services.console.cli import (
    agents,
    apps,
    backups,
    dead,
    desk,
    doctor,
    preparing,
    sandbox,
    sealed_secrets,
    topology,
    vendors,
)
from services.console.cli.environment import Environment
from services.console.cli.failures import DONE, INTERRUPTED, PIPE_CLOSED, Failed, Misused
from services.console.cli.output import Output

_NOUNS: Final = (apps, vendors, agents, desk, dead, sandbox, doctor, sealed_secrets, backups, preparing, topology)

_ABOUT: Final = """\
Administer wxdesk, and use it from a terminal.

Addresses and keys come from the environment (MONGO_URL, AMQP_URL, WXDESK_SECRET_KEYS, CONSOLE_URL …),
else from DATA_DIR/run.json, which `make run` writes. A secret is given as it is, as - (a line of standard
input; asked for on a terminal), or as @file.

exit codes: 0 done, 1 refused or not found, 2 usage or settings, 3 a server is out of reach
"""

Run = Callable[[argparse.Namespace, Environment, Output], Awaitable[None]]


class Parser(argparse.ArgumentParser):
    """argparse whose errors say what to do next, and which takes no abbreviations: scripts must not break later."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **options})

    @override
    def error(self, message: str) -> NoReturn:
        self.exit(Misused.exit_code, f"{self.prog}: {message}. See `{self.prog} --help`.\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Nothing foreseeable ends in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal of another encoding shows escapes rather than a traceback.
            stream.reconfigure(errors="backslashreplace")
    try:
        exit_code = _ended(argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_standard_output()
        return PIPE_CLOSED
    return exit_code


def _ended(argv: Sequence[str] | None) -> int:
    try:
        args = parser().parse_args(argv)
    except SystemExit as ended:
        return int(ended.code or DONE)
    output = Output(as_json=args.json)
    try:
        with _quiet_logs():
            asyncio.run(_run(args.run, args, output))
    except Failed as failed:
        output.failure(str(failed), failed.exit_code)
        return failed.exit_code
    return DONE


def parser() -> Parser:
    as_json = argparse.ArgumentParser(add_help=False)
    # Suppressed, or a verb's default would overwrite what was said before the noun.
    as_json.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON, for scripts")
    whole = Parser(prog="wxdesk", description=_ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter)
    whole.add_argument("--json", action="store_true", default=False, help="print JSON, for scripts")
    nouns = whole.add_subparsers(metavar="NOUN", required=True)
    for noun in _NOUNS:
        noun.add_to(nouns, as_json)
    return whole


async def _run(run: Run, args: argparse.Namespace, output: Output) -> None:
    await run(args, Environment(os.environ), output)


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Records are for services; a command says in its own words what they would."""
    before, was_configured, disabled = structlog.get_config(), structlog.is_configured(), logging.root.manager.disable
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL), cache_logger_on_first_use=False
    )
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(disabled)
        if was_configured:
            structlog.configure(**before)
        else:
            structlog.reset_defaults()


def _forget_standard_output() -> None:
    """The reader has gone; what the interpreter still flushes at its end must not complain."""
    with suppress(OSError, io.UnsupportedOperation):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
