"""POST to an address that an administrator named: with bounds on time and answer, and to nobody's secrets.

Plain http goes to private and loopback addresses only; https also to the internet. Link-local addresses, where clouds
keep a machine's secrets, multicast and unspecified ones are out of reach for both, whatever a name resolves to.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Final, NamedTuple

import aiohttp
from yarl import URL

from shared.addresses import AddressRefused, JudgedResolver, Lookup, Reach, poses_as_address, reach

ANSWER_SECONDS: Final = 10.0
"""For all of a call: connecting, sending, and the answer."""
CONNECT_SECONDS: Final = 5.0
ANSWER_BYTES: Final = 16 << 10
"""What is read of an answer; whatever follows is left there."""
LONGEST_URL: Final = 2000
MASK: Final = "…"
"""Stands in a URL that is shown for what is left out."""
CONNECTIONS: Final = 256

_TIMEOUT: Final = aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS)
_REACHES: Final[Mapping[str, frozenset[Reach]]] = {
    "http": frozenset({"private"}),
    "https": frozenset({"private", "public"}),
}
_REFUSALS: Final = {
    "http": "http is only for private and loopback addresses; use https",
    "https": "the host's name leads to an address that may not be reached",
}


class UrlRefused(Exception):
    """Nothing may be sent to this URL. The text holds nothing of it."""


class Posted(NamedTuple):
    """How a call ended. `failure`: why there was no answer; None where there was one, whatever its status."""

    status: int | None
    answer: bytes
    failure: str | None
    ms: int


class Poster:
    def __init__(self, sessions: Mapping[str, aiohttp.ClientSession]) -> None:
        self._sessions = sessions

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Send JSON, once. Redirects are not followed. Raises nothing that the other side can cause."""
        clock = asyncio.get_running_loop().time
        began = clock()
        status: int | None = None
        answer, failure = b"", None
        try:
            target = check_url(url)
            session = self._sessions[target.scheme]
            async with session.post(target, data=body, headers=_headers(headers), allow_redirects=False) as response:
                status = response.status
                answer = await _read(response)
        except (UrlRefused, AddressRefused) as refused:
            failure = str(refused)
        except TimeoutError:
            failure = f"no answer within {ANSWER_SECONDS:.0f} s"
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            failure = _told(fault)
        return Posted(status, answer, failure, round((clock() - began) * 1000))


@asynccontextmanager
async def poster(lookup: Lookup | None = None) -> AsyncIterator[Poster]:
    """A poster for as long as the block runs. `lookup` resolves names; none: as this machine does."""
    how = lookup or aiohttp.ThreadedResolver().resolve
    async with _session("http", how) as plain, _session("https", how) as secure:
        yield Poster({"http": plain, "https": secure})


def check_url(url: str) -> URL:
    """Raises UrlRefused unless something may be sent there, as far as can be told before its name is resolved."""
    if len(url) > LONGEST_URL or any(character.isspace() or not character.isprintable() for character in url):
        raise UrlRefused("is too long, or has spaces in it")
    if MASK in url:
        raise UrlRefused("is masked; give the whole address")
    try:
        target = URL(url)
        host, _ = target.raw_host, target.port
    except ValueError:
        raise UrlRefused("is malformed") from None
    if target.scheme not in _REACHES or not host:
        raise UrlRefused("must begin with https:// (or http:// for an address of your own network) and name a host")
    if target.raw_user is not None or target.raw_password is not None or target.raw_fragment:
        raise UrlRefused("must not carry a login or a fragment")
    if poses_as_address(host):
        raise UrlRefused("names its host by a number that is no plain IP address")
    if not _may_reach_literally(target.scheme, host):
        raise UrlRefused(f"must not name this address: {_REFUSALS[target.scheme]}")
    return target


def _may_reach_literally(scheme: str, host: str) -> bool:
    """A name is judged once it is resolved, an address here: no resolver is asked about it."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return True
    return reach(host) in _REACHES[scheme]


def _session(scheme: str, lookup: Lookup) -> aiohttp.ClientSession:
    """Checked addresses, no cookies, no proxy from the environment, nothing unpacked."""

    def may_reach(_host: str, _port: int, address: str) -> bool:
        return reach(address) in _REACHES[scheme]

    resolver = JudgedResolver(may_reach, lookup, _REFUSALS[scheme])
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, limit=CONNECTIONS),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        timeout=_TIMEOUT,
    )


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "wxdesk",
        "Accept-Encoding": "identity",
        **headers,
    }


async def _read(response: aiohttp.ClientResponse) -> bytes:
    answer = bytearray()
    async for piece in response.content.iter_any():
        answer += piece
        if len(answer) > ANSWER_BYTES:
            break
    return bytes(answer[:ANSWER_BYTES])


def _told(fault: Exception) -> str:
    """Why there was no answer, with nothing of the URL in it."""
    if isinstance(fault.__cause__, AddressRefused):
        return str(fault.__cause__)
    match fault:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return "its certificate is not accepted, or TLS failed"
        case aiohttp.ClientConnectorDNSError():
            return "the host's name is not known"
        case aiohttp.ClientConnectorError():
            return "no connection"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | aiohttp.ClientPayloadError():
            return "the connection ended before there was an answer"
        case _:
            return type(fault).__name__
