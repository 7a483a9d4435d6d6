"""A client that knows nothing of the sandbox works against it: wechatpy's, unchanged, its host mapped to ours."""

import asyncio
import io
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override
from wechatpy import WeChatClient, WeChatClientException

from tests.sandbox.box import APPID, OPENID, PNG, SECRET, Box

Result = TypeVar("Result")


class ToSandbox(HTTPAdapter):
    """Sends what is meant for api.weixin.qq.com to the sandbox."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    @override
    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        assert request.url is not None
        request.url = request.url.replace("https://api.weixin.qq.com", self._url, 1)
        return super().send(request, *args, **options)


async def using(box: Box, secret: str, use: Callable[[Any], Result]) -> Result:
    """`use` a client in a thread, where it may block."""

    def work() -> Result:
        client = WeChatClient(APPID, secret, timeout=10)
        with client._http as session:
            session.mount("https://api.weixin.qq.com", ToSandbox(box.running.url))
            return use(client)

    return await asyncio.to_thread(work)


async def test_text_image_and_media(box: Box) -> None:
    def use(client: Any) -> tuple[Any, bytes]:
        client.message.send_text(OPENID, "您好，有什么可以帮您？")
        uploaded = client.media.upload("image", io.BytesIO(PNG))
        client.message.send_image(OPENID, uploaded["media_id"])
        return uploaded, client.media.download(uploaded["media_id"]).content

    await box.say()
    uploaded, downloaded = await using(box, SECRET, use)
    assert (uploaded["type"], downloaded) == ("image", PNG)
    items = (await box.phone(after=1))["items"]
    assert [(item["type"], item["text"]) for item in items] == [("text", "您好，有什么可以帮您？"), ("image", None)]
    paths = [call["path"] for call in await box.calls()]
    assert paths.count("/cgi-bin/token") == 1


async def test_refusals_arrive_as_its_own_exceptions(box: Box) -> None:
    with pytest.raises(WeChatClientException) as closed:
        await using(box, SECRET, lambda client: client.message.send_text(OPENID, "hello"))
    assert closed.value.errcode == 45015
    with pytest.raises(WeChatClientException) as wrong:
        await using(box, "wrong", lambda client: client.fetch_access_token())
    assert wrong.value.errcode == 40125


async def test_it_renews_an_invalidated_token_by_itself(box: Box) -> None:
    await box.say()

    def use(client: Any) -> None:
        stale = client.access_token
        box.running.parts.world.tokens.invalidate(APPID, box.running.parts.clock.now())
        client.message.send_text(OPENID, "hello")
        assert client.access_token != stale

    await using(box, SECRET, use)
    assert [call["errcode"] for call in await box.calls("/cgi-bin/message")] == [40001, 0]


async def test_console_agents(box: Box) -> None:
    def use(client: Any) -> Any:
        client.customservice.add_account("lina@desk", "李娜", "password")
        return client.customservice.get_accounts(), client.customservice.get_online_accounts()

    bound, online = await using(box, SECRET, use)
    assert [agent["kf_nick"] for agent in bound] == ["李娜"]
    assert [agent["status"] for agent in online] == [1]
