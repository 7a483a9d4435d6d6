"""The page of Qiyu's staff in a real browser, against a real sandbox whose clock stands and whose pushes we take."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, ViewportSize, expect

from deploy.local import web as web_app
from deploy.local.node import ROOT, WEB, node_home
from tests.browser.axe import violations
from tests.browser.chromium import PHONE, WIDE
from tests.browser.png import file, png
from tests.browser.visits import Visits
from tests.sandbox.qiyu_box import LAN, OTHER, PROFILE, UID, YU, QiyuBox, qiyu_boxed

PAGE = ROOT / "services" / "sandbox" / "qiyu" / "page"


@pytest.fixture
async def qiyu() -> AsyncIterator[QiyuBox]:
    async with qiyu_boxed(staff=[LAN, YU]) as made:
        for uid, name in ((UID, "王小姐"), (OTHER, "李先生")):
            await made.post(PROFILE, {"uid": uid, "userinfo": [{"key": "real_name", "value": name}]})
        yield made


@pytest.fixture
def visits(qiyu: QiyuBox, visits: Visits) -> Visits:
    """Pages that are closed before their sandbox is."""
    return visits


async def opened(visits: Visits, qiyu: QiyuBox, size: ViewportSize = WIDE, **options: Any) -> Page:
    page = await visits.page(size, **options)
    await page.goto(f"{qiyu.box.running.url}/qiyu")
    return page


async def chosen(page: Page, name: str = "王小姐") -> None:
    await page.get_by_role("navigation", name="访客").get_by_role("button", name=re.compile(name)).click()


async def test_the_modules_are_of_sound_types() -> None:
    await asyncio.to_thread(web_app.build, WEB, web_app.Npm(node_home(), os.environ), packages_only=True)
    tsc = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local.node", "tsc", "--project", str(PAGE)), stdout=PIPE, cwd=ROOT
    )
    out, _ = await tsc.communicate()
    assert (tsc.returncode, out.decode()) == (0, "")


async def test_staff_answer_invite_transfer_and_close(visits: Visits, qiyu: QiyuBox) -> None:
    await qiyu.apply()
    await qiyu.say("还没有发货")
    page = await opened(visits, qiyu)
    await chosen(page)
    await expect(page.get_by_role("log")).to_contain_text("还没有发货")
    await page.get_by_role("textbox", name="回复").fill("我查一下")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("log")).to_contain_text("我查一下")
    async with page.expect_file_chooser() as choosing:
        await page.get_by_role("button", name="发送图片").click()
    await (await choosing.value).set_files(file("a.png", png(40, 30)))
    await expect(page.get_by_role("log").get_by_role("img")).to_be_visible()
    await page.get_by_role("button", name="邀请评价", exact=True).click()
    await expect(page.get_by_text("已邀请评价")).to_be_visible()
    await page.get_by_role("combobox", name="转接给…").select_option(label="小鱼")
    await expect(page.get_by_role("main")).to_contain_text("小鱼 接待")
    await page.get_by_role("button", name="结束", exact=True).click()
    await expect(page.get_by_role("log")).to_contain_text("客服结束")
    await expect(page.get_by_role("textbox", name="回复")).to_be_disabled()
    events = [event for event, _ in await qiyu.told(6)]
    assert events == ["MSG", "MSG", "EVA_INVITATION", "SESSION_END", "SESSION_START", "SESSION_END"]


async def test_who_waits_is_shown_first_and_accepted(visits: Visits, qiyu: QiyuBox) -> None:
    await qiyu.configure(staff=[LAN])
    await qiyu.apply()
    assert (await qiyu.apply(OTHER))["code"] == 14006
    page = await opened(visits, qiyu)
    first = page.get_by_role("navigation", name="访客").get_by_role("button").first
    await expect(first).to_contain_text("李先生")
    await expect(first).to_contain_text("排在最前")
    await first.click()
    await page.get_by_role("button", name="接入", exact=True).click()
    await expect(page.get_by_role("main")).to_contain_text("lantian 接待")
    assert (await qiyu.customer(OTHER))["standing"] == "human"


async def test_staff_go_and_faults_are_set(visits: Visits, qiyu: QiyuBox) -> None:
    page = await opened(visits, qiyu)
    await page.get_by_role("switch", name=re.compile("小鱼")).click()
    await expect(page.get_by_role("switch", name=re.compile("小鱼"))).to_have_attribute("aria-checked", "false")
    await page.get_by_text("故障", exact=True).click()
    await page.get_by_role("combobox", name="怎样出错").select_option("code")
    await page.get_by_role("spinbutton", name="次数（空 = 一直）").fill("1")
    await page.get_by_role("button", name="加上").click()
    await expect(page.get_by_text("全部接口 · 14500 · 还有 1 次")).to_be_visible()
    assert (await qiyu.apply())["code"] == 14500
    assert (await qiyu.apply())["code"] == 200
    await page.get_by_label("校验和错误").check()
    await expect(page.get_by_role("button", name="全部去掉")).to_be_visible()
    await page.get_by_role("button", name="全部去掉").click()
    await expect(page.get_by_text("没有故障。")).to_be_visible()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_use_it(visits: Visits, qiyu: QiyuBox, size: ViewportSize, scheme: str) -> None:
    await qiyu.apply()
    await qiyu.say()
    page = await opened(visits, qiyu, size, color_scheme=scheme)
    await expect(page.get_by_text("沙箱", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile("王小姐"))).to_be_visible()
    assert "\n".join(await violations(page)) == ""
    await chosen(page)
    await expect(page.get_by_role("log")).to_contain_text("你好")
    assert "\n".join(await violations(page)) == ""
    if size == PHONE:
        await expect(page.get_by_role("navigation", name="访客")).to_be_hidden()
        await page.get_by_role("button", name="返回列表").click()
        await page.get_by_role("button", name="员工与推送").click()
    await page.get_by_text("故障", exact=True).click()
    assert "\n".join(await violations(page)) == ""
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
