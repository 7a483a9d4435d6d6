"""The sandbox's phone in a real browser, against a real sandbox whose clock stands and whose pushes we answer."""

import asyncio
import json
import os
import re
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, web
from playwright.async_api import Locator, Page, ViewportSize, expect

from deploy.local import web as web_app
from deploy.local.node import ROOT, WEB, node_home
from services.sandbox.app import sandbox
from services.sandbox.settings import SandboxSettings
from services.sandbox.wechat.phone import SERVICE_FAILURE
from shared.clock import FixedClock
from tests.browser.axe import violations
from tests.browser.chromium import PHONE, WIDE
from tests.browser.visits import Visits
from tests.sandbox.box import APPID, IMPATIENT, NOW, OPENID, SEND, TYPING, Box, boxed, text_message
from tests.sandbox.receiver import receiving
from tests.support.waiting import eventually

PAGE = ROOT / "services" / "sandbox" / "page"
PICTURE = PAGE / "icon.svg"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000" + "1f15c4890000000d49444154789c6360f8cf"
    "c0f01f0005000101f6178d4b0000000049454e44ae426082"
)
APP = "演示小程序"


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    async with boxed(name=APP) as made:
        await made.control("POST", f"/apps/{APPID}/customers", {"openid": OPENID, "name": "小明"})
        yield made


@pytest.fixture
def visits(box: Box, visits: Visits) -> Visits:
    """Pages that are closed before their sandbox is."""
    return visits


async def opened(visits: Visits, box: Box, size: ViewportSize = WIDE, **options: Any) -> Page:
    page = await visits.page(size, **options)
    await page.goto(box.running.url)
    return page


def phone_of(page: Page, name: str = "小明") -> Locator:
    return page.get_by_role("region", name=f"{name} 的手机")


async def in_chat(visits: Visits, box: Box) -> tuple[Page, Locator]:
    """The phone of 小明 with the chat open, nothing said yet."""
    page = await opened(visits, box)
    await page.get_by_role("navigation", name="客户").get_by_role("button", name=re.compile("^小明")).click()
    phone = phone_of(page)
    await phone.get_by_role("button", name="直接打开聊天").click()
    return page, phone


async def say(phone: Locator, text: str) -> None:
    await phone.get_by_role("textbox", name="消息").fill(text)
    await phone.get_by_role("textbox", name="消息").press("Enter")


def chat(phone: Locator) -> Locator:
    return phone.get_by_role("log", name="聊天记录")


def pushed(box: Box) -> list[dict[str, Any]]:
    """What arrived at the callback, in clear."""
    return [json.loads(push.body) for push in box.receiver.pushes]


async def plain(box: Box) -> None:
    await box.put_app(name=APP, mode="plain", aes_key="")


async def test_the_modules_are_typed_as_they_say() -> None:
    await asyncio.to_thread(web_app.build, WEB, web_app.Npm(node_home(), os.environ), packages_only=True)
    tsc = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local.node", "tsc", "--project", str(PAGE)), stdout=PIPE, cwd=ROOT
    )
    out, _ = await tsc.communicate()
    assert (tsc.returncode, out.decode()) == (0, "")


async def test_a_customer_is_made_enters_and_sends_the_offered_card(visits: Visits, box: Box) -> None:
    await plain(box)
    page = await opened(visits, box)
    await page.get_by_label("名字（可不填）").fill("小红")
    await page.get_by_role("button", name="新客户", exact=True).click()
    phone = phone_of(page, "小红")
    await phone.get_by_label("session-from").fill('{"order":7}')
    await phone.get_by_label("show-message-card").check()
    await phone.get_by_label("标题").fill("外套")
    await phone.get_by_label("页面路径").fill("pages/order?id=7")
    await phone.get_by_role("button", name="联系客服").click()
    await phone.get_by_role("button", name="发送卡片「外套」").click()
    await expect(chat(phone)).to_contain_text("外套")
    await eventually(lambda: len(box.receiver.pushes) == 2)
    entered, card = pushed(box)
    assert (entered["Event"], entered["SessionFrom"]) == ("user_enter_tempsession", '{"order":7}')
    assert (card["Title"], card["PagePath"]) == ("外套", "pages/order?id=7")
    await expect(phone.get_by_role("button", name="发送卡片「外套」")).to_have_count(0)


async def test_what_is_said_and_answered_stands_in_the_chat(visits: Visits, box: Box) -> None:
    _, phone = await in_chat(visits, box)
    await phone.get_by_role("button", name="表情").click()
    await phone.get_by_role("button", name="😀").click()
    await phone.get_by_role("textbox", name="消息").press_sequentially(" <b>你好</b>")
    await phone.get_by_role("button", name="发送", exact=True).click()
    await expect(chat(phone)).to_contain_text("客户: 😀 <b>你好</b>")
    await expect(phone.get_by_role("textbox", name="消息")).to_have_value("")
    await box.post(SEND, text_message("您好") | {"aimsgcontext": {"is_ai_msg": 1}})
    await expect(chat(phone)).to_contain_text("客服: 您好")
    await expect(chat(phone)).to_contain_text("内容由第三方AI生成")
    await expect(chat(phone)).to_contain_text(re.compile(r"^16:00"))


async def test_the_typing_notice_comes_and_goes(visits: Visits, box: Box) -> None:
    _, phone = await in_chat(visits, box)
    await say(phone, "在吗")
    await expect(chat(phone)).to_contain_text("在吗")
    await box.post(TYPING, {"touser": OPENID, "command": "Typing"})
    await expect(phone.get_by_role("heading", name="对方正在输入…")).to_be_visible()
    await box.advance(16)
    await expect(phone.get_by_role("heading", name=APP)).to_be_visible()


async def test_a_picture_is_chosen_seen_and_sent(visits: Visits, box: Box) -> None:
    _, phone = await in_chat(visits, box)
    chosen = phone.locator("input[type=file]")
    await chosen.set_input_files(PICTURE)
    await expect(phone.get_by_role("alert")).to_contain_text("只能发送 JPEG、PNG 或 GIF 图片")
    await chosen.set_input_files({"name": "p.png", "mimeType": "image/png", "buffer": PNG})
    sheet = phone.get_by_role("dialog", name="发送这张图片？")
    await sheet.get_by_role("button", name="取消").click()
    await expect(sheet).to_have_count(0)
    await chosen.set_input_files({"name": "p.png", "mimeType": "image/png", "buffer": PNG})
    await sheet.get_by_role("button", name="发送").click()
    await phone.get_by_role("button", name="图片，点按放大").click()
    await phone.get_by_role("dialog", name="图片").press("Escape")
    await expect(phone.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("way", ["paste", "drop"])
async def test_a_picture_comes_by_paste_and_by_drop(visits: Visits, box: Box, way: str) -> None:
    _, phone = await in_chat(visits, box)
    script = """(element, [way, bytes]) => {
        const moved = new DataTransfer();
        moved.items.add(new File([new Uint8Array(bytes)], "p.png", {type: "image/png"}));
        element.dispatchEvent(way === "paste"
            ? new ClipboardEvent("paste", {clipboardData: moved, bubbles: true, cancelable: true})
            : new DragEvent("drop", {dataTransfer: moved, bubbles: true, cancelable: true}));
    }"""
    await phone.get_by_role("textbox", name="消息").evaluate(script, [way, list(PNG)])
    await phone.get_by_role("dialog", name="发送这张图片？").get_by_role("button", name="发送").click()
    await expect(phone.get_by_role("button", name="图片，点按放大")).to_be_visible()


async def test_a_card_is_written_and_sent(visits: Visits, box: Box) -> None:
    _, phone = await in_chat(visits, box)
    await phone.get_by_role("button", name="更多").click()
    await phone.get_by_role("button", name="卡片", exact=True).click()
    form = phone.get_by_role("dialog", name="小程序卡片")
    await form.get_by_label("标题").fill("耳机")
    await form.get_by_label("页面路径").fill("pages/goods?id=3")
    await form.get_by_label("封面").set_input_files({"name": "p.png", "mimeType": "image/png", "buffer": PNG})
    await expect(form.locator("img")).to_have_count(1)
    await form.get_by_role("button", name="发送卡片").click()
    await expect(chat(phone)).to_contain_text("耳机")
    await expect(chat(phone).locator("img")).to_have_count(1)


async def test_tapping_shows_what_opens(visits: Visits, box: Box) -> None:
    _, phone = await in_chat(visits, box)
    await say(phone, "订单")
    await expect(chat(phone)).to_contain_text("订单")
    cover = (await box.upload()).body["media_id"]
    card = {"title": "订单 7", "pagepath": "pages/order?id=7&from=kf", "thumb_media_id": cover}
    await box.post(SEND, {"touser": OPENID, "msgtype": "miniprogrampage", "miniprogrampage": card})
    link = {
        "title": "退货",
        "description": "七天",
        "url": "https://example.com/r",
        "thumb_url": "https://example.com/t",
    }
    await box.post(SEND, {"touser": OPENID, "msgtype": "link", "link": link})
    page_link = f'<a href="https://e.x" data-miniprogram-appid="{APPID}" data-miniprogram-path="p/help?t=1">帮助</a>'
    await box.send(f'{page_link} <a href="https://e.x/two">第二</a>')
    for name, shown in [("打开 订单 7", ["pages/order", "from", "kf"]), ("打开 退货", ["https://example.com/r"])]:
        await phone.get_by_role("button", name=name).click()
        for words in shown:
            await expect(phone.get_by_role("dialog")).to_contain_text(words)
        await phone.get_by_role("dialog").get_by_role("button", name="返回").click()
    await chat(phone).get_by_role("button", name="第二").click()
    await expect(phone.get_by_role("dialog")).to_contain_text("https://e.x/two")


async def test_a_service_that_fails_is_shown_with_its_attempts(visits: Visits, box: Box) -> None:
    box.receiver.answer = lambda _: web.Response(text="what is this?")
    page, phone = await in_chat(visits, box)
    await say(phone, "有人吗")
    await expect(chat(phone)).to_contain_text(f"系统提示: {SERVICE_FAILURE}")
    inner = page.get_by_role("region", name="最近的推送")
    await expect(inner).to_contain_text("失败，客户看到了故障提示")
    await expect(inner).to_contain_text("what is this?")


async def test_the_drawer_tells_window_calls_and_token(visits: Visits, box: Box) -> None:
    page, phone = await in_chat(visits, box)
    window = page.get_by_role("region", name="回复窗口")
    await expect(window).to_contain_text("还没有打开")
    await say(phone, "你好")
    await expect(window).to_contain_text("还能发 5 条")
    await expect(window).to_contain_text("11月24日 16:00")
    await box.send("您好")
    await expect(window).to_contain_text("还能发 4 条")
    await expect(page.get_by_role("region", name="最近的接口调用")).to_contain_text("message/custom/send")
    await page.get_by_role("tab", name="整个沙箱").click()
    tokens = page.get_by_role("region", name="令牌与额度")
    await expect(tokens).to_contain_text("普通，还有 2:00:00")
    await page.get_by_role("button", name="让令牌失效").click()
    await expect(tokens).to_contain_text("没有有效的令牌")


async def test_the_clock_is_moved_and_brought_back(visits: Visits, box: Box) -> None:
    page, phone = await in_chat(visits, box)
    await say(phone, "你好")
    await page.get_by_role("tab", name="整个沙箱").click()
    clock = page.get_by_role("region", name="时钟")
    await clock.get_by_role("button", name="快进 48 小时").click()
    await expect(clock).to_contain_text("+48 小时")
    await clock.get_by_role("button", name="快进 1 小时").click()
    await page.get_by_role("tab", name="这位客户").click()
    await expect(page.get_by_role("region", name="回复窗口")).to_contain_text("已关闭")
    await page.get_by_role("tab", name="整个沙箱").click()
    await clock.get_by_role("button", name="回到现在").click()
    await expect(clock).not_to_contain_text("+49 小时")


async def test_faults_are_turned_on_used_up_and_taken_away(visits: Visits, box: Box) -> None:
    page, phone = await in_chat(visits, box)
    await say(phone, "你好")
    await page.get_by_role("tab", name="整个沙箱").click()
    faults = page.get_by_role("region", name="故障")
    await faults.get_by_text("接口的故障").click()
    await faults.get_by_label("errcode", exact=True).fill("45009")
    await faults.get_by_role("button", name="加上").click()
    await expect(faults).to_contain_text("errcode 45009 · 还有 1 次")
    assert (await box.send()).errcode == 45009
    await expect(faults).to_contain_text("没有故障。")
    await faults.get_by_text("推送的故障").click()
    await faults.get_by_label("每条多推几份").fill("2")
    await faults.get_by_role("button", name="生效").click()
    await expect(faults).to_contain_text("每条多推几份: 2")
    before = len(box.receiver.pushes)
    await say(phone, "三份")
    await eventually(lambda: len(box.receiver.pushes) == before + 3)
    await faults.get_by_role("button", name="全部去掉").click()
    await expect(faults).to_contain_text("没有故障。")


async def test_the_official_console_accepts_says_and_closes(visits: Visits, box: Box) -> None:
    await box.put_app(name=APP, mode="plain", aes_key="", gh_id="gh_97417a04a28d")
    reply = {"ToUserName": OPENID, "FromUserName": "gh_97417a04a28d", "CreateTime": int(time.time())}
    box.receiver.answer = lambda _: web.json_response(reply | {"MsgType": "transfer_customer_service"})
    page, phone = await in_chat(visits, box)
    await say(phone, "转官方")
    console = page.get_by_role("region", name="微信官方客服")
    await expect(console).to_contain_text("排队中")
    await console.get_by_role("button", name="接入").click()
    await expect(console).to_contain_text("接待中")
    await expect(console).to_contain_text("最晚到")
    await console.get_by_label("以官方客服的身份说").fill("官方在此")
    await console.get_by_role("button", name="发送").click()
    await expect(chat(phone)).to_contain_text("官方在此")
    await console.get_by_role("button", name="结束").click()
    await expect(console).to_contain_text("没有参与")


async def test_the_official_console_lets_go_by_itself(visits: Visits) -> None:
    """Nothing tells the page of it but the time."""
    clock = FixedClock(NOW)
    async with boxed(clock=clock, name=APP, mode="plain", aes_key="", gh_id="gh_97417a04a28d") as box:
        await box.control("POST", f"/apps/{APPID}/customers", {"openid": OPENID, "name": "小明"})
        reply = {"ToUserName": OPENID, "FromUserName": "gh_97417a04a28d", "CreateTime": int(time.time())}
        box.receiver.answer = lambda _: web.json_response(reply | {"MsgType": "transfer_customer_service"})
        page, phone = await in_chat(visits, box)
        await say(phone, "转官方")
        console = page.get_by_role("region", name="微信官方客服")
        await console.get_by_role("button", name="接入").click()
        await expect(console).to_contain_text("接待中")
        clock.advance(31 * 60)
        await expect(console).to_contain_text("没有参与", timeout=20_000)
        await expect(console.get_by_role("button", name="结束")).to_be_disabled()
        await page.close()


async def test_two_phones_side_by_side_are_two_customers(visits: Visits, box: Box) -> None:
    page, phone = await in_chat(visits, box)
    await page.get_by_label("名字（可不填）").fill("Anna")
    await page.get_by_role("button", name="新客户", exact=True).click()
    anna = phone_of(page, "Anna")
    await anna.get_by_role("button", name="直接打开聊天").click()
    await say(anna, "from Anna")
    await say(phone, "小明说")
    await expect(chat(anna)).to_contain_text("from Anna")
    await expect(chat(phone)).to_contain_text("小明说")
    await expect(chat(anna)).not_to_contain_text("小明说")
    await anna.get_by_role("button", name="收起这部手机").click()
    await expect(anna).to_have_count(0)


async def test_a_reset_is_asked_twice_and_the_customer_made_again(visits: Visits, box: Box) -> None:
    page, phone = await in_chat(visits, box)
    await say(phone, "以前的话")
    await expect(chat(phone)).to_contain_text("以前的话")
    await page.get_by_role("tab", name="整个沙箱").click()
    await page.get_by_role("button", name="重置沙箱").click()
    await page.get_by_role("button", name="确定重置").click()
    await expect(page.get_by_role("status").filter(has_text="沙箱重新开始了")).to_be_visible()
    gone = page.get_by_role("region", name=re.compile("的手机$"))
    await gone.get_by_role("button", name="重新创建").click()
    await phone.get_by_role("button", name="直接打开聊天").click()
    await say(phone, "新的话")
    await expect(chat(phone)).to_contain_text("新的话")
    await expect(chat(phone)).not_to_contain_text("以前的话")


async def test_a_sandbox_that_restarts_is_missed_and_found_again(visits: Visits) -> None:
    visits.watch.allow("^failed (GET|POST) /sandbox/api/")
    async with receiving() as receiver, ClientSession() as session:
        async with sandbox(_settings(0), IMPATIENT, FixedClock(NOW)) as first:
            box = Box(first, session, receiver)
            await _furnish(box)
            page, phone = await in_chat(visits, box)
            for words in ("一", "二", "三"):
                await say(phone, words)
            await expect(chat(phone)).to_contain_text("三")
        await expect(page.get_by_role("status").filter(has_text="正在重新连接")).to_be_visible()
        await say(phone, "没人听见")
        await expect(phone.get_by_role("alert")).to_contain_text("沙箱没有回应")
        await expect(phone.get_by_role("textbox", name="消息")).to_have_value("没人听见")
        async with sandbox(_settings(first.port), IMPATIENT, FixedClock(NOW)) as second:
            again = Box(second, session, receiver)
            await _furnish(again)
            await again.say("重启以后")
            await expect(chat(phone)).to_contain_text("重启以后")
            await expect(chat(phone)).not_to_contain_text("三")
            await page.close()


def _settings(port: int) -> SandboxSettings:
    return SandboxSettings(host="127.0.0.1", sandbox_port=port, ops_port=0, mongo_url=None)


async def _furnish(box: Box) -> None:
    assert (await box.put_app(name=APP)).status == 200
    await box.control("POST", f"/apps/{APPID}/customers", {"openid": OPENID, "name": "小明"})


async def test_a_sandbox_without_apps_takes_one_from_the_page(visits: Visits) -> None:
    visits.watch.allow("^422 PUT /sandbox/api/apps/")
    async with receiving() as receiver, sandbox(_settings(0), IMPATIENT) as running:
        page = await visits.page()
        await page.goto(running.url)
        await page.get_by_role("main").get_by_role("button", name="添加小程序").click()
        form = page.get_by_role("dialog", name="添加小程序")
        await form.get_by_label("名称").fill("新店")
        receiver.answer_check = lambda _: web.Response(text="nonsense")
        await form.get_by_label("回调地址").fill(receiver.url)
        await form.get_by_role("button", name="校验并保存").click()
        await expect(form.get_by_role("alert")).to_contain_text("返回的是：HTTP 200 nonsense")
        receiver.answer_check = lambda check: web.Response(text=check.query["echostr"])
        await form.get_by_role("button", name="校验并保存").click()
        await page.get_by_role("button", name="拿起一部新手机").click()
        await expect(page.get_by_role("heading", name="新店")).to_be_visible()
        await page.close()


async def test_the_language_is_the_browsers_until_it_is_chosen(visits: Visits, box: Box) -> None:
    page = await opened(visits, box, locale="en-GB")
    await page.get_by_role("button", name=re.compile("^小明")).click()
    await page.get_by_role("button", name="Open the chat only").click()
    await page.get_by_role("textbox", name="Message").fill("half written")
    await page.get_by_role("button", name="中文").click()
    await expect(page.get_by_role("textbox", name="消息")).to_have_value("half written")
    await page.reload()
    await expect(page.get_by_role("button", name="English")).to_be_visible()


async def test_on_a_phone_one_thing_is_shown_at_a_time(visits: Visits, box: Box) -> None:
    page = await opened(visits, box, PHONE)
    await page.get_by_role("button", name="客户", exact=True).click()
    await page.get_by_role("button", name=re.compile("^小明")).click()
    phone = phone_of(page)
    await phone.get_by_role("button", name="联系客服").click()
    await say(phone, "手机上")
    await expect(chat(phone)).to_contain_text("手机上")
    await page.get_by_role("button", name="微信内部").click()
    await expect(page.get_by_role("region", name="回复窗口")).to_contain_text("还能发 5 条")
    await expect(chat(phone)).to_be_hidden()
    wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert wide is False


async def test_it_is_used_by_keyboard_alone(visits: Visits, box: Box) -> None:
    page = await opened(visits, box)
    await page.get_by_role("button", name=re.compile("^小明")).focus()
    await page.keyboard.press("Enter")
    await expect(phone_of(page).get_by_role("button", name="联系客服")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(phone_of(page).get_by_role("textbox", name="消息")).to_be_focused()
    await page.keyboard.type("键盘")
    await page.keyboard.press("Enter")
    await expect(chat(phone_of(page))).to_contain_text("键盘")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_use_it(visits: Visits, box: Box, scheme: str) -> None:
    await box.say("你好")
    await box.send('<a href="https://e.x">您好</a>', aimsgcontext={"is_ai_msg": 1})
    page = await opened(visits, box, color_scheme=scheme)
    await page.get_by_role("button", name=re.compile("^小明")).click()
    phone = phone_of(page)
    await expect(phone.get_by_role("button", name="联系客服")).to_be_visible()
    assert "\n".join(await violations(page)) == ""
    await phone.get_by_role("button", name="直接打开聊天").click()
    await expect(chat(phone)).to_contain_text("您好")
    assert "\n".join(await violations(page)) == ""
    await page.get_by_role("tab", name="整个沙箱").click()
    await page.get_by_role("region", name="故障").get_by_text("接口的故障").click()
    await page.get_by_role("region", name="故障").get_by_text("推送的故障").click()
    assert "\n".join(await violations(page)) == ""
