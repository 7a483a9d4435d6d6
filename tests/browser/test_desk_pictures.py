"""`make screenshots`: the desk on a busy morning, every page of its settings, and the phone beside it."""

from typing import Final

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.browser.busy import Busy
from tests.browser.chromium import MIDDLE, PHONE, WIDE
from tests.browser.test_browser_pictures import picture
from tests.browser.visits import Visits, log_in, open_phone
from tests.flow.town import Town

LOOKS: Final = (("light", "zh-CN"), ("dark", "en-GB"))
SECTIONS: Final = (
    "account",
    "canned-replies",
    "apps",
    "apps/wx0123456789abcdef",
    "agents",
    "tags",
    "notifiers",
    "webhooks",
    "tokens",
    "audit",
)

pytestmark = [
    pytest.mark.screenshots,
    pytest.mark.timeout(600),
    pytest.mark.parametrize("size", [WIDE, MIDDLE, PHONE], ids=["wide", "middle", "phone"]),
    pytest.mark.parametrize(("scheme", "locale"), LOOKS, ids=["light", "dark"]),
]


@pytest.fixture(scope="module")
async def busy(desk_town: Town) -> Busy:
    made = Busy(desk_town, await desk_town.log_in("lina"), await desk_town.log_in("zhou", presence=None), {})
    await made.fill()
    return made


async def still(page: Page) -> None:
    """Nothing is being read any more, and pictures are there."""
    await page.wait_for_load_state("networkidle")
    await expect(page.locator("[aria-hidden=true].skeleton")).to_have_count(0)


@pytest.mark.parametrize(
    "who", ["林小满", "周子墨", "赵敏", "陈一一"], ids=["lively", "used-up", "gone-wrong", "waiting"]
)
async def test_conversation(
    busy: Busy, visits: Visits, request: pytest.FixtureRequest, size: ViewportSize, scheme: str, locale: str, who: str
) -> None:
    page = await visits.page(size, color_scheme=scheme, locale=locale)
    await log_in(page, busy.town, "lina", f"/{'waiting' if who == '陈一一' else 'mine'}/{busy.ids[who]}")
    await expect(page.get_by_role("main").get_by_role("heading", name=who)).to_be_visible()
    await still(page)
    await picture(page, request)


@pytest.mark.parametrize("view", ["waiting", "mine", "closed"])
async def test_list(
    busy: Busy, visits: Visits, request: pytest.FixtureRequest, size: ViewportSize, scheme: str, locale: str, view: str
) -> None:
    page = await visits.page(size, color_scheme=scheme, locale=locale)
    await log_in(page, busy.town, "lina", f"/{view}")
    await still(page)
    await picture(page, request)


@pytest.mark.parametrize("section", SECTIONS)
async def test_settings(
    busy: Busy,
    visits: Visits,
    request: pytest.FixtureRequest,
    size: ViewportSize,
    scheme: str,
    locale: str,
    section: str,
) -> None:
    page = await visits.page(size, color_scheme=scheme, locale=locale)
    await log_in(page, busy.town, "admin", f"/settings/{section}")
    await expect(page.get_by_role("main").get_by_role("heading").first).to_be_visible()
    await still(page)
    await picture(page, request)


async def test_phone_of_a_customer(
    busy: Busy, visits: Visits, request: pytest.FixtureRequest, size: ViewportSize, scheme: str, locale: str
) -> None:
    page = await visits.page(size, color_scheme=scheme, locale=locale)
    await open_phone(page, busy.town, "oX5t700kQmPzR")
    await expect(page.get_by_text("可以的，下单时").first).to_be_visible()
    await picture(page, request)
