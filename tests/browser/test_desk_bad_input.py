"""What people send, choose and type that no desk likes; and a server that is away when one wants it."""

from playwright.async_api import Locator, expect

from deploy.local.seed import APP_ID
from tests.browser.crew import PASSWORD, Crew, drop_files
from tests.browser.desk import Desk
from tests.browser.held_reads import reads_held
from tests.browser.png import file, unpacked

MARKUP = "<img src=x onerror=alert(1)>"


async def _choose(desk: Desk, name: str, kind: str, data: bytes) -> Locator:
    async with desk.page.expect_file_chooser() as choosing:
        await desk.foot.get_by_role("button", name="图片", exact=True).click()
    await (await choosing.value).set_files(file(name, data, kind))
    return desk.foot.get_by_role("alert")


async def test_a_picture_of_20_mb_is_made_smaller_here(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    desk = await crew.desk(chen, f"/mine/{lin.id}")
    told = await _choose(desk, "大图.png", "image/png", unpacked(2700, 2600))
    await expect(told).to_contain_text("「大图.png」有 20.1 MB，微信最多接受 2 MB。")
    await told.get_by_role("button", name="缩小后添加").click()
    await expect(desk.foot.get_by_role("img", name="大图.png")).to_be_visible()
    await expect(told).to_have_text("")
    await desk.foot.get_by_role("button", name="发送", exact=True).click()
    await expect(desk.history.get_by_role("img", name="已发送")).to_be_visible()
    phone = await crew.town.phone(lin.openid)
    assert [item["type"] for item in phone if item["from"] == "service"] == ["image"]


async def test_what_is_no_picture_is_refused_by_its_bytes(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    desk = await crew.desk(chen, f"/mine/{lin.id}")
    told = await _choose(desk, "笔记.png", "image/png", "只是文字".encode())
    await expect(told).to_contain_text("「笔记.png」不是 JPEG、PNG 或 GIF 图片，微信不接受。")
    told = await _choose(desk, "动图.gif", "image/gif", b"GIF89a" + bytes(3 * 1024 * 1024))
    await expect(told).to_contain_text("「动图.gif」有 3.0 MB，微信最多接受 2 MB。")
    await expect(told.get_by_role("button", name="缩小后添加")).to_have_count(0)
    await drop_files(desk.page, "textarea", "paste", ("坏图.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(50)))
    await expect(told).to_contain_text("「坏图.png」已损坏，无法打开。")
    await told.get_by_role("button", name="关闭").click()
    await expect(told).to_have_text("")
    await expect(desk.foot.get_by_role("button", name="发送", exact=True)).to_be_disabled()


async def test_markup_is_text_wherever_it_is_shown(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.customer("小林", asks=False)
    profile = [{"name": "<b>等级</b>", "value": "<script>document.title = 'x'</script>"}]
    described = {"name": MARKUP, "profile": profile}
    await crew.admin.must("PUT", f"/apps/{APP_ID}/customers/{lin.openid}", described)
    await crew.town.customer(lin.openid, "enter", {"session_from": "<i>首页</i>"})
    await lin.ask()
    await lin.say("<script>alert(2)</script><b>粗体</b> [x](javascript:alert(3)) javascript:alert(4)")
    desk = await crew.desk(chen, "/waiting")
    asked: list[str] = []
    desk.page.on("dialog", lambda dialog: asked.append(dialog.message))
    await desk.open(MARKUP)
    await expect(desk.bubble("<script>alert(2)</script><b>粗体</b>")).to_be_visible()
    await expect(desk.bubble("粗体").get_by_role("link")).to_have_count(0)
    await expect(desk.customer).to_contain_text("<b>等级</b>")
    await expect(desk.customer).to_contain_text("<script>document.title = 'x'</script>")
    await expect(desk.customer).to_contain_text("<i>首页</i>")
    await desk.accept()
    await desk.say("<b>我们也只发文字</b>")
    await expect(desk.bubble("<b>我们也只发文字</b>")).to_be_visible()
    await desk.page.keyboard.press("Control+k")
    await expect(desk.dialog("命令面板").get_by_role("option", name=MARKUP)).to_be_visible()
    await desk.page.keyboard.press("Escape")
    await desk.button("转接（T）").click()
    await expect(desk.dialog(f"转接「{MARKUP}」")).to_be_visible()
    await desk.page.keyboard.press("Escape")
    await desk.lists.get_by_role("searchbox").fill("粗体")
    await expect(desk.lists.get_by_role("link").filter(has_text="<b>粗体</b>")).to_be_visible()
    assert await desk.page.locator("[src=x], main b, aside b, aside i:not([class]), main script").count() == 0
    assert asked == []


async def test_a_text_of_3000_bytes_is_cut_where_one_pauses_and_only_by_its_button(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    desk = await crew.desk(chen, f"/mine/{lin.id}")
    text = "".join(f"第{number:03}句话说到这里就停。" for number in range(80))
    assert 2048 < len(text.encode()) < 4096
    await desk.composer.fill(text)
    size = len(text.encode())
    await expect(desk.foot).to_contain_text(f"{size} / 2048 字节")
    await expect(desk.foot.get_by_role("status")).to_contain_text("可拆成 2 条，或缩短。")
    await desk.composer.press("Enter")
    await expect(desk.composer).to_have_value(text)
    await desk.foot.get_by_role("button", name="拆成 2 条发送").click()
    await expect(desk.history.get_by_role("img", name="已发送")).to_have_count(2)
    first, second = await lin.seen()
    assert first + second == text
    assert first.endswith("。")


async def test_a_server_that_is_away_is_told_and_no_reason_to_start_again(crew: Crew) -> None:
    crew.visits.watch.allow("^failed ", "WebSocket connection", "^50[23] ", "^401 ")
    chen = await crew.agent("陈晓")
    lin = await crew.customer("小林")
    desk = await crew.desk(chen, f"/waiting/{lin.id}")
    page = await crew.visits.page()
    await page.goto(desk.url)
    await expect(desk.history).to_be_visible()
    await crew.town.kill("console")
    try:
        await desk.header.get_by_role("button", name="接入").click()
        await expect(desk.notice("连接不到服务器。请检查网络，恢复后再试。")).to_be_visible()
        await page.get_by_label("登录名").fill(chen.login)
        await page.get_by_label("密码").fill(PASSWORD)
        await page.get_by_role("button", name="登录").click()
        await expect(page.get_by_role("alert")).to_have_text("连接不到服务器。请检查网络后重试。")
    finally:
        await crew.town.start("console")
    await desk.accept()
    await desk.say("久等了")
    await expect(desk.mark("久等了")).to_be_visible()
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_role("region", name="会话列表")).to_be_visible()


async def test_who_acts_with_a_login_that_has_ended_logs_in_and_goes_on(crew: Crew) -> None:
    crew.visits.watch.allow("^401 ", "WebSocket connection")
    chen = await crew.agent("陈晓")
    lin = await crew.customer("小林")
    desk = await crew.desk(chen, f"/waiting/{lin.id}")
    async with reads_held(desk.page):
        await desk.page.context.clear_cookies()
        await desk.header.get_by_role("button", name="接入").click()
        await expect(desk.dialog("登录已失效")).to_be_visible()
    await desk.log_in_again(PASSWORD)
    await desk.accept()
