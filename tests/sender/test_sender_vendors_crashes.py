"""The process is killed between every two durable steps of a call, started again, and both books are compared."""

from datetime import datetime

import pytest

from shared.conversation.commands import CallVendor, Introduce
from tests.sender.doomed import dies_at
from tests.sender.vendor_desk import VendorDesk
from tests.vendors.qiyu_house import SEND

LONG_AGO = datetime.fromisoformat("2026-01-01T00:00:00+00:00")


async def balanced(vendors: VendorDesk, *calls: CallVendor) -> list[str]:
    """The outcomes, after both sides agree: told alike however often, taken once at most, nothing left to do."""
    for call in calls:
        await vendors.answered(call, within_seconds=40)
    await vendors.desk.nothing_left()
    outcomes: list[str] = []
    for call in calls:
        row = await vendors.row(call)
        assert row is not None
        assert row.settlement is not None
        assert {fact.outcome for fact in vendors.told(call)} == {row.settlement.outcome}
        outcomes.append(row.settlement.outcome)
    said = vendors.qiyu.said()
    assert len(said) == len(set(said))
    assert len(said) >= outcomes.count("sent")
    return outcomes


@pytest.mark.parametrize(
    ("step", "outcome", "said"),
    [
        ("started", "unknown", {("二",)}),
        ("answered", "unknown", {("一", "二")}),
        ("settled", "sent", {("一", "二")}),
        ("told", "sent", {("一", "二"), ("一",)}),
    ],
)
async def test_a_call_survives_the_death_of_its_process(
    vendors: VendorDesk, step: str, outcome: str, said: set[tuple[str, ...]]
) -> None:
    await vendors.add_account()
    calls = [await vendors.relay("一"), await vendors.relay("二")]
    await vendors.desk.publish(*calls)
    await dies_at(step, {**vendors.environment, "SENDER_VENDOR_ANSWER_SECONDS": "1"})
    async with vendors.sender(SENDER_VENDOR_ANSWER_SECONDS=1):
        first, second = await balanced(vendors, *calls)
    # The second may be under way while the first is told: then it died of the same death.
    assert (first, second) in {(outcome, "sent"), (outcome, "unknown" if step == "told" else "sent")}
    assert tuple(vendors.qiyu.said()) in said


@pytest.mark.parametrize("step", ["deferred", "due_claimed", "due_announced"])
async def test_a_call_that_waits_survives_the_death_of_its_process(vendors: VendorDesk, step: str) -> None:
    await vendors.add_account()
    vendors.fault(SEND, code=14500, times=1)
    calls = [await vendors.relay("一"), await vendors.relay("二")]
    await vendors.desk.publish(*calls)
    await dies_at(step, vendors.environment)
    sends = vendors.desk.database["sends"]
    await sends.update_many({"claim": {"$exists": True}}, {"$set": {"claim.until": LONG_AGO}})
    async with vendors.sender():
        assert await balanced(vendors, *calls) == ["sent", "sent"]
    assert vendors.qiyu.said() == ["一", "二"]


async def test_an_answer_is_kept_until_it_is_told(vendors: VendorDesk) -> None:
    """What the vendor said of the customer is said only once: it must not be asked again."""
    await vendors.add_account()
    call = await vendors.call(Introduce(before_seq=1))
    await dies_at("settled", vendors.environment)
    asked = len(vendors.qiyu.book)
    async with vendors.sender():
        stood = (await vendors.answered(call)).stood
    assert stood is not None
    assert (stood.standing, stood.vendor_session) == ("person", "62927")
    assert len(vendors.qiyu.book) == asked
