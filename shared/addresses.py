"""Addresses that somebody else named: what lies behind them is judged before anything is sent there.

Every address that a name resolves to is judged, and the connection goes to exactly those, so that a name cannot mean
another machine a moment later (DNS rebinding).
"""

import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import Final, Literal

from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

Reach = Literal["public", "private", "forbidden"]
"""Whom an address leads to: the internet, a network of one's own, or nobody who may be asked anything."""

MayReach = Callable[[str, int, str], bool]
"""Whether this host's name, on this port, may mean this address."""
Lookup = Callable[..., Awaitable[list[ResolveResult]]]

_V6: Final = 6
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_LOCAL_NAT64: Final = ipaddress.ip_network("64:ff9b:1::/48")
_PRIVATE: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "127.0.0.0/8",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
    )
)
_METADATA: Final = frozenset(
    ipaddress.ip_address(address)
    for address in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")
)
"""Where clouds tell a machine its secrets (Alibaba, Azure, Oracle, AWS, Google); all others are link-local."""


class AddressRefused(OSError):
    """The name leads to an address that may not be reached. The text holds no address."""


class JudgedResolver(AbstractResolver):
    """Resolves names to addresses that may be reached: all of a name's, or none."""

    def __init__(self, may_reach: MayReach, lookup: Lookup, refusal: str) -> None:
        self._may_reach = may_reach
        self._lookup = lookup
        self._refusal = refusal

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises AddressRefused."""
        found = await self._lookup(host, port, family)
        if not all(self._may_reach(host, port, result["host"]) for result in found):
            raise AddressRefused(self._refusal)
        return found

    @override
    async def close(self) -> None:
        """Nothing is held."""


def poses_as_address(host: str) -> bool:
    """Whether a host that is written unlike an IP address may be read as one (0x7f.1, 017700000001, 127.1, 10.0.0.1.).

    Nobody's name ends so; what it is read as differs from one resolver to the next.
    """
    last = host.removesuffix(".").rpartition(".")[2].lower()
    return not _is_address(host) and (last.isdecimal() or last.startswith("0x"))


def is_public(address: str) -> bool:
    """Whether anybody on the internet means the same machine by it; an IPv4 address inside counts too."""
    ip = _ip(address)
    if not ip.is_global or ip.is_multicast or (ip.version == _V6 and ip in _LOCAL_NAT64):
        return False
    inside = _carried(ip)
    return inside is None or is_public(str(inside))


def reach(address: str) -> Reach:
    """Whom an IP address leads to; one that carries an IPv4 address, to whom that one leads.

    Link-local, multicast, unspecified, reserved and the clouds' metadata addresses are forbidden.
    """
    ip = _ip(address)
    inside = _carried(ip)
    if inside is not None:
        return reach(str(inside))
    if ip in _METADATA:
        return "forbidden"
    if any(ip.version == network.version and ip in network for network in _PRIVATE):
        return "private"
    return "public" if is_public(address) and not ip.is_reserved else "forbidden"


def _is_address(host: str) -> bool:
    try:
        _ip(host)
    except ValueError:
        return False
    return True


def _ip(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(address.partition("%")[0])


def _carried(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to: mapped, 6to4, or through NAT64 (RFC 6052)."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour
