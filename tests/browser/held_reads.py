"""Whatever a page reads by itself waits, so that the next call the server hears is what the agent does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Page, Route

CALLS: Final = "**/api/v1/**"


@asynccontextmanager
async def reads_held(page: Page) -> AsyncIterator[None]:
    """For the length of the block; then they go on."""
    go_on = asyncio.Event()

    async def pass_on(route: Route) -> None:
        if route.request.method == "GET":
            await go_on.wait()
        await route.continue_()

    await page.route(CALLS, pass_on)
    try:
        yield
    finally:
        go_on.set()
        await page.unroute(CALLS, pass_on)
