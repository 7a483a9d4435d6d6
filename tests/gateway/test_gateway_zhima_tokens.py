"""The address where Zhima fetches tokens: to whom, which, and what is left behind of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from shared.bus.connection import linked
from shared.bus.consuming import consuming
from shared.bus.partition_consumer import PartitionConsumer, Received
from shared.clock import real_now
from shared.contracts import KeepToken, decode_outbound
from shared.lifecycle import Background
from shared.store.audit import AuditLog
from shared.store.bridge_tokens import BridgeTokens
from shared.store.driver import Database
from shared.store.sealing import Sealer
from shared.store.tokens import MongoTokenStore
from tests.console.relay import relay
from tests.gateway.zhima_edge import PATH_SECRET, ZhimaEdge, account, always, register, zhima_edge
from tests.support.services import KEYS
from tests.support.waiting import eventually
from tests.vendors.zhima_receiver import ACCOUNT, APP_ID

ADDRESS = f"/vendors/zhima/{ACCOUNT}/token/{PATH_SECRET}"
NO_TOKEN = {"code": 503, "msg": "获取token失败"}
OUTBOUND = ("sender.v1.p00", "sender.v1.p01")


async def store_token(database: Database, value: str, lasts: timedelta) -> None:
    """As the one that keeps the app's tokens does."""
    store = MongoTokenStore(database, Sealer([KEYS]))
    fence = await store.lease(APP_ID, "keeper", 30)
    assert fence is not None
    assert await store.save(APP_ID, fence, value, real_now() + lasts, None)


async def fetch(edge: ZhimaEdge, address: str = ADDRESS, method: str = "GET", **headers: str) -> tuple[int, Any]:
    async with edge.session.request(method, f"{edge.url}{address}", headers=headers) as answer:
        return answer.status, await answer.json() if answer.content_type == "application/json" else await answer.text()


@asynccontextmanager
async def keeper(edge: ZhimaEdge, lasts: timedelta) -> AsyncIterator[list[KeepToken]]:
    """Whoever owns the app's token: asked for one, it renews it."""
    asked: list[KeepToken] = []

    async def take(batch: list[Received]) -> None:
        for one in batch:
            message = decode_outbound(one.body)
            assert isinstance(message, KeepToken)
            asked.append(message)
            await store_token(edge.database, "renewed", lasts)

    async with linked(edge.amqp_url, "keeps") as link, Background() as background:
        consumers = [PartitionConsumer(link, queue, take, always) for queue in OUTBOUND]
        async with consuming(background, consumers):
            yield asked


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_app_s_token_as_it_stands(environment: dict[str, str], database: Database, method: str) -> None:
    await register(database, account())
    await store_token(database, "wechat-token", timedelta(minutes=90))
    async with zhima_edge(environment, database) as edge:
        status, body = await fetch(edge, method=method)
    assert (status, body["code"], body["msg"]) == (200, 200, "获取token成功")
    assert body["data"]["access_token"] == "wechat-token"
    assert 5300 < body["data"]["expires_in"] <= 5400


@pytest.mark.parametrize("before", [None, timedelta(minutes=3)])
async def test_one_that_is_missing_or_ends_soon_is_renewed_by_its_owner(
    environment: dict[str, str], database: Database, before: timedelta | None
) -> None:
    await register(database, account())
    if before is not None:
        await store_token(database, "old", before)
    async with (
        zhima_edge(environment, database, VENDOR_TOKEN_SECONDS=10) as edge,
        keeper(edge, timedelta(hours=2)) as asked,
    ):
        _, body = await fetch(edge)
        assert body["data"]["access_token"] == "renewed"
        assert [one.app_id for one in asked] == [APP_ID]


async def test_where_nobody_renews_it_the_old_one_serves_until_its_end(
    environment: dict[str, str], database: Database
) -> None:
    await register(database, account())
    async with zhima_edge(environment, database, VENDOR_TOKEN_SECONDS="0.3") as edge:
        assert await fetch(edge) == (200, NO_TOKEN)
        await store_token(database, "old", timedelta(minutes=3))
        _, body = await fetch(edge)
        assert body["data"]["access_token"] == "old"
        await store_token(database, "older", timedelta(seconds=20))
        assert await fetch(edge) == (200, NO_TOKEN)


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({}, f"/vendors/zhima/{ACCOUNT}/token/{'x' * 40}"),
        ({}, f"/vendors/zhima/{ACCOUNT}/token/{PATH_SECRET[:-1]}"),
        ({}, f"/vendors/zhima/nobody/token/{PATH_SECRET}"),
        ({"enabled": False}, ADDRESS),
        ({"settings": {"ip_allow": ["192.0.2.0/24"]}}, ADDRESS),
    ],
)
async def test_whoever_may_not_finds_nothing_there(
    environment: dict[str, str], database: Database, changes: dict[str, Any], address: str
) -> None:
    await register(database, account(**changes))
    await store_token(database, "wechat-token", timedelta(minutes=90))
    async with zhima_edge(environment, database) as edge:
        assert await fetch(edge, address) == (404, "")
        assert await fetch(edge, address, method="PUT") == (404, ""), "not even that the method is wrong"
    assert await entries(database) == []


async def test_an_account_without_a_secret_gives_none(environment: dict[str, str], database: Database) -> None:
    known = account()
    await register(database, known.but(secrets={k: v for k, v in known.secrets.items() if k != "token_path_secret"}))
    async with zhima_edge(environment, database) as edge:
        assert (await fetch(edge))[0] == 404
        assert (await fetch(edge, f"/vendors/zhima/{ACCOUNT}/token/"))[0] == 404
        assert (await fetch(edge, f"/vendors/zhima/{ACCOUNT}/token/None"))[0] == 404


async def test_the_named_addresses_may_behind_our_own_proxy(environment: dict[str, str], database: Database) -> None:
    await register(database, account(settings={"ip_allow": ["192.0.2.0/24"]}))
    await store_token(database, "wechat-token", timedelta(minutes=90))
    async with zhima_edge(environment, database, FORWARDED_HOPS=1) as edge:
        assert (await fetch(edge, **{"X-Forwarded-For": "192.0.2.9"}))[1]["code"] == 200
        assert (await fetch(edge, **{"X-Forwarded-For": "203.0.113.1"}))[0] == 404


async def test_of_an_app_that_is_not_served_there_is_none(environment: dict[str, str], database: Database) -> None:
    await register(database, account(), account(account_id="other", settings={"app_id": "wxanother"}), enabled=False)
    await store_token(database, "wechat-token", timedelta(minutes=90))
    async with zhima_edge(environment, database) as edge:
        assert await fetch(edge) == (200, NO_TOKEN)
        assert await fetch(edge, ADDRESS.replace(ACCOUNT, "other")) == (200, NO_TOKEN)


async def test_what_is_no_text_is_nobodys_secret(environment: dict[str, str], database: Database) -> None:
    await register(database, account())
    await store_token(database, "wechat-token", timedelta(minutes=90))
    async with zhima_edge(environment, database, FORWARDED_HOPS=1) as edge:
        host, _, port = edge.url.removeprefix("http://").partition(":")
        for path, status in ((f"/vendors/zhima/{ACCOUNT}/token/%ff%00", b"404"), (ADDRESS, b"200")):
            reader, writer = await asyncio.open_connection(host, int(port))
            head = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: ".encode()
            writer.write(head + b"\xff\xfe\r\n\r\n")
            assert (await reader.read()).split()[1] == status
            writer.close()
            await writer.wait_closed()


async def test_at_most_thirty_in_a_minute(environment: dict[str, str], database: Database) -> None:
    await register(database, account())
    await store_token(database, "wechat-token", timedelta(minutes=90))
    loop = asyncio.get_running_loop()
    async with zhima_edge(environment, database) as edge:
        began, statuses = loop.time(), []
        while 429 not in statuses:
            statuses.append((await fetch(edge))[0])
            assert len(statuses) <= 16 + (loop.time() - began) / 4
    assert set(statuses) == {200, 429}


async def entries(database: Database) -> list[dict[str, Any]]:
    found, _ = await AuditLog(database).page(target=ACCOUNT)
    return [entry.model_dump() for entry in found]


async def test_each_one_given_is_in_the_audit_and_in_no_log(environment: dict[str, str], database: Database) -> None:
    await register(database, account())
    await store_token(database, "wechat-token", timedelta(minutes=90))
    async with zhima_edge(environment, database) as edge:
        with capture_logs() as logs:
            await fetch(edge)
            await fetch(edge, f"/vendors/zhima/{ACCOUNT}/token/guessed-secret-of-somebody")
    (entry,) = await entries(database)
    assert (entry["action"], entry["by"]["id"]) == ("vendor_account.token_given", "gateway")
    told = {change["field"]: change["after"] for change in entry["changes"]}
    assert told == {"app_id": APP_ID, "reply_path": "direct", "address": "127.0.0.1"}
    for hidden in ("wechat-token", PATH_SECRET, "guessed-secret-of-somebody"):
        assert hidden not in str(logs)
        assert hidden not in str(entry)


async def test_what_cannot_be_noted_is_not_given(
    environment: dict[str, str], database: Database, mongo_url: str
) -> None:
    await register(database, account())
    await store_token(database, "wechat-token", timedelta(minutes=90))
    async with (
        relay(f"{mongo_url.partition('?')[0]}?directConnection=true") as way,
        zhima_edge({**environment, "MONGO_URL": way.url}, database) as edge,
    ):
        await way.cut()
        assert await fetch(edge) == (200, NO_TOKEN)
        await way.mend()

        async def given() -> bool:
            return bool((await fetch(edge))[1]["code"] == 200)

        await eventually(given)


async def test_on_the_proxy_path_it_is_a_token_of_ours(environment: dict[str, str], database: Database) -> None:
    await register(database, account(settings={"reply_path": "proxy"}))
    await store_token(database, "wechat-token", timedelta(minutes=90))
    async with zhima_edge(environment, database) as edge:
        (_, first), (_, second) = await fetch(edge), await fetch(edge)
    tokens = [body["data"]["access_token"] for body in (first, second)]
    assert first["data"]["expires_in"] == 7200
    assert len({*tokens, "wechat-token"}) == 3
    stored = BridgeTokens(database)
    now = real_now()
    for token in tokens:
        assert await stored.stands(token, ACCOUNT, now)
        assert not await stored.stands(token, "another", now)
        assert not await stored.stands(token, ACCOUNT, now + timedelta(hours=3))
    kept = str(await database["bridge_tokens"].find({}))
    assert not any(token in kept for token in tokens), "hashes alone"
