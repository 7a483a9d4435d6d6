"""A day at the desk: two customers on their phones, two agents in browsers of their own."""

import asyncio
import re

from playwright.async_api import Route, expect

from deploy.local.seed import APP_ID
from tests.browser.crew import Crew, drop_files
from tests.browser.png import file, png
from tests.support.waiting import eventually

FIELD = "textarea"


async def test_accepted_answered_transferred_and_closed(crew: Crew) -> None:
    chen, liu = await crew.agent("陈晓"), await crew.agent("刘洋")
    mine, other = await crew.desk(chen, "/waiting"), await crew.desk(liu, "/waiting")
    lin, zhao = await crew.customer("小林", asks=False), await crew.customer("小赵", asks=False)
    hers, his = await crew.phone(lin), await crew.phone(zhao)
    await hers.say("人工")
    await his.say("人工")
    for desk in (mine, other):
        await expect(desk.row(lin.name)).to_contain_text("已等")
        await expect(desk.row(zhao.name)).to_contain_text("已等")

    await mine.open(lin.name)
    await mine.accept()
    await expect(other.row(lin.name)).to_have_count(0)
    await expect(other.row(zhao.name)).to_be_visible()

    await mine.say("您好，我是陈晓，请讲。")
    await expect(mine.mark("您好，我是陈晓")).to_be_visible()
    await expect(hers.chat).to_contain_text("客服: 您好，我是陈晓，请讲。")
    await hers.say("我的订单到哪里了？")
    await expect(mine.bubble("我的订单到哪里了？")).to_be_visible()

    await mine.button("转接（T）").click()
    dialog = mine.dialog(f"转接「{lin.name}」")
    await dialog.get_by_role("textbox", name="转接给").fill("刘洋")
    await dialog.get_by_role("option", name=re.compile("刘洋")).first.click()
    await dialog.get_by_label(re.compile("^给同事的备注")).fill("订单的事，她很急")
    await dialog.get_by_role("button", name="转接给 刘洋").click()
    await expect(mine.notice("已转接给 刘洋")).to_be_visible()

    await other.show("我的")
    await other.open(lin.name)
    await expect(other.bubble("订单的事，她很急")).to_contain_text("内部备注 · 陈晓")
    await expect(mine.composer).to_have_count(0)
    await other.say("您好，订单今晚送到。")
    await expect(hers.chat).to_contain_text("订单今晚送到。")
    await expect(hers.chat).not_to_contain_text("她很急")

    await other.button("结束会话（E）").click()
    await other.notice("的会话已结束").get_by_role("button", name="撤销").click()
    await expect(other.header).to_contain_text("我在接待")
    await expect(other.button("结束会话（E）")).to_be_enabled()
    assert await _state(crew, lin.openid) == "agent"
    await other.button("结束会话（E）").click()
    await expect(other.header).to_contain_text("已关闭")
    assert await _state(crew, lin.openid) == "closed"
    await expect(other.row(lin.name)).to_have_count(0)
    await other.show("已关闭")
    await expect(other.row(lin.name)).to_be_visible()
    await expect(his.chat).not_to_contain_text("客服: 您好")


async def _state(crew: Crew, openid: str) -> str | None:
    conversation = await crew.town.conversation(openid)
    return conversation.session.state if conversation and conversation.session else None


async def test_of_two_who_accept_in_the_same_second_one_is_told_who_has_it(crew: Crew) -> None:
    crew.visits.watch.allow("^409 POST .*/accept$")
    chen, liu = await crew.agent("陈晓"), await crew.agent("刘洋")
    lin = await crew.customer("小林")
    desks = [await crew.desk(one, f"/waiting/{lin.id}") for one in (chen, liu)]
    both = asyncio.Barrier(2)

    async def together(route: Route) -> None:
        await both.wait()
        await route.continue_()

    for desk in desks:
        await desk.page.route("**/accept", together)
    for desk in desks:
        await desk.header.get_by_role("button", name="接入").click()
    session = await eventually(lambda: _assigned(crew, lin.openid))
    won, lost = (0, 1) if session == chen.login else (1, 0)
    winner = (chen, liu)[won]
    await expect(desks[won].composer).to_be_visible()
    await expect(desks[lost].notice(f"{winner.name} 已先接入此会话。")).to_be_visible()
    await expect(desks[lost].page.get_by_role("main")).to_contain_text(f"{winner.name} 正在接待")
    await expect(desks[lost].composer).to_have_count(0)


async def _assigned(crew: Crew, openid: str) -> str | None:
    conversation = await crew.town.conversation(openid)
    responder = conversation.session.responder if conversation and conversation.session else None
    return responder.id if responder else None


async def test_who_is_online_and_accepts_by_itself_gets_the_next_customer(crew: Crew) -> None:
    chen = await crew.agent("陈晓", auto_accept=False)
    desk = await crew.desk(chen)
    own = desk.button("陈晓：状态与设置")
    await own.click()
    await desk.page.get_by_role("menuitem", name="自动接入").click()
    await own.click()
    await desk.page.get_by_role("menuitem", name="离开").click()
    await expect(own).to_have_attribute("title", "陈晓 · 离开")
    lin = await crew.customer("小林", asks=False)
    await lin.say("人工")
    await desk.show("待接入")
    await expect(desk.row(lin.name)).to_be_visible()
    await own.click()
    await desk.page.get_by_role("menuitem", name="在线").click()
    await desk.show("我的")
    await desk.open(lin.name)
    await expect(desk.history).to_contain_text("已自动分配给 陈晓")
    await expect(desk.composer).to_be_visible()


async def test_pictures_go_both_ways(crew: Crew) -> None:
    crew.visits.watch.allow("^503 GET /api/v1/media/")  # while the copy is under way
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    desk, phone = await crew.desk(chen, f"/mine/{lin.id}"), await crew.phone(lin)
    await phone.send_picture("破损.png", png(120, 80))
    picture = desk.history.get_by_role("button", name="图片")
    await expect(picture.get_by_role("img", name="图片")).to_have_js_property("naturalWidth", 120)
    await picture.click()
    viewer = desk.dialog("图片")
    await expect(viewer).to_contain_text("1 / 1")
    await viewer.press("Escape")
    await expect(viewer).to_have_count(0)
    await expect(picture).to_be_focused()

    await drop_files(desk.page, FIELD, "paste", ("截图.png", "image/png", png(60, 90)))
    await expect(desk.foot.get_by_role("img", name="截图.png")).to_be_visible()
    async with desk.page.expect_file_chooser() as choosing:
        await desk.foot.get_by_role("button", name="图片", exact=True).click()
    await (await choosing.value).set_files(file("收据.png", png(90, 60)))
    await desk.foot.get_by_role("button", name="移除 截图.png").click()
    await expect(desk.foot.get_by_role("listitem")).to_have_count(1)
    await drop_files(desk.page, FIELD, "drop", ("再一张.png", "image/png", png(40, 40)))
    await expect(desk.foot.get_by_role("listitem")).to_have_count(2)
    await desk.foot.get_by_role("button", name="发送", exact=True).click()
    await expect(phone.chat.get_by_role("button", name="图片，点按放大")).to_have_count(3)
    await expect(desk.history.get_by_role("img", name="已发送")).to_have_count(2)
    await expect(desk.foot.get_by_role("listitem")).to_have_count(0)


async def test_cards_and_links_are_shown_as_such_on_both_sides(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    desk, phone = await crew.desk(chen, f"/mine/{lin.id}"), await crew.phone(lin)
    await phone.send_card("蓝色外套", "pages/goods?id=7")
    card = desk.history.get_by_role("button", name=re.compile("蓝色外套"))
    await expect(card).to_contain_text("pages/goods?id=7")

    await desk.button("小程序卡片").click()
    form = desk.dialog("发送小程序卡片")
    await form.get_by_label("标题").fill("订单 7")
    await form.get_by_role("button", name="发送卡片").click()
    await expect(form.get_by_text("请填写页面路径。")).to_be_visible()
    await form.get_by_label("页面路径").fill("pages/order?id=7")
    async with desk.page.expect_file_chooser() as choosing:
        await form.get_by_role("button", name="封面图").click()
    await (await choosing.value).set_files(file("封面.png", png(100, 80)))
    await expect(form.get_by_role("button", name="封面图")).to_have_text("更换")
    await form.get_by_role("button", name="发送卡片").click()
    await phone.region.get_by_role("button", name="打开 订单 7").click()
    await expect(phone.region.get_by_role("dialog")).to_contain_text("pages/order")
    await phone.region.get_by_role("dialog").get_by_role("button", name="返回").click()

    await desk.button("链接").click()
    form = desk.dialog("发送链接")
    await form.get_by_label("标题").fill("退货说明")
    await form.get_by_label(re.compile("^描述")).fill("七天内可退")
    await form.get_by_label("网址").fill("https://example.com/return")
    await form.get_by_role("button", name="发送链接").click()
    await expect(phone.region.get_by_role("button", name="打开 退货说明")).to_be_visible()
    await expect(desk.history.get_by_role("link", name=re.compile("退货说明"))).to_contain_text("example.com")


async def test_canned_replies_tags_and_notes(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    reply = await chen.caller.must(
        "POST",
        "/canned-replies",
        {"shortcut": "fahuo", "title": "发货时间", "text": "{customer}您好，我是{agent}，今天 18 点前发货。"},
    )
    crew.after(lambda: chen.caller.call("DELETE", f"/canned-replies/{reply['id']}"))
    await crew.admin.must("PUT", "/tags/加急", {"color": "red"})
    crew.after(lambda: crew.admin.call("DELETE", "/tags/加急"))
    desk = await crew.desk(chen, f"/mine/{lin.id}")

    await desk.composer.press_sequentially("/fa")
    await expect(desk.foot.get_by_role("option", name=re.compile("发货时间"))).to_be_visible()
    filled = f"{lin.name}您好，我是陈晓，今天 18 点前发货。"
    await expect(desk.foot).to_contain_text(filled)
    await desk.composer.press("Enter")
    await expect(desk.composer).to_have_value(filled)
    await desk.composer.press("Enter")
    await lin.sees(filled)

    await desk.customer.get_by_role("button", name="编辑").click()
    dialog = desk.dialog(f"「{lin.name}」的标签")
    await dialog.get_by_role("option", name="加急").click()
    await dialog.get_by_role("button", name="保存").click()
    await expect(desk.customer.get_by_role("region", name="标签")).to_contain_text("加急")

    await desk.customer.get_by_role("button", name="添加").click()
    dialog = desk.dialog(f"给「{lin.name}」添加备注")
    await dialog.get_by_label("备注", exact=True).fill("老客户，喜欢蓝色")
    await dialog.get_by_role("button", name="保存").click()
    await expect(desk.bubble("老客户，喜欢蓝色")).to_contain_text("内部备注 · 陈晓")
    await expect(desk.customer.get_by_role("region", name="内部备注")).to_contain_text("老客户，喜欢蓝色")
    assert "老客户" not in str(await crew.town.phone(lin.openid))


async def test_what_one_is_doing_shows_on_the_phone_and_at_a_colleagues_desk(crew: Crew) -> None:
    chen, zhou = await crew.agent("陈晓"), await crew.agent("周总管", "supervisor")
    lin = await crew.served("小林", chen)
    desk, phone = await crew.desk(chen, f"/mine/{lin.id}"), await crew.phone(lin)
    watching = await crew.desk(zhou, f"/all/{lin.id}")
    await expect(desk.header.get_by_role("status")).to_have_text("周总管 正在查看")
    await desk.composer.press_sequentially("请稍等")
    await expect(phone.region.get_by_role("heading", name="对方正在输入…")).to_be_visible()
    await expect(watching.header.get_by_role("status")).to_have_text("陈晓 正在输入")
    await expect(watching.page.get_by_role("main")).to_contain_text("陈晓 正在接待")


async def test_what_the_mini_program_says_of_its_customer_is_in_the_pane(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.customer("小林", asks=False)
    await crew.town.customer(lin.openid, "enter", {"session_from": "page=goods&id=7"})
    await lin.ask()
    profile = [{"name": "会员", "value": "金卡"}]
    await crew.admin.must("PUT", f"/apps/{APP_ID}/customers/{lin.openid}", {"profile": profile})
    desk = await crew.desk(chen, f"/waiting/{lin.id}")
    await expect(desk.customer.get_by_role("region", name="来源")).to_contain_text("goods")
    await expect(desk.customer.get_by_role("region", name="小程序资料")).to_contain_text("金卡")
    await desk.button("客户资料（I）").click()
    await expect(desk.customer).to_have_count(0)
