"""What Zhima says to customers: by WeChat's API, or whatever stands for it, with the token it fetched."""

import asyncio
from typing import Any, Final

import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout

from services.sandbox.wechat.inbound import Picture
from services.sandbox.zhima.state import Customer, Item, Product, ZhimaWorld
from services.sandbox.zhima.tokens import NoToken, ZhimaTokens
from shared.exchange import picture_form

_JSON: Final = "application/json"
_TIMEOUT: Final = ClientTimeout(total=10)
_TOKEN_IS_BAD: Final = frozenset({40001, 40014, 42001})
NOT_REACHED: Final = -2
"""Ours: no answer that could be read."""

Answer = dict[str, Any]


class Speaking:
    def __init__(self, world: ZhimaWorld, session: ClientSession, tokens: ZhimaTokens) -> None:
        self._world = world
        self._session = session
        self._tokens = tokens
        self._turns: dict[str, asyncio.Lock] = {}

    async def say(self, product: Product, customer: Customer, item: Item, text: str) -> None:
        async with self._turn(product, customer):
            await self._send(product, customer, item, {"msgtype": "text", "text": {"content": text}})

    async def show(self, product: Product, customer: Customer, item: Item, picture: Picture) -> None:
        """Upload, then send."""
        async with self._turn(product, customer):
            body, content_type = picture_form("media", picture.data, picture.content_type)
            uploaded = await self._told("media/upload?type=image", product, body, content_type)
            media_id = uploaded.get("media_id")
            if isinstance(media_id, str):
                await self._send(product, customer, item, {"msgtype": "image", "image": {"media_id": media_id}})
            else:
                self._settle(item, {"errcode": NOT_REACHED} | uploaded)

    async def show_typing(self, product: Product, customer: Customer) -> int:
        """WeChat's errcode."""
        body = orjson.dumps({"touser": customer.openid, "command": "Typing"})
        return _errcode(await self._told("message/custom/typing", product, body))

    async def _send(self, product: Product, customer: Customer, item: Item, content: Answer) -> None:
        body = orjson.dumps({"touser": customer.openid, **content})
        self._settle(item, await self._told("message/custom/send", product, body))

    def _turn(self, product: Product, customer: Customer) -> asyncio.Lock:
        """What is said to one customer goes out in order."""
        return self._turns.setdefault(f"{product.access_key} {customer.openid}", asyncio.Lock())

    def _settle(self, item: Item, answer: Answer) -> None:
        item.errcode = _errcode(answer)
        item.error = str(answer.get("errmsg", ""))[:200] if item.errcode else None
        self._world.changes.touch()

    async def _told(self, call: str, product: Product, body: bytes, content_type: str = _JSON) -> Answer:
        """The answer; a token that is none any more is fetched anew, once."""
        try:
            token = await self._tokens.current(product)
            answer = await self._post(call, product, token, body, content_type)
            if answer.get("errcode") in _TOKEN_IS_BAD:
                token = await self._tokens.renewed(product, token)
                answer = await self._post(call, product, token, body, content_type)
        except NoToken as missing:
            return {"errcode": NOT_REACHED, "errmsg": str(missing)}
        return answer

    async def _post(self, call: str, product: Product, token: str, body: bytes, content_type: str) -> Answer:
        base = product.config.proxy_base if product.config.reply_mode == "proxy" else self._world.base_url
        path, _, more = call.partition("?")
        url = f"{(base or '').rstrip('/')}/cgi-bin/{path}?access_token={token}{'&' + more if more else ''}"
        try:
            async with self._session.post(
                url,
                data=body,
                headers={"Content-Type": content_type},
                timeout=_TIMEOUT,
                allow_redirects=False,
            ) as response:
                answer = orjson.loads(await response.read())
        except (ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as failure:
            return {"errcode": NOT_REACHED, "errmsg": f"no answer ({type(failure).__name__})"}
        return answer if isinstance(answer, dict) else {"errcode": NOT_REACHED, "errmsg": "no JSON object"}


def _errcode(answer: Answer) -> int:
    errcode = answer.get("errcode", 0)
    return errcode if isinstance(errcode, int) else NOT_REACHED
