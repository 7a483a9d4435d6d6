"""Fetching a picture from an address that came with a push: from named hosts at public addresses only."""

import ipaddress
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import SplitResult, urlsplit

import aiohttp

from services.sender.settings import MediaHosts
from shared.addresses import AddressRefused, JudgedResolver, Lookup, is_public, poses_as_address

MAX_BYTES: Final = 10 << 20
FETCH_SECONDS: Final = 30.0
PORTS: Final = {"http": 80, "https": 443}
"""WeChat's PicUrl is often plain http."""
_GONE: Final = frozenset({401, 403, 404, 410})
_OK: Final = 200


class Unfetchable(Exception):
    """The picture cannot be had from there, and never will be. The reason holds no address."""


class FetchFailed(Exception):
    """It was not to be had this time."""


class PictureFetcher:
    def __init__(self, session: aiohttp.ClientSession, hosts: MediaHosts) -> None:
        self._session = session
        self._hosts = hosts

    async def fetch(self, url: str, also: tuple[str, ...] = ()) -> bytes:
        """The bytes there; raises Unfetchable or FetchFailed. `also`: more hosts, as in MEDIA_HOSTS, all public."""
        check_address(url, self._hosts, also)
        timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS, sock_connect=5.0)
        try:
            async with self._session.get(url, timeout=timeout, allow_redirects=False) as response:
                if response.status != _OK:
                    raise _of_status(response.status)
                return await _read(response)
        except AddressRefused as private:
            raise Unfetchable(str(private)) from None
        except (aiohttp.ClientError, OSError) as failure:
            if isinstance(failure.__cause__, AddressRefused):
                raise Unfetchable(str(failure.__cause__)) from None
            raise FetchFailed(type(failure).__name__) from None


class PublicResolver(JudgedResolver):
    """Resolves names to public addresses, all or nothing; a listed `host:port` may lead anywhere."""

    def __init__(self, hosts: MediaHosts, lookup: Lookup) -> None:
        def may_reach(host: str, port: int, address: str) -> bool:
            return (host.lower(), port) in hosts.listed or is_public(address)

        super().__init__(may_reach, lookup, "the host's name leads to an address that is not public")


def check_address(url: str, hosts: MediaHosts, also: tuple[str, ...] = ()) -> None:
    """Raises Unfetchable unless the address is one of ours to fetch from, or of the hosts that `also` names."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        raise Unfetchable("the address is malformed") from None
    host = (parts.hostname or "").lower().rstrip(".")
    if parts.scheme not in PORTS or not host or parts.username is not None or parts.password is not None:
        raise Unfetchable("the address is not http or https, or carries a login")
    if (host, port) in hosts.listed:
        return
    if not _is_named(host, parts, port, hosts.globs) and not _is_also_named(host, parts, port, also):
        raise Unfetchable(f"{host}: not in MEDIA_HOSTS{', nor of the vendor account' if also else ''}")


def picture_session(hosts: MediaHosts) -> aiohttp.ClientSession:
    """A session for pictures alone: checked addresses, no cookies, no proxy from the environment."""
    resolver = PublicResolver(hosts, aiohttp.ThreadedResolver().resolve)
    connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, limit=64, limit_per_host=16)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)


def _is_named(host: str, parts: SplitResult, port: int, globs: tuple[str, ...]) -> bool:
    """By a glob, on the scheme's own port; a bare address is never named by one."""
    return not _is_bare(host) and port == PORTS[parts.scheme] and any(fnmatchcase(host, glob) for glob in globs)


def _is_also_named(host: str, parts: SplitResult, port: int, patterns: tuple[str, ...]) -> bool:
    """By a glob, or as `host:port`. What a vendor account names may not lead inside, so it is no bare address."""
    return _is_named(host, parts, port, patterns) or (not _is_bare(host) and f"{host}:{port}" in patterns)


def _is_bare(host: str) -> bool:
    """Whether it is an address itself, which no resolver would judge, or might be read as one."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return poses_as_address(host)
    return True


def _of_status(status: int) -> Unfetchable | FetchFailed:
    redirected = 300 <= status < 400  # noqa: PLR2004 - HTTP's redirections
    if status in _GONE or redirected:
        return Unfetchable(f"HTTP {status}")
    return FetchFailed(f"HTTP {status}")


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_BYTES:
            raise Unfetchable(f"larger than {MAX_BYTES} bytes")
    return bytes(body)
