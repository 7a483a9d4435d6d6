"""The access token Zhima speaks with: fetched from the address entered as 小程序 token 网址, kept until it nearly ends.

Source: Zhima's page 密码接入获取token的接口: `{"code": 200, "data": {"access_token", "expires_in"}}`; any other code
is no.
"""

import asyncio
from collections import defaultdict
from datetime import timedelta
from typing import Any, Final

import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout

from services.sandbox.zhima.faults import taken
from services.sandbox.zhima.state import HeldToken, Product, TokenFetch, ZhimaWorld

RENEW_AHEAD: Final = timedelta(minutes=5)
_LASTS_SECONDS: Final = 7200
_TIMEOUT: Final = ClientTimeout(total=10)
_OK: Final = 200


class NoToken(Exception):
    """Why there is none."""


class ZhimaTokens:
    def __init__(self, world: ZhimaWorld, session: ClientSession) -> None:
        self._world = world
        self._session = session
        self._fetching: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def current(self, product: Product) -> str:
        """Raises NoToken."""
        return await self._fetched(product, None)

    async def renewed(self, product: Product, refused: str) -> str:
        """Another one than `refused`, fetched unless somebody just has. Raises NoToken."""
        return await self._fetched(product, refused)

    async def _fetched(self, product: Product, refused: str | None) -> str:
        async with self._fetching[product.access_key]:
            held = product.token
            if held is not None and held.value != refused and self._world.clock.now() < held.usable_until:
                return held.value
            product.token = None
            error: str | None = None
            try:
                product.token = await self._fetch(product)
            except NoToken as missing:
                error = str(missing)
                raise
            finally:
                product.token_fetches.append(TokenFetch(self._world.clock.now(), error))
                self._world.changes.touch()
            return product.token.value

    async def _fetch(self, product: Product) -> HeldToken:
        answer = await self._asked(product)
        data = answer.get("data")
        value = data.get("access_token") if isinstance(data, dict) else None
        if str(answer.get("code")) != "200" or not isinstance(value, str) or not value:
            raise NoToken(f"the token address answered {str(answer.get('msg') or answer.get('code'))[:100]}")
        now = self._world.clock.now()
        return HeldToken(value, now, now + _seconds(answer["data"]) - RENEW_AHEAD)

    async def _asked(self, product: Product) -> dict[str, Any]:
        url, fault = product.config.token_url, taken(product.faults.token)
        if fault is not None:
            raise NoToken(f"the token address answered HTTP {fault.http} (a fault)")
        if url is None:
            raise NoToken("no token address is set")
        try:
            async with self._session.get(url, timeout=_TIMEOUT, allow_redirects=False) as response:
                status, body = response.status, await response.read()
        except (ClientError, TimeoutError, OSError) as failure:
            raise NoToken(f"the token address was not reached ({type(failure).__name__})") from None
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError:
            answer = None
        if status != _OK or not isinstance(answer, dict):
            raise NoToken(f"the token address answered HTTP {status}")
        return answer


def _seconds(data: dict[str, Any]) -> timedelta:
    """How long a token lasts; the page's own example writes the number as text."""
    written = str(data.get("expires_in", _LASTS_SECONDS))
    return timedelta(seconds=int(written) if written.isdecimal() else _LASTS_SECONDS)
