"""Vendors in the desk: an account is set up and drilled, an app is switched to it and back, its sessions are seen."""

import asyncio
import re
from collections.abc import Awaitable
from typing import Any, Final

import pytest
from playwright.async_api import Locator, ViewportSize, expect

from deploy.local.seed import APP_ID, APP_NAME
from tests.browser.axe import violations
from tests.browser.chromium import PHONE, WIDE
from tests.browser.crew import Crew, Customer, Staff
from tests.browser.desk import Desk
from tests.flow.qiyu_desk import QiyuDesk
from tests.support.waiting import eventually

ACCOUNT: Final = "qiyu-browser"
NAME: Final = "七鱼售后"
KEY: Final = "browser-app-key"
SECRET: Final = "only for browser tests"
STAFF: Final = "小鱼"
SENTENCES: Final = 10
"""In one switch at most: more than thirty in a minute are a flood, which is brought to nobody."""
GREETING: Final = "您好，我是小鱼。"


@pytest.fixture
async def qiyu(crew: Crew) -> QiyuDesk:
    """An account at the sandbox's Qiyu with one of its people there; to be entered in the desk."""
    callback = f"{crew.town.plan.url('gateway')}/vendors/qiyu/{ACCOUNT}"
    config = {
        "app_secret": SECRET,
        "callback_url": callback,
        "greeting": GREETING,
        "staff": [{"id": 1, "name": STAFF, "max_sessions": 50}],
    }
    await crew.town.sandbox("PUT", f"/qiyu/accounts/{KEY}", config)
    crew.after(lambda: crew.admin.call("DELETE", f"/vendor-accounts/{ACCOUNT}"))
    return QiyuDesk(crew.town, KEY)


async def _added(crew: Crew) -> None:
    body = {
        "id": ACCOUNT,
        "vendor": "qiyu",
        "name": NAME,
        "settings": {"app_key": KEY},
        "secrets": {"app_secret": SECRET},
    }
    await crew.admin.must("POST", "/vendor-accounts", body)


async def _entry(crew: Crew, kind: str) -> None:
    """Who serves the app to begin with; put back when the test is over, its open sessions with it."""
    before = (await crew.admin.must("GET", f"/apps/{APP_ID}"))["settings"]["entry"]

    async def switch(to: str, sessions: str) -> Any:
        return await crew.admin.must("POST", f"/apps/{APP_ID}/switch", {"to": {"kind": to}, "sessions": sessions})

    crew.after(lambda: switch(before, "new"))
    await switch(kind, "new")


async def _admin_desk(crew: Crew, path: str, size: ViewportSize = WIDE) -> Desk:
    return await crew.desk(await crew.agent("赵敏", role="admin"), path, size)


async def test_an_account_is_added_tried_drilled_and_removed(crew: Crew, qiyu: QiyuDesk) -> None:
    await _entry(crew, "agents")
    desk = await _admin_desk(crew, "/settings/bridges")
    await desk.button("添加账号").click()
    await desk.button("保存并继续").click()
    await expect(desk.page.get_by_role("alert").filter(has_text="不能为空").first).to_be_visible()
    await desk.page.get_by_label("名称").fill(NAME)
    await desk.page.get_by_label("编号", exact=True).fill(ACCOUNT)
    await desk.page.get_by_label("AppKey").fill(KEY)
    await desk.page.get_by_label("AppSecret").fill("wrong")
    await desk.button("保存并继续").click()
    await expect(desk.page.get_by_role("heading", name=NAME)).to_be_visible()
    await expect(desk.page.get_by_role("region", name="填到对方后台的地址")).to_contain_text("消息推送地址")

    trial = desk.page.get_by_role("region", name="测试连接")
    await trial.get_by_role("button").click()
    await expect(trial).to_contain_text("连接失败（14002）")
    await desk.page.get_by_label("AppSecret").fill(SECRET)
    await desk.button("保存").click()
    await expect(desk.notice("已保存")).to_be_visible()
    await trial.get_by_role("button").click()
    await expect(trial).to_contain_text("连接正常")

    states = desk.page.get_by_role("region", name="各小程序的状态")
    await states.get_by_role("button", name=f"演练「{APP_NAME}」").click()
    drill = desk.dialog(f"演练：断开「{NAME}」")
    await expect(drill).to_contain_text("这会影响真实的客户")
    await drill.get_by_role("button", name="开始演练").click()
    await expect(states).to_contain_text("演练中")
    await expect(desk.page.get_by_role("heading", name=NAME)).to_contain_text("演练中")
    assert [one["down"] for one in await _bridges(crew)] == [True]
    await states.get_by_role("button", name=f"恢复「{APP_NAME}」").click()
    await expect(states.get_by_role("button", name=f"演练「{APP_NAME}」")).to_be_visible()
    assert [one["down"] for one in await _bridges(crew)] == [False]

    await desk.button("删除").click()
    await desk.dialog(f"删除「{NAME}」？").get_by_role("button", name="删除").click()
    await expect(desk.page.get_by_role("heading", name="第三方客服")).to_be_visible()
    await expect(desk.page.get_by_role("link", name=NAME)).to_have_count(0)


async def _bridges(crew: Crew) -> list[Any]:
    listed = await crew.admin.must("GET", f"/bridges?app={APP_ID}")
    return [one for one in listed["items"] if one["account"] == ACCOUNT]


async def _switch(desk: Desk, to: str, sessions: str, found: str) -> None:
    """In the dialog, to the end."""
    await desk.page.get_by_role("region", name="当前由谁接待").get_by_role("button", name="切换…").click()
    dialog = desk.dialog(f"切换「{APP_NAME}」由谁接待")
    await dialog.get_by_role("radio", name=to).check()
    await dialog.get_by_role("radio", name=sessions).check()
    await dialog.get_by_role("button", name="切换", exact=True).click()
    await expect(dialog.get_by_role("status")).to_contain_text(found)
    await dialog.get_by_role("button", name="完成").click()


async def _while_writing(customer: Customer, seen_at: Desk, said: list[str], work: Awaitable[None]) -> None:
    """The customer writes on while it is done, each sentence once the desk shows the last one; never a flood."""
    working = asyncio.ensure_future(work)
    for _ in range(SENTENCES):
        text = f"第 {len(said)} 句"
        said.append(text)
        await customer.say(text)
        await expect(seen_at.bubble(text)).to_be_visible()
        if working.done():
            break
    await working


async def _texts(customer: Customer) -> list[str]:
    history = await customer.town.history(customer.openid)
    return [str(getattr(one.content, "text", "")) for one in history if one.direction == "inbound"]


async def test_an_app_is_switched_to_qiyu_and_back_while_a_customer_is_writing(crew: Crew, qiyu: QiyuDesk) -> None:
    await _entry(crew, "agents")
    await _added(crew)
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    above, mine = await _admin_desk(crew, f"/settings/apps/{APP_ID}/routing"), await crew.desk(chen, f"/all/{lin.id}")
    said = ["人工"]
    to_qiyu = _switch(above, f"第三方客服「{NAME}」", "包括进行中的会话", "个进行中的会话已转过去")
    await _while_writing(lin, mine, said, to_qiyu)
    await expect(above.page.get_by_role("region", name="当前由谁接待")).to_contain_text(f"第三方客服「{NAME}」")
    await expect(mine.header).to_contain_text(f"{NAME} 接待")
    await expect(mine.header).to_contain_text(f"人工 · {STAFF}")
    said.append("这一句由七鱼来答")
    await lin.say(said[-1])
    await qiyu.hears(lin.openid, said[-1])
    await expect(mine.bubble(said[-1]).get_by_role("img", name="已转交")).to_be_visible()
    await qiyu.does(lin.openid, "say", text="请讲，我在听。")
    await expect(mine.bubble("请讲，我在听。")).to_be_visible()
    back = _switch(above, "客服直接接待", "包括进行中的会话", "个进行中的会话已转过去")
    await _while_writing(lin, mine, said, back)
    await expect(mine.header).to_contain_text("待接入")
    said.append("这一句由自己人来答")
    await lin.say(said[-1])

    await eventually(lambda: _all_there(lin, said))
    assert await _texts(lin) == said
    heard = await qiyu.heard(lin.openid)
    assert [text for text in heard if text in said] == sorted({*heard} & {*said}, key=said.index)
    assert said[-1] not in heard
    await lin.sees(GREETING)
    await lin.sees("请讲，我在听。")
    await mine.accept()
    await mine.say("我来接着为您服务。")
    await lin.sees("我来接着为您服务。")


async def _all_there(customer: Customer, said: list[str]) -> bool:
    return len(await _texts(customer)) >= len(said)


async def test_a_session_is_given_to_qiyu_seen_there_and_taken_back(crew: Crew, qiyu: QiyuDesk) -> None:
    await _added(crew)
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    desk = await crew.desk(chen, f"/mine/{lin.id}")
    dialog = await _transfer(desk, lin)
    await dialog.get_by_role("option", name=NAME).click()
    await expect(dialog).to_contain_text("可随时接管")
    await dialog.get_by_role("button", name=f"转接给 {NAME}").click()
    await expect(desk.header).to_contain_text(f"人工 · {STAFF}")
    await expect(desk.history).to_contain_text(f"已转到第三方客服「{NAME}」")
    await lin.say("我的包裹到哪了？")
    await expect(desk.bubble("我的包裹到哪了？").get_by_role("img", name="已转交")).to_be_visible()
    await qiyu.does(lin.openid, "say", text="我查一下。")
    await expect(desk.mark("我查一下。")).to_be_visible()
    await expect(desk.history).to_contain_text(f"{STAFF} · {NAME}")
    assert await violations(desk.page) == []
    await desk.show("全部")
    await expect(desk.row(lin.name)).to_contain_text(NAME)

    await desk.open(lin.name)
    await desk.header.get_by_role("button", name="接管").click()
    await expect(desk.composer).to_be_visible()
    await qiyu.does(lin.openid, "say", text="已经到您小区了。")
    late = desk.bubble("已经到您小区了。")
    await expect(late).to_contain_text(f"会话已不在{NAME}，未发送")
    assert "已经到您小区了。" not in await lin.seen()
    await late.get_by_role("button", name="填入回复框").click()
    await expect(desk.composer).to_have_value("已经到您小区了。")
    await desk.composer.press("Enter")
    await lin.sees("已经到您小区了。")


async def test_a_vendor_that_is_down_cannot_be_chosen_and_what_it_did_not_take_is_marked(
    crew: Crew, qiyu: QiyuDesk
) -> None:
    await _added(crew)
    chen = await crew.agent("陈晓")
    lin, zhao = await crew.served("小林", chen), await crew.served("小赵", chen)
    await chen.caller.must("POST", f"/conversations/{zhao.id}/transfer", {"to": {"vendor": ACCOUNT}})
    await qiyu.hears(zhao.openid, "人工")
    await qiyu.call("PUT", "/faults", {"api": [{"path": "/openapi/message/send", "code": 14501, "times": 1}]})
    desk = await crew.desk(chen, f"/all/{zhao.id}")
    await zhao.say("这一句不收")
    mark = desk.bubble("这一句不收").get_by_role("button", name="未转交：查看原因")
    await mark.click()
    await expect(desk.page.get_by_role("dialog", name="未转交")).to_contain_text("14501")
    await expect(desk.header).to_contain_text("有消息未转交")
    assert await violations(desk.page) == []

    drill = {"app_id": APP_ID, "open": True, "seconds": 600}
    await crew.admin.must("POST", f"/vendor-accounts/{ACCOUNT}/breaker", drill)
    await desk.goto(f"/mine/{lin.id}")
    dialog = await _transfer(desk, lin)
    await expect(dialog.get_by_role("option", name=NAME)).to_contain_text("已熔断，暂不可用")
    await expect(dialog.get_by_role("option", name=NAME)).to_have_attribute("data-disabled", "")


async def _transfer(desk: Desk, customer: Customer) -> Locator:
    await desk.button("转接（T）").click()
    return desk.dialog(f"转接「{customer.name}」")


@pytest.mark.parametrize("page", ["", "/new", f"/{ACCOUNT}"], ids=["list", "new", "account"])
@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide", "phone"])
async def test_every_page_of_the_accounts_is_for_everybody(
    crew: Crew, qiyu: QiyuDesk, page: str, size: ViewportSize, scheme: Any
) -> None:
    await _added(crew)
    desk = await _admin_desk(crew, f"/settings/bridges{page}", size)
    await desk.page.emulate_media(color_scheme=scheme)
    await expect(desk.page.get_by_text(re.compile(f"{NAME}|AppSecret")).first).to_be_visible()
    if page == f"/{ACCOUNT}":
        await desk.page.get_by_text("更多设置").click()
    assert await violations(desk.page) == []
    assert await desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_supervisors_look_and_try_and_change_nothing(crew: Crew, qiyu: QiyuDesk) -> None:
    await _added(crew)
    boss: Staff = await crew.agent("周主管", "supervisor")
    desk = await crew.desk(boss, f"/settings/bridges/{ACCOUNT}")
    await desk.page.get_by_role("region", name="测试连接").get_by_role("button").click()
    await expect(desk.page.get_by_role("region", name="测试连接")).to_contain_text("连接正常")
    await expect(desk.page.get_by_text("账号的设置只有管理员能查看和修改")).to_be_visible()
    await expect(desk.page.get_by_label("AppSecret")).to_have_count(0)
    await expect(desk.button("删除")).to_have_count(0)
