"""A whole conversation by keyboard alone."""

import re
from typing import Final

from playwright.async_api import expect

from tests.browser.crew import PASSWORD, Crew
from tests.browser.desk import Desk

MOST_ROWS: Final = 30


async def test_from_the_login_to_an_answer_without_a_mouse(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin, zhao = await crew.customer("小林"), await crew.customer("小赵")
    page = await crew.visits.page()
    desk, keys = Desk(page, crew.town.plan.url("console")), page.keyboard
    await page.goto(desk.url)
    await expect(page.get_by_label("登录名")).to_be_focused()
    await keys.type(chen.login)
    await keys.press("Tab")
    await keys.type(PASSWORD)
    await keys.press("Enter")
    await expect(desk.lists).to_be_visible()

    await keys.press("g")
    await keys.press("w")
    await expect(desk.row(zhao.name)).to_be_visible()
    await keys.press("j")
    for _ in range(MOST_ROWS):
        if await desk.row(lin.name).evaluate("(row) => row === document.activeElement"):
            break
        await keys.press("j")
    await expect(desk.row(lin.name)).to_be_focused()
    await keys.press("j")
    await expect(desk.row(zhao.name)).to_be_focused()
    await keys.press("k")
    await keys.press("Enter")
    await expect(desk.header.get_by_role("heading", name=lin.name)).to_be_visible()

    await keys.press("a")
    await expect(desk.composer).to_be_visible()
    await keys.press("r")
    await expect(desk.composer).to_be_focused()
    await keys.type("jk? gw e 都只是字")
    await expect(desk.composer).to_have_value("jk? gw e 都只是字")
    await keys.press("Shift+Enter")
    await keys.type("第二行")
    await keys.press("Enter")
    await expect(desk.mark("第二行")).to_be_visible()
    await lin.sees("jk? gw e 都只是字\n第二行")
    await expect(desk.header).to_contain_text("我在接待")
    await keys.press("Escape")
    await expect(desk.composer).not_to_be_focused()
    await keys.press("Escape")
    await expect(desk.header).to_have_count(0)
    await expect(page).to_have_url(re.compile("/waiting$"))


async def test_noted_tagged_closed_undone_and_transferred_without_a_mouse(crew: Crew) -> None:
    chen, liu = await crew.agent("陈晓"), await crew.agent("刘洋")
    lin = await crew.served("小林", chen)
    await crew.admin.must("PUT", "/tags/回访", {"color": "blue"})
    crew.after(lambda: crew.admin.call("DELETE", "/tags/回访"))
    desk = await crew.desk(chen, f"/mine/{lin.id}")
    page, keys = desk.page, desk.page.keyboard
    await expect(desk.composer).to_be_visible()
    await keys.press("n")
    await keys.type("键盘写的备注")
    await keys.press("Control+Enter")
    await expect(desk.bubble("键盘写的备注")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await keys.press("l")
    await keys.type("回访")
    await keys.press("ArrowDown")
    await keys.press("Enter")
    await keys.press("Control+Enter")
    await expect(desk.customer.get_by_role("region", name="标签")).to_contain_text("回访")
    await expect(page.get_by_role("dialog")).to_have_count(0)

    await keys.press("e")
    await expect(desk.header).to_contain_text("即将结束")
    await keys.press("z")
    await expect(desk.header).to_contain_text("我在接待")
    await expect(desk.notice("的会话已结束")).to_have_count(0)

    await keys.press("t")
    dialog = desk.dialog(f"转接「{lin.name}」")
    await expect(dialog.get_by_role("textbox", name="转接给")).to_be_focused()
    await keys.type(liu.login)
    await expect(dialog.get_by_role("option")).to_have_count(1)
    await keys.press("ArrowDown")
    await keys.press("Enter")
    await expect(dialog.get_by_label(re.compile("^给同事的备注"))).to_be_focused()
    await keys.type("请接着办")
    await keys.press("Enter")
    await expect(desk.page.get_by_role("main")).to_contain_text("刘洋 正在接待")
    await expect(desk.bubble("请接着办")).to_be_visible()


async def test_the_sheet_and_the_palette_know_every_key_and_command(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    desk = await crew.desk(chen, "/mine")
    await expect(desk.row(lin.name)).to_be_visible()
    keys = desk.page.keyboard
    await keys.press("?")
    sheet = desk.dialog("键盘快捷键")
    await expect(sheet).to_contain_text("撤销结束或转接")
    await keys.press("j")
    await keys.press("Escape")
    await expect(sheet).to_have_count(0)
    await expect(desk.row(lin.name)).not_to_be_focused()

    await keys.press("Control+k")
    palette = desk.dialog("命令面板")
    await expect(palette.get_by_role("textbox")).to_be_focused()
    await keys.type(lin.name)
    await keys.press("ArrowDown")
    await keys.press("Enter")
    await expect(desk.header.get_by_role("heading", name=lin.name)).to_be_visible()
    await keys.press("Control+k")
    await keys.type("内部备注")
    await keys.press("ArrowDown")
    await keys.press("Enter")
    await expect(desk.dialog(f"给「{lin.name}」添加备注")).to_be_visible()
    await keys.press("Escape")
    await expect(desk.page.get_by_role("dialog")).to_have_count(0)

    await desk.lists.get_by_role("searchbox").focus()
    await keys.type("gwae?")
    await expect(desk.lists.get_by_role("searchbox")).to_have_value("gwae?")
    await expect(desk.page).to_have_url(re.compile(f"/all/{lin.id}$"))
    await expect(desk.header).to_contain_text("我在接待")
