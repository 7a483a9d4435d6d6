import hashlib
import io
import json
import random
from typing import Any

import pytest
from PIL import Image as Drawing

from shared.conversation.bridges import BridgeSettings
from shared.conversation.content import Card, Content, Event, Image, Link, Note, Text, Unsupported
from shared.conversation.model import BOT, Delivery, Party
from shared.conversation.vendor_facts import Grade, Stood
from shared.failures import Misconfigured, OutcomeUnknown, Refused, SendFailure, Unavailable
from shared.pictures import Picture
from shared.store.vendor_accounts import VendorAccount
from shared.vendors.port import Relayed
from shared.vendors.qiyu.signing import checksum
from tests.vendors.qiyu_house import (
    APPLY,
    CUSTOMER_OF_OURS,
    EVALUATE,
    NOW,
    PLACE,
    PROFILE,
    QUIT,
    SECRET,
    SEND,
    UID,
    UPLOAD,
    QiyuPlace,
    message,
    qiyu_account,
    qiyu_port,
    relayed_text,
)

LINA = Party(kind="agent", id="lina", name="Lina")
SERVED = {
    "code": 200,
    "staffId": 1234,
    "message": "<p>您好，<b>欢迎</b></p>",
    "sessionId": 62927,
    "staffName": "lantian",
    "staffType": 1,
    "evaluationModel": {"type": 2, "list": [{"name": "满意", "value": 100}, {"name": "不满意", "value": 1}]},
}
BEFORE = (message(Text(text="在吗")), message(Text(text="在的"), LINA, seq=2))


async def introduced(qiyu: QiyuPlace, account: VendorAccount | None = None, **options: Any) -> Stood:
    async with qiyu_port(qiyu.url, account) as port:
        return await port.introduce(
            CUSTOMER_OF_OURS, options.pop("context", ()), wants_person=options.pop("wants_person", False)
        )


async def relayed(qiyu: QiyuPlace, content: Content, picture: Picture | None = None, **more: Any) -> list[Any]:
    """The bodies of what was given to Qiyu as messages."""
    async with qiyu_port(qiyu.url) as port:
        await port.relay(CUSTOMER_OF_OURS, Relayed(message(content), picture, **more))
    return [asked.json for asked in qiyu.at(SEND)]


def picture(side: int = 40, kind: str = "PNG") -> Picture:
    """Noise, which nothing makes smaller."""
    out = io.BytesIO()
    noise = random.Random(side).randbytes(side * side * 3)
    Drawing.frombytes("RGB", (side, side), noise).save(out, kind)
    return Picture(out.getvalue(), f"image/{kind.lower()}", side, side)


async def test_a_person_takes_the_customer(qiyu: QiyuPlace) -> None:
    qiyu.tell(APPLY, SERVED)
    assert await introduced(qiyu, context=BEFORE) == Stood(
        standing="person",
        said="您好，欢迎",
        vendor_session="62927",
        staff="lantian",
        grades=(Grade(name="满意", value=100), Grade(name="不满意", value=1)),
    )
    assert qiyu.paths == [PROFILE, APPLY, SEND]
    assert qiyu.at(SEND)[0].json == {
        "uid": UID,
        "msgType": "TEXT",
        "content": "【此前的对话，供参考】\n客户：在吗\n客服 Lina：在的",
    }


async def test_what_is_known_of_a_customer(qiyu: QiyuPlace) -> None:
    await introduced(qiyu)
    assert qiyu.at(PROFILE)[0].json == {
        "uid": UID,
        "userinfo": [
            {"key": "real_name", "value": "小王"},
            {"key": "mobile_phone", "value": "13800000000"},
            {"index": 0, "key": "wxdesk_0", "label": "来源小程序", "value": "店铺"},
            {"index": 1, "key": "wxdesk_1", "label": "来源", "value": "商品页"},
            {"index": 2, "key": "wxdesk_2", "label": "标签", "value": "老客户、VIP"},
            {"index": 3, "key": "wxdesk_3", "label": "等级", "value": "金卡"},
        ],
    }


@pytest.mark.parametrize("told", [{"code": 14004}, {"code": 14515}, {"code": 14999}, 404, 413])
async def test_nobody_is_turned_away_for_what_is_known_of_them(qiyu: QiyuPlace, told: int | dict[str, Any]) -> None:
    qiyu.tell(PROFILE, told)
    assert (await introduced(qiyu)).standing == "person"


@pytest.mark.parametrize(("told", "failure"), [({"code": 14500}, Unavailable), ({"code": 14001}, Misconfigured)])
async def test_an_introduction_that_failed_is_to_be_repeated(
    qiyu: QiyuPlace, told: dict[str, Any], failure: type[Exception]
) -> None:
    qiyu.tell(PROFILE, told)
    with pytest.raises(failure):
        await introduced(qiyu)
    assert qiyu.paths == [PROFILE]


APPLICATIONS: list[tuple[dict[str, Any], bool, dict[str, Any]]] = [
    ({}, False, {"staffType": 1}),
    ({"staff_type": "machine"}, False, {"staffType": 0}),
    ({"staff_type": "machine", "group_id": 7}, False, {"staffType": 0}),
    ({"staff_type": "machine", "group_id": 7}, True, {"staffType": 1, "groupId": 7}),
    ({"group_id": 7}, False, {"staffType": 1, "groupId": 7}),
    ({"staff_id": 9}, False, {"staffType": 1, "staffId": 9}),
    ({"robot_shunt": True}, False, {"staffType": 1, "robotShuntSwitch": 1}),
    ({"robot_shunt": True}, True, {"staffType": 1}),
    ({"vip_level": 11}, False, {"staffType": 1, "level": 11}),
    ({"from_page": "https://shop.example/1", "from_title": "首页"}, False, {"staffType": 1}),
]


@pytest.mark.parametrize(("settings", "wants_person", "expected"), APPLICATIONS)
async def test_whom_they_are_asked_for(
    qiyu: QiyuPlace,
    settings: dict[str, Any],
    wants_person: bool,  # noqa: FBT001 - a table's column
    expected: dict[str, Any],
) -> None:
    await introduced(qiyu, qiyu_account(**settings), wants_person=wants_person)
    page = {"fromPage": settings["from_page"]} if "from_page" in settings else {}
    title = settings.get("from_title", "店铺")
    always = {"uid": UID, "fromTitle": title, "productId": "wx0123456789abcdef"}
    assert qiyu.at(APPLY)[0].json == always | page | expected


@pytest.mark.parametrize(
    ("answer", "stood"),
    [
        ({"code": 200, "staffType": 0, "message": "我是小七"}, Stood(standing="machine", said="我是小七")),
        ({"code": 200}, Stood(standing="person")),
        ({"code": "200", "staffType": "1", "sessionId": "62927"}, Stood(standing="person", vendor_session="62927")),
        ({"code": 14005, "message": "请留言"}, Stood(standing="word", said="请留言")),
        ({"code": 14006, "count": 2, "message": "排队中"}, Stood(standing="line", ahead=2)),
        ({"code": 14006, "count": 0}, Stood(standing="line", ahead=0)),
        ({"code": 14006, "message": "排队中"}, Stood(standing="line", said="排队中")),
        ({"code": 14010, "message": "已下班"}, Stood(standing="nobody", said="已下班")),
        ({"code": 14010, "message": " "}, Stood(standing="nobody")),
        ({"code": 200, "staffType": [], "message": {}, "sessionId": 1.5, "staffName": 7}, Stood(standing="person")),
        ({"code": 200, "evaluationModel": {"list": [{}, 7, {"name": "", "value": 1}]}}, Stood(standing="person")),
        ({"code": 200, "evaluationModel": {"list": "x"}}, Stood(standing="person")),
        ({"code": 200, "evaluationModel": []}, Stood(standing="person")),
    ],
)
async def test_how_they_stand_then(qiyu: QiyuPlace, answer: dict[str, Any], stood: Stood) -> None:
    qiyu.tell(APPLY, answer)
    assert await introduced(qiyu) == stood


async def test_their_words_in_line_are_told_where_ours_are_not(qiyu: QiyuPlace) -> None:
    qiyu.tell(APPLY, {"code": 14006, "count": 2, "message": "排队中"})
    account = qiyu_account(BridgeSettings(tell_ahead=None))
    assert await introduced(qiyu, account) == Stood(standing="line", ahead=2, said="排队中")


@pytest.mark.parametrize(
    ("answer", "settings", "told"),
    [
        ({"code": 200, "staffType": 1}, {}, True),
        ({"code": 14005}, {}, True),
        ({"code": 14006, "count": 1}, {}, False),
        ({"code": 14006, "count": 1}, {"relay_in_line": True}, True),
        ({"code": 14010}, {}, False),
        ({"code": 200, "staffType": 0}, {"staff_type": "machine"}, False),
        ({"code": 200, "staffType": 0}, {"staff_type": "machine", "context_to_machine": True}, True),
    ],
)
async def test_who_is_told_what_was_said_before(
    qiyu: QiyuPlace,
    answer: dict[str, Any],
    settings: dict[str, Any],
    told: bool,  # noqa: FBT001
) -> None:
    qiyu.tell(APPLY, answer)
    await introduced(qiyu, qiyu_account(**settings), context=BEFORE)
    assert bool(qiyu.at(SEND)) is told


async def test_who_stood_in_line_is_told_of_later(qiyu: QiyuPlace) -> None:
    bodies = await relayed(qiyu, Text(text="新的问题"), context=BEFORE)
    assert [body["content"].splitlines()[-1] for body in bodies] == ["客服 Lina：在的", "新的问题"]


@pytest.mark.parametrize("answer", [502, {"code": 14004}])
async def test_a_context_that_may_not_be_repeated_holds_nobody_up(
    qiyu: QiyuPlace, answer: int | dict[str, Any]
) -> None:
    qiyu.tell(APPLY, SERVED)
    qiyu.tell(SEND, answer)
    assert (await introduced(qiyu, context=BEFORE)).standing == "person"


async def test_a_context_that_was_not_given_is_given_again(qiyu: QiyuPlace) -> None:
    qiyu.tell(SEND, {"code": 14009})
    with pytest.raises(Unavailable):
        await introduced(qiyu, context=BEFORE)


async def test_only_what_both_could_read_is_told(qiyu: QiyuPlace) -> None:
    refused = Delivery(state="refused", at=NOW)
    context = (
        message(Text(text="第一句")),
        message(Note(text="内部备注"), LINA),
        message(Event(name="session_waiting"), Party(kind="system"), direction="system"),
        message(Text(text="没有送到"), LINA, delivery=refused),
        message(Image(media_id="m")),
        message(Text(text="[发呆] 您好"), BOT),
    )
    await introduced(qiyu, context=context)
    lines = qiyu.at(SEND)[0].json["content"].splitlines()
    assert lines[1:] == ["客户：第一句", "客户：[图片]", "机器人：[呆] 您好"]


@pytest.mark.parametrize("letter", ["字", "😀"])
async def test_a_long_context_keeps_its_end(qiyu: QiyuPlace, letter: str) -> None:
    context = tuple(message(Text(text=f"{number}{letter * 300}")) for number in range(50))
    await introduced(qiyu, context=context)
    content = qiyu.at(SEND)[0].json["content"]
    assert 3000 < len(content.encode("utf-16-le")) // 2 <= 4000
    assert content.splitlines()[1] == "……"
    assert content.splitlines()[-1].startswith("客户：49")


async def test_one_endless_message_before_is_cut(qiyu: QiyuPlace) -> None:
    await introduced(qiyu, context=(message(Text(text="字" * 9000)),))
    assert 3900 < len(qiyu.at(SEND)[0].json["content"]) <= 4000


async def test_nothing_before_is_no_message(qiyu: QiyuPlace) -> None:
    await introduced(qiyu, context=(message(Note(text="内部备注"), LINA),))
    assert qiyu.paths == [PROFILE, APPLY]


@pytest.mark.parametrize(
    ("content", "given"),
    [
        (Text(text="你好[闭嘴][微笑][不认识的]"), "你好[不说][微笑][不认识的]"),
        (Card(title="订单", path="pages/order?id=1"), "[小程序卡片] 订单 (pages/order?id=1)"),
        (
            Link(title="商品", description="九折", url="https://shop.example/1"),
            "[链接] 商品\n九折\nhttps://shop.example/1",
        ),
        (Unsupported(name="voice"), "[客户发来一条暂不支持的消息：voice]"),
        (Image(media_id="lost"), "[图片，已无法获取]"),
    ],
)
async def test_what_is_given_as_text(qiyu: QiyuPlace, content: Content, given: str) -> None:
    assert await relayed(qiyu, content) == [{"uid": UID, "msgType": "TEXT", "content": given}]


async def test_a_customer_who_enters_says_nothing(qiyu: QiyuPlace) -> None:
    assert await relayed(qiyu, Event(name="user_enter_tempsession")) == []


@pytest.mark.parametrize(("letter", "most"), [("字", 4000), ("😀", 2000)])
async def test_a_long_text_is_several(qiyu: QiyuPlace, letter: str, most: int) -> None:
    text = letter * (most * 2 + 5)
    bodies = await relayed(qiyu, Text(text=text))
    assert "".join(body["content"] for body in bodies) == text
    assert [len(body["content"]) for body in bodies] == [most, most, 5]


async def test_a_long_text_is_cut_where_it_pauses(qiyu: QiyuPlace) -> None:
    bodies = await relayed(qiyu, Text(text="字" * 3000 + "。" + "词" * 2000))
    assert [len(body["content"]) for body in bodies] == [3001, 2000]


@pytest.mark.parametrize("second", [{"code": 14500}, {"code": 14001}, {"code": 14004}, 502])
async def test_a_text_that_went_in_part_is_not_repeated(qiyu: QiyuPlace, second: int | dict[str, Any]) -> None:
    qiyu.tell(SEND, {"code": 200}, second)
    async with qiyu_port(qiyu.url) as port:
        with pytest.raises(OutcomeUnknown) as unknown:
            await port.relay(CUSTOMER_OF_OURS, relayed_text("字" * 8001))
    assert unknown.value.code == "partly"
    assert len(qiyu.at(SEND)) == 2


async def test_a_picture_is_uploaded_and_named(qiyu: QiyuPlace) -> None:
    qiyu.tell(UPLOAD, {"code": 200, "url": "https://ysf.nosdn.127.net/abc"})
    drawn = picture()
    md5 = hashlib.md5(drawn.content, usedforsecurity=False).hexdigest()
    content = {"url": "https://ysf.nosdn.127.net/abc", "size": len(drawn.content), "md5": md5, "w": 40, "h": 40}
    assert await relayed(qiyu, Image(media_id="m"), drawn) == [{"uid": UID, "msgType": "PICTURE", "content": content}]
    upload = qiyu.at(UPLOAD)[0]
    assert upload.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="file"; filename="image.png"' in upload.body
    assert drawn.content in upload.body
    assert upload.query["checksum"] == checksum(SECRET, drawn.content, upload.query["time"])


async def test_a_large_picture_is_made_smaller(qiyu: QiyuPlace) -> None:
    qiyu.tell(UPLOAD, {"code": 200, "url": "https://ysf.nosdn.127.net/abc"})
    drawn = picture(1400)
    assert len(drawn.content) > 5_000_000
    [body] = await relayed(qiyu, Image(media_id="m"), drawn)
    assert body["content"]["size"] <= 5_000_000
    assert 0 < body["content"]["w"] == body["content"]["h"] <= 1400
    assert b"image/jpeg" in qiyu.at(UPLOAD)[0].body[:300]


async def test_a_large_picture_that_is_none_is_told_of(qiyu: QiyuPlace) -> None:
    [body] = await relayed(qiyu, Image(media_id="m"), Picture(b"x" * 5_000_001, "image/png", 1, 1))
    assert body["content"] == "[图片，无法转发]"


@pytest.mark.parametrize("answer", [{"code": 200}, {"code": 200, "url": 7}, {"code": 200, "url": ""}, 502])
async def test_an_upload_that_failed_may_be_repeated(qiyu: QiyuPlace, answer: int | dict[str, Any]) -> None:
    qiyu.tell(UPLOAD, answer)
    with pytest.raises(Unavailable):
        await relayed(qiyu, Image(media_id="m"), picture())
    assert qiyu.at(SEND) == []


@pytest.mark.parametrize(
    ("answer", "stood"),
    [
        ({"code": 200, "count": -1}, Stood(standing="person")),
        ({"code": 200, "count": "-1"}, Stood(standing="person")),
        ({"code": 200, "count": 3}, Stood(standing="line", ahead=3)),
        ({"code": 200, "count": 0}, Stood(standing="line", ahead=0)),
        ({"code": 200}, Stood(standing="line")),
        ({"code": 200, "count": "many"}, Stood(standing="line")),
        ({"code": 14007}, Stood(standing="nobody")),
    ],
)
async def test_the_place_in_line(qiyu: QiyuPlace, answer: dict[str, Any], stood: Stood) -> None:
    qiyu.tell(PLACE, answer)
    async with qiyu_port(qiyu.url) as port:
        assert await port.ask_place(CUSTOMER_OF_OURS) == stood
    assert qiyu.asked[0].json == {"uid": UID}


@pytest.mark.parametrize("answer", [{"code": 200}, {"code": 14007}])
async def test_leaving_the_line(qiyu: QiyuPlace, answer: dict[str, Any]) -> None:
    qiyu.tell(QUIT, answer)
    async with qiyu_port(qiyu.url) as port:
        await port.leave_line(CUSTOMER_OF_OURS)
    assert (qiyu.paths, qiyu.asked[0].json) == ([QUIT], {"uid": UID})


@pytest.mark.parametrize("answer", [404, 500, b"<html/>", {"code": 14004}, {"code": 14515}])
async def test_a_wrong_way_out_of_the_line_is_not_the_accounts_fault(
    qiyu: QiyuPlace, answer: int | bytes | dict[str, Any]
) -> None:
    qiyu.tell(QUIT, answer)
    async with qiyu_port(qiyu.url) as port:
        with pytest.raises(Refused):
            await port.leave_line(CUSTOMER_OF_OURS)
    assert qiyu.paths == [QUIT]


@pytest.mark.parametrize("answer", [{"code": 14500}, {"code": 14009}, 503])
async def test_leaving_the_line_may_be_tried_again(qiyu: QiyuPlace, answer: int | dict[str, Any]) -> None:
    qiyu.tell(QUIT, answer)
    async with qiyu_port(qiyu.url) as port:
        with pytest.raises(Unavailable):
            await port.leave_line(CUSTOMER_OF_OURS)


@pytest.mark.parametrize(("code", "failure"), [(14515, Refused), (14001, Misconfigured)])
async def test_an_edition_without_grades_is_good_for_the_rest(
    qiyu: QiyuPlace, code: int, failure: type[SendFailure]
) -> None:
    qiyu.tell(EVALUATE, {"code": code})
    async with qiyu_port(qiyu.url) as port:
        with pytest.raises(failure):
            await port.grade(CUSTOMER_OF_OURS, "62927", 100)


async def test_a_line_that_cannot_be_left(qiyu: QiyuPlace) -> None:
    async with qiyu_port(qiyu.url, qiyu_account(quit_line_path="")) as port:
        await port.leave_line(CUSTOMER_OF_OURS)
    assert qiyu.asked == []


async def test_a_grade(qiyu: QiyuPlace) -> None:
    async with qiyu_port(qiyu.url) as port:
        await port.grade(CUSTOMER_OF_OURS, "9007199254740993", 100)
        with pytest.raises(Refused):
            await port.grade(CUSTOMER_OF_OURS, "20211x", 100)
    assert qiyu.paths == [EVALUATE]
    assert json.loads(qiyu.asked[0].body) == {"uid": UID, "sessionId": 9007199254740993, "evaluation": 100}


@pytest.mark.parametrize("answer", [{"code": 200, "count": -1}, {"code": 14007}])
async def test_a_probe_names_no_customer(qiyu: QiyuPlace, answer: dict[str, Any]) -> None:
    qiyu.tell(PLACE, answer)
    async with qiyu_port(qiyu.url) as port:
        assert str(answer["code"]) in await port.probe()
    assert qiyu.paths == [PLACE]
    assert qiyu.asked[0].json == {"uid": "wxdesk-probe"}


async def test_a_probe_finds_a_wrong_key(qiyu: QiyuPlace) -> None:
    qiyu.tell(PLACE, {"code": 14001})
    async with qiyu_port(qiyu.url) as port:
        with pytest.raises(Misconfigured):
            await port.probe()
