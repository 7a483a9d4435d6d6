from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import aiohttp
import pytest
from aiohttp import DummyCookieJar

from shared.wechat.client import TypingPath, WeChatClient
from shared.wechat.transport import Timeouts
from tests.wechat.standin import Api

CreateClient = Callable[..., WeChatClient]
CreateServer = Callable[[Callable[..., Awaitable[None]]], Awaitable[str]]


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def api(stack: AsyncExitStack) -> Api:
    """A small WeChat that answers what it was told to, and remembers what it was asked."""
    return await stack.enter_async_context(Api().listening())


@pytest.fixture
async def create_client(stack: AsyncExitStack) -> CreateClient:
    session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=DummyCookieJar()))

    def create(base_url: str, timeouts: Timeouts | None = None, typing_path: TypingPath = "custom") -> WeChatClient:
        return WeChatClient(session, base_url, timeouts, typing_path=typing_path)

    return create


@pytest.fixture
def client(api: Api, create_client: CreateClient) -> WeChatClient:
    return create_client(api.url)
