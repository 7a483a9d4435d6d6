"""What a supervisor reads in the reports: figures of sessions that are known, as charts, as a table and as a file."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from playwright.async_api import Page, expect

from deploy.local.seed import APP_ID
from shared.conversation.commands import RecordSession
from shared.conversation.ids import conversation_id
from shared.conversation.model import Party, Rated, Session
from shared.store.driver import Database
from shared.store.records import SessionRecords
from tests.browser.axe import violations
from tests.browser.chromium import PHONE
from tests.browser.crew import Crew, Staff

DAY = "2026-03-02"
NINE = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""Nine in the morning in Shanghai, of a day on which no other test has sessions."""
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
THAT_DAY = f"/reports?period=own&from={DAY}&to={DAY}&by=agent"


async def _ended(database: Database, number: int, opened: float, closed: float, **more: Any) -> None:
    """A session of that day, in minutes after nine."""

    def at(minutes: float) -> datetime:
        return NINE + timedelta(minutes=minutes)

    instants = {name: at(value) for name, value in more.items() if name.endswith("_at")}
    fields: dict[str, Any] = {
        **more,
        **instants,
        "opened_at": at(opened),
        "active_at": at(opened),
        "closed_at": at(closed),
    }
    session = Session(number=number, state="closed", **fields)
    name = conversation_id(APP_ID, "o-browser-reports")
    await SessionRecords(database).save(
        RecordSession(conversation_id=name, app_id=APP_ID, trace_id="t", session=session)
    )


async def _a_day(crew: Crew, chen: Staff, liu: Staff) -> None:
    """Chen: three sessions with waits of 1, 2 and 4 minutes; Liu: one of 3; one left in line; the day before: one."""
    database = crew.town.database
    by_chen, by_liu = (Party(kind="agent", id=one.login, name=one.name) for one in (chen, liu))
    for number, wait in enumerate((1, 2, 4), 1):
        score = Rated(state="answered", at=NINE, score=6 - number)
        times = {"asked_at": 0, "assigned_at": wait, "first_answer_at": wait + 1}
        await _ended(database, number, 0, 30, **times, responder=by_chen, rated=score, agent_messages=2)
    await _ended(database, 4, 60, 70, asked_at=60, assigned_at=63, first_answer_at=64, responder=by_liu)
    await _ended(database, 5, 65, 95, asked_at=65, reason="gave_up")
    await _ended(database, 6, -1440, -1400, asked_at=-1440, assigned_at=-1436, responder=by_chen)


def tile(page: Page, name: str) -> Any:
    return page.locator(".tile").filter(has=page.get_by_text(name, exact=True))


async def test_a_supervisor_reads_a_day_sorts_it_and_takes_it_along(crew: Crew, tmp_path: Path) -> None:
    boss, chen, liu = await crew.agent("周敏", "supervisor"), await crew.agent("陈晓"), await crew.agent("刘洋")
    await _a_day(crew, chen, liu)
    desk = await crew.desk(boss)
    page = desk.page
    await page.get_by_role("link", name="报表").click()
    await expect(page.get_by_role("heading", name="报表", level=1)).to_be_visible()
    await desk.goto(THAT_DAY)
    await expect(tile(page, "会话")).to_contain_text("5其中人工接待 4")
    await expect(tile(page, "客户等待")).to_contain_text("2 分 0 秒")
    await expect(tile(page, "客户等待")).to_contain_text("较上期下降 50%")
    await expect(tile(page, "排队流失")).to_contain_text("占全部会话的 20%")
    await expect(tile(page, "满意度")).to_contain_text("4.003 人评价")

    table = page.get_by_role("region", name="明细")
    names = table.locator("tbody th")
    await expect(names).to_have_text(["陈晓", "刘洋", "无客服接待"])
    chens = table.locator("tbody tr").first
    await expect(chens).to_contain_text(re.compile(r"陈晓\s*3\s*0\s*2 分 0 秒\s*4 分 0 秒\s*3 分 0 秒"))
    await table.get_by_role("button", name="等待时长（中位数）").click()
    await expect(names).to_have_text(["刘洋", "陈晓", "无客服接待"])
    # The same numbers as a table for those who do not see the chart.
    waiting = page.get_by_role("table", name="客户等待")
    await expect(waiting.locator("tbody tr").first).to_have_text(re.compile(r"陈晓\s*2 分 0 秒\s*4 分 0 秒"))
    await expect(page.locator("canvas")).to_have_count(6)

    async with page.expect_download() as starting:
        await page.get_by_role("link", name="导出 CSV").click()
    download = await starting.value
    assert download.suggested_filename == f"report-agent-{DAY}-{DAY}.csv"
    await download.save_as(tmp_path / "report.csv")
    content = (tmp_path / "report.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [(row["name"], row["sessions"], row["waiting_seconds_p50"]) for row in rows] == [
        ("陈晓", "3", "120.0"),
        ("刘洋", "1", "180.0"),
        ("", "1", ""),
        ("total", "5", "120.0"),
    ]

    await page.get_by_role("radio", name="按时段").check(force=True)
    await expect(names).to_have_count(24)
    await expect(page).to_have_url(re.compile("by=hour"))
    await page.get_by_label("客服", exact=True).select_option(liu.login)
    await expect(tile(page, "会话")).to_contain_text("1其中人工接待 1")
    await page.get_by_role("button", name="清除筛选").click()
    await expect(tile(page, "会话")).to_contain_text("5其中人工接待 4")
    await page.get_by_label("从").fill("2026-01-01")
    await page.get_by_label("到").fill("2026-01-02")
    await expect(page.get_by_role("main")).to_contain_text("这段时间没有会话")
    await page.get_by_label("到").fill("2025-12-31")
    await expect(page.get_by_role("alert")).to_have_text("结束日期不能早于开始日期。")


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
async def test_axe_finds_nothing_serious_in_a_report(crew: Crew, locale: str) -> None:
    boss, chen, liu = await crew.agent("周敏", "supervisor"), await crew.agent("陈晓"), await crew.agent("刘洋")
    await _a_day(crew, chen, liu)
    found: list[str] = []
    desk = await crew.desk(boss, THAT_DAY, locale=locale)
    page = desk.page
    for size in (None, PHONE):
        if size:
            await page.set_viewport_size(size)
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            await page.locator("canvas").first.wait_for()
            found.extend(f"{scheme}: {one}" for one in await violations(page))
    overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0
    assert not found, "\n".join(sorted(set(found)))


async def test_agents_are_led_to_no_reports(crew: Crew) -> None:
    liu = await crew.agent("刘洋")
    desk = await crew.desk(liu)
    await expect(desk.page.get_by_role("link", name="报表")).to_have_count(0)
    await desk.goto("/reports")
    await expect(desk.page.get_by_role("main")).to_contain_text("只有主管和管理员可以查看报表")


async def test_on_a_phone_reports_are_reached_from_more(crew: Crew) -> None:
    boss = await crew.agent("周敏", "supervisor")
    desk = await crew.desk(boss, size=PHONE)
    await desk.page.get_by_role("button", name="更多").click()
    await desk.page.get_by_role("menuitem", name="报表").click()
    await expect(desk.page.get_by_role("heading", name="报表", level=1)).to_be_visible()
