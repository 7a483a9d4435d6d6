"""Who gets a customer: offers that are declined and accepted, take-over, the official console, blocking, attention."""

import re
from collections.abc import Mapping
from typing import Any

from playwright.async_api import expect

from deploy.local.seed import APP_ID
from tests.browser.axe import violations
from tests.browser.chromium import PHONE
from tests.browser.crew import Crew, Customer
from tests.browser.desk import Desk
from tests.support.waiting import eventually


async def _settings(crew: Crew, **changes: Mapping[str, Any]) -> None:
    """Change parts of the app's settings; they are put back when the test is over."""
    before = await crew.admin.must("GET", f"/apps/{APP_ID}")
    parts = {name: {**before["settings"][name], **change} for name, change in changes.items()}

    async def put(settings: Mapping[str, Any]) -> None:
        now = await crew.admin.must("GET", f"/apps/{APP_ID}")
        await crew.admin.must("PUT", f"/apps/{APP_ID}/settings", {"version": now["version"], "settings": settings})

    crew.after(lambda: put(before["settings"]))
    await put({**before["settings"], **parts})


async def _session(customer: Customer) -> Any:
    conversation = await customer.town.conversation(customer.openid)
    assert conversation is not None
    return conversation.session


async def _offered_to(customer: Customer) -> str:
    offer = (await _session(customer)).offer
    assert offer is not None
    return str(offer.agent_id)


async def test_an_offer_is_declined_by_one_and_accepted_by_the_next(crew: Crew) -> None:
    await _settings(crew, assignment={"offer_seconds": 600})
    chen, liu = await crew.agent("陈晓"), await crew.agent("刘洋")
    desks = {one.login: await crew.desk(one, "/mine") for one in (chen, liu)}
    names = {one.login: one.name for one in (chen, liu)}
    lin = await crew.customer("小林")
    first = await eventually(lambda: _offered_to(lin))
    second = next(login for login in desks if login != first)
    asked, other = desks[first], desks[second]

    offer = asked.lists.get_by_role("region", name="接入邀请")
    await expect(offer).to_contain_text(f"{lin.name}，接入？")
    await expect(offer.get_by_role("timer")).to_have_text(re.compile(r"还剩 \d+ 秒"))
    assert await violations(asked.page) == []
    await other.show("待接入")
    await expect(other.row(lin.name)).to_contain_text(f"已邀请 {names[first]}")
    await expect(other.lists.get_by_role("region", name="接入邀请")).to_have_count(0)

    await asked.page.keyboard.press("d")
    await expect(offer).to_have_count(0)
    await other.lists.get_by_role("region", name="接入邀请").get_by_role("link").click()
    card = other.page.get_by_role("main").get_by_role("region", name="接入邀请")
    await expect(other.history).to_contain_text(f"{names[first]} 谢绝接入，邀请下一位")
    await asked.show("待接入")
    await expect(asked.row(lin.name)).to_contain_text(f"已邀请 {names[second]}")
    assert await violations(other.page) == []
    await card.get_by_role("button", name=re.compile("^接入")).click()
    await expect(other.composer).to_be_visible()
    await expect(other.history).to_contain_text(f"{names[second]} 接受邀请，已接入")
    await expect(asked.row(lin.name)).to_have_count(0)
    why = other.customer.get_by_role("region", name="分配依据")
    await expect(why.get_by_role("listitem")).to_have_text(
        [re.compile(f"邀请 {names[first]} 接入"), re.compile(f"邀请 {names[second]} 接入")]
    )


async def test_an_offer_is_accepted_from_any_list_by_a_key_and_on_a_phone(crew: Crew) -> None:
    await _settings(crew, assignment={"offer_seconds": 600})
    chen = await crew.agent("陈晓", capacity=2)
    desk, phone = await crew.desk(chen, "/closed"), await crew.desk(chen, "/mine", PHONE)
    lin = await crew.customer("小林")
    await expect(desk.lists.get_by_role("region", name="接入邀请")).to_contain_text(lin.name)
    await desk.page.keyboard.press("a")
    await expect(desk.header.get_by_role("heading", name=lin.name)).to_be_visible()
    await expect(desk.composer).to_be_visible()

    await phone.open(lin.name)
    zhao = await crew.customer("小赵")
    await phone.notice(f"邀请您接入 {zhao.name}").get_by_role("button", name="查看").click()
    card = phone.page.get_by_role("main").get_by_role("region", name="接入邀请")
    await card.get_by_role("button", name="接入").click()
    await expect(phone.composer).to_be_visible()


async def test_a_supervisor_takes_over_and_the_first_agent_sees_it(crew: Crew) -> None:
    chen, boss = await crew.agent("陈晓"), await crew.agent("周主管", "supervisor")
    lin = await crew.served("小林", chen)
    mine, above = await crew.desk(chen, f"/mine/{lin.id}"), await crew.desk(boss, f"/all/{lin.id}")
    await mine.composer.fill("写到一半的话")
    await expect(above.header).to_contain_text("陈晓 接待")
    await above.page.keyboard.press("o")
    dialog = above.dialog(f"接管「{lin.name}」的会话？")
    await expect(dialog).to_contain_text("陈晓 正在接待")
    await dialog.get_by_role("button", name="接管").click()
    await expect(above.composer).to_be_visible()
    await expect(mine.notice(f"「{lin.name}」已由 周主管 接待")).to_be_visible()
    await expect(mine.header).to_contain_text("周主管 接待")
    await expect(mine.composer).to_have_count(0)
    await expect(mine.button("接管")).to_have_count(0)

    await above.button("结束会话（E）").click()
    await above.notice("的会话已结束").get_by_role("button", name="撤销").click()
    await expect(above.header).to_contain_text("我在接待")
    assert (await _session(lin)).responder.id == boss.login


async def test_a_supervisor_ends_a_colleagues_session_and_can_think_again(crew: Crew) -> None:
    chen, boss = await crew.agent("陈晓"), await crew.agent("周主管", "supervisor")
    lin = await crew.served("小林", chen)
    above = await crew.desk(boss, f"/all/{lin.id}")
    await above.button("结束会话（E）").click()
    await above.notice("的会话已结束").get_by_role("button", name="撤销").click()
    await expect(above.header).to_contain_text("陈晓 接待")
    await above.button("结束会话（E）").click()
    await expect(above.header).to_contain_text("已关闭")
    await expect(above.history).to_contain_text("周主管 关闭了会话")


async def test_to_the_official_console_and_taken_back(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    desk = await crew.desk(chen, f"/mine/{lin.id}")
    await expect(desk.composer).to_be_visible()
    await desk.page.keyboard.press("t")
    dialog = desk.dialog(f"转接「{lin.name}」")
    await expect(dialog.get_by_role("option", name="机器人")).to_be_visible()
    await expect(dialog.get_by_role("option", name="微信官方客服")).to_have_count(0)
    await dialog.press("Escape")

    await _settings(crew, official={"agents_may_transfer": True})
    await desk.goto(f"/mine/{lin.id}")
    await desk.button("转接（T）").click()
    await dialog.get_by_role("option", name="微信官方客服").click()
    await expect(dialog).to_contain_text("客户再发一条消息时才会转过去")
    await dialog.get_by_role("button", name="转接给 微信官方客服").click()
    await expect(desk.header).to_contain_text("下一条消息转官方客服")
    await expect(desk.history).to_contain_text("客户的下一条消息将转给微信官方客服")

    await lin.say("还在吗？")
    await expect(desk.header).to_contain_text("微信官方客服接待中")
    await expect(desk.history).to_contain_text("微信官方客服已接手")
    await desk.page.keyboard.press("a")
    await expect(desk.composer).to_be_visible()
    await expect(desk.header).to_contain_text("我在接待")
    await lin.say("谢谢")
    await expect(desk.bubble("谢谢")).to_be_visible()
    assert (await _session(lin)).state == "agent"


async def test_a_customer_is_blocked_and_unblocked(crew: Crew) -> None:
    chen, liu = await crew.agent("陈晓"), await crew.agent("刘洋")
    lin = await crew.served("小林", chen)
    desk = await crew.desk(chen, f"/mine/{lin.id}")
    await _block(desk, "拉黑客户", f"拉黑「{lin.name}」？", "拉黑")
    await expect(desk.header).to_contain_text("已拉黑")
    await expect(desk.customer).to_contain_text("消息会保存，不提醒任何人")
    await expect(desk.history).to_contain_text("陈晓 拉黑了客户")
    await lin.say("人工")
    await expect(desk.bubble("人工").last).to_be_visible()
    assert (await _session(lin)).state == "closed"

    crew.visits.watch.allow("^403 POST .*/block$")
    other = await crew.desk(liu, f"/all/{lin.id}")
    await other.customer.get_by_role("button", name="解除拉黑").click()
    dialog = other.dialog(f"解除对「{lin.name}」的拉黑？")
    await dialog.get_by_role("button", name="解除拉黑").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("只有主管，或当时拉黑客户的客服")

    await _block(desk, "解除拉黑", f"解除对「{lin.name}」的拉黑？", "解除拉黑")
    await expect(desk.header).not_to_contain_text("已拉黑")
    await lin.say("人工")
    await expect(desk.header).to_contain_text("待接入")


async def _block(desk: Desk, item: str, title: str, action: str) -> None:
    await desk.customer.get_by_role("button", name="更多").click()
    await desk.page.get_by_role("menuitem", name=item).click()
    dialog = desk.dialog(title)
    await dialog.get_by_role("button", name=action, exact=True).click()
    await expect(dialog).to_have_count(0)


async def test_what_needs_attention_is_listed_for_supervisors_until_it_is_answered(crew: Crew) -> None:
    await _settings(crew, targets={"answer_seconds": 600, "warn_seconds": 590, "agent_silent_seconds": 1})
    chen, boss = await crew.agent("陈晓"), await crew.agent("周主管", "supervisor")
    lin, zhao = await crew.customer("小林"), await crew.served("小赵", chen)
    mine, above = await crew.desk(chen, "/waiting"), await crew.desk(boss, "/attention")
    await expect(above.row(lin.name)).to_contain_text("无人接入，应答还剩")
    await expect(above.row(zhao.name)).to_contain_text(re.compile(r"陈晓 已 .*没有回复"))
    await expect(above.lists.get_by_role("link", name=re.compile("^需要关注"))).to_contain_text(re.compile("[1-9]"))
    await expect(mine.row(lin.name)).to_contain_text("应答还剩")
    await expect(mine.lists.get_by_role("link", name=re.compile("^需要关注"))).to_have_count(0)

    assert await violations(above.page) == []
    await mine.show("我的")
    await mine.open(zhao.name)
    await expect(mine.header).to_contain_text("未回复")
    await mine.say("您好，请讲。")
    await expect(above.row(zhao.name)).to_have_count(0)
    await above.open(lin.name)
    await expect(above.history).to_contain_text("需要关注：快到应答时限")
    await above.accept()
    await expect(above.row(lin.name)).to_have_count(0)


async def test_a_rating_is_told_in_the_history_and_beside_the_session(crew: Crew) -> None:
    await _settings(crew, rating={"ask": "请为本次服务打分：回复 1–5。"})
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    desk = await crew.desk(chen, f"/mine/{lin.id}")
    await chen.caller.must("POST", f"/conversations/{lin.id}/close", {})
    await expect(desk.customer).to_contain_text("已邀请评价，未答复")
    await lin.sees("请为本次服务打分：回复 1–5。")
    await lin.say("4")
    await expect(desk.history).to_contain_text("客户评价 ★★★★☆ 4 分")
    await expect(desk.customer.get_by_role("img", name="客户评价 4 分")).to_be_visible()
    await expect(desk.header).to_contain_text("已关闭")


async def test_becoming_away_by_oneself_is_set_in_the_account(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    desk = await crew.desk(chen, "/settings/account")
    choice = desk.page.get_by_role("combobox", name="自动变为离开")
    await expect(choice.locator("option:checked")).to_have_text("从不")
    await choice.select_option("30 分钟")

    async def stored() -> bool:
        return bool((await chen.caller.must("GET", "/me"))["away_after_seconds"] == 1800)

    await eventually(stored)
    await choice.select_option("从不")
    await eventually(lambda: _never(chen.caller))


async def _never(caller: Any) -> bool:
    return (await caller.must("GET", "/me"))["away_after_seconds"] is None
