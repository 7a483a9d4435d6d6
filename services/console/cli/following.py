"""A conversation as it goes on, over the console's live socket. What the socket missed is asked for by REST."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

import aiohttp
import orjson

from services.console.cli.console_client import API, Console
from services.console.cli.failures import OutOfReach, Refused
from services.console.cli.message_lines import conversation_fields, message_lines
from services.console.cli.output import Output, listed

LOGIN_ENDED: Final = 4401
PATIENCE_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 1.0
_PAGE: Final = 200
_NOT_LET_IN: Final = frozenset({401, 403})
_LOGIN_ENDED: Final = "the login ended; give the command again to log in again"


class Followed:
    """What was printed of one conversation: each message once, and again when it changed."""

    def __init__(self, conversation_id: str, output: Output, limit: int) -> None:
        self.path = f"/conversations/{conversation_id}/messages"
        self.conversation_id = conversation_id
        self.limit = limit
        self.last_seq = 0
        self.cursor: str | None = None
        self._output = output
        self._revisions: dict[int, int] = {}

    def tell(self, messages: Iterable[Mapping[str, Any]]) -> None:
        for message in messages:
            seq, revision = int(message["seq"]), int(message.get("revision") or 0)
            if self._revisions.get(seq, -1) < revision:
                self._revisions[seq] = revision
                self.last_seq = max(self.last_seq, seq)
                self._output.next(message, message_lines(message))


async def follow(console: Console, conversation: Mapping[str, Any], output: Output, *, limit: int) -> None:
    """Print the last messages, then every further one and every change, until cancelled.

    Raises Refused when the login ends, OutOfReach when the console stays away for a minute.
    """
    followed = Followed(str(conversation["id"]), output, limit)
    if not output.as_json:
        output.value(None, [*listed(conversation_fields(conversation)), ""])
    await _tell_last(console, followed)
    loop = asyncio.get_running_loop()
    patient_until = loop.time() + PATIENCE_SECONDS
    while True:
        try:
            await _listen(console, followed)
            patient_until = loop.time() + PATIENCE_SECONDS
        except (aiohttp.ClientError, TimeoutError, OutOfReach) as failure:
            if isinstance(failure, aiohttp.WSServerHandshakeError) and failure.status in _NOT_LET_IN:
                raise Refused(_LOGIN_ENDED) from None
            if loop.time() > patient_until:
                raise OutOfReach(f"{console.server.silent} any more; {console.server.advice}") from None
        await asyncio.sleep(_PAUSE_SECONDS)


async def _listen(console: Console, followed: Followed) -> None:
    """One life of the socket. Once it flows, what came before is asked for: so nothing falls between."""
    url = console.server.address + f"{API}/live"
    async with console.session.ws_connect(url, headers=console.headers, heartbeat=20.0) as socket:
        await socket.send_json({"type": "hello", "cursor": followed.cursor})
        async for frame in socket:
            if frame.type is aiohttp.WSMsgType.TEXT:
                await _take(console, followed, orjson.loads(frame.data))
        if socket.close_code == LOGIN_ENDED:
            raise Refused(_LOGIN_ENDED)


async def _take(console: Console, followed: Followed, said: Mapping[str, Any]) -> None:
    followed.cursor = said.get("cursor", followed.cursor)
    match said.get("type"):
        case "message" if said.get("conversation_id") == followed.conversation_id:
            followed.tell([said["message"]])
        case "ready":
            await _tell_further(console, followed)
        case "reset":
            followed.cursor = None
            await _tell_last(console, followed)
        case _:
            return


async def _tell_last(console: Console, followed: Followed) -> None:
    page = await console.get(followed.path, limit=followed.limit)
    followed.tell(page["items"])


async def _tell_further(console: Console, followed: Followed) -> None:
    while True:
        page = await console.get(followed.path, after_seq=followed.last_seq, limit=_PAGE)
        followed.tell(page["items"])
        if len(page["items"]) < _PAGE:
            return
