"""Looking at real processes."""

import psutil


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended but was not reaped yet does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def family(pid: int) -> list[int]:
    """The process and everything below it."""
    root = psutil.Process(pid)
    return [root.pid, *(child.pid for child in root.children(recursive=True))]


def listening_addresses(pid: int) -> set[str]:
    """The addresses on which the process listens."""
    sockets = psutil.Process(pid).net_connections(kind="inet")
    return {socket.laddr.ip for socket in sockets if socket.status == psutil.CONN_LISTEN and socket.laddr}
