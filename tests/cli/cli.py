"""The real `main`, run in a thread as a shell would run it, and what it said."""

import asyncio
import contextlib
import io
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from services.console.cli import main

ROOT = Path(__file__).parents[2]
APP = "wx0123456789abcdef"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OTHER_AES_KEY = AES_KEY[::-1]
SECRET_KEYS = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
SECRETS = ("wechat-secret-1", "token1", AES_KEY, OTHER_AES_KEY)
ADD = ("apps", "add", "--appid", APP, "--name", "演示", "--secret", SECRETS[0], "--token", SECRETS[1])


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Cli:
    """`variables` are the whole environment that matters; wxdesk's own are taken out of the real one."""

    patch: pytest.MonkeyPatch
    variables: dict[str, str] = field(default_factory=dict)

    async def __call__(self, *argv: str, stdin: str = "") -> Ran:
        with self.patch.context() as patch:
            for name in ("AMQP_URL", "MONGO_URL", "MONGO_DB", "WXDESK_SECRET_KEYS", "DATA_DIR", "PUBLIC_BASE_URL"):
                patch.delenv(name, raising=False)
            for name, value in self.variables.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            return await asyncio.to_thread(_run, argv)

    async def ok(self, *argv: str, stdin: str = "") -> Ran:
        ran = await self(*argv, stdin=stdin)
        assert ran.code == 0, ran
        return ran

    def process_environment(self) -> dict[str, str]:
        """For a command run as a process of its own."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {**kept, "PYTHONPATH": str(ROOT), **self.variables}


def command(*argv: str) -> Sequence[str]:
    return (sys.executable, "-m", "services.console.cli", *argv)


def _run(argv: Sequence[str]) -> Ran:
    out, err = _stream(), _stream()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(argv)
    return Ran(code, _text(out), _text(err))


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()
