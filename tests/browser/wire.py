"""The live socket of one page, with a knife to it."""

import re
from dataclasses import dataclass, field
from typing import Final

from playwright.async_api import Page, WebSocketRoute

LIVE: Final = re.compile(r"/api/v1/live$")


@dataclass
class Wire:
    """Passes everything on between page and console until it is cut; while `down` nobody gets through."""

    down: bool = False
    tries: int = 0
    _pairs: list[tuple[WebSocketRoute, WebSocketRoute]] = field(default_factory=list)

    async def follow(self, page: Page) -> None:
        """From the next time the page is opened."""
        await page.route_web_socket(LIVE, self._connect)

    async def cut(self) -> None:
        pairs, self._pairs = self._pairs, []
        for page, server in pairs:
            await page.close(code=1012, reason="cut by the test")
            await server.close()

    async def _connect(self, page: WebSocketRoute) -> None:
        self.tries += 1
        if self.down:
            await page.close(code=1012, reason="down by the test")
            return
        self._pairs.append((page, page.connect_to_server()))
