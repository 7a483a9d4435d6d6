"""Pages as people have them: an agent at the desk, a customer on the sandbox's phone."""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, Page, ViewportSize
from playwright.async_api import Error as PlaywrightError

from deploy.local.seed import APP_ID
from tests.browser.chromium import PHONE, WIDE
from tests.browser.watching import Watch
from tests.flow.town import Town

PATIENCE_MS: Final = 30_000
"""How long anything may take to appear, on a machine that has other work; nothing waits this long by itself."""


@dataclass
class Visits:
    """Opens pages for one test, each in a profile of its own, and watches them all."""

    browser: Browser
    watch: Watch = field(default_factory=Watch)
    contexts: list[BrowserContext] = field(default_factory=list)
    kept: int = 0
    """Of so many contexts the pictures are taken."""

    async def page(self, size: ViewportSize = WIDE, **options: Any) -> Page:
        """A page that shows nothing yet. `options` are those of a browser context: `color_scheme`, `locale` …"""
        held = {"is_mobile": True, "has_touch": True} if size == PHONE else {}
        known = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "reduced_motion": "reduce", "color_scheme": "light"}
        context = await self.browser.new_context(viewport=size, **{**known, **held, **options})
        self.contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        await self.watch.follow(context)
        await context.tracing.start(snapshots=True)
        return await context.new_page()

    async def keep(self, folder: Path) -> None:
        """Once: a picture of every page, and a trace of each profile for `.venv/bin/playwright show-trace`."""
        contexts, self.kept = self.contexts[self.kept :], len(self.contexts)
        for number, context in enumerate(contexts, 1):
            for tab, page in enumerate(context.pages, 1):
                with suppress(PlaywrightError):  # a page that is too busy is no reason to have no trace
                    await page.screenshot(path=folder / f"{number}-{tab}.png")
            await context.tracing.stop(path=folder / f"{number}-trace.zip")

    async def close(self) -> None:
        contexts, self.contexts, self.kept = self.contexts, [], 0
        for context in contexts:
            await context.close()


async def log_in(page: Page, town: Town, login: str = "lina", path: str = "/") -> None:
    """By the login page, as an agent does; returns when the desk stands there."""
    password = next(agent.password for agent in town.seeded.agents if agent.login == login)
    await page.goto(town.plan.url("console") + path)
    await page.fill("input[name=username]", login)
    await page.fill("input[name=password]", password)
    await page.click("form button[type=submit]")
    await page.locator("input[name=password]").wait_for(state="detached")


async def open_phone(page: Page, town: Town, openid: str, *, screen: str = "chat") -> None:
    """The phone of one customer, who is made where there is none; `screen` is `entrance` or `chat`."""
    await town.create_customer(openid)
    kept = json.dumps({"phones": [{"appid": APP_ID, "openid": openid, "screen": screen}]})
    key = "wxdesk-sandbox-page"
    await page.add_init_script(f"localStorage.getItem('{key}') || localStorage.setItem('{key}', {json.dumps(kept)})")
    await page.goto(town.plan.url("sandbox"))
    await page.locator(f'.handset code[title="{openid}"]').wait_for()
