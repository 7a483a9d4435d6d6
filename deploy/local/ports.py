"""Ports: finding a free one, and saying which variable to change when one is taken."""

import errno
import random
import socket
from pathlib import Path

from deploy.local.failures import CannotStart, PortTaken

_LOWEST = 10_000
_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_chance = random.SystemRandom()
_given: set[int] = set()


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on, and none that this process was given before: it may not have been bound yet.

    It lies below the ports the kernel gives to outgoing connections: between our choice and the server's bind,
    or while a killed server is down, such a connection could take it (or even connect to itself).
    """
    while True:
        port = _chance.randrange(_LOWEST, _first_ephemeral_port())
        if port not in _given and is_free(host, port):
            _given.add(port)
            return port


def is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: a connection in TIME_WAIT does not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as failure:
            if failure.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def require_free(host: str, port: int, variable: str) -> None:
    """Raises PortTaken naming `variable`, or CannotStart if nothing of ours may listen there."""
    try:
        free = is_free(host, port)
    except OSError as failure:
        raise CannotStart(
            f"cannot listen on {host}:{port}: {failure.strerror}; set HOST to an address of this machine "
            f"and {variable} to a port above 1023"
        ) from None
    if not free:
        raise PortTaken(
            f"{variable}: {host}:{port} is taken by another process; stop that one, "
            "or choose another port (0 = any free)"
        )


def _first_ephemeral_port() -> int:
    first = int(_EPHEMERAL_RANGE.read_text().split()[0])
    return first if first > _LOWEST + 1_000 else 61_000
