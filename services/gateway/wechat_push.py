"""WeChat's pushes: proved genuine, made durable, answered at once. Everything else happens elsewhere.

Answers are those of `docs/interfaces.md`: 200 `success` in the clear whatever the mode (WeChat's page 消息推送 asks
for it), or the one reply that hands a message to WeChat's own console; 403 for what we cannot prove, 400 for what is
genuine and makes no sense, 503 so that WeChat repeats.
"""

import asyncio
import secrets
import time
from datetime import timedelta
from typing import Final

import structlog
from aiohttp import web
from pydantic import SecretStr

from services.gateway.durable import Durable
from services.gateway.facts import MessagePush, PushFact, fact_of, original_of
from services.gateway.handovers import Handovers, note_handed
from services.gateway.spans import record_push
from services.gateway.verified import Verified
from shared.clock import real_now
from shared.conversation.facts import HandedToOfficial
from shared.observe import metrics, tracing
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
PATIENCE_SECONDS: Final = 5.0
"""So long WeChat waits for an answer (消息推送); then it asks again, and the customer may see an error."""
SUCCESS: Final = "success"


class WeChatPushes:
    """The handler of `/wechat/{appid}`."""

    def __init__(
        self,
        apps: AppCache,
        durable: Durable,
        verified: Verified,
        handovers: Handovers,
        *,
        body_seconds: float,
        answer_seconds: float,
        step: Step = no_step,
    ) -> None:
        self._apps = apps
        self._step = step
        self._durable = durable
        self._verified = verified
        self._handovers = handovers
        self._body_seconds = body_seconds
        self._answer_seconds = answer_seconds
        self._settings: dict[str, tuple[tuple[int, bool], CallbackSettings]] = {}

    async def handle(self, request: web.Request) -> web.Response:
        began = time.perf_counter()
        try:
            response = await self._answer(request)
        finally:
            count_answer(time.perf_counter() - began)
        metrics.gateway_pushes_total.labels(str(response.status)).inc()
        return response

    async def _answer(self, request: web.Request) -> web.Response:
        app = self._apps.get(request.match_info["appid"])
        if app is None or not app.enabled or not app.readable:
            return _closed(request.match_info["appid"], app)
        try:
            if request.method == "GET":
                return web.Response(text=verify_url(self._callback_settings(app), request.query))
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
        until = time.monotonic() + self._answer_seconds
        try:
            async with asyncio.timeout(self._body_seconds):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408)
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413)
        began = tracing.now()
        opened = open_push(self._callback_settings(app), request.query, body)
        _count_stale(opened)
        push = parse_push(opened.fields, received_at=real_now())
        policy = self._apps.policy(app.app_id)
        fact = fact_of(app.app_id, push, secrets.token_hex(16), original_of(opened.clear, policy))
        handed = await self._handovers.take(fact, policy)
        try:
            await self._make_durable(fact, handed, until)
        except Outage as outage:
            log.warning("push_not_durable", app_id=app.app_id, fact_id=fact.id, status=503, reason=str(outage))
            record_push("wechat push", fact, began, failed=True)
            return web.Response(status=503, headers={"Retry-After": "1"})
        record_push("wechat push", fact, began)
        if handed is not None:
            record_push("handed to official", handed, began)
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
        return _transferred(opened, push)

    async def _make_durable(self, fact: PushFact, handed: HandedToOfficial | None, until: float) -> None:
        """One after the other: the conversation must not hear of a handover whose message was lost. Raises Outage."""
        await self._durable.keep(fact, until=until)
        if handed is not None:
            await self._durable.keep(handed, until=until)
            await self._step("handed")
            note_handed(handed)

    def _callback_settings(self, app: App) -> CallbackSettings:
        """Built once for each version of the app's settings, and once more when what was before them ends."""
        previous = app.previous_stands(real_now())
        known = self._settings.get(app.app_id)
        if known is not None and known[0] == (app.version, previous):
            return known[1]
        settings = CallbackSettings(
            app_id=app.app_id,
            token=app.token.get_secret_value(),
            previous_token=_text(app.previous_token) if previous else None,
            aes_key=_text(app.aes_key),
            previous_aes_key=_text(app.previous_aes_key) if previous else None,
            mode=app.mode,
            format=app.format,
        )
        self._settings[app.app_id] = ((app.version, previous), settings)
        return settings


def _text(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None


def _closed(app_id: str, app: App | None) -> web.Response:
    """404 for what we do not serve; 503 where it is ours to mend, so that WeChat comes again."""
    if app is None or not app.enabled:
        log.warning("push_refused", app_id=app_id[:64], status=404, reason="unknown app")
        return web.Response(status=404)
    log.error("push_refused", app_id=app_id, status=503, reason="the app's secrets cannot be read")
    return web.Response(status=503, headers={"Retry-After": "1"})


def _transferred(opened: OpenedPush, message: MessagePush) -> web.Response:
    body = transfer_reply(opened, message, at=real_now(), random16=secrets.token_bytes(16))
    return web.Response(body=body, content_type=CONTENT_TYPES[opened.format], charset="utf-8")


def count_answer(seconds: float) -> None:
    """How long a push took to be answered."""
    metrics.gateway_push_seconds.observe(seconds)
    if seconds > PATIENCE_SECONDS:
        metrics.gateway_pushes_late_total.inc()


def _count_stale(opened: OpenedPush) -> None:
    """WeChat's repeats are old by nature: an old signature is counted, never refused."""
    if opened.signed_at is not None and abs(real_now() - opened.signed_at) > STALE:
        metrics.gateway_push_stale_total.inc()
