import pytest
from playwright.async_api import ViewportSize, expect

from tests.browser.axe import violations
from tests.browser.chromium import MIDDLE, PHONE, WIDE
from tests.browser.visits import Visits, log_in
from tests.flow.town import Town


@pytest.mark.parametrize("size", [WIDE, MIDDLE, PHONE], ids=["wide", "middle", "phone"])
async def test_the_login_page_stands_there_within_the_policy(
    desk_town: Town, visits: Visits, size: ViewportSize
) -> None:
    page = await visits.page(size)
    answer = await page.goto(desk_town.plan.url("console"))
    assert answer is not None
    policy = await answer.header_value("content-security-policy")
    assert policy is not None
    assert "unsafe" not in policy
    await expect(page.locator("input[name=username]")).to_be_focused()
    await expect(page.locator("form button[type=submit]")).to_be_visible()
    assert await violations(page) == []


async def test_a_wrong_password_is_told_and_a_right_one_lets_in(desk_town: Town, visits: Visits) -> None:
    visits.watch.allow("^401 POST /api/v1/login$")
    page = await visits.page()
    await page.goto(desk_town.plan.url("console"))
    await page.fill("input[name=username]", "lina")
    await page.fill("input[name=password]", "not hers")
    await page.click("form button[type=submit]")
    await expect(page.locator("[aria-invalid=true]")).to_be_visible()
    await log_in(page, desk_town, "lina")
    await page.reload()
    await expect(page.locator("input[name=password]")).to_have_count(0)
