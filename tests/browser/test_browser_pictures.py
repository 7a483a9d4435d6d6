"""`make screenshots`: pictures to look at, under .browser/screenshots. They fail only where a page does."""

from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.browser.chromium import MIDDLE, PHONE, WIDE
from tests.browser.visits import Visits, open_phone
from tests.flow.town import Town

SHELF: Final = Path(__file__).parents[2] / ".browser" / "screenshots"

SIZES: Final = {"wide": WIDE, "middle": MIDDLE, "phone": PHONE}

pytestmark = [
    pytest.mark.screenshots,
    pytest.mark.parametrize("size", SIZES.values(), ids=SIZES),
    pytest.mark.parametrize("scheme", ["light", "dark"]),
    pytest.mark.parametrize("locale", ["zh-CN", "en-US"]),
]


async def picture(page: Page, request: pytest.FixtureRequest) -> None:
    """Keep what the page shows under the test's name."""
    name = request.node.name.removeprefix("test_").replace("[", "-").replace("/", "-").rstrip("]")
    await page.screenshot(path=SHELF / f"{name}.png")


async def test_login(
    desk_town: Town, visits: Visits, request: pytest.FixtureRequest, size: ViewportSize, scheme: str, locale: str
) -> None:
    page = await visits.page(size, color_scheme=scheme, locale=locale)
    await page.goto(desk_town.plan.url("console"))
    await expect(page.locator("input[name=username]")).to_be_visible()
    await picture(page, request)


async def test_login_refused(
    desk_town: Town, visits: Visits, request: pytest.FixtureRequest, size: ViewportSize, scheme: str, locale: str
) -> None:
    visits.watch.allow("^401 POST /api/v1/login$")
    page = await visits.page(size, color_scheme=scheme, locale=locale)
    await page.goto(desk_town.plan.url("console"))
    await page.fill("input[name=username]", f"nobody-{scheme}-{locale}-{size['width']}")
    await page.fill("input[name=password]", "wrong")
    await page.click("form button[type=submit]")
    await expect(page.locator("[aria-invalid=true]")).to_be_visible()
    await picture(page, request)


async def test_phone_before_the_chat(
    desk_town: Town, visits: Visits, request: pytest.FixtureRequest, size: ViewportSize, scheme: str, locale: str
) -> None:
    page = await visits.page(size, color_scheme=scheme, locale=locale)
    await open_phone(page, desk_town, "o-pictured-entrance", screen="entrance")
    await picture(page, request)
