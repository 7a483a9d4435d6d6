"""WeChat's pushes: proved genuine, made durable, answered at once. Everything else happens elsewhere.

Answers are those of `docs/interfaces.md`: 200 `success` in the clear whatever the mode (WeChat's page 消息推送 asks
for it), or the one reply that hands a message to WeChat's own console; 403 for what we cannot prove, 400 for what is
genuine and makes no sense, 503 so that WeChat repeats.
"""

import asyncio
import secrets
from datetime import timedelta
from typing import Final

import structlog
from aiohttp import web

from services.gateway.facts import MessagePush, PushFact, fact_of, original_of
from services.gateway.handovers import Handovers, note_handed
from services.gateway.verified import Verified
from shared.bus.publisher import Publisher
from shared.clock import real_now
from shared.conversation.facts import HandedToOfficial
from shared.observe import metrics
from shared.outage import Outage
from shared.refusals import Forged, Unreadable
from shared.steps import Step, no_step
from shared.store.apps import App, AppCache
from shared.wechat.passive_reply import CONTENT_TYPES, transfer_reply
from shared.wechat.push import CallbackSettings, OpenedPush, open_push, verify_url
from shared.wechat.push_model import parse_push

log = structlog.get_logger()

BODY_LIMIT_BYTES: Final = 64 * 1024
STALE: Final = timedelta(minutes=10)
SUCCESS: Final = "success"


class WeChatPushes:
    """The handler of `/wechat/{appid}`."""

    def __init__(
        self,
        apps: AppCache,
        publisher: Publisher,
        verified: Verified,
        handovers: Handovers,
        *,
        body_seconds: float,
        step: Step = no_step,
    ) -> None:
        self._apps = apps
        self._step = step
        self._publisher = publisher
        self._verified = verified
        self._handovers = handovers
        self._body_seconds = body_seconds
        self._settings: dict[str, tuple[int, CallbackSettings]] = {}

    async def handle(self, request: web.Request) -> web.Response:
        with metrics.gateway_push_seconds.time():
            response = await self._answer(request)
        metrics.gateway_pushes_total.labels(str(response.status)).inc()
        return response

    async def _answer(self, request: web.Request) -> web.Response:
        app = self._apps.get(request.match_info["appid"])
        if app is None or not app.enabled or not app.readable:
            return _closed(request.match_info["appid"], app)
        try:
            if request.method == "GET":
                return web.Response(text=verify_url(app.token.get_secret_value(), request.query))
            if request.method == "POST":
                return await self._take(app, request)
        except Forged as forged:
            log.warning("push_refused", app_id=app.app_id, status=403, reason=forged.reason)
            return web.Response(status=403)
        except Unreadable as unreadable:
            log.warning("push_refused", app_id=app.app_id, status=400, reason=unreadable.reason)
            return web.Response(status=400)
        return web.Response(status=405, headers={"Allow": "GET, POST"})

    async def _take(self, app: App, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(self._body_seconds):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408)
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413)
        opened = open_push(self._callback_settings(app), request.query, body)
        _count_stale(opened)
        push = parse_push(opened.fields, received_at=real_now())
        policy = self._apps.policy(app.app_id)
        fact = fact_of(app.app_id, push, secrets.token_hex(8), original_of(opened.clear, policy))
        handed = await self._handovers.take(fact, policy)
        try:
            await self._make_durable(fact, handed)
        except Outage as outage:
            log.warning("push_not_durable", app_id=app.app_id, fact_id=fact.id, status=503, reason=str(outage))
            return web.Response(status=503, headers={"Retry-After": "1"})
        self._verified.note(app.app_id)
        log.info(
            "push_taken",
            app_id=app.app_id,
            conversation_id=fact.conversation_id,
            fact_id=fact.id,
            kind=fact.kind,
            trace_id=fact.trace_id,
        )
        if handed is None or not isinstance(push, MessagePush):
            return web.Response(text=SUCCESS)
        return _transferred(self._callback_settings(app), opened, push)

    async def _make_durable(self, fact: PushFact, handed: HandedToOfficial | None) -> None:
        """One after the other: the conversation must not hear of a handover whose message was lost. Raises Outage."""
        await self._publisher.publish(fact)
        await self._step("confirmed")
        if handed is not None:
            await self._publisher.publish(handed)
            await self._step("handed")
            note_handed(handed)

    def _callback_settings(self, app: App) -> CallbackSettings:
        """Built once for each version of the app's settings."""
        known = self._settings.get(app.app_id)
        if known is not None and known[0] == app.version:
            return known[1]
        settings = CallbackSettings(
            app_id=app.app_id,
            token=app.token.get_secret_value(),
            aes_key=app.aes_key.get_secret_value() if app.aes_key else None,
            previous_aes_key=app.previous_aes_key.get_secret_value() if app.previous_aes_key else None,
            mode=app.mode,
            format=app.format,
        )
        self._settings[app.app_id] = (app.version, settings)
        return settings


def _closed(app_id: str, app: App | None) -> web.Response:
    """404 for what we do not serve; 503 where it is ours to mend, so that WeChat comes again."""
    if app is None or not app.enabled:
        log.warning("push_refused", app_id=app_id[:64], status=404, reason="unknown app")
        return web.Response(status=404)
    log.error("push_refused", app_id=app_id, status=503, reason="the app's secrets cannot be read")
    return web.Response(status=503, headers={"Retry-After": "1"})


def _transferred(settings: CallbackSettings, opened: OpenedPush, message: MessagePush) -> web.Response:
    body = transfer_reply(settings, opened, message, at=real_now(), random16=secrets.token_bytes(16))
    return web.Response(body=body, content_type=CONTENT_TYPES[opened.format], charset="utf-8")


def _count_stale(opened: OpenedPush) -> None:
    """WeChat's repeats are old by nature: an old signature is counted, never refused."""
    if opened.signed_at is not None and abs(real_now() - opened.signed_at) > STALE:
        metrics.gateway_push_stale_total.inc()
