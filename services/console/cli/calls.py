"""One HTTP call and what its failure means to the one who typed the command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import aiohttp
import orjson

from services.console.cli.failures import Misused, OutOfReach

ANSWER_SECONDS: Final = 30.0


class Answer(NamedTuple):
    """`body` is the parsed JSON, None where there was none."""

    status: int
    body: Any
    retry_after: str | None = None


class Server(NamedTuple):
    """Who is called, and the variable that says where."""

    name: str
    address: str
    variable: str

    @property
    def silent(self) -> str:
        return f"the {self.name} at {self.address} does not answer"

    @property
    def advice(self) -> str:
        return f"start it (`make run`), or correct {self.variable}"

    def stranger(self) -> Misused:
        return Misused(f"whatever answers at {self.address} is not wxdesk's {self.name}; correct {self.variable}")


@asynccontextmanager
async def http_session() -> AsyncIterator[aiohttp.ClientSession]:
    """A session without cookies: a login travels as a header, and nothing is kept."""
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=5.0),
    ) as session:
        yield session


async def call(session: aiohttp.ClientSession, server: Server, method: str, path: str, **options: Any) -> Answer:
    """Raises OutOfReach without an answer, Misused where it is not one of wxdesk's."""
    try:
        async with session.request(method, server.address + path, allow_redirects=False, **options) as response:
            text = await response.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as failure:
        raise OutOfReach(f"{server.silent} ({type(failure).__name__}); {server.advice}") from None
    except ValueError:
        raise Misused(f"{server.variable} is no address that can be called; correct it") from None
    return Answer(response.status, _parsed(server, text), response.headers.get("Retry-After"))


def _parsed(server: Server, text: bytes) -> Any:
    if not text:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise server.stranger() from None
