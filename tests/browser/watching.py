"""What goes wrong in a browser while a test looks elsewhere."""

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Request, Response, WebError

OURS: Final = {"127.0.0.1", "localhost"}

REPORT_VIOLATIONS: Final = """
addEventListener('securitypolicyviolation', (found) => console.error(
  `policy violated: ${found.effectiveDirective} blocked ${found.blockedURI} (${found.sourceFile}:${found.lineNumber})`))
"""

_TOLD_OTHERWISE: Final = "Failed to load resource"
"""How Chromium repeats on its console what the events of the request have told already."""

_GIVEN_UP: Final = "net::ERR_ABORTED"
"""The page itself, or the end of it, no longer wants an answer."""


@dataclass
class Watch:
    """Collects console errors, exceptions, policy violations, refused and failed requests of every page it follows."""

    allowed: list[re.Pattern[str]] = field(default_factory=lambda: [re.compile(r"^401 GET /api/v1/me$")])
    """A browser that is not logged in finds that out by asking."""
    seen: list[str] = field(default_factory=list)

    def allow(self, *patterns: str) -> None:
        """Expect what a regular expression finds, as in `^409 POST .*/accept$` or `WebSocket connection`."""
        self.allowed += [re.compile(pattern) for pattern in patterns]

    @property
    def problems(self) -> list[str]:
        return [one for one in self.seen if not any(pattern.search(one) for pattern in self.allowed)]

    async def follow(self, context: BrowserContext) -> None:
        await context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._hear_console)
        context.on("weberror", self._hear_exception)
        context.on("request", self._see_request)
        context.on("response", self._see_response)
        context.on("requestfailed", self._see_failure)

    def _hear_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "assert"} and not message.text.startswith(_TOLD_OTHERWISE):
            self.seen.append(f"console: {message.text}")

    def _hear_exception(self, error: WebError) -> None:
        self.seen.append(f"exception: {error.error.stack or error.error.message}")

    def _see_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.hostname not in OURS:
            self.seen.append(f"left this machine: {request.method} {request.url}")

    def _see_response(self, response: Response) -> None:
        if response.status >= HTTPStatus.BAD_REQUEST:
            self.seen.append(f"{response.status} {response.request.method} {urlsplit(response.url).path}")

    def _see_failure(self, request: Request) -> None:
        if request.failure != _GIVEN_UP:
            self.seen.append(f"failed {request.method} {urlsplit(request.url).path}: {request.failure}")
