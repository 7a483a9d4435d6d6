"""One customer's phone at the sandbox, by its control API, and how a terminal shows it."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import aiohttp

from services.console.cli.calls import Answer, Server, call
from services.console.cli.failures import Misused, OutOfReach, Refused
from services.console.cli.message_lines import moment, what
from services.console.cli.terminal import one_line, printable

CONTROL: Final = "/sandbox/api"
LONGEST_LOOK_SECONDS: Final = 20.0

_BAD: Final = 400
_SERVER_ERROR: Final = 500
_INDENT: Final = "      "


class Phone:
    def __init__(self, session: aiohttp.ClientSession, server: Server, app_id: str | None, openid: str) -> None:
        self._session = session
        self._server = server
        self._app_id = app_id
        self._openid = openid

    async def prepare(self) -> None:
        """Find the app if none was named, and make the customer if there is none."""
        if self._app_id is None:
            self._app_id = await self._only_app()
        await self._call("POST", self._app_path("/customers"), json={"openid": self._openid})

    async def look(self, after: int = 0, wait_seconds: float = 0) -> dict[str, Any]:
        params = {"after": after, "wait_seconds": wait_seconds}
        seen = await self._call("GET", self._path("phone"), params=params)
        return dict(seen)

    async def post(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return dict(await self._call("POST", self._path(action), json=dict(body), timeout=_PUSHED))

    async def post_file(self, action: str, content: bytes) -> dict[str, Any]:
        form = aiohttp.FormData()
        form.add_field("file", content, filename="picture")
        return dict(await self._call("POST", self._path(action), data=form, timeout=_PUSHED))

    async def arrivals(self, after: int, within_seconds: float) -> list[dict[str, Any]]:
        """What arrives from the service (or as a notice) after item `after`: the first batch of it, else nothing."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_seconds
        while True:
            left = max(0.0, deadline - loop.time())
            seen = await self.look(after, min(left, LONGEST_LOOK_SECONDS))
            arrived = [item for item in seen["items"] if item["from"] != "customer"]
            if arrived or loop.time() >= deadline:
                return arrived
            after = max((int(item["n"]) for item in seen["items"]), default=after)

    async def _only_app(self) -> str:
        apps = (await self._call("GET", f"{CONTROL}/state"))["apps"]
        if len(apps) != 1:
            raise Misused(f"the sandbox knows {len(apps)} apps; name one with --app")
        return str(apps[0]["appid"])

    async def _call(self, method: str, path: str, **options: Any) -> Any:
        return self._fields(await call(self._session, self._server, method, path, **options))

    def _fields(self, answer: Answer) -> Any:
        if answer.status < _BAD:
            return answer.body
        if not isinstance(answer.body, dict) or "error" not in answer.body:
            raise self._server.stranger()
        if answer.status >= _SERVER_ERROR:
            raise OutOfReach(f"the sandbox cannot do this now: {answer.body['error']}")
        raise Refused(str(answer.body["error"]))

    def _path(self, action: str) -> str:
        return self._app_path(f"/customers/{quote(self._openid, safe='')}/{action}")

    def _app_path(self, rest: str) -> str:
        return f"{CONTROL}/apps/{quote(self._app_id or '', safe='')}{rest}"


_PUSHED: Final = aiohttp.ClientTimeout(total=120.0)
"""WeChat tries up to four times, 5 s each; only then is a push settled."""


def phone_lines(seen: Mapping[str, Any]) -> list[str]:
    """The phone as a conversation, then what WeChat knows of it."""
    lines = [line for item in seen["items"] for line in item_lines(item)] or ["(nothing yet)"]
    window = seen.get("window") or {}
    deadline = moment(window.get("deadline"))
    state = [f"window: {window.get('remaining')} until {deadline}", f"official console: {seen.get('console')}"]
    return [*lines, "", *(["typing …"] if seen.get("typing") else []), one_line(" · ".join(state))]


def item_lines(item: Mapping[str, Any]) -> list[str]:
    """One item; further lines of a text are indented, so that none can pass for an item."""
    first, *others = what(item).splitlines() or [""]
    label = " (AI)" if item.get("ai_label") else ""
    head = f"{item['n']:>4}  {str(item.get('at'))[11:19]}Z  {one_line(str(item.get('from')))}{label}"
    return [f"{head}: {printable(first)}", *(f"{_INDENT}{printable(line)}" for line in others)]
