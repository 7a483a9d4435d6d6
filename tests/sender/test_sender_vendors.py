"""Calls to a vendor: in order, with one honest outcome each, and none twice unasked."""

import time
from typing import Any

import pytest

from shared.contracts import KeepToken
from shared.contracts.hints import SettingsChanged
from shared.conversation.bridges import BridgeSettings
from shared.conversation.commands import AskPlace, CallVendor, GradeSession, Introduce, LeaveLine, Relay
from shared.conversation.content import Note
from shared.conversation.ids import conversation_id
from shared.conversation.model import Party
from shared.observe import metrics
from shared.store.sealing import Sealer
from shared.store.tokens import MongoTokenStore
from tests.sandbox.box import APPID
from tests.sandbox.box import SEND as WECHAT_SEND
from tests.sender.vendor_desk import ACCOUNT, LIMITS, VendorDesk
from tests.support.services import KEYS
from tests.support.waiting import eventually
from tests.vendors.qiyu_house import APPLY, EVALUATE, PROFILE, QUIT, SEND
from tests.vendors.zhima_receiver import receiver, zhima_account

AGENT = Party(kind="agent", id="lina", name="Lina")


def message_of(call: CallVendor) -> str:
    assert isinstance(call.call, Relay)
    return call.call.message_id


async def test_each_call_is_made_and_its_answer_told(vendors: VendorDesk) -> None:
    await vendors.add_account()
    counted = metrics.sender_vendor_calls_total.labels("qiyu", ACCOUNT, "relay", "sent")
    before = counted._value.get()
    async with vendors.sender():
        stood = (await vendors.answered(await vendors.call())).stood
        assert stood is not None
        assert (stood.standing, stood.vendor_session, stood.staff, stood.said) == ("person", "62927", "小鱼", "您好")
        relayed = await vendors.relay("在吗")
        await vendors.desk.publish(relayed)
        told = await vendors.answered(relayed)
        assert (told.outcome, told.call, told.message_id) == ("sent", "relay", message_of(relayed))
        place = (await vendors.answered(await vendors.call(AskPlace()))).stood
        assert place is not None
        assert (place.standing, place.ahead) == ("line", 2)
        for call in (LeaveLine(), GradeSession(vendor_session="62927", value=100)):
            assert (await vendors.answered(await vendors.call(call))).outcome == "sent"
    assert vendors.qiyu.said() == ["在吗"]
    assert (len(vendors.qiyu.calls(QUIT)), vendors.qiyu.calls(EVALUATE)[0].fields["evaluation"]) == (1, 100)
    assert counted._value.get() == before + 1
    await vendors.desk.nothing_left()


async def test_the_messages_of_a_customer_are_passed_on_in_order(vendors: VendorDesk) -> None:
    await vendors.add_account()
    customers = [f"o-{number}" for number in range(5)]
    calls = [await vendors.relay(f"{openid} {turn}", openid=openid) for turn in range(6) for openid in customers]
    vendors.fault(SEND, code=14500, times=LIMITS.failures - 1)
    async with vendors.sender():
        await vendors.desk.publish(*calls)
        for call in calls:
            assert (await vendors.answered(call, within_seconds=40)).outcome == "sent"
    for openid in customers:
        said = vendors.qiyu.said(conversation_id(APPID, openid))
        assert said == [f"{openid} {turn}" for turn in range(6)]


async def test_wechat_and_a_vendor_do_not_wait_for_each_other(vendors: VendorDesk) -> None:
    await vendors.add_account()
    async with vendors.sender():
        vendors.fault(SEND, code=14500)
        stuck = await vendors.relay()
        await vendors.desk.publish(stuck)
        await vendors.in_collection(stuck, "deferred")
        assert (await vendors.desk.settled(await vendors.desk.send("您好"))).outcome == "sent"
        vendors.qiyu.faults.clear()
        await vendors.desk.faults({"path": WECHAT_SEND, "errcode": 45011})
        held = await vendors.desk.send("二")
        await vendors.desk.in_collection(held, "deferred")
        assert (await vendors.answered(stuck)).outcome == "sent"
        other = await vendors.relay("二")
        await vendors.desk.publish(other)
        assert (await vendors.answered(other)).outcome == "sent"


async def test_what_may_have_arrived_is_unknown_and_not_repeated(vendors: VendorDesk) -> None:
    await vendors.add_account()
    vendors.fault(SEND, drop=True, times=1)
    async with vendors.sender():
        first, second = await vendors.relay("一"), await vendors.relay("二")
        await vendors.desk.publish(first, second)
        told = await vendors.answered(first)
        assert (told.outcome, told.code, told.down) == ("unknown", "no_answer", False)
        assert told.reason
        assert (await vendors.answered(second)).outcome == "sent"
    assert vendors.qiyu.said() == ["一", "二"]


async def test_an_account_may_have_it_repeated_once(vendors: VendorDesk) -> None:
    await vendors.add_account(retry_on_unknown=True)
    vendors.fault(SEND, drop=True, times=1)
    async with vendors.sender():
        call = await vendors.relay("一")
        await vendors.desk.publish(call)
        assert (await vendors.answered(call)).outcome == "sent"
        vendors.fault(SEND, drop=True, times=2)
        again = await vendors.relay("二")
        await vendors.desk.publish(again)
        assert (await vendors.answered(again)).outcome == "unknown"
    assert vendors.qiyu.said() == ["一", "一", "二", "二"]


async def test_an_introduction_that_got_no_answer_is_made_again(vendors: VendorDesk) -> None:
    await vendors.add_account()
    vendors.fault(APPLY, drop=True, times=1)
    async with vendors.sender():
        assert (await vendors.answered(await vendors.call())).outcome == "sent"
    assert len(vendors.qiyu.calls(APPLY)) == 2


async def test_too_fast_is_waited_out_and_counts_for_nothing(vendors: VendorDesk) -> None:
    await vendors.add_account()
    vendors.fault(SEND, code=14009, times=LIMITS.failures + 1)
    async with vendors.sender():
        call = await vendors.relay()
        await vendors.desk.publish(call)
        row = await vendors.in_collection(call, "deferred")
        assert row.why == "unavailable"
        for _ in range(LIMITS.failures):
            await vendors.desk.box.advance(5)
        assert (await vendors.answered(call, within_seconds=40)).outcome == "sent"
    assert (await vendors.breaker()).version == 0


async def test_what_waits_longer_than_it_may_expires(vendors: VendorDesk) -> None:
    await vendors.add_account(BridgeSettings(breaker=LIMITS.but(failures=100)))
    vendors.fault(SEND, code=14500)
    async with vendors.sender():
        call = await vendors.relay(expires_in=5)
        await vendors.desk.publish(call)
        await vendors.in_collection(call, "deferred")
        await vendors.desk.box.advance(6)
        told = await vendors.answered(call)
        assert (told.outcome, told.down) == ("expired", False)
    assert vendors.qiyu.said() == []


async def test_what_the_vendor_will_never_take_is_refused_with_its_reason(vendors: VendorDesk) -> None:
    await vendors.add_account()
    vendors.fault(SEND, code=14004, times=1)
    async with vendors.sender():
        call = await vendors.relay()
        await vendors.desk.publish(call)
        told = await vendors.answered(call)
    assert (told.outcome, told.code, told.down) == ("refused", "14004", False)
    assert "14004" in (told.reason or "")


@pytest.mark.parametrize("fault", ["gone", "disabled", "without_secret", "unfit", "another"])
async def test_an_account_that_cannot_be_used_refuses(vendors: VendorDesk, fault: str) -> None:
    if fault != "gone":
        account = await vendors.add_account()
        changes: dict[str, dict[str, Any]] = {
            "disabled": {"enabled": False},
            "without_secret": {"secrets": {}},
            "unfit": {"settings": {}},
            "another": {"vendor": "zhima"},
        }
        await vendors.accounts.save(account.but(**changes[fault]))
    async with vendors.sender():
        told = await vendors.answered(await vendors.call())
    assert (told.outcome, told.code, told.down) == ("refused", "account_unusable", True)
    assert vendors.qiyu.book == []


async def test_an_account_added_a_moment_ago_is_used(vendors: VendorDesk) -> None:
    async with vendors.sender():
        await vendors.add_account()
        assert (await vendors.answered(await vendors.call())).outcome == "sent"


async def test_a_message_that_was_erased_is_not_passed_on(vendors: VendorDesk) -> None:
    await vendors.add_account()
    async with vendors.sender():
        told = await vendors.answered(await vendors.call(Relay(message_id="gone")))
    assert (told.outcome, told.code) == ("refused", "message_gone")


async def test_who_takes_over_is_shown_what_was_said_and_no_notes(vendors: VendorDesk) -> None:
    await vendors.add_account(BridgeSettings(context_messages=3))
    for text in ("很久以前", "一", "二"):
        await vendors.message(text)
    await vendors.message(Note(text="难缠的客户"), sender=AGENT)
    await vendors.message("三", sender=AGENT)
    last = await vendors.message("四")
    async with vendors.sender():
        await vendors.answered(await vendors.call(Introduce(before_seq=last.seq)))
    [told] = vendors.qiyu.said()
    assert [word in told for word in ("很久以前", "一", "二", "难缠", "三", "四")] == [
        False,
        True,
        True,
        False,
        True,
        False,
    ]


async def test_a_redelivered_call_is_not_made_twice(vendors: VendorDesk) -> None:
    await vendors.add_account()
    async with vendors.sender():
        call = await vendors.relay()
        await vendors.desk.publish(call, call)
        await vendors.answered(call)
        await vendors.desk.publish(call)
        await eventually(lambda: len(vendors.told(call)) > 1)
    assert vendors.qiyu.said() == ["在吗"]
    assert {fact.outcome for fact in vendors.told(call)} == {"sent"}


async def test_calls_keep_to_the_accounts_limits(vendors: VendorDesk) -> None:
    """However slow the machine is, no request may arrive before its place in the limits has come."""
    await vendors.add_account(calls_per_second=40, calls_per_endpoint=20)
    relays = [await vendors.relay(openid=f"o-{number}") for number in range(30)]
    introductions = [vendors.command(Introduce(before_seq=1), openid=f"p-{number}") for number in range(10)]
    began = time.monotonic()
    async with vendors.sender():
        await vendors.desk.publish(*relays, *introductions)
        for call in (*relays, *introductions):
            assert (await vendors.answered(call, within_seconds=40)).outcome == "sent"
    for path, count in ((SEND, 30), (APPLY, 10), (PROFILE, 10)):
        calls = vendors.qiyu.calls(path)
        assert len(calls) == count
        assert all(call.at - began >= number / 20 for number, call in enumerate(calls, start=1))
    assert all(call.at - began >= number / 40 for number, call in enumerate(vendors.qiyu.book, start=1))
    assert (await vendors.breaker()).version == 0


async def test_a_flood_waits_in_the_collection_and_starves_no_other_call(vendors: VendorDesk) -> None:
    await vendors.add_account(calls_per_second=40, calls_per_endpoint=10)
    relays = [await vendors.relay(openid=f"o-{number}") for number in range(40)]
    async with vendors.sender():
        await vendors.desk.publish(*relays)
        await vendors.in_collection(relays[-1], "deferred")
        assert (await vendors.answered(await vendors.call(AskPlace(), openid="p-1"))).outcome == "sent"
        assert any(not vendors.told(relay) for relay in relays)
        for call in relays:
            assert (await vendors.answered(call, within_seconds=40)).outcome == "sent"
    assert len(vendors.qiyu.calls(SEND)) == 40


async def test_the_customer_hears_nothing_of_a_call_nobody_can_read(vendors: VendorDesk) -> None:
    await vendors.add_account()
    async with vendors.sender():
        call = await vendors.relay()
        await vendors.desk.publish(call.but(place=(2**70, 0)))
        told = await vendors.answered(call)
    assert (told.outcome, told.code, told.message_id) == ("refused", "condemned", message_of(call))


async def test_an_app_that_was_disabled_calls_nobody(vendors: VendorDesk) -> None:
    await vendors.add_account()
    await vendors.desk.database["apps"].update_one({"_id": APPID}, {"$set": {"enabled": False}})
    async with vendors.sender():
        told = await vendors.answered(await vendors.call())
    assert (told.outcome, told.code) == ("refused", "app_disabled")


async def test_who_waited_in_line_is_introduced_with_their_first_message(vendors: VendorDesk) -> None:
    await vendors.add_account()
    await vendors.message("以前说的")
    first, second = await vendors.relay("一"), await vendors.relay("二")
    vendors.fault(APPLY, code=14006, times=1)
    async with vendors.sender():
        stood = (await vendors.answered(await vendors.call())).stood
        assert stood is not None
        assert (stood.standing, vendors.qiyu.said()) == ("line", [])
        for call in (first, second):
            await vendors.desk.publish(call)
            assert (await vendors.answered(call)).outcome == "sent"
    told, *said = vendors.qiyu.said()
    assert ("以前说的" in told, said) == (True, ["一", "二"])


async def test_what_changes_in_an_account_holds_at_once(vendors: VendorDesk) -> None:
    await vendors.add_account()
    async with vendors.sender():
        assert (await vendors.answered(await vendors.call())).outcome == "sent"
        for enabled, outcome in ((False, "refused"), (True, "sent")):
            await vendors.change_account(enabled=enabled)
            await vendors.desk.publisher.hint(SettingsChanged(what="vendors"))

            async def ends_so(outcome: str = outcome) -> bool:
                return (await vendors.answered(await vendors.call())).outcome == outcome

            await eventually(ends_so)


async def test_zhima_is_given_again_what_it_did_not_answer(vendors: VendorDesk) -> None:
    """It knows repeats by WeChat's MsgId: no answer is no reason to wonder."""
    async with receiver() as zhima, vendors.sender():
        zhima.answers = [None]
        await vendors.accounts.add(zhima_account(zhima.url, account_id="zhima-1", settings={"app_id": APPID}))
        call = (await vendors.relay("在吗", account="zhima-1")).but(vendor="zhima")
        await vendors.desk.publish(call)
        assert (await vendors.answered(call)).outcome == "sent"
        assert len(zhima.arrived) == 2
        stranger = (await vendors.relay("在吗", account="zhima-1")).but(vendor="zhima", app_id="wx-other")
        await vendors.desk.publish(stranger)
        assert (await vendors.answered(stranger)).code == "app_removed"


async def test_a_token_is_kept_for_whoever_asks(vendors: VendorDesk) -> None:
    desk = vendors.desk
    store = MongoTokenStore(desk.database, Sealer([KEYS]))
    async with desk.sender():
        await desk.publish(KeepToken(app_id="wx-unknown", trace_id="t"), KeepToken(app_id=APPID, trace_id="t"))
        token = await eventually(lambda: store.read(APPID))
        assert token is not None
        assert token.expires_at > desk.now
        assert await store.read("wx-unknown") is None
