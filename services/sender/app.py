"""The sender: the only caller of WeChat's API and of vendors. Wiring only."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, NamedTuple

import aiohttp

from services.sender.attempts import Attempts
from services.sender.books import Books
from services.sender.breakers import Breakers
from services.sender.condemned import Condemner
from services.sender.contents import Contents
from services.sender.copies import Copies
from services.sender.due import DueSends
from services.sender.fetching import PictureFetcher, picture_session
from services.sender.known import Known
from services.sender.lanes import LaneLimits, Lanes
from services.sender.partition import Hands, Partition
from services.sender.probes import Probes
from services.sender.sending import Sending
from services.sender.settings import SenderSettings
from services.sender.starting import Starting
from services.sender.tokens import Tokens
from services.sender.typing_signals import TypingSignals
from services.sender.vendor_calls import VendorCalls
from services.sender.vendor_material import Material
from services.sender.vendor_ports import VendorPorts
from shared.backbone import Backbone, backbone
from shared.bus.consuming import consuming
from shared.bus.partition_consumer import PartitionConsumer
from shared.bus.partitions import priority
from shared.clock import Milliseconds
from shared.failures import Misconfigured, Refused, Words
from shared.lifecycle import Background
from shared.steps import Step, no_step
from shared.store.apps import AppCache
from shared.store.dead import DeadStore
from shared.store.lanes import LaneStore
from shared.store.leases import slot_held
from shared.store.media import MediaStore
from shared.store.sends import SendStore
from shared.store.tokens import MongoTokenStore
from shared.store.vendor_accounts import BreakerStore
from shared.wechat.client import WeChatClient
from shared.wechat.tokens import TokenKeeper
from shared.wechat.transport import Timeouts

BATCH: Final = 400
"""Messages of a partition in hand at once: enough to keep WeChat busy while others' outcomes are told."""
CONNECTIONS: Final = 1_000
SECRET_SECONDS: Final = 60.0
"""How soon to look again whether a secret that cannot be read was entered again."""
UNREADABLE: Final = Words(
    zh="小程序的 AppSecret 无法读取（加密它的密钥不在了），消息没有发出。请管理员在应用设置里重新填写。",
    en="The mini program's AppSecret cannot be read: its key is gone. An administrator must enter it again.",
)
KEEPALIVE_SECONDS: Final = 15.0
"""Far less than servers keep one: a request written to a connection that they close meanwhile is `unknown`."""


class Https(NamedTuple):
    """Connections to each of those who are called."""

    wechat: aiohttp.ClientSession
    vendors: aiohttp.ClientSession
    pictures: aiohttp.ClientSession


class Vendors(NamedTuple):
    ports: VendorPorts
    calls: VendorCalls
    probes: Probes


@asynccontextmanager
async def sender(settings: SenderSettings, step: Step = no_step) -> AsyncIterator[Background]:
    """Serve every lane this replica is the active consumer of. `step` is called between durable steps."""
    async with backbone(settings, "sender") as base, AsyncExitStack() as stack:
        https = Https(
            wechat=await stack.enter_async_context(_api_session()),
            vendors=await stack.enter_async_context(_api_session()),
            pictures=await stack.enter_async_context(picture_session(settings.picture_hosts)),
        )
        slot = await stack.enter_async_context(slot_held(base.leases, "sender", settings.sender_slot))
        hands = await stack.enter_async_context(_working(base, settings, https, step))
        await stack.enter_async_context(consuming(base.background, _consumers(base, slot, hands)))
        try:
            yield base.background
        finally:
            base.health.draining = True


@asynccontextmanager
async def _working(base: Backbone, settings: SenderSettings, https: Https, step: Step) -> AsyncIterator[Hands]:
    """All who deal with messages; on leaving, what is under way is finished within the time there is."""
    clock, holder = Milliseconds(base.clock), base.leases.holder
    sends, media, dead = SendStore(base.database), MediaStore(base.database), DeadStore(base.database)
    client = WeChatClient(
        https.wechat, settings.wechat_api_base, Timeouts(answer_seconds=settings.sender_answer_seconds)
    )
    token_store = MongoTokenStore(base.database, base.sealer)
    tokens = Tokens(TokenKeeper(client, token_store, clock, secret_of=_secrets(base.apps), holder=holder), clock)
    lanes = Lanes(_limits(settings), LaneStore(base.database), holder, clock)
    books = Books(sends, base.publisher, clock, step)
    starting, known = Starting(books, clock, holder=holder, step=step), Known(base.apps, clock)
    vendors = _vendors(base, settings, https.vendors, starting, known, step)
    attempts = Attempts(
        client,
        starting,
        lanes,
        tokens,
        Contents(client, media, tokens, clock),
        known,
        clock,
        answer_seconds=settings.sender_answer_seconds,
        step=step,
    )
    hands = Hands(
        sending=Sending(books, {"send_message": attempts, "call_vendor": vendors.calls}, clock),
        copies=Copies(
            client,
            PictureFetcher(https.pictures, settings.picture_hosts),
            media,
            tokens,
            base.apps,
            vendors.ports.media_hosts,
            base.publisher,
            clock,
            at_once=settings.media_copies,
            step=step,
        ),
        typing=TypingSignals(client, lanes, tokens, base.apps, clock),
        tokens=tokens,
        condemner=Condemner(dead, base.publisher, clock),
        dead=dead,
    )
    base.background.spawn(DueSends(sends, base.publisher, clock, step).run(), "due sends")
    base.background.spawn(hands.copies.run(), "copies")
    base.background.spawn(lanes.keep_counting(), "lane counts")
    base.background.spawn(vendors.probes.run(), "probes of vendors")
    try:
        yield hands
    finally:
        await hands.typing.finish()
        await hands.tokens.finish()
        await hands.copies.finish()
        await hands.sending.finish(settings.sender_drain_seconds)
        await lanes.flush()


def _vendors(
    base: Backbone,
    settings: SenderSettings,
    http: aiohttp.ClientSession,
    starting: Starting,
    known: Known,
    step: Step,
) -> Vendors:
    """All who deal with vendors."""
    clock, answer_seconds = Milliseconds(base.clock), settings.sender_vendor_answer_seconds
    ports = VendorPorts(
        http,
        base.vendors,
        LaneStore(base.database),
        clock,
        holder=base.leases.holder,
        answer_seconds=answer_seconds,
        api_bases=settings.vendor_api_bases,
    )
    breakers = Breakers(BreakerStore(base.database), base.vendors, base.publisher, clock)
    material = Material(base.database, base.apps, clock)
    calls = VendorCalls(starting, ports, breakers, material, known, clock, answer_seconds=answer_seconds, step=step)
    return Vendors(ports, calls, Probes(breakers, ports, base.vendors, base.apps))


def _consumers(base: Backbone, slot: int, hands: Hands) -> list[PartitionConsumer]:
    count = base.topology.sender_partitions
    queues = base.topology.partitions("sender")
    guarded = [(queue, base.guarded(Partition(queue, hands).handle)) for queue in queues]
    return [
        PartitionConsumer(
            base.consuming,
            queue,
            guard.handle,
            guard.healthy,
            priority=priority(slot, number, count),
            batch=BATCH,
            prefetch=2 * BATCH,
        )
        for number, (queue, guard) in enumerate(guarded)
    ]


def _limits(settings: SenderSettings) -> LaneLimits:
    return LaneLimits(
        rate_per_second=settings.sender_rate_per_second,
        burst=settings.sender_burst,
        in_flight=settings.sender_in_flight,
        daily_limit=settings.sender_daily_limit,
    )


def _secrets(apps: AppCache) -> Callable[[str], Awaitable[str]]:
    async def secret_of(app_id: str) -> str:
        app = apps.get(app_id)
        if app is None:
            raise Refused("app_removed", "the app was removed")
        if "secret" in app.unreadable:
            raise Misconfigured("secret_unreadable", "the AppSecret", UNREADABLE, retry_after_seconds=SECRET_SECONDS)
        return app.secret.get_secret_value()

    return secret_of


def _api_session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEPALIVE_SECONDS, ttl_dns_cache=60)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
