"""The sender: the only caller of WeChat's API. Wiring only."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import aiohttp

from services.sender.attempts import Attempts
from services.sender.books import Books
from services.sender.condemned import Condemner
from services.sender.contents import Contents
from services.sender.copies import Copies
from services.sender.due import DueSends
from services.sender.fetching import PictureFetcher, picture_session
from services.sender.lanes import LaneLimits, Lanes
from services.sender.partition import Hands, Partition
from services.sender.sending import Sending
from services.sender.settings import SenderSettings
from services.sender.tokens import Tokens
from services.sender.typing_signals import TypingSignals
from shared.backbone import Backbone, backbone
from shared.bus.consuming import consuming
from shared.bus.partition_consumer import PartitionConsumer
from shared.bus.partitions import partition_name, priority
from shared.clock import Milliseconds
from shared.lifecycle import Background
from shared.steps import Step, no_step
from shared.store.apps import AppCache
from shared.store.dead import DeadStore
from shared.store.lanes import LaneStore
from shared.store.leases import slot_held
from shared.store.media import MediaStore
from shared.store.sends import SendStore
from shared.store.tokens import MongoTokenStore
from shared.wechat.client import WeChatClient
from shared.wechat.failures import Misconfigured, Refused, Words
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
"""Far less than WeChat's servers keep one: a request written to a connection that they close meanwhile is `unknown`."""


@asynccontextmanager
async def sender(settings: SenderSettings, step: Step = no_step) -> AsyncIterator[Background]:
    """Serve every lane this replica is the active consumer of. `step` is called between durable steps."""
    async with backbone(settings, "sender") as base, AsyncExitStack() as stack:
        wechat = await stack.enter_async_context(_wechat_session())
        pictures = await stack.enter_async_context(picture_session(settings.picture_hosts))
        slot = await stack.enter_async_context(slot_held(base.leases, "sender", settings.sender_slot))
        hands = await stack.enter_async_context(_working(base, settings, wechat, pictures, step))
        await stack.enter_async_context(consuming(base.background, _consumers(base, slot, hands)))
        try:
            yield base.background
        finally:
            base.health.draining = True


@asynccontextmanager
async def _working(
    base: Backbone,
    settings: SenderSettings,
    wechat: aiohttp.ClientSession,
    pictures: aiohttp.ClientSession,
    step: Step,
) -> AsyncIterator[Hands]:
    """All who deal with messages; on leaving, what is under way is finished within the time there is."""
    clock, apps, holder = Milliseconds(base.clock), base.apps, base.leases.holder
    sends, media, dead = SendStore(base.database), MediaStore(base.database), DeadStore(base.database)
    client = WeChatClient(wechat, settings.wechat_api_base, Timeouts(answer_seconds=settings.sender_answer_seconds))
    token_store = MongoTokenStore(base.database, base.sealer)
    tokens = Tokens(TokenKeeper(client, token_store, clock, secret_of=_secrets(apps), holder=holder), clock)
    lanes = Lanes(_limits(settings), LaneStore(base.database), holder, clock)
    books = Books(sends, base.publisher, clock, step)
    attempts = Attempts(
        client,
        books,
        lanes,
        tokens,
        Contents(client, media, tokens, clock),
        apps,
        clock,
        holder=holder,
        answer_seconds=settings.sender_answer_seconds,
        step=step,
    )
    hands = Hands(
        sending=Sending(books, attempts, clock),
        copies=Copies(
            client,
            PictureFetcher(pictures, settings.picture_hosts),
            media,
            tokens,
            apps,
            base.publisher,
            clock,
            at_once=settings.media_copies,
            step=step,
        ),
        typing=TypingSignals(client, lanes, tokens, apps, clock),
        condemner=Condemner(dead, base.publisher, clock),
        dead=dead,
    )
    base.background.spawn(DueSends(sends, base.publisher, clock, step).run(), "due sends")
    base.background.spawn(hands.copies.run(), "copies")
    base.background.spawn(lanes.keep_counting(), "lane counts")
    try:
        yield hands
    finally:
        await hands.typing.finish()
        await hands.copies.finish()
        await hands.sending.finish(settings.sender_drain_seconds)
        await lanes.flush()


def _consumers(base: Backbone, slot: int, hands: Hands) -> list[PartitionConsumer]:
    count = base.topology.sender_partitions
    queues = [partition_name("sender", number) for number in range(count)]
    return [
        PartitionConsumer(
            base.consuming,
            queue,
            Partition(queue, hands).handle,
            base.database.alive,
            priority=priority(slot, number, count),
            batch=BATCH,
            prefetch=2 * BATCH,
        )
        for number, queue in enumerate(queues)
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


def _wechat_session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEPALIVE_SECONDS, ttl_dns_cache=60)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
