"""Reading what is typed or piped in. Ctrl-C ends it at once, which inside asyncio it would not."""

import getpass
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


def line() -> str:
    """One line with its end; empty where standard input is at its own."""
    with _interruptible():
        return sys.stdin.readline()


def everything() -> str:
    with _interruptible():
        return sys.stdin.read()


def hidden_line(prompt: str) -> str:
    """One line typed without echo."""
    with _interruptible():
        return getpass.getpass(prompt)


def asked(question: str) -> str:
    """The answer to a question on standard error, without surrounding space."""
    with _interruptible():
        print(question, end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip()


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end a blocking read: asyncio would only cancel a task, which the read never notices."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
