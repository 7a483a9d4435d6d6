"""Zhima's staff page in a real browser: pushes come in, people answer, things go wrong on purpose."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.browser.axe import violations
from tests.browser.chromium import PHONE, WIDE
from tests.browser.visits import Visits
from tests.sandbox.zhima_box import ZhimaBox, zhima_boxed


@pytest.fixture
async def zhima() -> AsyncIterator[ZhimaBox]:
    async with zhima_boxed() as made:
        await made.enters('{"nickName": "王小姐"}')
        yield made


@pytest.fixture
def visits(zhima: ZhimaBox, visits: Visits) -> Visits:
    """Pages that are closed before their sandbox is."""
    return visits


async def opened(visits: Visits, zhima: ZhimaBox, size: ViewportSize = WIDE, **options: Any) -> Page:
    page = await visits.page(size, **options)
    await page.goto(f"{zhima.box.running.url}/zhima")
    return page


async def chosen(page: Page) -> None:
    await page.get_by_role("navigation", name="访客").get_by_role("button", name=re.compile("王小姐")).click()


async def test_staff_accept_answer_and_close(visits: Visits, zhima: ZhimaBox) -> None:
    await zhima.says("还没有发货")
    page = await opened(visits, zhima)
    await chosen(page)
    await expect(page.get_by_role("log")).to_contain_text("还没有发货")
    await expect(page.get_by_role("textbox", name="回复")).to_be_disabled()
    await page.get_by_role("button", name="接入", exact=True).click()
    await expect(page.get_by_role("main")).to_contain_text("小敏 接待")
    await page.get_by_role("textbox", name="回复").fill("我查一下")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("log")).to_contain_text("我查一下")
    replies = await zhima.settled(1)
    assert [(reply["text"], reply["errcode"]) for reply in replies] == [("我查一下", 0)]
    await page.get_by_role("button", name="结束", exact=True).click()
    await expect(page.get_by_role("textbox", name="回复")).to_be_disabled()


async def test_staff_go_and_faults_are_set(visits: Visits, zhima: ZhimaBox) -> None:
    page = await opened(visits, zhima)
    await page.get_by_role("switch", name=re.compile("小敏")).click()
    await expect(page.get_by_role("switch", name=re.compile("小敏"))).to_have_attribute("aria-checked", "false")
    await page.get_by_text("故障", exact=True).click()
    await page.get_by_role("combobox", name="怎样出错").select_option("http")
    await page.get_by_role("spinbutton", name="次数（空 = 一直）").fill("1")
    await page.get_by_role("button", name="加上").click()
    await expect(page.get_by_text("返回 HTTP 500（不收） · 还有 1 次")).to_be_visible()
    assert [(await zhima.says(msg_id=number)).status for number in (71, 71)] == [500, 200]
    await page.get_by_role("combobox", name="怎样出错").select_option("token")
    await page.get_by_role("spinbutton", name="次数（空 = 一直）").fill("")
    await page.get_by_role("button", name="加上").click()
    await expect(page.get_by_text("取不到 token（HTTP 500） · 一直")).to_be_visible()
    await page.get_by_label("MsgId 是数字").check()
    await expect(page.get_by_label("MsgId 是数字")).to_be_checked()
    faults = (await zhima.state())["faults"]
    assert (len(faults["token"]), faults["events"]["int_msg_id"]) == (1, True)
    await page.get_by_role("button", name="全部去掉").click()
    await expect(page.get_by_text("没有故障。")).to_be_visible()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_use_it(visits: Visits, zhima: ZhimaBox, size: ViewportSize, scheme: str) -> None:
    await zhima.says()
    page = await opened(visits, zhima, size, color_scheme=scheme)
    await expect(page.get_by_role("button", name=re.compile("王小姐"))).to_be_visible()
    assert "\n".join(await violations(page)) == ""
    await chosen(page)
    await expect(page.get_by_role("log")).to_contain_text("你好")
    assert "\n".join(await violations(page)) == ""
    if size == PHONE:
        await expect(page.get_by_role("navigation", name="访客")).to_be_hidden()
        await page.get_by_role("button", name="返回列表").click()
        await page.get_by_role("button", name="员工与事件").click()
    await page.get_by_text("故障", exact=True).click()
    assert "\n".join(await violations(page)) == ""
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
