"""The way of every API call: body, method, token, permission, limits, then the path's own checks; faults; the book.

Source: the order of `wechat.md`'s simulator, inferred from WeChat's pages and developers' reports. Errors come as
HTTP 200 with an errcode; only a body without Content-Length is refused by status (412, community 000a08cb9705a05965).
"""

import asyncio
from dataclasses import dataclass
from typing import Final

import orjson
from aiohttp import web

from services.sandbox.calls import CallBook
from services.sandbox.faults import ApiFault, FaultBox
from services.sandbox.wechat.api import agents, media, quotas, send, tokens, typing_state
from services.sandbox.wechat.api.call import Answer, ApiCall, Endpoint, File
from services.sandbox.wechat.errcodes import BodyRefused, Refused
from services.sandbox.wechat.quotas import limits_of
from services.sandbox.wechat.rids import RefusedCall, new_rid
from services.sandbox.wechat.state import World

ENDPOINTS: Final[dict[str, Endpoint]] = {
    **tokens.ENDPOINTS,
    **send.ENDPOINTS,
    **typing_state.ENDPOINTS,
    **media.ENDPOINTS,
    **quotas.ENDPOINTS,
    **agents.ENDPOINTS,
}
JSON_TYPE: Final = "application/json; encoding=utf-8"
_GARBAGE: Final = b"<html><head><title>502 Bad Gateway</title></head><body></body></html>"


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back. `status` None: nothing does, the connection is closed."""

    status: int | None
    body: bytes = b""
    content_type: str = JSON_TYPE
    errcode: int | None = None
    filename: str | None = None

    def response(self) -> web.Response:
        headers = {"Content-Type": self.content_type} if self.body else {}
        if self.filename is not None:
            headers["Content-disposition"] = f'attachment; filename="{self.filename}"'
        return web.Response(status=self.status or 200, body=self.body, headers=headers)


class WeChatApi:
    def __init__(self, world: World, faults: FaultBox, book: CallBook) -> None:
        self._world = world
        self._faults = faults
        self._book = book

    def routes(self) -> list[web.RouteDef]:
        return [web.route("*", f"/{top}/{{tail:.*}}", self.handle) for top in ("cgi-bin", "customservice")]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        fault = self._faults.take(request.path)
        call = self._arrived(request)
        dead = fault is not None and fault.dead
        reply = Reply(None) if dead else _spoilt(await self._reply(request, call, fault), fault)
        self._write(call, reply)
        if fault is not None and fault.latency_ms:
            await asyncio.sleep(fault.latency_ms / 1000)
        if reply.status is None and request.transport is not None:
            request.transport.abort()
        return reply.response()

    def _arrived(self, request: web.Request) -> ApiCall:
        return ApiCall(
            world=self._world,
            now=self._world.clock.now(),
            method=request.method,
            path=request.path,
            query=request.query,
            query_string=request.query_string,
            remote=request.remote or "",
            known_paths=ENDPOINTS,
        )

    async def _reply(self, request: web.Request, call: ApiCall, fault: ApiFault | None) -> Reply:
        try:
            await _read_body(request, call)
            if fault is not None and (fault.http is not None or fault.errcode is not None):
                return self._instead(call, fault)
            return _success(_answered(call))
        except BodyRefused:
            return Reply(412)
        except Refused as refused:
            return self._refusal(call, refused)

    def _instead(self, call: ApiCall, fault: ApiFault) -> Reply:
        """The fault's answer to a call that is not processed; who asked is noted all the same."""
        token = self._world.tokens.by_value.get(call.query.get("access_token", ""))
        call.appid = token.appid if token is not None else None
        call.openid = _touser(call)
        if fault.errcode is not None:
            raise Refused(fault.errcode)
        return Reply(fault.http)

    def _refusal(self, call: ApiCall, refused: Refused) -> Reply:
        rid = new_rid(call.now, self._world.chance)
        body = orjson.dumps({"errcode": refused.errcode, "errmsg": f"{refused.words} rid: {rid}"})
        self._world.rids.keep(rid, RefusedCall(call.now, call.query_string, call.body, body, call.remote))
        return Reply(200, body, errcode=refused.errcode)

    def _write(self, call: ApiCall, reply: Reply) -> None:
        self._book.write(
            at=call.now,
            path=call.path,
            appid=call.appid,
            openid=call.openid,
            body=call.body,
            status=reply.status,
            errcode=reply.errcode,
            delivered=call.delivered,
        )


def _answered(call: ApiCall) -> Answer:
    """The checks that every path has, then the path's own; raises Refused."""
    endpoint = ENDPOINTS.get(call.path)
    if endpoint is None:
        raise Refused(40066)
    if call.method != endpoint.method:
        raise Refused(43001 if endpoint.method == "GET" else 43002)
    if endpoint.with_token:
        _check_token(call)
    return endpoint.answer(call)


def _check_token(call: ApiCall) -> None:
    call.appid = call.world.tokens.check(call.query.get("access_token", ""), call.now)
    app = call.app = call.world.apps[call.appid]
    if any(call.path.startswith(disabled) for disabled in app.config.knobs.disabled_apis):
        raise Refused(48001)
    app.counters.count(call.path, limits_of(call.path, app.config.knobs), call.now)


async def _read_body(request: web.Request, call: ApiCall) -> None:
    if request.headers.get("Transfer-Encoding") or (request.method == "POST" and request.content_length is None):
        raise BodyRefused
    try:
        if request.content_type.startswith("multipart/"):
            await _read_upload(request, call)
        else:
            call.body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise Refused(45001) from None


async def _read_upload(request: web.Request, call: ApiCall) -> None:
    """The form's file. A part without a filename is none, as WeChat has it (41005)."""
    try:
        part = (await request.post()).get("media")
    except ValueError:
        return
    if not isinstance(part, web.FileField):
        return
    with part.file as file:
        data = file.read()
    call.upload = data
    call.body = orjson.dumps({"media": {"filename": part.filename, "type": part.content_type, "bytes": len(data)}})


def _touser(call: ApiCall) -> str | None:
    try:
        openid = call.json_object().get("touser")
    except Refused:
        return None
    return openid if isinstance(openid, str) else None


def _success(answer: Answer) -> Reply:
    if isinstance(answer, File):
        return Reply(200, answer.data, answer.content_type, 0, answer.filename)
    return Reply(200, orjson.dumps(answer), errcode=0)


def _spoilt(reply: Reply, fault: ApiFault | None) -> Reply:
    if fault is not None and fault.drop_answer:
        return Reply(None)
    if fault is not None and fault.garbage:
        return Reply(200, _GARBAGE, "text/html")
    return reply
