"""How late this process is for what it wanted to do: its event loop was held up, or the machine gave it no time."""

import asyncio
from typing import Final

from shared.observe import metrics

EVERY_SECONDS: Final = 0.5


async def measure_loop_lag(every_seconds: float = EVERY_SECONDS) -> None:
    """Run until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        wanted = loop.time() + every_seconds
        await asyncio.sleep(every_seconds)
        metrics.wxdesk_event_loop_lag_seconds.observe(max(0.0, loop.time() - wanted))
