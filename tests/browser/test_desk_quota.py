"""What WeChat lets an agent send, and what becomes of what it does not."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.browser.crew import Crew, Customer, Staff
from tests.support.waiting import eventually

HOLD = "等客户回复后发送"


async def test_the_quota_runs_out_and_what_is_held_arrives_once_the_customer_writes(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    desk, phone = await crew.desk(chen, f"/mine/{lin.id}"), await crew.phone(lin)
    for number in range(1, 6):
        await expect(desk.foot).to_contain_text(f"剩余 {6 - number}/5 条")
        await desk.say(f"第 {number} 条回复")
        await expect(desk.mark(f"第 {number} 条回复")).to_be_visible()
    await expect(desk.foot).to_contain_text("本轮 5 条已用完，客户再次发来消息后恢复。")

    await desk.say("这一条要等")
    await expect(desk.foot.get_by_role("status")).to_have_text("请先打开「等客户回复后发送」。")
    await expect(desk.composer).to_have_value("这一条要等")
    await desk.foot.get_by_role("switch", name=HOLD).check()
    await desk.foot.get_by_role("button", name="排队发送").click()
    await desk.why("这一条要等", "等待客户回复后发送").click()
    await expect(desk.dialog("等待客户回复后发送")).to_contain_text("客户再次发来消息后会自动发出")
    await desk.page.keyboard.press("Escape")
    await expect(phone.chat).not_to_contain_text("这一条要等")

    await phone.say("我回来了")
    await expect(phone.chat).to_contain_text("客服: 这一条要等")
    await expect(desk.mark("这一条要等")).to_be_visible()
    await expect(desk.foot).to_contain_text("剩余 4/5 条")
    assert (await lin.seen()).count("这一条要等") == 1
    assert [text for _, text in await desk.lines()].count("这一条要等") == 1


async def test_what_is_held_may_be_taken_back(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    for number in range(5):
        body = {"client_id": uuid4().hex, "type": "text", "text": f"{number}"}
        await chen.caller.must("POST", f"/conversations/{lin.id}/messages", body)
    desk = await crew.desk(chen, f"/mine/{lin.id}")
    await desk.foot.get_by_role("switch", name=HOLD).check()
    await desk.say("算了")
    await desk.why("算了", "等待客户回复后发送").click()
    await desk.dialog("等待客户回复后发送").get_by_role("button", name="取消发送").click()
    await expect(desk.bubble("算了")).to_contain_text("已取消")
    await lin.say("还在吗")
    await expect(desk.foot).to_contain_text("剩余 5/5 条")
    assert "算了" not in await lin.seen()


@pytest.mark.parametrize(
    ("errcode", "words", "way"),
    [
        (45015, "微信拒绝：可回复的时间已过（45015）。等客户再发来消息，就可以回复。", HOLD),
        (87014, "微信拒绝：内容可能违规（87014）。请修改后再发。", "重新编辑"),
        (43019, "微信拒绝：客户拒收消息或在黑名单中（43019）。无法向这位客户发送。", "再发一次"),
    ],
    ids=["window", "content", "blocked"],
)
async def test_a_refusal_is_told_in_words_with_a_way_out(crew: Crew, errcode: int, words: str, way: str) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    desk = await crew.desk(chen, f"/mine/{lin.id}")
    await crew.faults(errcode=errcode, times=1)
    await desk.say("请看这里")
    await desk.why("请看这里", "没有发出").click()
    paper = desk.dialog("没有发出")
    await expect(paper).to_contain_text(words)
    told = datetime.now(UTC)
    await paper.get_by_role("button", name=way).click()
    if way == "重新编辑":
        await expect(desk.composer).to_have_value("请看这里")
        await desk.composer.press("Enter")
    if way == HOLD:
        await expect(desk.why("请看这里", "等待客户回复后发送")).to_be_visible()
        await eventually(lambda: datetime.now(UTC) - told > timedelta(seconds=1))  # WeChat tells whole seconds
        await lin.say("我在")
    await lin.sees("请看这里")
    assert (await lin.seen()).count("请看这里") == 1


async def test_a_message_of_unknown_fate_is_marked_or_sent_again(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    desk = await crew.desk(chen, f"/mine/{lin.id}")
    await crew.faults(drop_answer=True)
    for text in ("不知到否一", "不知到否二"):
        await desk.say(text)
        await expect(desk.why(text, "不确定是否送达")).to_be_visible()
    await crew.faults()
    await desk.why("不知到否一", "不确定是否送达").click()
    paper = desk.dialog("不确定是否送达")
    await expect(paper).to_contain_text("没有收到答复")
    await expect(paper).to_contain_text("重发可能让客户收到两条")
    await paper.get_by_role("button", name="标记已送达").click()
    await expect(paper).to_have_count(0)
    await desk.why("不知到否一", "不确定是否送达").click()
    await expect(paper).to_contain_text("陈晓 标记为已送达")
    await desk.page.keyboard.press("Escape")

    await desk.why("不知到否二", "不确定是否送达").click()
    await paper.get_by_role("button", name="再发一次").click()
    again = desk.bubble("不知到否二").filter(has=desk.page.get_by_role("button", name="重发", exact=True))
    await expect(again.get_by_role("img", name="已发送")).to_be_visible()
    await expect(desk.bubble("不知到否二")).to_have_count(2)


async def _long_ago(crew: Crew, chen: Staff) -> Customer:
    """One who wrote 48 and a half hours ago, and was answered an hour later, which is when it is now.

    So the window closes with nothing else of the session being due.
    """
    await crew.clock(-timedelta(hours=48, minutes=30))
    lin = await crew.customer("小林")
    await chen.caller.must("POST", f"/conversations/{lin.id}/accept")
    await crew.clock(-timedelta(hours=47, minutes=30))
    body = {"client_id": uuid4().hex, "type": "text", "text": "前天的回答"}
    await chen.caller.must("POST", f"/conversations/{lin.id}/messages", body)
    await lin.sees("前天的回答")
    return lin


async def test_after_48_hours_the_desk_says_so_and_holds_what_is_written(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await _long_ago(crew, chen)
    await crew.clock(timedelta())
    desk = await crew.desk(chen, "/mine")
    await expect(desk.row(lin.name)).to_contain_text("已过期")
    await desk.open(lin.name)
    await expect(desk.foot).to_contain_text("客户 48 小时内没有发过消息，微信不允许现在发送。")
    await expect(desk.foot).not_to_contain_text("剩余")
    await desk.foot.get_by_role("switch", name=HOLD).check()
    await desk.say("等您回来再看")
    await expect(desk.why("等您回来再看", "等待客户回复后发送")).to_be_visible()
    await lin.say("我回来了")
    await expect(desk.mark("等您回来再看")).to_be_visible()
    await lin.sees("等您回来再看")


async def test_a_page_that_still_thinks_it_may_send_is_told_by_the_server(crew: Crew) -> None:
    crew.visits.watch.allow("^409 POST .*/messages$")
    chen = await crew.agent("陈晓")
    lin = await _long_ago(crew, chen)
    desk = await crew.desk(chen, "/mine")
    await desk.page.clock.set_system_time(datetime.now(UTC) - timedelta(hours=47, minutes=30))
    await desk.open(lin.name)
    await expect(desk.foot).to_contain_text("剩余 4/5 条")
    await crew.clock(timedelta())
    await desk.say("还能发吗")
    failed = desk.bubble("还能发吗")
    await expect(failed.get_by_role("alert")).to_contain_text("微信不允许现在发送：客户 48 小时内没有发过消息。")
    await failed.get_by_role("button", name=HOLD).click()
    await expect(desk.why("还能发吗", "等待客户回复后发送")).to_be_visible()
    await expect(desk.bubble("还能发吗")).to_have_count(1)
