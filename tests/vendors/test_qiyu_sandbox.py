"""The adapter and the sandbox's strict Qiyu, over real HTTP both ways."""

import base64
import io
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from PIL import Image as Drawing

from shared.conversation.content import Image, Text
from shared.conversation.vendor_facts import Ended, Invited, LinedUp, Said, Started, Told, WaitedTooLong
from shared.failures import Misconfigured, OutcomeUnknown, Refused, TooFast, Unavailable
from shared.pictures import Picture
from shared.vendors.port import Connection, Relayed
from shared.vendors.qiyu.adapter import QIYU
from tests.support.waiting import eventually
from tests.vendors.qiyu_house import CUSTOMER_OF_OURS, NOW, SEND, UID, Pace, message, qiyu_account, relayed_text
from tests.vendors.qiyu_sandbox import QiyuSandbox, qiyu_sandbox

OTHERS = tuple(CUSTOMER_OF_OURS.but(uid=letter * 26, openid=f"o-{letter}") for letter in "abcd")
BEFORE = (message(Text(text="在吗")),)


@pytest.fixture
async def there() -> AsyncIterator[QiyuSandbox]:
    async with qiyu_sandbox() as made:
        yield made


def png() -> Picture:
    out = io.BytesIO()
    Drawing.new("RGB", (30, 20), "red").save(out, "PNG")
    return Picture(out.getvalue(), "image/png", 30, 20)


async def fill(there: QiyuSandbox, *customers: int) -> None:
    """Its people are busy with others."""
    for number in customers:
        await there.port.introduce(OTHERS[number], (), wants_person=False)


async def test_a_whole_session(there: QiyuSandbox) -> None:
    stood = await there.port.introduce(CUSTOMER_OF_OURS, BEFORE, wants_person=False)
    assert (stood.standing, stood.staff) == ("person", "lantian")
    assert stood.said
    assert [grade.value for grade in stood.grades] == [100, 1]
    await there.port.relay(CUSTOMER_OF_OURS, relayed_text("你好"))
    assert await there.heard() == ["【此前的对话，供参考】\n客户：在吗", "你好"]
    await there.staff("say", {"text": "您好", "html": "<p>您<b>好</b></p>"})
    assert (await there.pushes.one(Said)).parts == (Text(text="您好"),)
    await there.staff("invite")
    assert (await there.pushes.one(Invited)).vendor_session == stood.vendor_session
    assert stood.vendor_session is not None
    await there.port.grade(CUSTOMER_OF_OURS, stood.vendor_session, 100)
    await there.staff("close")
    ended = await there.pushes.one(Ended)
    assert (ended.vendor_session, ended.why) == (stood.vendor_session, "closed")
    assert [one["value"] for one in (await there.state())["evaluations"]] == [100]


async def test_what_its_people_see_of_a_customer(there: QiyuSandbox) -> None:
    await there.port.introduce(CUSTOMER_OF_OURS, (), wants_person=False)
    visitor = await there.visitor()
    assert {"key": "real_name", "value": "小王"} in visitor["profile"]
    assert {"key": "mobile_phone", "value": "13800000000"} in visitor["profile"]
    assert visitor["application"]["productId"] == CUSTOMER_OF_OURS.app_id
    assert CUSTOMER_OF_OURS.openid not in str(visitor)


async def test_pictures_both_ways(there: QiyuSandbox) -> None:
    await there.port.introduce(CUSTOMER_OF_OURS, (), wants_person=False)
    picture = png()
    await there.port.relay(CUSTOMER_OF_OURS, Relayed(message(Image(media_id="m")), picture))
    [shown] = await there.heard()
    async with there.http.get(shown) as response:
        assert await response.read() == picture.content
    await there.staff("picture", {"png_base64": base64.b64encode(picture.content).decode()})
    said = await there.pushes.one(Said)
    [part] = said.parts
    assert isinstance(part, Image)
    assert (part.width, part.height) == (30, 20)
    async with there.http.get(str(said.media[0].url)) as response:
        assert await response.read() == picture.content
    host = str(said.media[0].url).split("/")[2]
    assert host in QIYU.media_hosts(qiyu_account(api_base=there.running.url))


async def test_a_picture_told_of_in_a_text(there: QiyuSandbox) -> None:
    await there.port.introduce(CUSTOMER_OF_OURS, (), wants_person=False)
    await there.spoil(string_content=True)
    await there.staff("picture", {"png_base64": base64.b64encode(png().content).decode()})
    assert isinstance((await there.pushes.one(Said)).parts[0], Image)


async def test_a_line_from_its_end_to_a_person(there: QiyuSandbox) -> None:
    await fill(there, 0, 1, 2)
    stood = await there.port.introduce(CUSTOMER_OF_OURS, BEFORE, wants_person=False)
    assert (stood.standing, stood.ahead, stood.said) == ("line", 1, None)
    assert await there.heard() == []
    assert (await there.port.ask_place(CUSTOMER_OF_OURS)).ahead == 1
    await there.staff("close", uid=OTHERS[0].uid)
    await there.staff("close", uid=OTHERS[1].uid)
    started = await there.pushes.one(Started)
    assert started.stood.standing == "person"
    assert (await there.port.ask_place(CUSTOMER_OF_OURS)).standing == "person"


async def test_who_leaves_the_line_is_not_in_it(there: QiyuSandbox) -> None:
    await fill(there, 0, 1)
    assert (await there.port.introduce(CUSTOMER_OF_OURS, (), wants_person=False)).standing == "line"
    await there.port.leave_line(CUSTOMER_OF_OURS)
    await there.port.leave_line(CUSTOMER_OF_OURS)
    assert (await there.port.ask_place(CUSTOMER_OF_OURS)).standing == "nobody"


async def test_nobody_is_there(there: QiyuSandbox) -> None:
    for number in (143, 144):
        await there.presence(number, online=False)
    stood = await there.port.introduce(CUSTOMER_OF_OURS, BEFORE, wants_person=False)
    assert stood.standing == "word"
    assert stood.said
    await there.port.relay(CUSTOMER_OF_OURS, relayed_text("请回电"))
    assert (await there.heard())[-1] == "请回电"


async def test_nobody_is_there_and_no_word_can_be_left() -> None:
    async with qiyu_sandbox(leave_message=False) as there:
        for number in (143, 144):
            await there.presence(number, online=False)
        assert (await there.port.introduce(CUSTOMER_OF_OURS, (), wants_person=False)).standing == "nobody"


@pytest.mark.parametrize("reverse", [False, True])
async def test_a_transfer_is_told_from_both_ends(there: QiyuSandbox, reverse: bool) -> None:  # noqa: FBT001
    stood = await there.port.introduce(CUSTOMER_OF_OURS, (), wants_person=False)
    await there.spoil(reverse_transfer=reverse)
    await there.staff("transfer", {"staff_id": 144})
    started, ended = await there.pushes.one(Started), await there.pushes.one(Ended)
    assert (ended.vendor_session, ended.why) == (stood.vendor_session, "transferred")
    assert ended.transferred_to == started.stood.vendor_session
    assert started.transferred_from == stood.vendor_session
    assert started.stood.staff == "小七"


async def test_an_answer_that_is_dropped_leaves_one_message(there: QiyuSandbox) -> None:
    await there.port.introduce(CUSTOMER_OF_OURS, (), wants_person=False)
    await there.fault(path=SEND, drop_answer=True, times=1)
    with pytest.raises(OutcomeUnknown):
        await there.port.relay(CUSTOMER_OF_OURS, relayed_text("一次"))
    assert await there.heard() == ["一次"]


async def test_a_dropped_answer_is_given_twice_where_that_is_wanted(there: QiyuSandbox) -> None:
    async with there.other_port(retry_on_unknown=True) as port:
        await port.introduce(CUSTOMER_OF_OURS, (), wants_person=False)
        await there.fault(path=SEND, drop_answer=True, times=1)
        await port.relay(CUSTOMER_OF_OURS, relayed_text("两次"))
    assert await there.heard() == ["两次", "两次"]


@pytest.mark.parametrize("fault", [{"code": 14500}, {"code": 14009}, {"http": 503}, {"dead": True}])
async def test_what_was_not_taken_is_given_again(there: QiyuSandbox, fault: dict[str, object]) -> None:
    await there.port.introduce(CUSTOMER_OF_OURS, (), wants_person=False)
    await there.fault(path=SEND, times=1, **fault)
    with pytest.raises((Unavailable, OutcomeUnknown)) as failed:
        await there.port.relay(CUSTOMER_OF_OURS, relayed_text("再来"))
    assert isinstance(failed.value, OutcomeUnknown) is ("dead" in fault), "of a cut line nobody knows what came through"
    await there.port.relay(CUSTOMER_OF_OURS, relayed_text("再来"))
    assert await there.heard() == ["再来"]


async def test_the_pace_of_an_account() -> None:
    async with qiyu_sandbox(calls_per_endpoint=5, calls_per_account=20) as there:
        for _ in range(5):
            await there.port.ask_place(CUSTOMER_OF_OURS)
        with pytest.raises(TooFast):
            await there.port.ask_place(CUSTOMER_OF_OURS)
        await there.advance(1)
        await there.port.ask_place(CUSTOMER_OF_OURS)


async def test_a_probe_leaves_no_trace(there: QiyuSandbox) -> None:
    assert "14007" in await there.port.probe()
    assert (await there.state())["customers"] == {}


async def test_a_wrong_secret_and_a_wrong_clock(there: QiyuSandbox) -> None:
    async with there.other_port(app_key="nobody-has-it") as port:
        with pytest.raises(Misconfigured, match="14001"):
            await port.probe()
    await there.configure(app_secret="another")
    with pytest.raises(Misconfigured, match="14002"):
        await there.port.probe()
    await there.configure()
    late = Connection(now=lambda: NOW - timedelta(minutes=6), pace=Pace(), answer_seconds=10)
    with pytest.raises(Misconfigured, match="14003"):
        await QIYU.connect(qiyu_account(api_base=there.running.url), there.http, late).probe()


async def test_a_grade_that_is_not_offered_is_refused(there: QiyuSandbox) -> None:
    stood = await there.port.introduce(CUSTOMER_OF_OURS, (), wants_person=False)
    assert stood.vendor_session is not None
    with pytest.raises(Refused, match="14004"):
        await there.port.grade(CUSTOMER_OF_OURS, stood.vendor_session, 42)


async def test_a_push_that_was_answered_by_words_comes_again_as_the_same(there: QiyuSandbox) -> None:
    await there.port.introduce(CUSTOMER_OF_OURS, (), wants_person=False)
    there.pushes.answers.append("success")
    await there.staff("say", {"text": "您好"})
    await there.pushes.one(Said)
    await there.advance(6)

    async def twice() -> bool:
        return len(there.pushes.of(Said)) == 2

    await eventually(twice)
    assert len({pushed.id for pushed in there.pushes.read}) == 1


async def test_a_push_with_a_wrong_proof_is_not_read(there: QiyuSandbox) -> None:
    await there.port.introduce(CUSTOMER_OF_OURS, (), wants_person=False)
    await there.spoil(wrong_checksum=True)
    await there.staff("say", {"text": "您好"})
    await eventually(lambda: there.pushes.forged == 1)
    await there.spoil()
    await there.advance(6)
    assert (await there.pushes.one(Said)).parts == (Text(text="您好"),)


async def test_pushes_by_sha256_and_twice_and_unheard_of(there: QiyuSandbox) -> None:
    await there.configure(checksum_algorithm="sha256")
    async with there.other_port(checksum_algorithm="sha256") as port:
        await port.introduce(CUSTOMER_OF_OURS, (), wants_person=False)
    await there.spoil(duplicate=2, unknown_type=True)
    await there.staff("say", {"text": "您好"})
    await eventually(lambda: len(there.pushes.read) == 6)
    assert len({pushed.id for pushed in there.pushes.read}) == 2
    assert len(there.pushes.of(Told)) == 3


async def test_a_start_with_little_in_it(there: QiyuSandbox) -> None:
    await fill(there, 0, 1)
    await there.port.introduce(CUSTOMER_OF_OURS, (), wants_person=False)
    await there.spoil(minimal_start=True)
    await there.staff("close", uid=OTHERS[0].uid)
    stood = (await there.pushes.one(Started)).stood
    assert (stood.standing, stood.said, stood.grades) == ("person", None, ())


async def test_who_waits_too_long_is_let_go(there: QiyuSandbox) -> None:
    await there.configure(line_seconds=60)
    await fill(there, 0, 1)
    await there.port.introduce(CUSTOMER_OF_OURS, (), wants_person=False)
    await there.advance(61)
    await there.pushes.one(WaitedTooLong)


async def test_a_robot_and_its_people(there: QiyuSandbox) -> None:
    await there.configure(robot=True)
    async with there.other_port(staff_type="machine") as port:
        stood = await port.introduce(CUSTOMER_OF_OURS, BEFORE, wants_person=False)
        assert stood.standing == "machine"
        await port.relay(CUSTOMER_OF_OURS, relayed_text("在吗"))
        assert await there.heard() == ["在吗"], "a robot is not told what was said before"
        assert (await there.pushes.one(Said)).staff
        person = await port.introduce(CUSTOMER_OF_OURS, BEFORE, wants_person=True)
        assert person.standing == "person"
        assert (await there.heard())[1].startswith("【此前的对话")
    ended = await there.pushes.one(Ended)
    assert (ended.vendor_session, ended.why) == (stood.vendor_session, "to_person")


async def test_it_lines_up_whom_it_was_not_asked_about(there: QiyuSandbox) -> None:
    await fill(there, 0, 1)
    await there.port.relay(CUSTOMER_OF_OURS, relayed_text("直接说"))
    assert (await there.pushes.one(LinedUp)).ahead == 0
    assert (await there.port.ask_place(CUSTOMER_OF_OURS)).standing == "line"


def test_the_uid_is_one_of_ours() -> None:
    assert len({UID, *(other.uid for other in OTHERS)}) == 5
