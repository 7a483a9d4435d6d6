"""A customer's phone, as the sandbox shows it. In Chinese."""

import re
from dataclasses import dataclass

from playwright.async_api import Locator, Page

from tests.browser.png import file


@dataclass(frozen=True)
class Phone:
    page: Page
    name: str

    @property
    def region(self) -> Locator:
        return self.page.get_by_role("region", name=f"{self.name} 的手机")

    @property
    def chat(self) -> Locator:
        return self.region.get_by_role("log", name="聊天记录")

    @property
    def heading(self) -> Locator:
        return self.region.get_by_role("heading", name=re.compile("."))

    async def say(self, text: str) -> None:
        field = self.region.get_by_role("textbox", name="消息")
        await field.fill(text)
        await field.press("Enter")

    async def send_picture(self, name: str, data: bytes) -> None:
        chooser = self.region.locator("input[type=file]").last
        await chooser.set_input_files(file(name, data))
        await self.region.get_by_role("dialog", name="发送这张图片？").get_by_role("button", name="发送").click()

    async def send_card(self, title: str, path: str) -> None:
        await self.region.get_by_role("button", name="更多").click()
        await self.region.get_by_role("button", name="卡片", exact=True).click()
        form = self.region.get_by_role("dialog", name="小程序卡片")
        await form.get_by_label("标题").fill(title)
        await form.get_by_label("页面路径").fill(path)
        await form.get_by_role("button", name="发送卡片").click()
