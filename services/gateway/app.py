"""The gateway: the HTTP edge for machines. Wiring only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from services.gateway.durable import Durable
from services.gateway.handovers import Handovers
from services.gateway.known_conversations import KnownConversations
from services.gateway.settings import GatewaySettings
from services.gateway.vendor_pushes import VendorPushes
from services.gateway.verified import Verified
from services.gateway.wechat_push import BODY_LIMIT_BYTES, WeChatPushes
from services.gateway.zhima_accounts import ZhimaAccounts
from services.gateway.zhima_pictures import ZhimaPictures
from services.gateway.zhima_proxy import ZhimaProxy
from services.gateway.zhima_sends import ZhimaSends
from services.gateway.zhima_tokens import ZhimaTokens
from shared.backbone import Backbone, backbone
from shared.bus.publisher import Publisher
from shared.lifecycle import Background
from shared.observe.http import listen
from shared.steps import Step, no_step
from shared.store.apps import AppStore
from shared.store.audit import AuditLog
from shared.store.bridge_tokens import BridgeTokens
from shared.store.conversation_lists import ConversationLists
from shared.store.handovers import HandoverStore
from shared.store.kept_pushes import KeptPushes
from shared.store.media import MediaStore
from shared.store.media_access import MediaOwners
from shared.store.spool import Spool
from shared.store.tokens import MongoTokenStore
from shared.store.vendor_sends import VendorSends

log = structlog.get_logger()


@asynccontextmanager
async def gateway(settings: GatewaySettings, step: Step = no_step) -> AsyncIterator[Background]:
    """Take pushes on GATEWAY_PORT; on leaving, those in hand are answered. `step` is called between durable steps."""
    async with backbone(settings, "gateway", needs_broker=False) as base:
        publisher = Publisher(base.publishing, base.topology, confirm_seconds=settings.confirm_seconds)
        durable = Durable(
            publisher,
            Spool(base.database, answer_seconds=settings.spool_seconds),
            base.leases,
            most_rows=settings.spool_rows,
            step=step,
        )
        base.background.spawn(durable.keep_looking(), "spool")
        base.background.spawn(durable.keep_relaying(), "relay")
        pushes = WeChatPushes(
            base.apps,
            durable,
            Verified(AppStore(base.database, base.sealer)),
            Handovers(HandoverStore(base.database, answer_seconds=settings.handover_seconds), step),
            body_seconds=settings.body_seconds,
            answer_seconds=settings.answer_seconds,
            step=step,
        )

        conversations = KnownConversations(base.database, answer_seconds=settings.lookup_seconds)
        kept = KeptPushes(base.database, answer_seconds=settings.lookup_seconds)
        vendors = VendorPushes(
            base.vendors,
            conversations,
            kept,
            durable,
            base.clock,
            body_seconds=settings.body_seconds,
            answer_seconds=settings.answer_seconds,
            forwarded_hops=settings.forwarded_hops,
        )

        base.health.add("apps", lambda: base.apps.loaded)
        base.health.add("rabbitmq or mongodb", lambda: durable.can_take)
        app = web.Application(client_max_size=BODY_LIMIT_BYTES)
        app.router.add_route("*", "/wechat/{appid}", pushes.handle)
        app.router.add_route("*", "/vendors/{vendor}/{account_id}", vendors.handle)
        app.router.add_route("*", "/vendors/{vendor}/{account_id}/{secret}", vendors.handle)
        _add_zhima(app, base, publisher, settings, step)
        async with listen(app, settings.host, settings.gateway_port, "GATEWAY_PORT") as port:
            log.info("gateway_listening", port=port)
            yield base.background


def _add_zhima(
    app: web.Application, base: Backbone, publisher: Publisher, settings: GatewaySettings, step: Step
) -> None:
    """By which Zhima answers customers: with a token of WeChat's, or through us."""
    accounts, bridge_tokens = ZhimaAccounts(base.vendors), BridgeTokens(base.database)
    pictures = ZhimaPictures(MediaStore(base.database), MediaOwners(base.database))
    tokens = ZhimaTokens(
        accounts,
        base.apps,
        MongoTokenStore(base.database, base.sealer),
        bridge_tokens,
        AuditLog(base.database),
        publisher,
        base.clock,
        wait_seconds=settings.vendor_token_seconds,
        forwarded_hops=settings.forwarded_hops,
    )
    sends = ZhimaSends(
        ConversationLists(base.database),
        VendorSends(base.database),
        pictures,
        publisher,
        base.clock,
        verdict_seconds=settings.vendor_verdict_seconds,
        step=step,
    )
    proxy = ZhimaProxy(
        accounts,
        bridge_tokens,
        sends,
        pictures,
        body_seconds=settings.body_seconds,
        forwarded_hops=settings.forwarded_hops,
    )
    app.router.add_route("*", "/vendors/zhima/{account_id}/token/{secret}", tokens.handle)
    app.router.add_route("*", "/vendors/zhima/{account_id}/wxproxy/cgi-bin/{call:.+}", proxy.handle)
