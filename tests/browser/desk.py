"""The desk as an agent has it before them: its parts by role and name, and what is done with them. In Chinese."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from playwright.async_api import Locator, Page, expect

View = Literal["待接入", "我的", "全部", "已关闭"]


@dataclass(frozen=True)
class Desk:
    page: Page
    url: str

    async def goto(self, path: str) -> None:
        """Open an address of the desk; returns when the lists stand there."""
        await self.page.goto(self.url + path)
        await self.page.get_by_role("navigation").first.wait_for()

    @property
    def lists(self) -> Locator:
        return self.page.get_by_role("region", name="会话列表")

    @property
    def history(self) -> Locator:
        return self.page.get_by_role("region", name="消息记录")

    @property
    def composer(self) -> Locator:
        return self.page.get_by_role("textbox", name="回复客户")

    @property
    def foot(self) -> Locator:
        """The composer with its bar and buttons."""
        return self.page.get_by_role("region", name="回复客户")

    @property
    def header(self) -> Locator:
        return self.page.get_by_role("main").locator("header")

    @property
    def customer(self) -> Locator:
        """The pane about the customer."""
        return self.page.get_by_role("complementary", name="客户资料")

    def row(self, name: str) -> Locator:
        return self.lists.get_by_role("listitem").get_by_role("link", name=re.compile(re.escape(name)))

    def dialog(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("dialog", name=name)

    def notice(self, words: str) -> Locator:
        return self.page.get_by_role("status").filter(has_text=words)

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("button", name=name, exact=isinstance(name, str))

    def bubble(self, words: str) -> Locator:
        """What was said, by either side, with its delivery."""
        return self.history.get_by_role("article").filter(has_text=words)

    def mark(self, words: str, state: str = "已发送") -> Locator:
        """The small state beside one of our messages that needs no explaining."""
        return self.bubble(words).get_by_role("img", name=state)

    def why(self, words: str, state: str) -> Locator:
        """The state that opens a paper saying why."""
        return self.bubble(words).get_by_role("button", name=f"{state}：查看原因")

    async def show(self, view: View) -> None:
        await self.lists.get_by_role("link", name=re.compile(f"^{view}")).click()

    async def open(self, name: str) -> None:
        await self.row(name).click()
        await expect(self.header.get_by_role("heading", name=name)).to_be_visible()

    async def accept(self) -> None:
        await self.header.get_by_role("button", name="接入").click()
        await expect(self.composer).to_be_visible()

    async def say(self, text: str) -> None:
        await self.composer.fill(text)
        await self.composer.press("Enter")

    async def log_in_again(self, password: str) -> None:
        """In the dialog that lies over the page when its login has ended."""
        again = self.dialog("登录已失效")
        await again.get_by_label("密码").fill(password)
        await again.get_by_role("button", name="登录").click()
        await expect(again).to_have_count(0)

    async def lines(self) -> list[tuple[int, str]]:
        """Place and words of every message in the history, scrolled through from its end to its beginning."""
        found: dict[int, str] = {}
        await self._scroll(1e7)
        while True:
            rows: list[tuple[int, str]] = await self.history.evaluate(_ROWS)
            found.update(rows)
            at: dict[str, Any] = await self.history.evaluate(_PAGE_UP)
            if at["top"] <= 0 and min(found, default=1) <= 1:
                return sorted(found.items())

    async def _scroll(self, top: float) -> None:
        await self.history.evaluate(
            "(frame, top) => { frame.scrollTop = top; return new Promise(requestAnimationFrame) }", top
        )


_ROWS = """(frame) => [...frame.querySelectorAll('[data-seq]')].map((row) => {
    const words = row.querySelector('[dir=auto]');
    return [Number(row.dataset.seq), (words ?? row).textContent.trim()];
})"""

_PAGE_UP = """async (frame) => {
    frame.scrollTop -= frame.clientHeight * 0.7;
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    return {top: frame.scrollTop};
}"""
