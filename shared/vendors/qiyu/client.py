"""Qiyu's message interface: one signed POST for each call, and what its answer means.

Whatever is raised here holds no secret: the HTTP client's own errors quote the whole address, so none is passed on.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Any, Final, NamedTuple

import aiohttp
import structlog

from shared.exchange import WatchedPayload, picture_form, read_at_most
from shared.failures import Misconfigured, OutcomeUnknown, Refused, SendFailure, Unavailable
from shared.pictures import Picture
from shared.refusals import Unreadable
from shared.vendors.port import Connection
from shared.vendors.qiyu.codes import (
    BROKEN_ANSWER,
    DONE,
    NO_ANSWER,
    OF_THE_ACCOUNT,
    TIME_WRONG,
    UNREACHABLE,
    failure_of,
)
from shared.vendors.qiyu.settings import QiyuSettings
from shared.vendors.qiyu.signing import checksum
from shared.wechat.push_body import read_json

SEND: Final = "/openapi/message/send"
UPLOAD: Final = "/openapi/message/uploadFile"
APPLY: Final = "/openapi/event/applyStaff"
PROFILE: Final = "/openapi/event/updateUInfo"
EVALUATE: Final = "/openapi/event/evaluate"
PLACE: Final = "/openapi/event/queryQueueStatus"

ANSWER_MAX_BYTES: Final = 1 << 20
CONNECT_SECONDS: Final = 3.0
_ESSENTIAL: Final = frozenset({SEND, APPLY, PLACE})
"""An account for which one of these is not allowed is of no use; of one that lacks another call, most."""
UPLOAD_TIMES: Final = 3
"""So many times longer than for an answer it may take to move a file of up to 5 MB."""

_JSON: Final = "application/json;charset=utf-8"
_SOON_SECONDS: Final = 1.0
_LATER_SECONDS: Final = 60.0
_OK: Final = 200
_NOT_LOOKED_AT: Final = frozenset({408, 429, 503})
"""What stands before its servers says so without asking them; everything else of 5xx may come after the deed."""
_TOO_LARGE: Final = 413
_SERVER_ERROR: Final = 500

log = structlog.get_logger()


class Answer(NamedTuple):
    """What Qiyu said: its code, and all the fields it came with."""

    code: int
    fields: dict[str, Any]

    @property
    def message(self) -> str:
        said = self.fields.get("message")
        return said if isinstance(said, str) else ""


class QiyuClient:
    """Calls of one account, each after the account's pace. Nothing is repeated here but for a wrong time, once."""

    def __init__(
        self, http: aiohttp.ClientSession, settings: QiyuSettings, connection: Connection, account: str
    ) -> None:
        self._http = http
        self._settings = settings
        self._connection = connection
        self._account = account
        self._base = (connection.api_base or settings.api_base).rstrip("/")

    async def call(self, path: str, fields: Mapping[str, Any], *, takes: tuple[int, ...] = (DONE,)) -> Answer:
        """POST these fields. `takes`: codes that are answers; any other is raised as the failure it means.

        Only a message that was written and not answered is OutcomeUnknown: everything else may be asked again.
        """
        content = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        return await self._answered(path, content, content, _JSON, takes)

    async def upload(self, picture: Picture) -> str:
        """Give Qiyu a file of at most 5 MB; the address it has there. Signed over the file, not over the form."""
        form, form_type = picture_form("file", picture.content, picture.content_type)
        answer = await self._answered(UPLOAD, form, picture.content, form_type, (DONE,))
        url = answer.fields.get("url")
        if not isinstance(url, str) or not url:
            raise _broken(UPLOAD, "no address of the uploaded file")
        return url

    async def _answered(
        self, path: str, body: bytes, signed: bytes, content_type: str, takes: tuple[int, ...]
    ) -> Answer:
        try:
            return await self._timely(path, body, signed, content_type, takes)
        except Misconfigured as failed:
            if path in _ESSENTIAL or failed.code in OF_THE_ACCOUNT:
                raise
            raise Refused(failed.code, failed.reason, failed.words) from None

    async def _timely(self, path: str, body: bytes, signed: bytes, content_type: str, takes: tuple[int, ...]) -> Answer:
        """Told that the time is wrong it tries once more, with the time of then; who is told so twice is alarmed."""
        answer, _ = await self._exchange(path, body, signed, content_type)
        if answer.code == TIME_WRONG:
            answer, ahead = await self._exchange(path, body, signed, content_type)
            if answer.code == TIME_WRONG:
                raise self._alarmed(answer, ahead)
        if answer.code not in takes:
            raise failure_of(answer.code, self._redacted(answer.message))
        return answer

    async def _exchange(self, path: str, body: bytes, signed: bytes, content_type: str) -> tuple[Answer, int | None]:
        """The answer, and by how many seconds our clock is ahead of the one that dated it, if that is known."""
        await self._connection.pace(path)
        payload = _payload(path, body, content_type)
        now = self._connection.now()
        try:
            async with self._http.post(
                self._base + path,
                params=self._proof(signed, now),
                data=payload,
                timeout=self._timeout(path),
                allow_redirects=False,
            ) as response:
                text = await read_at_most(response, ANSWER_MAX_BYTES)
                return _answer(path, response.status, text), _ahead(now, response.headers.get("Date"))
        except (aiohttp.ClientError, OSError) as failed:
            what = type(failed).__name__
        raise _without_answer(path, what, written=isinstance(payload, WatchedPayload) and payload.begun)

    def _proof(self, signed: bytes, now: datetime) -> dict[str, str]:
        algorithm = self._settings.checksum_algorithm
        time = str(int(now.timestamp()))
        proof = checksum(self._settings.app_secret.get_secret_value(), signed, time, algorithm)
        more = {"checksumAlgorithm": "1"} if algorithm == "sha256" else {}
        return {"appKey": self._settings.app_key, "time": time, "checksum": proof, **more}

    def _timeout(self, path: str) -> aiohttp.ClientTimeout:
        seconds = self._connection.answer_seconds
        connecting = min(CONNECT_SECONDS, seconds)
        return aiohttp.ClientTimeout(total=seconds * (UPLOAD_TIMES if path == UPLOAD else 1), sock_connect=connecting)

    def _alarmed(self, answer: Answer, ahead: int | None) -> SendFailure:
        failure = failure_of(answer.code, self._redacted(answer.message))
        if ahead is not None:
            failure.reason = f"our clock is {ahead} s ahead of the answer's date"
        log.error("vendor_time_refused", account=self._account, vendor="qiyu", code=failure.code, reason=failure.reason)
        return failure

    def _redacted(self, text: str) -> str:
        for secret in (self._settings.app_secret.get_secret_value(), self._settings.app_key):
            text = text.replace(secret, "…")
        return text


def _payload(path: str, body: bytes, content_type: str) -> aiohttp.Payload:
    if path == UPLOAD:
        return aiohttp.BytesIOPayload(BytesIO(body), content_type=content_type)
    return WatchedPayload(body, content_type=content_type)


def _answer(path: str, status: int, text: bytes | None) -> Answer:
    """By its code, whatever the status. Raises what an answer without one means."""
    if text is None:
        raise _broken(path, f"an answer of more than {ANSWER_MAX_BYTES} bytes")
    try:
        fields = read_json(text)
        return Answer(_code(fields.get("code")), fields)
    except (Unreadable, ValueError):
        raise _broken(path, "the answer is not Qiyu's") if status == _OK else _of_status(path, status) from None


def _code(value: Any) -> int:
    """Documented as a number, and met as text. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("no code")  # noqa: TRY004 - read like any other value that is none
    return int(value)


def _without_answer(path: str, what: str, *, written: bool) -> SendFailure:
    if path == SEND and written:
        return OutcomeUnknown("no_answer", f"the request was written, then {what}", NO_ANSWER)
    return Unavailable("unreachable", what, UNREACHABLE, retry_after_seconds=_SOON_SECONDS)


def _broken(path: str, reason: str) -> SendFailure:
    if path == SEND:
        return OutcomeUnknown("broken_answer", reason, NO_ANSWER)
    return Unavailable("broken_answer", reason, BROKEN_ANSWER, retry_after_seconds=_SOON_SECONDS)


def _of_status(path: str, status: int) -> SendFailure:
    """An HTTP status without a code of Qiyu's."""
    code, reason = f"http_{status}", f"HTTP {status} without a code"
    if status in _NOT_LOOKED_AT:
        return Unavailable(code, reason, UNREACHABLE, retry_after_seconds=5 * _SOON_SECONDS)
    if status >= _SERVER_ERROR and path == SEND:
        return OutcomeUnknown(code, reason, NO_ANSWER)
    if status >= _SERVER_ERROR:
        return Unavailable(code, reason, UNREACHABLE, retry_after_seconds=_SOON_SECONDS)
    if status == _TOO_LARGE:
        return Refused(code, f"HTTP {status}: it is too large")
    return Misconfigured(code, reason, BROKEN_ANSWER, retry_after_seconds=_LATER_SECONDS)


def _ahead(now: datetime, date: str | None) -> int | None:
    try:
        return round((now - parsedate_to_datetime(date or "")).total_seconds())
    except (ValueError, TypeError):
        return None
