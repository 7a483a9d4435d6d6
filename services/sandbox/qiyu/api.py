"""The way of every call: appKey, time, checksum, address, pace, then the endpoint's own checks; faults; the book.

The order is inferred from Qiyu's table of codes. Refusals come as HTTP 200 with a code; only what is no call at all,
an unknown path or another method than POST, is refused by status.
"""

import asyncio
import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from aiohttp import web

from services.sandbox.calls import CallBook
from services.sandbox.qiyu.codes import (
    APP_KEY_WRONG,
    CHECKSUM_WRONG,
    IP_NOT_ALLOWED,
    TIME_WRONG,
    TOO_FAST,
    TOO_LARGE,
    Refused,
)
from services.sandbox.qiyu.config import AccountConfig
from services.sandbox.qiyu.endpoints import ENDPOINTS, UPLOAD, UPLOAD_TEXT, Call, answered, uid_of
from services.sandbox.qiyu.faults import QiyuApiFault
from services.sandbox.qiyu.signing import is_right
from services.sandbox.qiyu.world import Qiyu

_JSON: Final = "application/json"
_TIME_DIGITS: Final = 12
_UNKNOWN: Final = 404
_NOT_POST: Final = 405


@dataclass(slots=True)
class _Arrived:
    """What came: `signed` are the bytes that the checksum is over, `told` what the book keeps."""

    signed: bytes | None
    told: bytes
    too_large: bool = False


@dataclass(frozen=True, slots=True)
class _Reply:
    """`status` None: nothing goes back, the connection is closed."""

    status: int | None
    fields: dict[str, Any] | None = None

    @property
    def code(self) -> int | None:
        return self.fields.get("code") if self.fields is not None else None

    def response(self) -> web.Response:
        body = orjson.dumps(self.fields) if self.fields is not None else b""
        return web.Response(status=self.status or 200, body=body, content_type=_JSON, charset="utf-8")


class QiyuApi:
    def __init__(self, qiyu: Qiyu, book: CallBook) -> None:
        self._qiyu = qiyu
        self._book = book

    def routes(self) -> list[web.RouteDef]:
        return [web.route("*", "/openapi/{tail:.*}", self.handle), *self._qiyu.files.routes()]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        now, app_key = self._qiyu.clock.now(), request.query.get("appKey")
        floor = self._qiyu.floors.get(app_key or "")
        fault = floor.account.faults.take(request.path) if floor is not None else None
        arrived = await _read(request)
        call = Call(self._qiyu, floor, arrived.signed, uid_of(arrived.told)) if floor is not None else None
        reply = _instead(fault) or self._reply(request, call, arrived, now)
        if fault is not None and fault.drop_answer:
            reply = _Reply(None, reply.fields)
        self._book.write(
            at=now,
            path=request.path,
            appid=app_key,
            openid=uid_of(arrived.told),
            body=arrived.told,
            status=reply.status,
            errcode=reply.code,
            delivered=call is not None and call.delivered,
        )
        if fault is not None and fault.latency_ms:
            await asyncio.sleep(fault.latency_ms / 1000)
        if reply.status is None and request.transport is not None:
            request.transport.abort()
        return reply.response()

    def _reply(self, request: web.Request, call: Call | None, arrived: _Arrived, now: datetime) -> _Reply:
        if request.path not in ENDPOINTS:
            return _Reply(_UNKNOWN)
        if request.method != "POST":
            return _Reply(_NOT_POST)
        try:
            proven = self._proven(request, call, arrived, now)
            return _Reply(200, answered(request.path, proven))
        except Refused as refused:
            return _Reply(200, refused.answer)

    def _proven(self, request: web.Request, call: Call | None, arrived: _Arrived, now: datetime) -> Call:
        if call is None:
            raise Refused(APP_KEY_WRONG)
        if arrived.too_large:
            raise Refused(TOO_LARGE)
        config = call.floor.account.config
        time = _check_time(request.query.get("time", ""), config, now)
        sha256 = request.query.get("checksumAlgorithm") == "1"
        given = request.query.get("checksum", "")
        if not is_right(config.app_secret, call.signed or b"", time, given, sha256=sha256):
            raise Refused(CHECKSUM_WRONG)
        if config.allowed_ips and request.remote not in config.allowed_ips:
            raise Refused(IP_NOT_ALLOWED)
        allowed = call.floor.account.limits.allows(
            request.path, now, per_endpoint=config.calls_per_endpoint, per_account=config.calls_per_account
        )
        if not allowed:
            raise Refused(TOO_FAST)
        return call


def _check_time(time: str, config: AccountConfig, now: datetime) -> str:
    """In seconds, and near enough to ours; raises Refused (14003)."""
    known = time.isascii() and time.isdecimal() and len(time) <= _TIME_DIGITS
    if not known or abs(now.timestamp() - int(time)) > config.skew_seconds:
        raise Refused(TIME_WRONG)
    return time


def _instead(fault: QiyuApiFault | None) -> _Reply | None:
    """The answer to a call that is not processed."""
    if fault is None or not fault.is_instead:
        return None
    if fault.code is not None:
        return _Reply(200, Refused(fault.code).answer)
    return _Reply(fault.http)


async def _read(request: web.Request) -> _Arrived:
    try:
        if request.path == UPLOAD:
            return await _read_upload(request)
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        return _Arrived(None, b"", too_large=True)
    if request.path == UPLOAD_TEXT:
        return _described(_decoded(body))
    return _Arrived(body, body)


async def _read_upload(request: web.Request) -> _Arrived:
    """The form's part `file`; without a filename it is none."""
    try:
        part = (await request.post()).get("file")
    except ValueError:
        part = None
    if not isinstance(part, web.FileField):
        return _described(None)
    with part.file as file:
        return _described(file.read())


def _described(file: bytes | None) -> _Arrived:
    return _Arrived(file, orjson.dumps({"file": {"bytes": len(file)} if file is not None else None}))


def _decoded(body: bytes) -> bytes | None:
    try:
        return base64.b64decode(body.strip(), validate=True)
    except binascii.Error:
        return None
