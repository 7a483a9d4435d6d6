"""Where a process may be stopped: a hook between any two durable steps, so that a test can stop it there."""

from collections.abc import Awaitable, Callable

Step = Callable[[str], Awaitable[None]]


async def no_step(_: str) -> None:
    """What happens between durable steps outside of tests: nothing."""
