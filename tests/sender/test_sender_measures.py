"""What the metrics say of sends and lanes."""

from datetime import timedelta

import pytest

from services.sender.outcomes import NotNow
from shared.clock import FixedClock
from shared.observe import metrics
from shared.store.driver import Database
from tests.sandbox.box import APPID, SEND
from tests.sender.office import Office
from tests.sender.test_sender_limits import GATE, NOON, attempt, lane
from tests.support.measures import counted, measured


def sends(outcome: str) -> float:
    return counted("sender_sends_total", app_id=APPID, outcome=outcome)


async def test_every_send_is_counted_by_its_outcome(desk: Office) -> None:
    before = {outcome: sends(outcome) for outcome in ("sent", "unknown", "refused")}
    await desk.box.control("POST", f"/apps/{APPID}/customers", {"openid": "o-silent"})
    async with desk.sender():
        await desk.settled(await desk.send())
        await desk.settled(await desk.send(openid="o-silent"))
        await desk.faults({"path": SEND, "drop_answer": True, "times": 1})
        await desk.settled(await desk.send())
    assert {outcome: sends(outcome) - count for outcome, count in before.items()} == {
        "sent": 1,
        "unknown": 1,
        "refused": 1,
    }


async def test_a_closed_lane_is_shown_until_it_opens(database: Database) -> None:
    clock = FixedClock(NOON)
    gated = lane(database, clock=clock)
    await gated.shut(GATE)
    assert measured("sender_lane_closed", app_id="wx1", code="48001") == 1
    await gated.shut(GATE.but(until=NOON + timedelta(hours=1), code="45009"))
    assert measured("sender_lane_closed", app_id="wx1", code="48001") is None
    assert measured("sender_lane_closed", app_id="wx1", code="45009") == 1
    await gated.reopen()
    assert measured("sender_lane_closed", app_id="wx1", code="45009") is None


async def test_whoever_takes_a_closed_lane_over_shows_it(database: Database) -> None:
    await lane(database, holder="former").shut(GATE)
    metrics.sender_lane_closed.remove("wx1", GATE.code)
    with pytest.raises(NotNow):
        await attempt(lane(database, holder="next"))
    assert measured("sender_lane_closed", app_id="wx1", code="48001") == 1
    metrics.sender_lane_closed.remove("wx1", GATE.code)
