import asyncio

from cryptography.fernet import Fernet

from shared.contracts.hints import SettingsChanged
from shared.store.apps import AppStore
from shared.store.sealing import Sealer
from tests.sandbox.box import APPID, SEND
from tests.sender.office import Office
from tests.support.services import KEYS
from tests.support.waiting import eventually


async def test_a_send_reaches_the_customer_and_its_outcome_is_told(desk: Office) -> None:
    async with desk.sender():
        send = await desk.send("您好")
        told = await desk.settled(send)
        assert (told.outcome, told.cause) == ("sent", f"s:{send.send_id}:sent")
    assert told.attempted_at is not None
    assert await desk.phone() == ["您好"]
    row = await desk.row(send)
    assert row is not None
    assert (row.state, row.due_at) == ("settled", None)


async def test_sends_to_one_customer_arrive_in_order_however_slow_the_first_is(desk: Office) -> None:
    await desk.faults({"path": SEND, "latency_ms": 1500, "times": 1})
    async with desk.sender():
        sends = [desk.command(f"第{number}条") for number in range(1, 6)]
        await desk.publish(*sends)
        for send in sends:
            assert (await desk.settled(send)).outcome == "sent"
    assert await desk.phone() == [f"第{number}条" for number in range(1, 6)]
    assert len(await desk.calls()) == 5


async def test_a_slow_send_holds_up_no_other_customer(desk: Office) -> None:
    await desk.open_window("o-2")
    await desk.faults({"path": SEND, "latency_ms": 1900, "times": 1})
    async with desk.sender():
        slow = await desk.send("慢")
        await eventually(desk.calls)
        for number in range(3):
            quick = await desk.send(f"快{number}", openid="o-2")
            assert (await desk.settled(quick)).outcome == "sent"
        assert (await desk.settled(slow)).outcome == "sent"
    assert [fact.cause for fact in desk.facts][-1] == f"s:{slow.send_id}:sent"


async def test_a_closed_window_is_told_with_the_instant_of_the_attempt(desk: Office) -> None:
    await desk.box.control("POST", f"/apps/{APPID}/customers", {"openid": "o-silent"})
    async with desk.sender():
        told = await desk.settled(await desk.send(openid="o-silent"))
    assert (told.outcome, told.code, told.window_closed) == ("refused", "45015", True)
    assert told.reason
    assert told.attempted_at is not None
    assert abs((told.attempted_at - desk.now).total_seconds()) < 60


async def test_a_send_without_an_answer_is_unknown_and_not_repeated(desk: Office) -> None:
    await desk.faults({"path": SEND, "drop_answer": True, "times": 1})
    async with desk.sender():
        lost, next_one = desk.command("一"), desk.command("二")
        await desk.publish(lost, next_one)
        assert (await desk.settled(lost)).outcome == "unknown"
        assert (await desk.settled(next_one)).outcome == "sent"
    assert await desk.phone() == ["一", "二"]
    assert len(await desk.calls()) == 2


async def test_an_answer_that_comes_too_late_is_no_answer(desk: Office) -> None:
    await desk.faults({"path": SEND, "latency_ms": 4000, "times": 1})
    async with desk.sender():
        assert (await desk.settled(await desk.send())).outcome == "unknown"
    assert len(await desk.calls()) == 1


async def test_while_wechat_is_busy_a_send_is_tried_again_and_later_ones_keep_their_place(desk: Office) -> None:
    await desk.faults({"path": SEND, "errcode": -1, "times": 2})
    async with desk.sender():
        first, second = desk.command("一"), desk.command("二")
        await desk.publish(first, second)
        assert (await desk.settled(second)).outcome == "sent"
        assert (await desk.settled(first)).outcome == "sent"
        row = await desk.row(first)
    assert row is not None
    assert row.tries == 2
    assert await desk.phone() == ["一", "二"]


async def test_a_send_that_waited_too_long_expires_without_a_call(desk: Office) -> None:
    async with desk.sender(WECHAT_API_BASE="http://127.0.0.1:1"):
        send, stale = desk.command(expires_in=3600), desk.command(openid="o-2", expires_in=-1)
        await desk.publish(send, stale)
        assert (await desk.settled(stale)).outcome == "expired"
        await desk.in_collection(send, "deferred")
        await desk.box.advance(3601)
        told = await desk.settled(send)
        assert (told.outcome, told.code, told.attempted_at) == ("expired", "expired", None)
        await desk.nothing_left()
    assert await desk.calls() == []


async def test_what_an_app_may_not_send_any_more_is_refused_with_the_reason(desk: Office) -> None:
    store = AppStore(desk.database, Sealer([KEYS]))
    async with desk.sender():
        removed = await desk.send(app_id="wx-never-was")
        assert (await desk.settled(removed)).code == "app_removed"
    app = await store.get(APPID)
    assert app is not None
    await store.save(app.but(enabled=False))
    async with desk.sender():
        assert (await desk.settled(await desk.send())).code == "app_disabled"
    assert await desk.calls() == []


async def test_an_app_whose_secret_cannot_be_read_sends_once_it_was_entered_again(desk: Office) -> None:
    store = AppStore(desk.database, Sealer([KEYS]))
    app = await store.get(APPID)
    assert app is not None
    lost = Sealer([Fernet.generate_key().decode()]).seal("lost", APPID, "secret")
    await desk.database["apps"].update_one({"_id": APPID}, {"$set": {"secret": lost}})
    async with desk.sender():
        # As for a wrong AppSecret: the first is told why, the others wait until it is looked at again.
        told = await desk.settled(await desk.send())
        assert (told.outcome, told.code) == ("refused", "secret_unreadable")
        later = await desk.send()
        await desk.in_collection(later, "deferred")
        assert await desk.calls() == []
        await store.save(app)
        await desk.publisher.hint(SettingsChanged(what="apps"))
        await desk.box.advance(120)
        assert (await desk.settled(later)).outcome == "sent"


async def test_an_app_added_a_moment_ago_may_send_at_once(desk: Office) -> None:
    store = AppStore(desk.database, Sealer([KEYS]))
    app = await store.get(APPID)
    assert app is not None
    await store.remove(APPID)
    async with desk.sender():
        await store.add(app)
        assert (await desk.settled(await desk.send())).outcome == "sent"


async def test_the_same_send_many_times_is_made_once_and_told_each_time(desk: Office) -> None:
    async with desk.sender():
        send = desk.command()
        await desk.publish(send, send, send)
        first = await desk.settled(send)
        count = len(desk.told(send))
        await desk.publish(send)
        await eventually(lambda: len(desk.told(send)) > count)
    assert set(desk.told(send)) == {first}
    assert len(await desk.calls()) == 1


async def test_a_stale_token_is_renewed_once_and_the_send_goes_through(desk: Office) -> None:
    async with desk.sender():
        await desk.settled(await desk.send())
        await desk.box.control("POST", f"/apps/{APPID}/tokens/invalidate")
        assert (await desk.settled(await desk.send())).outcome == "sent"
        assert [call["errcode"] for call in await desk.calls()] == [0, 40001, 0]
    assert len(await desk.calls("/cgi-bin/stable_token")) == 2


async def test_stopping_finishes_what_is_under_way(desk: Office) -> None:
    await desk.faults({"path": SEND, "latency_ms": 1800, "times": 1})
    async with desk.sender():
        send = await desk.send()
        await eventually(desk.calls)
    row = await desk.row(send)
    assert row is not None
    assert row.settlement is not None
    assert row.settlement.outcome == "sent"
    assert (await desk.settled(send)).outcome == "sent"


async def test_a_second_replica_takes_over_and_nothing_is_sent_twice(desk: Office) -> None:
    customers = [f"o-{number}" for number in range(30)]
    await asyncio.gather(*(desk.open_window(openid) for openid in customers))
    sends = [desk.command(f"给{openid}的第{turn}条", openid=openid) for turn in (1, 2) for openid in customers]
    async with desk.sender():
        async with desk.sender(SENDER_DRAIN_SECONDS=5):
            await desk.publish(*sends[:30])
            await desk.settled(sends[0])
            publishing = asyncio.create_task(desk.publish(*sends[30:]))
        await publishing
        for send in sends:
            assert (await desk.settled(send)).outcome == "sent"
    for openid in customers:
        assert await desk.phone(openid) == [f"给{openid}的第1条", f"给{openid}的第2条"]
