"""Giving Zhima one of WeChat's pushes, as WeChat would: signed anew each time, and again until it says `success`."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

import aiohttp
import structlog
from yarl import URL

from shared.exchange import read_at_most
from shared.failures import Misconfigured, Refused, SendFailure, Unavailable, Words
from shared.vendors.zhima.settings import ZhimaSettings
from shared.wechat.crypto import matches, signature

log = structlog.get_logger()

ANSWER_MAX_BYTES: Final = 64 * 1024
SOON_SECONDS: Final = 2.0
LATER_SECONDS: Final = 60.0
CONTENT_TYPES: Final = {"xml": "text/xml", "json": "application/json"}

TOO_LONG: Final = b"more than anybody answers"

_OK: Final = 200
_SERVER_ERROR: Final = 500
_COME_BACK: Final = frozenset({408, 425, 429})
_REFUSED: Final = frozenset({400, 413, 415, 422})
_TAKEN: Final = frozenset({b"", b"success"})
_PASSIVE: Final = (b"<xml", b"{")

UNREACHABLE: Final = Words(
    zh="连不上芝麻小客服，消息没有转达。系统会自动重试。",
    en="Zhima could not be reached; nothing was passed on. It is tried again by itself.",
)
NOT_TAKEN: Final = Words(
    zh="芝麻小客服没有收下这条消息。系统会自动重试。",
    en="Zhima did not take the message. It is tried again by itself.",
)
REFUSED: Final = Words(zh="芝麻小客服拒绝了这条消息。", en="Zhima refused this message.")
SET_UP_WRONG: Final = Words(
    zh="芝麻小客服的推送地址不可用。请管理员核对推送地址和 Token。",
    en="Zhima's push address does not work. An administrator must check it and its token.",
)


class Relay:
    """One account's push address. Nothing that is raised or logged holds it."""

    def __init__(
        self,
        settings: ZhimaSettings,
        http: aiohttp.ClientSession,
        now: Callable[[], datetime],
        account: str,
        *,
        answer_seconds: float,
    ) -> None:
        self._settings = settings
        self._http = http
        self._now = now
        self._account = account
        self._timeout = aiohttp.ClientTimeout(total=answer_seconds, sock_connect=min(3.0, answer_seconds))

    async def push(self, body: bytes, openid: str) -> None:
        """Zhima has the push. Raises Unavailable, Misconfigured or Refused.

        It knows repeats by WeChat's MsgId, so that an answer that got lost is no reason not to repeat.
        """
        headers = {"Content-Type": f"{CONTENT_TYPES[self._settings.format]}; charset=utf-8"}
        status, answer = await self._exchange("POST", self._url({"openid": openid}), body, headers)
        if status != _OK:
            raise _of_status(status)
        self._check_taken(answer.strip())

    async def check(self) -> str:
        """WeChat's own check of a push address: it answers with the text it is given. Raises as `push` does."""
        echo = secrets.token_hex(16)
        status, answer = await self._exchange("GET", self._url({"echostr": echo}), None, {})
        if status != _OK:
            raise _of_status(status)
        if not matches(echo, answer.decode("utf-8", "replace").strip()):
            reason = "it did not answer with the echostr it was given"
            raise Misconfigured("no_echo", reason, SET_UP_WRONG, retry_after_seconds=LATER_SECONDS)
        return "echostr"

    def _url(self, more: dict[str, str]) -> URL:
        url, token = self._settings.push_url.get_secret_value(), self._settings.push_token.get_secret_value()
        timestamp, nonce = str(int(self._now().timestamp())), str(secrets.randbelow(10**9))
        signed = {"signature": signature(token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
        # The address goes out letter for letter: some servers sign or look up what others would rewrite.
        return URL(f"{url}{'&' if '?' in url else '?'}{urlencode({**signed, **more})}", encoded=True)

    async def _exchange(self, method: str, url: URL, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        try:
            async with self._http.request(
                method, url, data=body, headers=headers, timeout=self._timeout, allow_redirects=False
            ) as response:
                answer = await read_at_most(response, ANSWER_MAX_BYTES)
                return response.status, TOO_LONG if answer is None else answer
        except (aiohttp.ClientError, OSError) as failed:
            # Its own text quotes the address.
            what = type(failed).__name__
        raise Unavailable("unreachable", what, UNREACHABLE, retry_after_seconds=SOON_SECONDS)

    def _check_taken(self, answer: bytes) -> None:
        if answer in _TAKEN:
            return
        if not answer.lower().startswith(_PASSIVE):
            reason = "it answered neither `success` nor nothing"
            raise Unavailable("not_taken", reason, NOT_TAKEN, retry_after_seconds=SOON_SECONDS)
        # A reply for WeChat to carry out. Mini programs know none but the transfer to WeChat's own console, which is
        # not the vendor's to decide.
        log.info("passive_reply_ignored", account=self._account, vendor="zhima")


def _of_status(status: int) -> SendFailure:
    code, reason = f"http_{status}", f"HTTP {status}"
    if status in _COME_BACK or status >= _SERVER_ERROR:
        return Unavailable(code, reason, NOT_TAKEN, retry_after_seconds=SOON_SECONDS)
    if status in _REFUSED:
        return Refused(code, reason, REFUSED)
    return Misconfigured(code, reason, SET_UP_WRONG, retry_after_seconds=LATER_SECONDS)
