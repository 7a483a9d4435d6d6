"""Waiting for what another process or task does, without ever depending on how fast it is."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar, overload

T = TypeVar("T")


class NeverHeld(AssertionError):
    """The condition did not hold within the time given."""


@overload
async def eventually(
    check: Callable[[], Coroutine[Any, Any, T]], within_seconds: float = ..., every_seconds: float = ...
) -> T: ...
@overload
async def eventually(check: Callable[[], T], within_seconds: float = ..., every_seconds: float = ...) -> T: ...
async def eventually(
    check: Callable[[], Awaitable[T] | T], within_seconds: float = 20.0, every_seconds: float = 0.02
) -> T:
    """Poll until `check()` is true, and return what it returned.

    A check may also assert: its AssertionError means "not yet", and is raised if that never changes.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_seconds
    while True:
        failure: AssertionError | None = None
        try:
            found = check()
            result: T = await found if inspect.isawaitable(found) else found
            if result:
                return result
        except AssertionError as not_yet:
            failure = not_yet
        if loop.time() > deadline:
            raise failure or NeverHeld(f"{check} did not hold within {within_seconds} s")
        await asyncio.sleep(every_seconds)
