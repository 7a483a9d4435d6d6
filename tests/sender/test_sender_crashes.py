"""The process is killed between every two durable steps, started again, and all books are compared."""

import asyncio
import io
import json
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from PIL import Image as PillowImage

from shared.conversation.commands import CopyMedia, SendMessage
from shared.conversation.content import Image
from shared.conversation.fact import MediaSource
from shared.conversation.facts import MediaSettled
from shared.conversation.ids import conversation_id
from shared.conversation.quota import Outcome
from shared.store.media import MediaStore
from tests.sandbox.box import APPID, SEND, form
from tests.sender.doomed import dies_at
from tests.sender.office import OPENID, Office
from tests.support.waiting import eventually

LONG_AGO = datetime.fromisoformat("2026-01-01T00:00:00+00:00")


async def balanced(desk: Office, *sends: SendMessage) -> list[Outcome]:
    """The outcomes, after all sides agree: told once or more alike, delivered once at most, nothing left to do."""
    outcomes: list[Outcome] = []
    for send in sends:
        await desk.settled(send)
    await desk.nothing_left()
    delivered = Counter(call["body"]["text"]["content"] for call in await desk.calls() if call["delivered"])
    for send in sends:
        row = await desk.row(send)
        told = {fact.outcome for fact in desk.told(send)}
        assert row is not None
        assert row.settlement is not None
        assert told == {row.settlement.outcome}
        outcomes.append(row.settlement.outcome)
    assert max(delivered.values(), default=0) <= 1
    assert sum(delivered.values()) >= outcomes.count("sent")
    assert await desk.phone() == list(delivered)
    return outcomes


async def age_claims(desk: Office) -> None:
    """A minute passes since somebody claimed to see to what is due."""
    await desk.database["sends"].update_many({"claim": {"$exists": True}}, {"$set": {"claim.until": LONG_AGO}})


@pytest.mark.parametrize(
    ("step", "outcome", "delivered"),
    [
        ("started", "unknown", 1),
        ("answered", "unknown", 2),
        ("settled", "sent", 2),
        ("told", "sent", 2),
    ],
)
async def test_a_send_survives_the_death_of_its_process(desk: Office, step: str, outcome: str, delivered: int) -> None:
    sends = [desk.command("一"), desk.command("二")]
    await desk.publish(*sends)
    await dies_at(step, {**desk.environment, "SENDER_ANSWER_SECONDS": "1"})
    async with desk.sender():
        first, second = await balanced(desk, *sends)
    # The second may be under way while the first is told: then it died of the same death.
    assert (first, second) in {(outcome, "sent"), (outcome, "unknown" if step == "told" else "sent")}
    assert len(await desk.phone()) in {delivered, delivered - (second == "unknown")}


@pytest.mark.parametrize("step", ["deferred", "due_claimed", "due_announced"])
async def test_a_send_that_waits_survives_the_death_of_its_process(desk: Office, step: str) -> None:
    await desk.faults({"path": SEND, "errcode": -1, "times": 1})
    sends = [desk.command("一"), desk.command("二")]
    await desk.publish(*sends)
    await dies_at(step, desk.environment)
    await age_claims(desk)
    async with desk.sender():
        assert await balanced(desk, *sends) == ["sent", "sent"]
    assert await desk.phone() == ["一", "二"]


@pytest.mark.parametrize("step", ["settled", "told"])
async def test_an_outcome_of_a_send_that_was_let_go_is_told(desk: Office, step: str) -> None:
    """The bus has forgotten the message by then: only the row knows."""
    await desk.faults({"path": SEND, "latency_ms": 1500, "times": 1})
    send = await desk.send()
    await dies_at(step, {**desk.environment, "SENDER_ANSWER_SECONDS": "5"})
    await desk.database["sends"].update_many({"state": "settled"}, {"$set": {"due_at": LONG_AGO}})
    async with desk.sender():
        assert await balanced(desk, send) == ["sent"]


async def test_the_books_balance_whatever_wechat_does(desk: Office) -> None:
    customers = [f"o-{number}" for number in range(20)]
    await asyncio.gather(*(desk.open_window(openid) for openid in customers))
    trouble: list[dict[str, Any]] = [
        {"errcode": -1, "times": 7},
        {"drop_answer": True, "times": 5},
        {"latency_ms": 1200, "times": 4},
        {"garbage": True, "times": 3},
        {"errcode": 40001, "times": 2},
        {"http": 503, "times": 2},
        {"errcode": 45002, "times": 3},
    ]
    await desk.faults(*({"path": SEND, **fault} for fault in trouble))
    sends = {openid: [desk.command(f"{turn}", openid=openid) for turn in range(3)] for openid in customers}
    async with desk.sender(), desk.sender():
        await desk.publish(*(send for turn in range(3) for send in (sends[openid][turn] for openid in customers)))
        outcomes = Counter([(await desk.settled(send)).outcome for of_one in sends.values() for send in of_one])
        await desk.nothing_left()
    assert outcomes["refused"] == 3
    assert outcomes["unknown"] == 10
    assert outcomes["sent"] == 47
    phones = [await desk.phone(openid) for openid in customers]
    assert all(phone == sorted(set(phone)) for phone in phones)
    # HTTP 503 said nothing of what became of two, which never reached a phone.
    assert sum(len(phone) for phone in phones) == outcomes["sent"] + outcomes["unknown"] - 2


def picture() -> bytes:
    file = io.BytesIO()
    PillowImage.new("RGB", (40, 30), "red").save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("step", ["wanted", "copied", "stored", "media_told"])
async def test_a_copy_survives_the_death_of_its_process(desk: Office, step: str) -> None:
    path = f"/apps/{APPID}/customers/{OPENID}/image"
    assert (await desk.box.control("POST", path, data=form("file", picture()))).status == 200
    source = json.loads(desk.box.receiver.pushes[-1].body)
    copy = CopyMedia(
        conversation_id=conversation_id(APPID, OPENID),
        app_id=APPID,
        trace_id="t",
        message_id="m",
        source=MediaSource(media_id="m1", wechat_media_id=source["MediaId"]),
        content=Image(media_id="m1"),
    )
    await desk.publish(copy)
    await dies_at(step, desk.environment)
    await desk.box.advance(200)
    async with desk.sender():
        told = await eventually(lambda: [fact for fact in desk.facts if isinstance(fact, MediaSettled)])
        file = await MediaStore(desk.database).get("m1")
        await eventually(lambda: nothing_due(desk))
    assert file is not None
    assert (file.state, file.content) == ("stored", picture())
    assert {fact.content for fact in told} == {Image(media_id="m1", width=40, height=30)}


async def nothing_due(desk: Office) -> bool:
    return await desk.database["media"].count({"due_at": {"$exists": True}}) == 0
