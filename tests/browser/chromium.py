"""The real browser: Debian's Chromium, which speaks to nobody but this machine."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, ViewportSize, async_playwright

EXECUTABLE: Final = Path("/usr/bin/chromium")

FLAGS: Final = (
    "--no-sandbox",  # tests also run as root and in containers, where the sandbox cannot be set up
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    "--metrics-recording-only",
    "--safebrowsing-disable-auto-update",
    "--autoplay-policy=no-user-gesture-required",
    "--font-render-hinting=none",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
)

WIDE: Final[ViewportSize] = {"width": 1440, "height": 900}
MIDDLE: Final[ViewportSize] = {"width": 1024, "height": 768}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """One browser; each test gets a context of its own, which is a fresh profile."""
    # Whatever proxy this machine uses, a browser under test has no business with it.
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=EXECUTABLE,
            args=FLAGS,
            env={**environment},
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )
        try:
            yield browser
        finally:
            await browser.close()
