import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conversation.content import Image, Text
from shared.conversation.fact import MediaSource
from shared.conversation.vendor_facts import (
    Ended,
    Grade,
    Invited,
    LinedUp,
    Said,
    Started,
    Stood,
    Told,
    VendorEvent,
    WaitedTooLong,
)
from shared.refusals import Forged, Unreadable
from shared.vendors.port import Pushed, PushRequest
from shared.vendors.qiyu.adapter import QIYU
from shared.vendors.qiyu.signing import checksum
from shared.wechat.text_parts import TEXT_LIMIT_BYTES
from tests.vendors.qiyu_house import APP_KEY, NOW, SECRET, UID, push, qiyu_account

ACCOUNT = qiyu_account()
MSG = {
    "uid": UID,
    "content": "2222",
    "staffId": 143,
    "timeStamp": int(NOW.timestamp() * 1000) - 1500,
    "staffName": "lantian",
    "msgId": "8ca1c9fb30c40aa6cc390844e2756fac",
    "msgType": "TEXT",
}
MODEL = {"title": "模型一", "type": 2, "list": [{"name": "满意", "value": 100}, {"name": "不满意", "value": 1}]}
START = {"code": 200, "uid": UID, "sessionId": 62927, "staffName": "lantian", "staffType": 0, "message": "您好"}


def read(event: str | None, body: dict[str, Any] | bytes, **options: Any) -> Pushed:
    [pushed] = QIYU.read_push(ACCOUNT, push(event, body, **options))
    return pushed


def told(event: str | None, body: dict[str, Any]) -> VendorEvent:
    return read(event, body).event


def said(content: Any, msg_type: Any = "TEXT", **more: Any) -> VendorEvent:
    return told("MSG", MSG | {"content": content, "msgType": msg_type} | more)


def words(event: VendorEvent) -> list[str]:
    assert isinstance(event, Said)
    return [part.text for part in event.parts if isinstance(part, Text)]


def test_a_message_of_their_people() -> None:
    pushed = read("MSG", MSG)
    assert pushed.id == "msg-8ca1c9fb30c40aa6cc390844e2756fac"
    assert pushed.uid == UID
    assert pushed.at == NOW - timedelta(seconds=1.5)
    assert pushed.event == Said(parts=(Text(text="2222"),), staff="lantian")


def test_the_documented_push_is_proved() -> None:
    body = json.dumps(MSG | {"timeStamp": 1463216914316, "uid": "user1"}, separators=(",", ":")).encode()
    query = {"eventType": "MSG", "time": "1463217187", "checksum": "8d1bc49bc8dee645622fd476e3143df449c88b4f"}
    received_at = NOW.fromtimestamp(1463217187, NOW.tzinfo)
    [pushed] = QIYU.read_push(ACCOUNT, PushRequest(query=query, headers={}, body=body, received_at=received_at))
    assert pushed.uid is None
    assert pushed.at.timestamp() == 1463216914.316


@pytest.mark.parametrize(
    "wrong",
    [
        {"checksum": "0" * 40},
        {"checksum": ""},
        {"checksum": "七鱼"},
        {"time": ""},
        {"time": "soon"},
        {"time": "²"},
        {"time": str(int(NOW.timestamp()) - 601)},
        {"time": str(int(NOW.timestamp()) + 601)},
        {"checksumAlgorithm": "1"},
        {"secret": "another"},
    ],
)
def test_a_push_without_proof_is_forged(wrong: dict[str, str]) -> None:
    with pytest.raises(Forged) as forged:
        read("MSG", MSG, **wrong)
    assert SECRET not in str(forged.value)


def test_not_one_byte_may_differ() -> None:
    genuine = push("MSG", MSG)
    with pytest.raises(Forged):
        QIYU.read_push(ACCOUNT, genuine._replace(body=genuine.body + b" "))


def test_an_account_that_cannot_be_used_proves_nothing() -> None:
    with pytest.raises(Forged):
        QIYU.read_push(ACCOUNT.but(secrets={}), push("MSG", MSG))


@pytest.mark.parametrize("announced", [True, False])
def test_a_push_may_be_signed_by_sha256(announced: bool) -> None:  # noqa: FBT001 - what is tested
    body, time = json.dumps(MSG).encode(), str(int(NOW.timestamp()))
    more = {"checksumAlgorithm": "1"} if announced else {}
    assert read("MSG", body, checksum=checksum(SECRET, body, time, "sha256"), **more).uid == UID


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'"x"', b"{", b"<xml/>", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b"9" * 9999]
)
def test_what_is_no_object_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read("MSG", body)


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("<p>您好&nbsp;<b>欢迎</b></p><p>请看<br/>这里</p>", "您好 欢迎\n请看\n这里"),
        ('看<a href="https://a.example/x?y=1">这里</a>吧', "看这里 https://a.example/x?y=1 吧"),
        ('<a href="https://a.example">https://a.example</a>', "https://a.example"),
        ('<a href="javascript:alert(1)">点我</a>', "点我"),
        ("<ul><li>一</li><li>二</li></ul>", "• 一\n• 二"),
        ("<div>甲<script>alert(1)</script></div><style>x</style>", "甲"),
        ('图<img src="//ysf.nosdn.127.net/a.png">', "图 [图片] https://ysf.nosdn.127.net/a.png"),
        ('<img src="data:image/png;base64,AAAA">好', "好"),
        ("1 < 2 且 3 > 2", "1 < 2 且 3 > 2"),
        ("请选<手机>或<电脑>", "请选<手机>或<电脑>"),
        ("A &amp; B&nbsp;&lt;C", "A & B\xa0<C"),
        ("<p>1 &lt; 2</p>", "1 < 2"),
        ("<p>坏<![foo[</p>", "坏"),
        ("[呆][微笑]", "[发呆][微笑]"),
    ],
)
def test_what_is_said_is_plain_text(content: str, shown: str) -> None:
    [text] = words(said(content))
    assert text.startswith(shown)


def test_a_long_message_is_cut_to_what_wechat_takes() -> None:
    parts = words(said("字" * 1500))
    assert "".join(parts) == "字" * 1500
    assert all(len(part.encode()) <= TEXT_LIMIT_BYTES for part in parts)


@pytest.mark.parametrize("msg_type", ["PICTURE", "picture", 2, "2"])
@pytest.mark.parametrize("as_text", [False, True])
def test_a_picture(msg_type: str | int, as_text: bool) -> None:  # noqa: FBT001 - what is tested
    content = {"url": "https://ysf.nosdn.127.net/abc", "size": 10000, "md5": "x", "w": 200, "h": "100"}
    event = said(json.dumps(content) if as_text else content, msg_type)
    assert isinstance(event, Said)
    [picture] = event.parts
    assert isinstance(picture, Image)
    assert (picture.width, picture.height) == (200, 100)
    assert event.media == (
        MediaSource(media_id=picture.media_id, url="https://ysf.nosdn.127.net/abc", account="qiyu-1"),
    )


def test_a_picture_has_one_name_however_often_it_is_told_of() -> None:
    content = {"url": "https://ysf.nosdn.127.net/abc"}
    first, again, other = (said(content, "PICTURE", msgId=name) for name in ("a", "a", "b"))
    assert first == again != other


def test_an_address_alone_is_a_picture() -> None:
    event = said("https://ysf.nosdn.127.net/abc", "PICTURE")
    assert isinstance(event, Said)
    assert event.media[0].url == "https://ysf.nosdn.127.net/abc"


@pytest.mark.parametrize(
    ("msg_type", "content", "shown"),
    [
        ("AUDIO", {"url": "https://a.example/1", "dur": 1000}, "[语音] https://a.example/1"),
        (3, {"url": "https://a.example/1"}, "[语音] https://a.example/1"),
        ("VIDEO", {"url": "https://a.example/2"}, "[视频] https://a.example/2"),
        ("5", '{"url": "https://a.example/2"}', "[视频] https://a.example/2"),
        ("FILE", {"url": "https://a.example/3", "name": "说明.pdf"}, "[文件] 说明.pdf https://a.example/3"),
        (4, "https://a.example/3", "[文件] https://a.example/3"),
        ("CARD", {"title": "<b>标题</b>", "url": "https://a.example/4"}, "[文件] 标题 https://a.example/4"),
        (100, {"text": "自定义"}, "自定义"),
        ("RICHTEXT", "<p>富文本</p>", "富文本"),
        (None, "没有类型", "没有类型"),
        (["TEXT"], "怪类型", "怪类型"),
        ("TEXT", {"content": "包了一层"}, "包了一层"),
        ("TEXT", "{不是 JSON}", "{不是 JSON}"),
        ("PICTURE", {"url": "file:///etc/passwd", "title": "图"}, "图"),
    ],
)
def test_other_kinds_are_told_in_words(msg_type: Any, content: Any, shown: str) -> None:
    assert words(said(content, msg_type)) == [shown]


@pytest.mark.parametrize(
    ("msg_type", "content"),
    [("TEXT", ""), ("TEXT", " \n"), ("TEXT", None), ("TEXT", 7), ("PICTURE", {}), ("AUDIO", {"url": "x"}), ("", [])],
)
def test_what_says_nothing_is_kept_as_it_came(msg_type: str, content: Any) -> None:
    event = said(content, msg_type)
    assert isinstance(event, Told)
    assert event.name == "MSG"
    assert event.raw["msgId"] == MSG["msgId"]


@pytest.mark.parametrize(("staff_type", "machine"), [(0, True), ("0", True), (1, False), (None, False)])
def test_whether_a_robot_said_it(staff_type: Any, machine: bool) -> None:  # noqa: FBT001 - a table's column
    event = said("您好", staffType=staff_type)
    assert isinstance(event, Said)
    assert event.machine is machine


EVENTS: list[tuple[str, dict[str, Any], VendorEvent]] = [
    (
        "SESSION_START",
        START | {"evaluationModel": MODEL, "transferFrom": 62917},
        Started(
            stood=Stood(
                standing="person",
                said="您好",
                vendor_session="62927",
                staff="lantian",
                grades=(Grade(name="满意", value=100), Grade(name="不满意", value=1)),
            ),
            transferred_from="62917",
        ),
    ),
    (
        "SESSION_START",
        {"uid": UID, "staffId": 17885, "sessionId": 815518, "staffName": "超级管理员", "staffType": 1, "code": 200},
        Started(stood=Stood(standing="person", vendor_session="815518", staff="超级管理员")),
    ),
    ("SESSION_START", {"uid": UID}, Started(stood=Stood(standing="person"))),
    ("SESSION_END", START | {"closeReason": 0}, Ended(vendor_session="62927", why="closed")),
    ("SESSION_END", START | {"closeReason": 2}, Ended(vendor_session="62927", why="idle")),
    ("SESSION_END", START | {"closeReason": "3"}, Ended(vendor_session="62927", why="to_person")),
    ("SESSION_END", START | {"closeReason": 4}, Ended(vendor_session="62927", why="staff_left")),
    (
        "SESSION_END",
        START | {"closeReason": 5, "transferTo": 62928},
        Ended(vendor_session="62927", why="transferred", transferred_to="62928"),
    ),
    ("SESSION_END", START | {"closeReason": 0, "transferTo": 0}, Ended(vendor_session="62927", why="closed")),
    ("SESSION_END", {"uid": UID, "closeReason": 77}, Ended(why="other")),
    ("SESSION_END", {"uid": UID}, Ended(why="other")),
    (
        "SESSION_END",
        {"uid": UID, "sessionId": "9007199254740993"},
        Ended(vendor_session="9007199254740993", why="other"),
    ),
    ("EVA_INVITATION", {"uid": UID, "sessionId": 62927}, Invited(vendor_session="62927")),
    ("eva_invitation", {"uid": UID}, Invited()),
    ("USER_JOIN_QUEUE", {"uid": UID}, LinedUp()),
    ("USER_JOIN_QUEUE", {"uid": UID, "count": 4}, LinedUp(ahead=4)),
    ("QUEUE_TIMEOUT", {"uid": UID}, WaitedTooLong()),
    ("SESSION_DATA", {"foreignId": UID, "id": 1}, Told(name="SESSION_DATA", raw={"foreignId": UID, "id": 1})),
    ("SESSION_START", {"uid": UID, "code": 14005}, Told(name="SESSION_START", raw={"uid": UID, "code": 14005})),
]


@pytest.mark.parametrize(("event", "body", "expected"), EVENTS)
def test_what_an_event_means(event: str, body: dict[str, Any], expected: VendorEvent) -> None:
    pushed = read(event, body)
    assert pushed.event == expected
    assert pushed.uid == UID
    assert pushed.at == NOW


@pytest.mark.parametrize("name", [None, "", "<script>", "七鱼", "A" * 200])
def test_a_push_without_a_proper_name_is_kept(name: str | None) -> None:
    assert read(name, {"uid": UID}).event == Told(name="UNNAMED", raw={"uid": UID})


@pytest.mark.parametrize(
    "uid", ["user1", "wxdesk-probe", UID.upper(), UID + "a", UID[:-1], "", None, 7, [UID], {"u": 1}]
)
def test_somebody_elses_customer(uid: Any) -> None:
    assert read("MSG", MSG | {"uid": uid}).uid is None


def test_a_repeat_is_known_whenever_it_comes() -> None:
    later = NOW + timedelta(seconds=300)
    assert read("MSG", MSG).id == read("MSG", MSG | {"timeStamp": 1}, now=later).id
    start = START | {"transferFrom": 62917}
    assert read("SESSION_START", start).id == read("SESSION_START", start, now=later).id


def test_different_things_have_different_ids() -> None:
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("MSG", MSG),
        ("MSG", MSG | {"msgId": "another"}),
        ("MSG", MSG | {"msgId": "../:another"}),
        ("MSG", {"uid": UID, "content": "没有编号"}),
        ("SESSION_START", START),
        ("SESSION_END", START),
        ("SESSION_END", START | {"closeReason": 0}),
        ("QUEUE_TIMEOUT", {"uid": UID}),
        ("USER_JOIN_QUEUE", {"uid": UID}),
    ]
    found = {read(event, body).id for event, body in bodies}
    assert len(found) == len(bodies)
    assert all(name.replace("-", "").isalnum() for name in found)


def test_standing_in_line_again_is_another_thing() -> None:
    first, soon, much_later = (
        QIYU.read_push(ACCOUNT, push("QUEUE_TIMEOUT", {"uid": UID}, now=at)._replace(received_at=at))[0].id
        for at in (NOW, NOW + timedelta(seconds=60), NOW + timedelta(hours=3))
    )
    assert first == soon != much_later


@pytest.mark.parametrize("stamp", [0, -1, 1463216914316, "x", None, True, 1 << 70, 1e30, [], "9" * 30, "²"])
def test_a_time_that_cannot_be_true_is_not_taken(stamp: Any) -> None:
    assert read("MSG", MSG | {"timeStamp": stamp}).at == NOW


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
READ = ["uid", "foreignId", "content", "msgType", "msgId", "timeStamp", "staffName", "staffType", "sessionId", "code"]
READ_TOO = ["message", "count", "closeReason", "transferTo", "transferFrom", "evaluationModel", "url"]
FIELDS = st.sampled_from([*READ, *READ_TOO])
NAMES = st.sampled_from(
    ["MSG", "SESSION_START", "SESSION_END", "EVA_INVITATION", "USER_JOIN_QUEUE", "QUEUE_TIMEOUT", "OTHER"]
)


def check(event: str, body: bytes) -> None:
    """Whatever a genuine push holds, it is read or refused; what is read is kept and read again as it was."""
    try:
        pushed = read(event, body)
    except Unreadable:
        return
    assert pushed.uid in {None, UID}
    assert pushed.at.tzinfo is not None
    kept = pushed.event.model_dump_json()
    assert type(pushed.event).model_validate_json(kept) == pushed.event
    assert APP_KEY not in kept or APP_KEY.encode() in body


@given(NAMES, st.dictionaries(FIELDS, JSON, max_size=8))
def test_odd_values_are_read_or_refused(event: str, fields: dict[str, Any]) -> None:
    check(event, json.dumps({"uid": UID, **fields}).encode())


@given(NAMES, st.binary(max_size=200))
def test_odd_bytes_are_read_or_refused(event: str, body: bytes) -> None:
    check(event, body)


@given(
    st.text(alphabet=st.sampled_from("<>/!-[]&;abpi \"'=字\n"), max_size=120), st.sampled_from(["TEXT", "PICTURE", 4])
)
def test_odd_markup_is_read_or_refused(content: str, msg_type: str | int) -> None:
    check("MSG", json.dumps(MSG | {"content": "<p>" + content, "msgType": msg_type}).encode())


@given(NAMES, st.text(max_size=40), st.text(max_size=60), st.text(max_size=4))
def test_odd_proofs_are_forged(event: str, time: str, proof: str, algorithm: str) -> None:
    query = {"eventType": event, "time": time, "checksum": proof, "checksumAlgorithm": algorithm}
    with pytest.raises(Forged):
        QIYU.read_push(ACCOUNT, PushRequest(query=query, headers={}, body=b"{}", received_at=NOW))
