"""One call to WeChat's API: written or not, answered or not, and what the answer says.

Whatever is raised here holds no token and no secret. The HTTP client's own errors quote the whole address, token
included, so none of them is passed on, not even as a cause.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, Literal

import aiohttp

from shared.exchange import WatchedPayload, read_at_most
from shared.failures import Misconfigured, OutcomeUnknown, Refused, SendFailure, Unavailable
from shared.refusals import Unreadable
from shared.wechat.errcodes import Call, failure_of
from shared.wechat.failures import BROKEN_ANSWER, NO_ANSWER, UNREACHABLE
from shared.wechat.push_body import read_json

JSON_MAX_BYTES: Final = 1 << 20
_SOON_SECONDS: Final = 1.0
_LATER_SECONDS: Final = 60.0
_JSON: Final = "application/json"
_OK: Final = 200
_COME_BACK: Final = frozenset({408, 429})
_REFUSED: Final = {412: "WeChat takes no chunked body", 413: "the file is too large"}
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Timeouts:
    connect_seconds: float = 3.0
    answer_seconds: float = 10.0
    """From beginning to connect to the last byte of the answer."""
    transfer_seconds: float = 60.0
    """The same, where a file is moved."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    body: bytes


class Transport:
    def __init__(self, session: aiohttp.ClientSession, base_url: str, timeouts: Timeouts) -> None:
        self._session = session
        self._base_url = base_url.rstrip("/")
        self._answering = _client_timeout(timeouts.connect_seconds, timeouts.answer_seconds)
        self._transferring = _client_timeout(timeouts.connect_seconds, timeouts.transfer_seconds)

    async def post_json(
        self, call: Call, path: str, body: Mapping[str, Any], *, params: Mapping[str, str], secrets: tuple[str, ...]
    ) -> dict[str, Any]:
        """The fields WeChat answers with. Raises the SendFailure that its errcode, or the lack of an answer, means.

        Only the call `send` raises OutcomeUnknown; everything else may be asked again.
        """
        payload = WatchedPayload(_raw_json(body), content_type=_JSON)
        answer = await self._exchange(call, "POST", path, params, payload, self._answering)
        return fields_of(answer, call, secrets)

    async def post_file(
        self,
        call: Call,
        path: str,
        body: bytes,
        content_type: str,
        *,
        params: Mapping[str, str],
        secrets: tuple[str, ...],
    ) -> dict[str, Any]:
        payload = aiohttp.BytesIOPayload(BytesIO(body), content_type=content_type)
        answer = await self._exchange(call, "POST", path, params, payload, self._transferring)
        return fields_of(answer, call, secrets)

    async def get_json(
        self, call: Call, path: str, *, params: Mapping[str, str], secrets: tuple[str, ...]
    ) -> dict[str, Any]:
        answer = await self._exchange(call, "GET", path, params, None, self._answering)
        return fields_of(answer, call, secrets)

    async def get_file(self, call: Call, path: str, *, params: Mapping[str, str], max_bytes: int) -> Answer:
        """An answer of any kind, of at most `max_bytes`; Refused (`too_large`) beyond."""
        return await self._exchange(call, "GET", path, params, None, self._transferring, max_bytes)

    async def _exchange(
        self,
        call: Call,
        method: Literal["GET", "POST"],
        path: str,
        params: Mapping[str, str],
        payload: aiohttp.Payload | None,
        within: aiohttp.ClientTimeout,
        max_bytes: int = JSON_MAX_BYTES,
    ) -> Answer:
        try:
            async with self._session.request(
                method, self._base_url + path, params=params, data=payload, timeout=within, allow_redirects=False
            ) as response:
                body = await read_at_most(response, max_bytes)
                if body is None:
                    raise _too_large(call, max_bytes)
                return Answer(response.status, response.content_type, body)
        except (aiohttp.ClientError, OSError) as failed:
            what = type(failed).__name__
        raise _without_answer(call, what, written=isinstance(payload, WatchedPayload) and payload.begun)


def fields_of(answer: Answer, call: Call, secrets: tuple[str, ...]) -> dict[str, Any]:
    """The fields of an answer that says yes; raises what any other means.

    Lenient as WeChat is loose: errcode may be absent or text, and a success of some calls has none. A send is
    believed only with `errcode` 0 or, without one, `errmsg` ok.
    """
    try:
        fields = read_json(answer.body)
        errcode = _errcode(fields)
    except (Unreadable, ValueError):
        raise _of_status(answer.status, call) if answer.status != _OK else _broken(call) from None
    errmsg = redacted(str(fields.get("errmsg", "")), secrets)
    if errcode:
        raise failure_of(errcode, errmsg, call=call)
    if answer.status != _OK:
        raise _of_status(answer.status, call)
    if call == "send" and errcode is None and errmsg != "ok":
        raise _broken(call)
    return fields


def _raw_json(body: Mapping[str, Any]) -> bytes:
    """JSON without escapes, which customers may get to see as they are; what is no Unicode becomes a question mark."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def redacted(text: str, secrets: tuple[str, ...]) -> str:
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    return text


def _errcode(fields: Mapping[str, Any]) -> int | None:
    """None if absent; raises ValueError if it is no integer."""
    match fields.get("errcode"):
        case bool() | float() | list() | dict():
            raise ValueError("errcode is no integer")
        case None:
            return None
        case code:
            return int(code)


def _without_answer(call: Call, what: str, *, written: bool) -> SendFailure:
    if call == "send" and written:
        return OutcomeUnknown("no_answer", f"the request was written, then {what}", NO_ANSWER)
    return Unavailable("unreachable", what, UNREACHABLE, retry_after_seconds=_SOON_SECONDS)


def _broken(call: Call) -> SendFailure:
    if call == "send":
        return OutcomeUnknown("broken_answer", "the answer is not WeChat's", NO_ANSWER)
    return Unavailable("broken_answer", "the answer is not WeChat's", BROKEN_ANSWER, retry_after_seconds=_SOON_SECONDS)


def _too_large(call: Call, max_bytes: int) -> SendFailure:
    if call == "get_media":
        return Refused("too_large", f"the file is larger than {max_bytes} bytes")
    return _broken(call)


def _of_status(status: int, call: Call) -> SendFailure:
    """An HTTP status without an errcode. Only a server error leaves open whether a send was taken."""
    code, reason = f"http_{status}", f"HTTP {status} without an errcode"
    if status >= _SERVER_ERROR:
        if call == "send":
            return OutcomeUnknown(code, reason, NO_ANSWER)
        return Unavailable(code, reason, UNREACHABLE, retry_after_seconds=_SOON_SECONDS)
    if status in _COME_BACK:
        return Unavailable(code, reason, UNREACHABLE, retry_after_seconds=_LATER_SECONDS)
    if status in _REFUSED:
        return Refused(code, f"HTTP {status}: {_REFUSED[status]}")
    return Misconfigured(code, reason, BROKEN_ANSWER, retry_after_seconds=_LATER_SECONDS)


def _client_timeout(connect_seconds: float, total_seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total_seconds, sock_connect=connect_seconds)
