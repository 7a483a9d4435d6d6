import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import ports
from deploy.local.failures import CannotStart, PortTaken
from deploy.local.ports import free_port, is_free, require_free


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_free_port_is_none_that_an_outgoing_connection_could_be_given() -> None:
    first_ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    port = free_port()
    assert 1024 < port < first_ephemeral
    assert is_free("127.0.0.1", port)


def test_no_port_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    first = free_port()
    answers = iter([first, first + 1])
    monkeypatch.setattr(ports._chance, "randrange", lambda *_: next(answers))
    monkeypatch.setattr(ports, "is_free", lambda *_: True)
    assert free_port() == first + 1


def test_a_taken_port_names_the_variable_to_change(taken_port: int) -> None:
    with pytest.raises(PortTaken, match=f"GATEWAY_PORT: 127.0.0.1:{taken_port} is taken .* choose another port"):
        require_free("127.0.0.1", taken_port, "GATEWAY_PORT")


def test_an_address_of_another_machine_names_host() -> None:
    with pytest.raises(CannotStart, match="set HOST to an address of this machine"):
        require_free("192.0.2.1", free_port(), "GATEWAY_PORT")


def test_a_port_is_free_again_while_old_connections_linger() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)):
        accepted, _ = listener.accept()
        accepted.close()  # the side that closes first keeps the port in TIME_WAIT
    listener.close()
    require_free("127.0.0.1", port, "GATEWAY_PORT")
