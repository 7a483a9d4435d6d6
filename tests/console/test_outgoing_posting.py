import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult

from deploy.local.ports import free_port
from services.console.outgoing.posting import ANSWER_BYTES, Posted, UrlRefused, check_url, poster
from shared.addresses import reach
from shared.observe.http import listen
from tests.console.ear import Ear, ear

REFUSALS = {
    "http is only for private and loopback addresses; use https",
    "the host's name leads to an address that may not be reached",
}


class Names:
    """A resolver that knows some names, and what they were asked for."""

    def __init__(self, known: Mapping[str, Sequence[str]]) -> None:
        self.known = known

    async def __call__(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self.known[host]
        ]


@pytest.fixture
async def listener() -> AsyncIterator[Ear]:
    async with ear() as made:
        yield made


@pytest.mark.parametrize(
    ("address", "whom"),
    [
        ("203.205.254.1", "public"),
        ("2402:4e00::1", "public"),
        ("64:ff9b::203.205.254.1", "public"),
        ("10.0.0.1", "private"),
        ("172.31.255.1", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("127.0.0.1", "private"),
        ("::1", "private"),
        ("fd00::1", "private"),
        ("::ffff:10.0.0.1", "private"),
        ("169.254.169.254", "forbidden"),
        ("::ffff:169.254.169.254", "forbidden"),
        ("64:ff9b::169.254.169.254", "forbidden"),
        ("2002:a9fe:a9fe::1", "forbidden"),
        ("100.100.100.200", "forbidden"),
        ("168.63.129.16", "forbidden"),
        ("fd00:ec2::254", "forbidden"),
        ("fe80::1%eth0", "forbidden"),
        ("0.0.0.0", "forbidden"),
        ("::", "forbidden"),
        ("224.0.0.1", "forbidden"),
        ("ff02::1", "forbidden"),
        ("255.255.255.255", "forbidden"),
        ("240.0.0.1", "forbidden"),
        ("192.0.0.192", "forbidden"),
        ("198.18.0.1", "forbidden"),
        ("::10.0.0.1", "forbidden"),
        ("64:ff9b:1::1", "forbidden"),
    ],
)
def test_whom_an_address_leads_to(address: str, whom: str) -> None:
    assert reach(address) == whom


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook?key=a%2Bb",
        "https://例子.中国/路",
        "https://10.0.0.1:8443/hook",
        "http://10.0.0.1/hook",
        "http://[::1]:8080/hook",
        "http://erp.internal/hook",
        "http://erp.internal./hook",
        "http://host0x7f/hook",
        "http://4erp.x1/hook",
    ],
)
def test_urls_that_something_may_be_sent_to(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/hook",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https://user:password@example.com/",
        "https://user@example.com/",
        "https://example.com/#part",
        "https://example.com/a b",
        "https://example.com/\n",
        "https://example.com:99999/",
        "https://example.com/" + "a" * 2000,
        "http://203.205.254.1/hook",
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/",
        "https://[fe80::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://0.0.0.0/",
        "https://[ff02::1]/",
        "https://2852039166/",
        "https://169.254.43518/",
        "https://0xa9fea9fe/",
        "https://0251.0376.0251.0376/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://0x7f.0.0.0x1/",
        "http://erp.0X7F/",
        "https://１６９.254.43518/",
    ],
)
def test_urls_that_nothing_may_be_sent_to(url: str) -> None:
    with pytest.raises(UrlRefused):
        check_url(url)


async def post(url: str, known: Mapping[str, Sequence[str]] | None = None) -> Posted:
    async with poster(Names(known) if known else None) as post:
        return await post.post(url, b"{}", {"X-Wxdesk-Event": "test"})


async def test_a_call_arrives_with_its_headers(listener: Ear) -> None:
    posted = await post(f"{listener.url}/hook?a=1")
    assert (posted.status, posted.failure) == (200, None)
    heard = listener.heard[0]
    assert (heard.query, heard.body, heard.headers["X-Wxdesk-Event"]) == ({"a": "1"}, b"{}", "test")
    assert heard.headers["Content-Type"] == "application/json; charset=utf-8"


async def test_a_name_may_lead_to_ones_own_network_and_never_to_where_secrets_lie(listener: Ear) -> None:
    port = listener.url.rpartition(":")[2]
    known = {
        "erp.internal": ["127.0.0.1"],
        "metadata.internal": ["169.254.169.254"],
        "mixed.internal": ["127.0.0.1", "169.254.169.254"],
        "public.example": ["203.205.254.1"],
    }
    assert (await post(f"http://erp.internal:{port}/", known)).status == 200
    for scheme in ("http", "https"):
        for name in ("metadata.internal", "mixed.internal"):
            refused = await post(f"{scheme}://{name}:{port}/", known)
            assert refused.status is None
            assert refused.failure in REFUSALS
    plain = await post(f"http://public.example:{port}/", known)
    assert plain.failure == "http is only for private and loopback addresses; use https"
    assert len(listener.heard) == 1


@pytest.mark.parametrize("host", ["2852039166", "169.254.43518", "0xa9fea9fe", "0251.0376.0251.0376"])
async def test_other_spellings_of_an_address_are_refused(host: str) -> None:
    """All of these are 169.254.169.254 to some who resolve names."""
    for scheme in ("http", "https"):
        posted = await post(f"{scheme}://{host}/")
        assert posted.status is None
        assert posted.failure == "names its host by a number that is no plain IP address"


async def test_a_redirect_is_an_answer_and_is_not_followed(listener: Ear) -> None:
    listener.answers["/hook"] = 302
    assert (await post(f"{listener.url}/hook")).status == 302
    assert [heard.path for heard in listener.heard] == ["/hook"]


async def test_where_nobody_listens_there_is_no_connection_and_no_url_in_the_reason() -> None:
    posted = await post(f"http://127.0.0.1:{free_port()}/key-of-mine")
    assert (posted.status, posted.failure) == (None, "no connection")


async def test_plain_http_where_tls_is_expected_is_a_failure_like_others(listener: Ear) -> None:
    posted = await post(listener.url.replace("http", "https"))
    assert (posted.status, posted.failure) == (None, "its certificate is not accepted, or TLS failed")


async def test_an_answer_without_end_is_read_so_far_and_no_further() -> None:
    left = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(bytes(4096))
        except (ConnectionError, asyncio.CancelledError):
            left.set()
            raise

    app = web.Application()
    app.router.add_post("/", endless)
    async with listen(app, "127.0.0.1", 0, "the receiver's port") as port:
        posted = await post(f"http://127.0.0.1:{port}/")
        assert (posted.status, len(posted.answer), posted.failure) == (200, ANSWER_BYTES, None)
        await asyncio.wait_for(left.wait(), 20)
