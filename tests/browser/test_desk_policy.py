"""An administrator decides where customers go: what is refused is explained in place, what is saved holds at once."""

import re
from typing import Any

import pytest
from playwright.async_api import Locator, ViewportSize, expect

from deploy.local.seed import APP_ID
from shared.conversation.model import Conversation
from tests.browser.axe import violations
from tests.browser.chromium import PHONE, WIDE
from tests.browser.crew import Crew, Customer
from tests.browser.desk import Desk
from tests.support.waiting import eventually

RULE = "商品页来的客户"
GROUP = "售前组"
WORDS = "让您久等了，马上由其他同事接待。"
SOURCE = '{"page":"商品页"}'
PAGES = ("routing", "answers", "assignment", "queue")


async def _settings_desk(crew: Crew, size: ViewportSize = WIDE, page: str = "routing") -> Desk:
    """The app's settings before an administrator; they are put back when the test is over."""
    before = await crew.admin.must("GET", f"/apps/{APP_ID}")

    desk = await crew.desk(await crew.agent("赵敏", role="admin"), f"/settings/apps/{APP_ID}/{page}", size)

    async def put_back() -> None:
        await desk.page.close()  # it would read what is put back, with a login that ends with the test
        now = await crew.admin.must("GET", f"/apps/{APP_ID}")
        body = {"version": now["version"], "settings": before["settings"]}
        await crew.admin.must("PUT", f"/apps/{APP_ID}/settings", body)

    crew.after(put_back)
    await expect(desk.page.get_by_role("navigation", name="的设置")).to_be_visible()
    return desk


async def _make_rule(desk: Desk) -> Locator:
    await desk.button("添加规则").click()
    rule = desk.page.get_by_role("listitem").filter(has=desk.page.get_by_label("规则名称"))
    await expect(rule.get_by_label("规则名称")).to_be_focused()
    await rule.get_by_label("规则名称").fill(RULE)
    source = rule.get_by_role("group", name="来源")
    await source.get_by_label("来源中的字段").fill("page")
    await source.get_by_label("任一即可").fill("商品页")
    await source.get_by_label("任一即可").press("Enter")
    await rule.get_by_label("交给").select_option(f"group:{GROUP}")
    return rule


async def _make_fallback(desk: Desk) -> None:
    await desk.button("添加办法").click()
    way = desk.page.get_by_role("listitem").filter(has=desk.page.get_by_label("告诉客户"))
    await way.get_by_label("等了多久", exact=True).fill("1")
    await way.get_by_label("「等了多久」的单位").select_option("seconds")
    await way.get_by_label("告诉客户").fill(WORDS)
    await expect(way.get_by_role("heading")).to_contain_text("等了 1 秒 → 全体接待客服")


async def _routed(crew: Crew) -> Customer | None:
    """A new customer from the product page, if the router goes by the rule already."""
    customer = await crew.customer("小林", asks=False)
    await crew.town.customer(customer.openid, "enter", {"session_from": SOURCE})
    await customer.say("你好")

    async def decided() -> Conversation | None:
        conversation = await crew.town.conversation(customer.openid)
        return conversation if conversation is not None and conversation.unread else None

    session = (await eventually(decided)).session  # type: ignore[union-attr] # never none
    return customer if session is not None and session.rule == RULE else None


async def test_a_rule_and_a_fallback_are_made_refused_mended_and_hold_without_a_restart(crew: Crew) -> None:
    crew.visits.watch.allow("^422 ")
    liu = await crew.agent("刘洋")
    await crew.admin.must("PATCH", f"/agents/{liu.login}", {"groups": [GROUP]})
    desk = await _settings_desk(crew)
    rule = await _make_rule(desk)
    await _make_fallback(desk)
    await rule.get_by_role("button", name="添加条件").click()
    await desk.page.get_by_role("menuitem", name="工作时间").click()
    await rule.get_by_label("工作时间").get_by_role("combobox").select_option("closed")

    await desk.page.get_by_role("link", name="排队与提醒").click()
    await desk.button("保存").click()
    await expect(desk.page).to_have_url(re.compile("/routing$"))
    await expect(rule.get_by_role("alert")).to_have_text(re.compile("^此小程序没有设置工作时间"))
    await expect(rule.get_by_label("工作时间").get_by_role("combobox")).to_be_focused()
    await expect(desk.page.get_by_role("region", name="有未保存的修改")).to_contain_text("有 1 处需要修改")
    assert await violations(desk.page) == []

    await rule.get_by_role("button", name="去掉条件「工作时间」").click()
    await expect(rule.get_by_role("alert")).to_have_count(0)
    trial = desk.page.get_by_role("region", name="试一试")
    await trial.get_by_label("来源").fill(SOURCE)
    await trial.get_by_role("button", name="看看交给谁").click()
    await expect(trial).to_contain_text(f"分组「{GROUP}」")
    await expect(trial).to_contain_text(f"符合规则「{RULE}」")
    await desk.button("保存").click()
    await expect(desk.notice("已保存")).to_be_visible()

    await desk.page.reload()
    folded = desk.page.get_by_role("button", name=re.compile(RULE), expanded=False)
    await expect(folded).to_contain_text(f"来源 page 等于「商品页」 → 分组「{GROUP}」")
    customer = await eventually(lambda: _routed(crew), every_seconds=0.5)
    assert customer is not None
    await customer.sees(WORDS)
    decisions = await crew.admin.must("GET", f"/conversations/{customer.id}/decisions")
    routed = [(one["rule"], one["to"]) for one in decisions["items"] if one["kind"] == "routed"]
    assert set(routed) == {(RULE, f"group:{GROUP}"), ("waiting_longer", "agents")}


async def test_rules_are_moved_doubled_and_taken_away_by_keyboard(crew: Crew) -> None:
    desk = await _settings_desk(crew)
    keyboard = desk.page.keyboard
    for name in ("甲", "乙"):
        await desk.button("添加规则").press("Enter")
        await keyboard.type(name)
        await desk.page.get_by_role("listitem").filter(has_text=name).get_by_role("button", expanded=True).click()
    heads = desk.page.get_by_role("button", name=re.compile("^\\d+ ?(甲|乙|乙 2) "), expanded=False)
    await expect(heads).to_have_text([re.compile("^1甲"), re.compile("^2乙")])
    await heads.nth(1).focus()
    await keyboard.press("Alt+ArrowUp")
    await expect(heads).to_have_text([re.compile("^1乙"), re.compile("^2甲")])
    await expect(desk.button("规则 1 下移")).to_be_focused()
    await desk.button("规则 1 的更多操作").press("Enter")
    await desk.page.get_by_role("menuitem", name="复制一条").press("Enter")
    await expect(desk.page.get_by_label("规则名称")).to_be_focused()
    await expect(desk.page.get_by_label("规则名称")).to_have_value("乙 2")
    await desk.button("规则 1 的更多操作").press("Enter")
    await desk.page.get_by_role("menuitem", name="删除").press("Enter")
    await expect(desk.page.get_by_role("button", name=re.compile("乙 2"))).to_be_focused()
    await expect(desk.page.get_by_label("规则名称")).to_have_value("乙 2")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide", "phone"])
async def test_every_page_of_the_policy_is_for_everybody(
    crew: Crew, page: str, size: ViewportSize, scheme: Any
) -> None:
    await crew.admin.must("PUT", "/tags/VIP", {"color": "amber"})
    desk = await _settings_desk(crew, size, page)
    await desk.page.emulate_media(color_scheme=scheme)
    if page == "routing":
        await _make_rule_without_group(desk)
    assert await violations(desk.page) == []
    assert await desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def _make_rule_without_group(desk: Desk) -> None:
    """Every kind of condition at once, and a fallback."""
    await desk.button("添加规则").click()
    for kind in ("消息", "标签", "客户资料", "客户", "工作时间", "星期", "放假"):
        await desk.button("添加条件").click()
        await desk.page.get_by_role("menuitem", name=kind, exact=True).click()
    await desk.button("添加办法").click()
    await expect(desk.page.get_by_role("group", name="放假")).to_be_visible()
