"""Two tabs of one agent: what is done in one is seen in the other."""

import re

from playwright.async_api import expect

from tests.browser.crew import Crew


async def test_two_tabs_agree_on_messages_drafts_and_presence(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    one = await crew.desk(chen, f"/mine/{lin.id}")
    other = await crew.second_tab(one, f"/mine/{lin.id}")
    own = (one.button("陈晓：状态与设置"), other.button("陈晓：状态与设置"))
    await own[0].click()
    await one.page.get_by_role("menuitem", name="离开").click()
    await expect(own[1]).to_have_attribute("title", "陈晓 · 离开")
    await own[1].click()
    await other.page.get_by_role("menuitem", name="在线").click()
    await expect(own[0]).to_have_attribute("title", "陈晓 · 在线")

    await one.composer.fill("在第一页写的")
    await expect(other.composer).to_have_value("在第一页写的")
    await other.composer.press("Enter")
    for tab in (one, other):
        await expect(tab.mark("在第一页写的")).to_be_visible()
        await expect(tab.bubble("在第一页写的")).to_have_count(1)
        await expect(tab.composer).to_have_value("")
        await expect(tab.header.get_by_role("status")).to_have_count(0)
    assert (await lin.seen()).count("在第一页写的") == 1


async def test_two_tabs_agree_on_what_was_read(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    one = await crew.desk(chen, "/mine")
    other = await crew.second_tab(one)
    for number in range(2):
        await lin.say(f"第 {number} 句")
    for tab in (one, other):
        await expect(tab.row(lin.name)).to_contain_text(re.compile("[23] 条未读"))
        await expect(tab.page).to_have_title(re.compile(r"^\([0-9]+\) "))
    await one.page.bring_to_front()
    await one.open(lin.name)
    for tab in (one, other):
        await expect(tab.row(lin.name)).not_to_contain_text("未读")
    await lin.say("再来一条")
    await expect(one.bubble("再来一条")).to_be_visible()
    await expect(other.row(lin.name)).to_contain_text("再来一条")
    await expect(other.row(lin.name)).not_to_contain_text("条未读")


async def test_what_one_tab_accepts_or_closes_the_other_shows(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.customer("小林")
    one = await crew.desk(chen, "/waiting")
    other = await crew.second_tab(one, f"/waiting/{lin.id}")
    await one.open(lin.name)
    await one.accept()
    await expect(other.composer).to_be_visible()
    await expect(other.row(lin.name)).to_have_count(0)
    await other.button("结束会话（E）").click()
    await expect(one.page.get_by_role("main")).to_contain_text("会话已关闭，客户再次发来消息时会重新打开")
    await lin.ask()
    await expect(one.header.get_by_role("button", name="接入")).to_be_visible()
