"""Ten thousand messages in one conversation: few rows on the page, and what is read never jumps."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from playwright.async_api import Page, Route, expect

from tests.browser.crew import Crew
from tests.browser.desk import Desk
from tests.browser.long_history import lengthen
from tests.support.waiting import eventually

COUNT: Final = 10_000
FAR: Final = 2_000
PAGES: Final = 6
MOST_ROWS: Final = 60
STILL_PX: Final = 3

OLDER: Final = re.compile(r"/messages\?.*before_seq=")

EYE: Final = """(frame) => {
    const middle = frame.getBoundingClientRect().top + frame.clientHeight / 2;
    const rows = [...frame.querySelectorAll('[data-seq]')].map((row) => [row, row.getBoundingClientRect().top]);
    rows.sort((one, other) => Math.abs(one[1] - middle) - Math.abs(other[1] - middle));
    return [Number(rows[0][0].dataset.seq), rows[0][1]];
}"""

PLACE: Final = "(frame, seq) => frame.querySelector(`[data-seq='${seq}']`)?.getBoundingClientRect().top ?? null"

SETTLED: Final = """() => new Promise((done) => {
    let frames = 0;
    const next = () => (++frames > 4 ? done(null) : requestAnimationFrame(next));
    next();
})"""


class Eye(NamedTuple):
    """The message in the middle of the page, and how far down it is."""

    seq: int
    top: float


class Gate:
    """Holds the page's question for older messages until it is let through."""

    def __init__(self) -> None:
        self.asked = 0
        self._open = asyncio.Event()

    async def hold(self, route: Route) -> None:
        self.asked += 1
        await self._open.wait()
        self._open.clear()
        await route.continue_()

    def let_through(self) -> None:
        self._open.set()


@asynccontextmanager
async def gated(page: Page) -> AsyncIterator[Gate]:
    gate = Gate()
    await page.route(OLDER, gate.hold)
    yield gate
    gate.let_through()
    await page.unroute(OLDER)


async def _eye(desk: Desk) -> Eye:
    await desk.page.evaluate(SETTLED)
    seq, top = await desk.history.evaluate(EYE)
    return Eye(seq, top)


async def _rows(desk: Desk) -> int:
    return await desk.history.locator("[data-seq]").count()


async def _older_page_stays_still(desk: Desk, gate: Gate) -> None:
    """Scroll up until the next page is asked for; what is in the middle stays there as it comes."""
    asked = gate.asked

    async def wants_older() -> bool:
        await desk.history.evaluate("(frame) => frame.scrollBy({top: -1400, behavior: 'instant'})")
        await desk.page.evaluate(SETTLED)
        return gate.asked > asked

    await eventually(wants_older)
    eye, height = await _eye(desk), await desk.history.evaluate("(frame) => frame.scrollHeight")
    gate.let_through()
    await eventually(lambda: _higher(desk, height))
    await desk.page.evaluate(SETTLED)
    top = await desk.history.evaluate(PLACE, eye.seq)
    assert top is not None, f"{eye} left the page"
    assert abs(top - eye.top) <= STILL_PX, (eye, top)
    assert await _rows(desk) < MOST_ROWS


async def _higher(desk: Desk, height: int) -> bool:
    now: int = await desk.history.evaluate("(frame) => frame.scrollHeight")
    return now > height


async def test_ten_thousand_messages_are_few_rows_and_nothing_jumps(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    last = await lengthen(crew.town, lin, chen, COUNT)
    desk = await crew.desk(chen, f"/mine/{lin.id}")
    await expect(desk.bubble(f"第 {last} 条")).to_be_in_viewport()
    assert await _rows(desk) < MOST_ROWS
    async with gated(desk.page) as gate:
        for _ in range(PAGES):
            await _older_page_stays_still(desk, gate)
    await lin.say("这时来了新的")
    news = desk.button(re.compile("1 条新消息"))
    await expect(news).to_be_visible()
    eye = await _eye(desk)
    await lin.say("又来了一条")
    await expect(desk.button(re.compile("2 条新消息"))).to_be_visible()
    assert abs((await desk.history.evaluate(PLACE, eye.seq)) - eye.top) <= STILL_PX
    await desk.button(re.compile("2 条新消息")).click()
    await expect(desk.bubble("又来了一条")).to_be_in_viewport()
    await expect(desk.button(re.compile("条新消息"))).to_have_count(0)


async def test_a_place_far_back_is_reached_and_the_beginning_is_the_beginning(crew: Crew) -> None:
    chen = await crew.agent("陈晓")
    lin = await crew.served("小林", chen)
    last = await lengthen(crew.town, lin, chen, FAR)
    desk = await crew.desk(chen, f"/mine/{lin.id}?seq=9")
    await expect(desk.history.get_by_text("第 9 条，")).to_be_in_viewport()
    await desk.history.press("Home")
    await expect(desk.history.get_by_text("会话从这里开始")).to_be_in_viewport()
    assert await _rows(desk) < MOST_ROWS
    await desk.button("回到最新消息").click()
    await expect(desk.bubble(f"第 {last} 条")).to_be_in_viewport()
    await desk.say("看完了")
    await expect(desk.bubble("看完了")).to_be_in_viewport()
    await expect(desk.mark("看完了")).to_be_visible()
    assert await _rows(desk) < MOST_ROWS
