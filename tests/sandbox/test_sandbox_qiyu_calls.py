"""Qiyu's calls: the order of its checks, and what each endpoint takes."""

import base64
import json

import pytest
from aiohttp import ServerDisconnectedError

from services.sandbox.qiyu.signing import checksum, md5_of
from tests.sandbox.box import PNG
from tests.sandbox.qiyu_box import (
    APPLY,
    EVALUATE,
    KEY,
    LAN,
    PLACE,
    PROFILE,
    QUIT,
    SECRET,
    SEND,
    UID,
    UPLOAD_TEXT,
    YU,
    QiyuBox,
    qiyu_boxed,
)

VECTORS = [
    ('{"uid":"user1"}', "1463217187", False, "d938fcea7d2fa2b0baa7585b0532ba0574f7692d"),
    (
        '{"uid":"user1","msgType":"TEXT","content":"七鱼，你好。"}',
        "1463216914",
        False,
        "0452e888f56e0e2030aae8fab0856d4b07a3a43c",
    ),
    (
        '{"uid":"wx_wx0123456789abcdef_oABC-1_2","msgType":"TEXT","content":"好的😀"}',
        "1700000000",
        False,
        "2dd907e69e304eca3fa4dc55bafe27b302030cdf",
    ),
    ("", "1700000000", False, "2af9cd806edfc6f181a29587b6dd043eadcd3f56"),
    (
        '{"uid":"user1"}',
        "1463217187",
        True,
        "af44ab74b88ccf64427b87ec3f91e0ecc2dce75f7fb0c0393fa43972040beb73",
    ),
]


@pytest.mark.parametrize(("body", "time", "sha256", "expected"), VECTORS)
def test_the_checksum_is_that_of_the_vectors(body: str, time: str, sha256: bool, expected: str) -> None:  # noqa: FBT001
    assert checksum(SECRET, body.encode(), time, sha256=sha256) == expected


async def test_each_check_comes_before_the_next() -> None:
    async with qiyu_boxed(calls_per_endpoint=1) as qiyu:
        late = str(qiyu.now - 301)
        assert await qiyu.code(PLACE, b"no json", appKey="other", time=late, checksum="x") == 14001
        assert await qiyu.code(PLACE, b"no json", time=late, checksum="x") == 14003
        assert await qiyu.code(PLACE, b"no json", checksum="x") == 14002
        await qiyu.configure(allowed_ips=["192.0.2.1"])
        assert await qiyu.code(PLACE, b"no json") == 14008
        await qiyu.configure(allowed_ips=[])
        assert await qiyu.code(PLACE, b"no json") == 14004
        assert await qiyu.code(PLACE, b"no json") == 14009
        await qiyu.box.advance(1)
        assert await qiyu.code(PLACE, {"uid": "nobody"}) == 14007


async def test_the_whole_account_has_a_pace_too() -> None:
    async with qiyu_boxed(calls_per_account=2) as qiyu:
        answers = [await qiyu.code(path, {"uid": UID}) for path in (PLACE, QUIT, SEND)]
        assert answers == [14007, 14007, 14009]
        await qiyu.box.advance(1)
        assert await qiyu.code(PLACE, {"uid": UID}) == 14007


@pytest.mark.parametrize("time", ["", "soon", "-5", "1463217187000"])
async def test_a_time_that_is_none_or_far_off(qiyu: QiyuBox, time: str) -> None:
    assert await qiyu.code(PLACE, {"uid": UID}, time=time) == 14003


async def test_sha256_is_taken_when_it_is_announced(qiyu: QiyuBox) -> None:
    assert await qiyu.code(PLACE, {"uid": UID}, checksumAlgorithm="1") == 14007
    raw = json.dumps({"uid": UID}).encode()
    other = checksum(SECRET, raw, str(qiyu.now), sha256=True)
    assert await qiyu.code(PLACE, raw, checksum=other) == 14002


async def test_other_paths_and_methods_are_no_calls(qiyu: QiyuBox) -> None:
    assert (await qiyu.box.api("POST", "/openapi/event/queryQueueStatu", params=qiyu.proof(b""))).status == 404
    assert (await qiyu.box.api("GET", PLACE, params=qiyu.proof(b""))).status == 405


FILE = {"url": "https://example.com/a.png", "size": 10, "md5": "0" * 32}


@pytest.mark.parametrize(
    "fields",
    [
        {"msgType": "VIDEO", "content": FILE},
        {"msgType": "TEXT", "content": ""},
        {"msgType": "TEXT", "content": FILE},
        {"msgType": "TEXT", "content": "字" * 4001},
        {"msgType": "TEXT"},
        {"msgType": "PICTURE", "content": json.dumps(FILE)},
        {"msgType": "PICTURE", "content": {**FILE, "md5": None}},
        {"msgType": "AUDIO", "content": FILE},
        {"msgType": "TEXT", "content": "你好", "uid": ""},
        {"msgType": "TEXT", "content": "你好", "uid": 7},
    ],
)
async def test_messages_it_does_not_take(qiyu: QiyuBox, fields: dict[str, object]) -> None:
    await qiyu.apply()
    assert await qiyu.code(SEND, {"uid": UID, **fields}) == 14004
    assert (await qiyu.customer())["messages"] == []


async def test_messages_it_takes(qiyu: QiyuBox) -> None:
    await qiyu.apply()
    assert await qiyu.say("字" * 4000) == 200
    assert await qiyu.code(SEND, {"uid": UID, "msgType": "PICTURE", "content": FILE}) == 200
    assert await qiyu.code(SEND, {"uid": UID, "msgType": "AUDIO", "content": {**FILE, "dur": 900}}) == 200
    said = (await qiyu.customer())["messages"]
    assert [(one["from"], one["type"], one["url"]) for one in said] == [
        ("customer", "TEXT", None),
        ("customer", "PICTURE", FILE["url"]),
        ("customer", "AUDIO", FILE["url"]),
    ]
    written = await qiyu.box.calls(SEND)
    assert [(one["appid"], one["openid"], one["errcode"], one["delivered"]) for one in written] == [
        (KEY, UID, 200, True)
    ] * 3


async def test_an_uploaded_file_is_shown_and_its_message_must_name_it_rightly(qiyu: QiyuBox) -> None:
    await qiyu.apply()
    url = (await qiyu.upload(PNG)).body["url"]
    assert url == f"{qiyu.box.running.url}/files/{md5_of(PNG)}"
    assert (await qiyu.box.api("GET", url.removeprefix(qiyu.box.running.url))).body == PNG
    file = {"url": url, "size": len(PNG), "md5": md5_of(PNG)}
    assert await qiyu.code(SEND, {"uid": UID, "msgType": "PICTURE", "content": {**file, "size": 1}}) == 14004
    assert await qiyu.code(SEND, {"uid": UID, "msgType": "PICTURE", "content": file}) == 200


async def test_an_upload_is_signed_over_the_file_alone(qiyu: QiyuBox) -> None:
    text = base64.b64encode(PNG)
    path = UPLOAD_TEXT
    assert (await qiyu.box.api("POST", path, params=qiyu.proof(text), data=text)).body["code"] == 14002
    assert (await qiyu.box.api("POST", path, params=qiyu.proof(PNG), data=text)).body["code"] == 200
    assert (await qiyu.box.api("POST", path, params=qiyu.proof(b""), data=b"???")).body["code"] == 14004


async def test_a_file_of_more_than_5_mb_is_too_large(qiyu: QiyuBox) -> None:
    assert (await qiyu.upload(b"x" * (5 * 1024 * 1024 + 1))).body["code"] == 14501


async def test_what_is_known_of_a_customer_is_a_list(qiyu: QiyuBox) -> None:
    known = [{"key": "real_name", "value": "小王"}, {"index": 0, "key": "a", "label": "来源", "value": "商品页"}]
    assert await qiyu.code(PROFILE, {"uid": UID, "userinfo": {"real_name": "小王"}}) == 14004
    assert await qiyu.code(PROFILE, {"uid": UID, "userinfo": known}) == 200
    assert (await qiyu.customer())["profile"] == known


@pytest.mark.parametrize(("kind", "good", "wrong"), [(2, 100, 50), (3, 50, 75), (5, 25, 0)])
async def test_an_evaluation_must_be_in_the_model(kind: int, good: int, wrong: int) -> None:
    async with qiyu_boxed(evaluation_type=kind) as qiyu:
        given = await qiyu.apply()
        assert len(given["evaluationModel"]["list"]) == kind
        session = {"uid": UID, "sessionId": given["sessionId"]}
        assert await qiyu.code(EVALUATE, {**session, "evaluation": wrong}) == 14004
        assert await qiyu.code(EVALUATE, {**session, "sessionId": 1, "evaluation": good}) == 14004
        assert await qiyu.code(EVALUATE, {**session, "evaluation": good, "remarks": "很好"}) == 200
        kept = (await qiyu.state())["evaluations"]
        assert [(one["value"], one["remarks"]) for one in kept] == [(good, "很好")]


async def test_the_list_of_its_people_is_text(qiyu: QiyuBox) -> None:
    await qiyu.configure(staff=[LAN, {**YU, "online": False}])
    answer = (await qiyu.post("/openapi/v2/staff/list", {"status": 1})).body
    assert [one["realname"] for one in json.loads(answer["message"])] == ["lantian"]


async def test_faults_come_in_place_of_calls_or_of_their_answers(qiyu: QiyuBox) -> None:
    await qiyu.apply()
    await qiyu.spoil(api=[{"path": SEND, "code": 14500, "times": 1}, {"path": SEND, "http": 502, "times": 1}])
    assert await qiyu.say("一") == 14500
    assert (await qiyu.post(SEND, {"uid": UID, "msgType": "TEXT", "content": "二"})).status == 502
    await qiyu.spoil(api=[{"path": SEND, "dead": True, "times": 1}, {"path": SEND, "drop_answer": True, "times": 1}])
    for text in ("三", "四"):
        with pytest.raises(ServerDisconnectedError):
            await qiyu.say(text)
    assert await qiyu.say("五") == 200
    assert [one["text"] for one in (await qiyu.customer())["messages"]] == ["四", "五"]
    book = await qiyu.box.calls(SEND)
    assert [(one["status"], one["errcode"], one["delivered"]) for one in book] == [
        (200, 14500, False),
        (502, None, False),
        (None, None, False),
        (None, 200, True),
        (200, 200, True),
    ]


@pytest.mark.parametrize(
    "fields",
    [{"staffType": 2}, {"staffType": "1"}, {"staffId": 9}, {"level": 12}, {"robotShuntSwitch": True}, {"fromPage": 1}],
)
async def test_applications_it_does_not_take(qiyu: QiyuBox, fields: dict[str, object]) -> None:
    assert await qiyu.code(APPLY, {"uid": UID, **fields}) == 14004
