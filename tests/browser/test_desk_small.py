"""The desk on a phone, in English and in the dark; and for everybody, whatever they see it with."""

import re
from typing import Any, Final, Literal
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import violations
from tests.browser.chromium import PHONE, WIDE
from tests.browser.crew import PASSWORD, Crew, Customer, Staff
from tests.support.waiting import eventually

SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")

DIALOGS: Final = ("t", "l", "n", "?", "Control+k")


async def _fits(page: Page) -> bool:
    """Nothing sticks out at the side."""
    fits: bool = await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return fits


async def test_on_a_phone_one_pane_at_a_time_and_everything_in_reach(crew: Crew) -> None:
    chen, _, lin = await crew.agent("Ann Chen"), await crew.agent("Ben Liu"), await crew.customer("Lin")
    page = await crew.visits.page(PHONE, locale="en-US", color_scheme="dark")
    await page.goto(crew.town.plan.url("console"))
    await page.get_by_label("Login").fill(chen.login)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").tap()
    lists, main = page.get_by_role("region", name="Conversations"), page.get_by_role("main")
    tabs = page.get_by_role("navigation", name="wxdesk")
    await tabs.get_by_role("link", name=re.compile("^Waiting")).tap()
    await expect(lists).to_contain_text(re.compile("waiting [0-9]"))
    assert await _fits(page)

    await lists.get_by_role("link", name=re.compile(lin.name)).tap()
    await expect(main.get_by_role("heading", name=lin.name)).to_be_visible()
    await expect(lists).to_be_hidden()
    await main.locator("header").get_by_role("button", name="Accept").tap()
    field = page.get_by_role("textbox", name="Reply to the customer")
    await field.fill("Hello, this is Ann.")
    await page.get_by_role("region", name="Reply to the customer").get_by_role("button", name="Send", exact=True).tap()
    history = page.get_by_role("region", name="Messages")
    await expect(history.get_by_role("article").get_by_role("img", name="Sent")).to_be_visible()
    await lin.sees("Hello, this is Ann.")
    assert await _fits(page)

    await page.get_by_role("button", name="Customer details (I)").tap()
    pane = page.get_by_role("complementary", name="Customer")
    await expect(pane).to_contain_text(lin.openid)
    await pane.get_by_role("button", name="Add", exact=True).tap()
    dialog = page.get_by_role("dialog", name=re.compile(lin.name))
    await dialog.get_by_role("textbox").fill("prefers tea")
    await dialog.get_by_role("button", name="Save").tap()
    await expect(pane).to_contain_text("prefers tea")
    await pane.get_by_role("button", name="Hide the customer").tap()
    await expect(pane).to_have_count(0)

    await page.get_by_role("button", name="Transfer (T)").tap()
    await dialog.get_by_role("option", name=re.compile("Ben Liu")).first.tap()
    assert await _fits(page)
    await dialog.get_by_role("button", name=re.compile("Ben Liu$")).tap()
    await expect(main).to_contain_text("Ben Liu has this conversation")
    await page.get_by_role("link", name="Back").tap()
    await expect(lists).to_be_visible()

    await tabs.get_by_role("button", name="More").tap()
    await page.get_by_role("menuitem", name="Settings").tap()
    await page.get_by_role("navigation", name="Settings").get_by_role("link", name=re.compile("account")).tap()
    await expect(page.get_by_role("navigation", name="Settings")).to_be_hidden()
    await expect(main).to_contain_text("Appearance")
    assert await _fits(page)
    await main.get_by_role("link", name="Settings").tap()
    await tabs.get_by_role("button", name="More").tap()
    await page.get_by_role("menuitem", name="Closed").tap()
    await expect(lists).to_be_visible()
    assert await page.evaluate("document.documentElement.dataset.theme") == "dark"


async def _busy(crew: Crew, chen: Staff) -> Customer:
    """A conversation with one of everything in it."""
    lin = await crew.served("小林", chen)
    path = f"/conversations/{lin.id}/messages"

    async def send(state: str, **fault: Any) -> None:
        await crew.faults(**fault)
        body = {"client_id": uuid4().hex, "type": "text", "text": f"应当 {state}，见 https://example.com/a?b=c"}
        await chen.caller.must("POST", path, body)
        await eventually(lambda: crew.town.settled(lin.openid))

    await lin.say("🙂 مرحبا " + "长" * 60)
    await crew.town.customer(lin.openid, "card", {"title": "外套", "path": "pages/goods?id=7"})
    await send("sent")
    await send("refused", errcode=87014, times=1)
    await send("unknown", drop_answer=True, times=1)
    await crew.faults()
    await chen.caller.must("POST", f"/conversations/{lin.id}/notes", {"text": "老客户"})
    return lin


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
async def test_axe_finds_nothing_serious_in_light_or_dark(crew: Crew, locale: Literal["zh-CN", "en-US"]) -> None:
    chen, _ = await crew.agent("陈晓", "supervisor"), await crew.agent("刘洋")
    lin, waiting = await _busy(crew, chen), await crew.customer("小赵")
    page = await crew.visits.page(WIDE, locale=locale)
    found: list[str] = []

    async def look(where: str) -> None:
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            found.extend(f"{where}, {scheme}: {one}" for one in await violations(page))

    await page.goto(crew.town.plan.url("console"))
    await page.locator("form button[type=submit]").wait_for()
    await look("login")
    await page.context.add_cookies([{"name": "wxdesk", "value": chen.token, "url": crew.town.plan.url("console")}])
    await page.goto(f"{crew.town.plan.url('console')}/waiting")
    await page.get_by_role("link", name=re.compile(waiting.name)).wait_for()
    await look("list")
    await page.goto(f"{crew.town.plan.url('console')}/mine/{lin.id}")
    await expect(page.get_by_role("main").get_by_role("article")).to_have_count(7)
    await expect(page.get_by_role("complementary")).to_contain_text("老客户")
    await look("conversation and customer")
    for key in DIALOGS:
        await page.keyboard.press(key)
        await page.get_by_role("dialog").wait_for()
        await look(f"dialog of {key}")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
    for button in ("小程序卡片", "链接") if locale == "zh-CN" else ("Mini program card", "Link"):
        await page.get_by_role("button", name=button, exact=True).click()
        await look(f"dialog {button}")
        await page.keyboard.press("Escape")
    await page.set_viewport_size(PHONE)
    await look("conversation on a phone")
    await page.goto(f"{crew.town.plan.url('console')}/waiting")
    await page.get_by_role("searchbox").wait_for()
    await look("list on a phone")
    assert not found, "\n".join(sorted(set(found)))
