"""The gateway: the HTTP edge for machines. Wiring only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from services.gateway.handovers import Handovers
from services.gateway.settings import GatewaySettings
from services.gateway.verified import Verified
from services.gateway.wechat_push import BODY_LIMIT_BYTES, WeChatPushes
from shared.backbone import backbone
from shared.bus.publisher import Publisher
from shared.lifecycle import Background
from shared.observe.http import listen
from shared.steps import Step, no_step
from shared.store.apps import AppStore
from shared.store.handovers import HandoverStore

log = structlog.get_logger()


@asynccontextmanager
async def gateway(settings: GatewaySettings, step: Step = no_step) -> AsyncIterator[Background]:
    """Take pushes on GATEWAY_PORT; on leaving, those in hand are answered. `step` is called between durable steps."""
    async with backbone(settings, "gateway") as base:
        publisher = Publisher(base.publishing, base.topology, confirm_seconds=settings.confirm_seconds)
        pushes = WeChatPushes(
            base.apps,
            publisher,
            Verified(AppStore(base.database, base.sealer)),
            Handovers(HandoverStore(base.database, answer_seconds=settings.handover_seconds), step),
            body_seconds=settings.body_seconds,
            step=step,
        )

        base.health.add("apps", lambda: base.apps.loaded)
        base.health.add("rabbitmq", lambda: publisher.connected)
        app = web.Application(client_max_size=BODY_LIMIT_BYTES)
        app.router.add_route("*", "/wechat/{appid}", pushes.handle)
        async with listen(app, settings.host, settings.gateway_port, "GATEWAY_PORT") as port:
            log.info("gateway_listening", port=port)
            yield base.background
