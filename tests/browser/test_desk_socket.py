"""What the desk makes of a bad line, a console that dies, and a login that ends."""

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.crew import PASSWORD, Crew, Customer, Staff
from tests.browser.desk import Desk
from tests.browser.held_reads import reads_held
from tests.browser.wire import Wire
from tests.support.waiting import eventually

OUTAGE = ("^failed ", "WebSocket connection", "^50[23] ")
"""What a browser tells of a console that is gone."""

BANNER = re.compile("连接中断")


async def wired(crew: Crew, who: Staff, path: str) -> tuple[Desk, Wire]:
    desk, wire = await crew.desk(who, path), Wire()
    await wire.follow(desk.page)
    await desk.goto(path)
    await eventually(lambda: wire.tries)
    return desk, wire


async def agrees_with_the_server(crew: Crew, desk: Desk, customer: Customer) -> None:
    """Each message of the history once, in its place, and nothing beside them."""
    await eventually(lambda: crew.town.settled(customer.openid))
    history = await crew.town.history(customer.openid)
    await expect(desk.history.locator(f"[data-seq='{history[-1].seq}']")).to_be_visible()
    shown = await desk.lines()
    assert [seq for seq, _ in shown] == [message.seq for message in history]
    said = {message.seq: text for message in history if (text := getattr(message.content, "text", None))}
    assert {seq: words for seq, words in shown if seq in said} == said
    await expect(desk.history.get_by_role("img", name="发送中")).to_have_count(0)


async def test_a_socket_cut_again_and_again_loses_and_doubles_nothing(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin, zhao = await crew.served("小林", chen), await crew.served("小赵", chen)
    desk, wire = await wired(crew, chen, f"/mine/{lin.id}")
    for number in range(4):
        talk = [lin.say(f"小林第 {number} 句"), zhao.say(f"小赵第 {number} 句"), desk.say(f"回答第 {number} 句")]
        tries, wire.down = wire.tries, number == 2
        await asyncio.gather(*talk, wire.cut())
        await expect(desk.bubble(f"回答第 {number} 句")).to_have_count(1)
        await eventually(lambda tries=tries: wire.tries > tries)  # type: ignore[misc] # bound now
    wire.down = False
    await expect(desk.mark("回答第 3 句")).to_be_visible()
    await agrees_with_the_server(crew, desk, lin)
    await expect(desk.row(zhao.name)).to_contain_text("小赵第 3 句")
    await desk.open(zhao.name)
    await agrees_with_the_server(crew, desk, zhao)
    seen = await lin.seen()
    assert [text for text in seen if text.startswith("回答")] == [f"回答第 {number} 句" for number in range(4)]


async def test_a_console_that_is_killed_is_missed_and_found_again(crew: Crew) -> None:
    crew.visits.watch.allow(*OUTAGE)
    chen = await crew.agent("陈晓")
    lin, zhao = await crew.served("小林", chen), await crew.customer("小赵", asks=False)
    desk = await crew.desk(chen, f"/mine/{lin.id}")
    await desk.say("还在时写的")
    await expect(desk.mark("还在时写的")).to_be_visible()
    await crew.town.kill("console")
    try:
        await desk.say("不在时写的")
        await lin.say("有人吗")
        await zhao.say("人工")
        await expect(desk.bubble("不在时写的").get_by_role("img", name="发送中")).to_be_visible()
        await expect(desk.page.get_by_role("status").filter(has_text=BANNER)).to_contain_text("已输入的内容不会丢失")
    finally:
        await crew.town.start("console")
    await expect(desk.page.get_by_role("status").filter(has_text=BANNER)).to_have_count(0)
    await expect(desk.bubble("有人吗")).to_be_visible()
    await expect(desk.mark("不在时写的")).to_be_visible()
    await agrees_with_the_server(crew, desk, lin)
    await desk.show("待接入")
    await expect(desk.row(zhao.name)).to_be_visible()
    assert (await lin.seen()).count("不在时写的") == 1


@pytest.mark.parametrize(("errcode", "state"), [(None, "sent"), (45015, "refused")], ids=["sent", "refused"])
async def test_an_answer_lost_on_the_way_shows_the_message_once_as_it_went(
    crew: Crew, errcode: int | None, state: str
) -> None:
    crew.visits.watch.allow("^failed POST .*/messages", "WebSocket connection")
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    desk, wire = await wired(crew, chen, f"/mine/{lin.id}")
    if errcode:
        await crew.faults(errcode=errcode, times=1)
    lost: list[int] = []

    async def lose_the_answer(route: Route) -> None:
        answer = await route.fetch()
        lost.append(answer.status)
        await route.abort("connectionreset")

    await desk.page.route("**/messages", lose_the_answer, times=1)
    wire.down = True
    await wire.cut()
    await desk.say("只此一次")
    await eventually(lambda: lost)
    assert lost == [201]
    wire.down = False
    outcome = desk.mark("只此一次") if state == "sent" else desk.why("只此一次", "没有发出")
    await expect(outcome).to_be_visible()
    await expect(desk.bubble("只此一次")).to_have_count(1)
    sent = [message for message in await crew.town.history(lin.openid) if message.direction == "outbound"]
    assert [message.delivery.state for message in sent if message.delivery] == [state]
    assert (await lin.seen()).count("只此一次") == (1 if state == "sent" else 0)


async def test_a_login_ended_elsewhere_is_told_and_what_was_written_stays(crew: Crew) -> None:
    crew.visits.watch.allow("^401 ", "WebSocket connection")
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    desk = await crew.desk(chen, f"/mine/{lin.id}")
    await desk.composer.fill("写到一半")
    await chen.caller.call("POST", "/logout")
    dialog = desk.dialog("登录已失效")
    await expect(dialog).to_contain_text("您正在编辑的内容都还在")
    await expect(dialog.get_by_label("登录名")).to_have_value(chen.login)
    await dialog.get_by_label("密码").fill("not the one")
    await dialog.get_by_role("button", name="登录").click()
    await expect(dialog.get_by_role("alert")).to_have_text("登录名或密码不正确。")
    await desk.page.keyboard.press("Escape")
    await expect(dialog).to_be_visible()
    await lin.say("您还在吗")
    await desk.log_in_again(PASSWORD)
    await expect(desk.composer).to_have_value("写到一半")
    await expect(desk.bubble("您还在吗")).to_be_visible()
    await desk.composer.press("Enter")
    await expect(desk.mark("写到一半")).to_be_visible()


async def test_what_was_sent_as_the_password_changed_goes_out_after_the_next_login(crew: Crew) -> None:
    crew.visits.watch.allow("^401 ", "WebSocket connection")
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    desk, wire = await wired(crew, chen, f"/mine/{lin.id}")
    await expect(desk.row(lin.name)).not_to_contain_text("未读")
    wire.down = True
    await wire.cut()
    async with reads_held(desk.page):
        await crew.admin.must("POST", f"/agents/{chen.login}/password", {"password": "another password"})
        await desk.say("刚好在这时")
        await expect(desk.dialog("登录已失效")).to_be_visible()
    wire.down = False
    await desk.log_in_again("another password")
    await expect(desk.mark("刚好在这时")).to_be_visible()
    assert (await lin.seen()).count("刚好在这时") == 1
    await lin.say("收到")
    await expect(desk.bubble("收到")).to_be_visible()


async def test_only_a_real_gap_is_told(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    desk, wire = await wired(crew, chen, f"/mine/{lin.id}")
    await desk.page.evaluate(
        """() => new MutationObserver(() => { window.toldOfGap ||= document.body.innerText.includes('连接中断') })
            .observe(document.body, {childList: true, subtree: true, characterData: true})"""
    )
    for tries in (2, 3):
        await wire.cut()
        await eventually(lambda tries=tries: wire.tries >= tries)  # type: ignore[misc] # bound now
        await lin.say(f"第 {tries} 次接上")
        await expect(desk.bubble(f"第 {tries} 次接上")).to_be_visible()
    assert not await desk.page.evaluate("window.toldOfGap")
    wire.down = True
    await wire.cut()
    banner = desk.page.get_by_role("status").filter(has_text=BANNER)
    await expect(banner).to_be_visible()
    wire.down = False
    await expect(banner).to_have_count(0)
