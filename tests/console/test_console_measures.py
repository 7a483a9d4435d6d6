"""What the metrics say of the live feed."""

from tests.console.house import Caller, House
from tests.console.screen import Screen
from tests.support.measures import counted
from tests.support.waiting import eventually


async def test_how_late_a_change_is_told_is_measured(desk: House, lina: Caller) -> None:
    screen = Screen(lina)
    before = counted("console_feed_lag_seconds_count")
    async with screen.ready():
        customer = await desk.waiting(lina)
        await eventually(lambda: customer.id in screen.conversations)
        await eventually(lambda: counted("console_feed_lag_seconds_count") > before)
