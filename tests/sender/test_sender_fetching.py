import socket
from collections.abc import AsyncIterator, Sequence

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult

from services.sender.fetching import (
    MAX_BYTES,
    FetchFailed,
    PictureFetcher,
    PublicResolver,
    Unfetchable,
    check_address,
    picture_session,
)
from services.sender.settings import MediaHosts, SenderSettings
from shared.addresses import AddressRefused, is_public
from shared.observe.http import listen
from shared.settings import SettingsRefused
from tests.support.services import KEYS, told

WECHATS = MediaHosts(("*.qpic.cn", "*.weixin.qq.com"), frozenset())
TOLD = {"AMQP_URL": "amqp://localhost", "MONGO_URL": "mongodb://localhost", "WXDESK_SECRET_KEYS": KEYS}


def hosts(value: str) -> MediaHosts:
    return told(SenderSettings, TOLD, MEDIA_HOSTS=value).picture_hosts


class Names:
    """A resolver that knows some names."""

    def __init__(self, **known: Sequence[str]) -> None:
        self.known = known

    async def __call__(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self.known[host.split(".", maxsplit=1)[0]]
        ]


@pytest.mark.parametrize(
    "url",
    [
        "http://mmbiz.qpic.cn/mmbiz_jpg/abc/0",
        "https://mmbiz.qpic.cn/a",
        "https://api.weixin.qq.com:443/a",
        "http://MMBIZ.QPIC.CN./a",
    ],
)
def test_wechats_own_hosts_may_be_fetched_from(url: str) -> None:
    check_address(url, WECHATS)


@pytest.mark.parametrize(
    "url",
    [
        "http://qpic.cn.evil.com/a",
        "http://evil.com/.qpic.cn",
        "http://qpic.cn/a",
        "http://mmbiz.qpic.cn:8080/a",
        "https://mmbiz.qpic.cn:80/a",
        "http://user@mmbiz.qpic.cn/a",
        "http://mmbiz.qpic.cn@evil.com/a",
        "ftp://mmbiz.qpic.cn/a",
        "file:///etc/passwd",
        "http://127.0.0.1/a",
        "http://[::1]/a",
        "http://2130706433/a",
        "http://mmbiz.qpic.cn:99999/a",
        "http:///a",
        "",
    ],
)
def test_no_other_address_may(url: str) -> None:
    with pytest.raises(Unfetchable):
        check_address(url, WECHATS)


def test_a_listed_host_and_port_may_be_private_and_its_neighbours_may_not() -> None:
    allowed = hosts("*.qpic.cn, 127.0.0.1:8082,[::1]:8082")
    check_address("http://127.0.0.1:8082/a", allowed)
    check_address("http://[::1]:8082/a", allowed)
    for url in ("http://127.0.0.1:8083/a", "http://127.0.0.1/a", "http://10.0.0.1:8082/a"):
        with pytest.raises(Unfetchable):
            check_address(url, allowed)


@pytest.mark.parametrize("value", ["*", "10.0.0.1", "http://mmbiz.qpic.cn", "*.*.cn", "mmbiz.qpic.cn/a", "a b"])
def test_hosts_that_mean_too_much_or_nothing_are_refused_at_start(value: str) -> None:
    with pytest.raises(SettingsRefused, match="MEDIA_HOSTS"):
        hosts(value)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("203.205.254.1", True),
        ("2402:4e00::1", True),
        ("10.0.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b:1::1", False),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b::203.205.254.1", True),
        ("2002:a00:1::", False),
    ],
)
def test_addresses_are_public_or_nobodys_business(address: str, public: bool) -> None:  # noqa: FBT001
    assert is_public(address) is public


async def test_a_name_with_one_private_address_is_not_resolved_at_all() -> None:
    resolver = PublicResolver(WECHATS, Names(good=["203.205.254.1"], mixed=["203.205.254.1", "10.0.0.1"]))
    assert [one["host"] for one in await resolver.resolve("good.qpic.cn", 80)] == ["203.205.254.1"]
    with pytest.raises(AddressRefused):
        await resolver.resolve("mixed.qpic.cn", 80)


async def test_a_private_name_ends_the_fetch_for_good() -> None:
    resolver = PublicResolver(WECHATS, Names(inside=["127.0.0.1"]))
    connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False)
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(Unfetchable, match="not public"):
            await PictureFetcher(session, WECHATS).fetch("http://inside.qpic.cn/a")


@pytest.fixture
async def server() -> AsyncIterator[int]:
    async def answer(request: web.Request) -> web.Response:
        match request.path:
            case "/picture":
                return web.Response(body=b"picture")
            case "/elsewhere":
                return web.Response(status=302, headers={"Location": "http://127.0.0.1/"})
            case "/huge":
                return web.Response(body=bytes(MAX_BYTES + 1))
            case path:
                return web.Response(status=int(path[1:]))

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with listen(app, "127.0.0.1", 0, "the stand-in's port") as port:
        yield port


@pytest.mark.parametrize(
    ("path", "raised"),
    [
        ("elsewhere", Unfetchable),
        ("huge", Unfetchable),
        ("404", Unfetchable),
        ("500", FetchFailed),
        ("429", FetchFailed),
    ],
)
async def test_what_is_no_picture_is_gone_or_tried_again(server: int, path: str, raised: type[Exception]) -> None:
    allowed = hosts(f"127.0.0.1:{server}")
    async with picture_session(allowed) as session:
        with pytest.raises(raised):
            await PictureFetcher(session, allowed).fetch(f"http://127.0.0.1:{server}/{path}")


async def test_a_listed_server_gives_its_picture_and_a_dead_one_is_tried_again(server: int) -> None:
    allowed = hosts(f"127.0.0.1:{server},127.0.0.1:1")
    async with picture_session(allowed) as session:
        fetcher = PictureFetcher(session, allowed)
        assert await fetcher.fetch(f"http://127.0.0.1:{server}/picture") == b"picture"
        with pytest.raises(FetchFailed):
            await fetcher.fetch("http://127.0.0.1:1/picture")
