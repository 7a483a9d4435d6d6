"""Developer mode: the three proofs, what pushes mean, and that no push at all can do worse than be refused."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conversation.content import Card, Image, Link, Text
from shared.conversation.fact import MediaSource
from shared.conversation.ids import conversation_id
from shared.conversation.vendor_facts import Ended, Said, Started, Stood, Told, VendorPushed
from shared.refusals import Forged, Unreadable
from shared.store.vendor_accounts import VendorAccount
from shared.vendors.port import Pushed, PushRequest
from shared.vendors.registry import VENDORS
from shared.wechat.crypto import signature
from tests.vendors.zhima_receiver import ACCOUNT, APP_ID, zhima_account
from tests.wechat.builders import FIXTURES

NOW = datetime(2023, 10, 16, 8, tzinfo=UTC)
OPENID = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"
KEY = "zhima-bridge-secret"
PATH_KEY = "p" * 32
TOKEN = "developer-token"
VECTORS = {one["name"]: one for one in json.loads((FIXTURES.parent / "vendors" / "zhima_vectors.json").read_text())}
RECEIVED = {
    "App_Type": "yunh5",
    "ChannelId": "15033",
    "ChannelName": "xy007",
    "Content": "",
    "CreateTime": 1697444398,
    "FromUserName": 799533513,
    "MsgId": "652cf22e7a3ca",
    "Event": "system_notify_in_receive",
    "StaffId": None,
    "StaffName": "在线客服",
    "ToBusiness": True,
    "ToUserName": OPENID,
    "ChatSessionId": "20211",
    "wechatapp_id": "211079",
}
"""As Zhima's page shows it, for a customer of a mini program."""
STAFF_SAID = {
    "MsgType": "text",
    "Content": "您好",
    "StaffId": 126,
    "StaffName": "小芝",
    "ToUserName": OPENID,
    "FromUserName": 799533513,
    "CreateTime": 1697444400,
    "MsgId": 652,
}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELD_NAMES = st.sampled_from([*RECEIVED, "MsgType", "PicUrl", "MediaId", "Title", "Url", "PagePath", "ThumbUrl"])


def account(auth: str = "wechat_sig", **settings: Any) -> VendorAccount:
    secrets = {"developer_token": TOKEN, "developer_key": PATH_KEY if auth == "path_secret" else KEY}
    return zhima_account(settings={"developer_auth": auth, "ip_allow": ["10.0.0.0/8"], **settings}, secrets=secrets)


def signed(body: Any, *, at: datetime = NOW, token: str = TOKEN) -> PushRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    timestamp, nonce = str(int(at.timestamp())), "837465"
    query = {"timestamp": timestamp, "nonce": nonce, "signature": signature(token, timestamp, nonce)}
    return PushRequest(query=query, headers={}, body=raw, received_at=NOW)


def read(body: Any, **settings: Any) -> tuple[Pushed, ...]:
    return VENDORS["zhima"].read_push(account(**settings), signed(body))


def only(body: Any, **settings: Any) -> Pushed:
    (pushed,) = read(body, **settings)
    return pushed


def test_a_session_with_staff_began() -> None:
    pushed = only(RECEIVED)
    assert pushed.id == "652cf22e7a3ca"
    assert (pushed.uid, pushed.app_id) == (conversation_id(APP_ID, OPENID), APP_ID)
    assert pushed.at == datetime.fromtimestamp(1697444398, UTC)
    stood = Stood(standing="person", staff="在线客服", vendor_session="20211")
    assert pushed.event == Started(stood=stood)


def test_a_session_with_staff_ended() -> None:
    assert only({**RECEIVED, "Event": "system_notify_out_receive"}).event == Ended(vendor_session="20211")
    assert only({**RECEIVED, "Event": "SYSTEM_notify_out_receive", "ChatSessionId": 7}).event == Ended(
        vendor_session="7"
    )


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("在线客服", "在线客服"),
        ("\\u5728\\u7ebf", "在线"),
        ("\\\\u5728\\\\u7ebf", "在线"),
        ("\\ud83d\\ude00 a", "😀 a"),
        ("\\ud83d", "\ufffd"),
        ("a\\u0000b\nc", "a b c"),
        ("", None),
        (None, None),
        (17, "17"),
        (["x"], None),
        ("长" * 200, "长" * 64),
    ],
)
def test_the_name_of_staff_is_read_however_it_was_escaped(told: Any, name: str | None) -> None:
    event = only({**RECEIVED, "StaffName": told}).event
    assert isinstance(event, Started)
    assert event.stood.staff == name


def test_what_staff_wrote_is_for_the_history_alone() -> None:
    """On the direct path the customer has it by the time we hear of it."""
    pushed = only(STAFF_SAID)
    assert pushed.event == Said(parts=(Text(text="您好"),), staff="小芝", reported=True)
    assert pushed.id == "652"


def test_pictures_cards_and_links_of_staff() -> None:
    image = only({**STAFF_SAID, "MsgType": "Image ", "PicUrl": "https://a.qpic.cn/1", "MediaId": "theirs"}).event
    assert isinstance(image, Said)
    (source,) = image.media
    assert image.parts == (Image(media_id=source.media_id),)
    where = {"wechat_media_id": "theirs", "url": "https://a.qpic.cn/1", "account": ACCOUNT}
    assert source == MediaSource(media_id=source.media_id, **where)
    card = {"MsgType": "miniprogrampage", "Title": "T", "PagePath": "p", "AppId": "wx9"}
    assert (
        only({**STAFF_SAID, **card}).event.model_dump()["parts"][0]
        == Card(title="T", path="p", app_id="wx9").model_dump()
    )
    link = {"MsgType": "link", "Title": "T", "Description": "D", "Url": "https://x.cn"}
    event = only({**STAFF_SAID, **link}).event
    assert isinstance(event, Said)
    assert event.parts == (Link(title="T", description="D", url="https://x.cn"),)


@pytest.mark.parametrize(
    "echo",
    [
        {"MsgType": "text", "Content": "你好", "FromUserName": OPENID, "ToUserName": "gh_97417a04a28d", "MsgId": 1},
        {"MsgType": "event", "Event": "user_enter_tempsession", "FromUserName": OPENID, "ToUserName": "gh_1"},
        {**STAFF_SAID, "FromUserName": OPENID, "ToUserName": "gh_1"},
        {**STAFF_SAID, "StaffId": 0},
    ],
)
def test_the_customers_own_words_coming_back_are_nothing_new(echo: dict[str, Any]) -> None:
    assert read(echo) == ()


def test_on_the_proxy_path_staffs_words_were_told_already() -> None:
    assert read(STAFF_SAID, reply_path="proxy") == ()
    assert only(RECEIVED, reply_path="proxy").uid is not None


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({**RECEIVED, "Event": "system_notify_new"}, "system_notify_new"),
        ({**STAFF_SAID, "MsgType": "voice"}, "voice"),
        ({**STAFF_SAID, "Content": "  "}, "text"),
        ({}, "unknown"),
    ],
)
def test_anything_else_is_kept_as_it_came(body: dict[str, Any], name: str) -> None:
    assert only(body).event == Told(name=name, raw=body)


@pytest.mark.parametrize("to", ["gh_97417a04a28d", "", None, 5, "汉字", "x" * 200])
def test_who_is_no_customer_of_a_mini_program_names_no_conversation(to: Any) -> None:
    assert only({**RECEIVED, "ToUserName": to}).uid is None


def test_a_repeat_has_the_same_id_and_another_push_another() -> None:
    nameless = {**RECEIVED, "MsgId": None}
    assert only(nameless).id == only(dict(reversed(nameless.items()))).id
    assert only(nameless).id != only({**nameless, "CreateTime": 1697444399}).id
    assert only({**RECEIVED, "MsgId": 652}).id == only({**RECEIVED, "MsgId": "652"}).id
    assert len(only({**RECEIVED, "MsgId": "x" * 500}).id) < 64


def test_a_time_that_cannot_be_is_that_of_its_arrival() -> None:
    for odd in (0, "soon", None, 99999999999, 4102444800):
        assert only({**RECEIVED, "CreateTime": odd}).at == NOW


def test_a_push_of_another_mini_program_is_refused_where_its_number_is_known() -> None:
    assert read(RECEIVED, wechatapp_id="211079")
    with pytest.raises(Forged):
        read(RECEIVED, wechatapp_id="1")


def test_without_a_proof_nothing_is_believed() -> None:
    for auth in ("none", "wechat_sig", "hmac", "path_secret"):
        with pytest.raises(Forged):
            VENDORS["zhima"].read_push(account(auth), PushRequest({}, {}, json.dumps(RECEIVED).encode(), NOW))


def test_wechats_signature_is_the_pages_own() -> None:
    for name in ("W0", "W1"):
        vector = VECTORS[name]
        told = signature(vector["token"], vector["timestamp"], vector["nonce"])
        assert told == vector["signature"]


def test_a_signature_is_checked() -> None:
    zhima = VENDORS["zhima"]
    with pytest.raises(Forged, match="signature"):
        zhima.read_push(account(), signed(RECEIVED, token="another"))
    with pytest.raises(Forged, match="clock"):
        zhima.read_push(account(), signed(RECEIVED, at=NOW - timedelta(seconds=301)))
    patient = account(developer_tolerance_seconds=600)
    assert zhima.read_push(patient, signed(RECEIVED, at=NOW - timedelta(seconds=301)))


def hmac_request(
    body: bytes, *, key: str = KEY, at: datetime = NOW, changes: dict[str, str] | None = None
) -> PushRequest:
    timestamp, nonce = str(int(at.timestamp())), "837465"
    proof = hmac.new(key.encode(), f"{timestamp}.{nonce}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"x-zhima-timestamp": timestamp, "x-zhima-nonce": nonce, "x-zhima-signature": proof}
    return PushRequest(query={}, headers=headers | (changes or {}), body=body, received_at=NOW)


def test_an_hmac_covers_the_body() -> None:
    zhima, body = VENDORS["zhima"], json.dumps(RECEIVED).encode()
    assert zhima.read_push(account("hmac"), hmac_request(body))
    wrong = [
        hmac_request(body)._replace(body=body.replace(b"20211", b"20212")),
        hmac_request(body, key="another"),
        hmac_request(body, at=NOW + timedelta(seconds=400)),
        hmac_request(body, changes={"x-zhima-nonce": "1"}),
        hmac_request(body, changes={"x-zhima-signature": ""}),
    ]
    for request in wrong:
        with pytest.raises(Forged):
            zhima.read_push(account("hmac"), request)


def test_the_hmac_is_that_of_the_vector() -> None:
    vector = VECTORS["Z1v"]
    headers = {
        "x-zhima-timestamp": vector["timestamp"],
        "x-zhima-nonce": vector["nonce"],
        "x-zhima-signature": vector["hmac_sha256"],
    }
    at = datetime.fromtimestamp(int(vector["timestamp"]), UTC)
    (pushed,) = VENDORS["zhima"].read_push(
        account("hmac"), PushRequest({}, headers, vector["body"].encode(), received_at=at)
    )
    assert pushed.id == "652cf22e7a3ca"


def test_a_secret_address_proves_it_from_the_named_networks_only() -> None:
    zhima, by_path = VENDORS["zhima"], account("path_secret")
    request = PushRequest({}, {}, json.dumps(RECEIVED).encode(), NOW, "10.1.2.3", PATH_KEY)
    assert zhima.read_push(by_path, request)
    assert zhima.read_push(by_path, request._replace(remote="::ffff:10.1.2.3"))
    for wrong in ({"remote": "192.0.2.1"}, {"remote": None}, {"path_secret": None}, {"path_secret": PATH_KEY[1:]}):
        with pytest.raises(Forged):
            zhima.read_push(by_path, request._replace(**wrong))


@pytest.mark.parametrize("body", [b"", b"[]", b"not json", b'{"a":', b"\xff\xfe", b"1"])
def test_what_is_proved_and_no_object_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        VENDORS["zhima"].read_push(account(), signed(body))


@given(fields=st.dictionaries(FIELD_NAMES | st.text(max_size=5), ANY_JSON, max_size=12))
def test_no_push_can_do_worse_than_be_refused(fields: dict[str, Any]) -> None:
    """Whatever comes of it is a fact that the bus carries, and the same one again."""
    request = signed(json.dumps({**RECEIVED, **fields}).encode())
    try:
        told = VENDORS["zhima"].read_push(account(), request)
    except (Forged, Unreadable):
        return
    assert VENDORS["zhima"].read_push(account(), request) == told
    for pushed in told:
        assert 0 < len(pushed.id) <= 64
        fact = VendorPushed(
            conversation_id=pushed.uid or "none",
            app_id=APP_ID,
            cause=f"v:{ACCOUNT}:{pushed.id}",
            occurred_at=pushed.at,
            trace_id="t",
            account=ACCOUNT,
            event=pushed.event,
        )
        assert VendorPushed.model_validate_json(fact.model_dump_json()) == fact


@given(body=st.binary(max_size=200))
def test_no_bytes_can_do_worse_either(body: bytes) -> None:
    try:
        VENDORS["zhima"].read_push(account(), signed(body))
    except (Forged, Unreadable):
        return
