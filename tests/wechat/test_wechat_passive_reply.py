import json
from datetime import UTC, datetime
from typing import Any

import pytest
from wechatpy.crypto import WeChatCrypto

from shared.wechat.crypto import MessageCipher
from shared.wechat.passive_reply import (
    CONTENT_TYPES,
    SUCCESS,
    MessagePush,
    ReplyRejected,
    Transfer,
    open_reply,
    transfer_reply,
    write_envelope,
    write_transfer,
)
from shared.wechat.push import open_push
from shared.wechat.push_body import BodyFormat
from shared.wechat.push_model import TextPush, parse_push
from tests.wechat.builders import (
    AES_KEY,
    APP_ID,
    FIXTURES,
    OTHER_AES_KEY,
    RANDOM16,
    TEXT,
    TOKEN,
    fixture,
    plain_query,
    sealed_push,
    settings,
)

NOW = datetime.fromtimestamp(1753862406, UTC)
GH_ID, OPENID = str(TEXT["ToUserName"]), str(TEXT["FromUserName"])


def message(**changes: Any) -> MessagePush:
    push = parse_push({**TEXT, **changes}, received_at=NOW)
    assert isinstance(push, TextPush)
    return push


def envelope(in_format: BodyFormat = "json", *, plain: bytes | None = None, **changes: Any) -> bytes:
    encrypted = MessageCipher(changes.get("aes_key", AES_KEY), APP_ID).encrypt(
        plain or write_transfer(message(), at=NOW, in_format=in_format), RANDOM16
    )
    return write_envelope(encrypted, token=changes.get("token", TOKEN), nonce="410007919", at=NOW, in_format=in_format)


def opened(body: bytes, **changes: Any) -> Transfer | None:
    return open_reply(settings(**changes), body, to_user=GH_ID, openid=OPENID)


@pytest.mark.parametrize("in_format", ["json", "xml"])
def test_the_transfer_fixtures_are_written_to_the_letter(in_format: BodyFormat) -> None:
    expected = fixture(f"reply/transfer_customer_service.encrypted.{in_format}.json")
    plain = write_transfer(message(), at=NOW, in_format=in_format)
    assert plain.decode() == expected["plaintext"]
    encrypted = MessageCipher(AES_KEY, APP_ID).encrypt(plain, expected["random16"].encode())
    sealed = write_envelope(encrypted, token=TOKEN, nonce=expected["nonce"], at=NOW, in_format=in_format)
    assert sealed.decode() == expected["expected_body"]
    assert opened(sealed, format=in_format) == Transfer(openid=OPENID, from_user=GH_ID)


def test_the_plain_fixture_is_what_we_write() -> None:
    written = json.loads(write_transfer(message(), at=NOW, in_format="json"))
    assert written == fixture("reply/transfer_customer_service.json")


def test_the_official_envelope_is_written_to_the_letter() -> None:
    expected = fixture("crypto_vectors.json")["V1_official_miniprogram_message_push"]["encrypted_reply_json"]
    at = datetime.fromtimestamp(expected["timestamp"], UTC)
    body = expected["expected_body"]
    written = write_envelope(body["Encrypt"], token="AAAAA", nonce=expected["nonce"], at=at, in_format="json")
    assert json.loads(written) == body


@pytest.mark.parametrize("mode", ["plain", "compat", "secure"])
@pytest.mark.parametrize("in_format", ["json", "xml"])
def test_a_push_is_answered_in_its_own_way(mode: str, in_format: BodyFormat) -> None:
    ours = settings(mode=mode, format=in_format)
    if mode == "plain":
        query, body = plain_query(), write_push(in_format)
    else:
        query, body = sealed_as(in_format)
    push = open_push(ours, query, body)
    reply = transfer_reply(push, message(), at=NOW, random16=RANDOM16)
    assert open_reply(ours, reply, to_user=GH_ID, openid=OPENID) == Transfer(openid=OPENID, from_user=GH_ID)
    assert (b"Encrypt" in reply) is (mode != "plain")
    assert CONTENT_TYPES[push.format] == {"json": "application/json", "xml": "text/xml"}[in_format]


def write_push(in_format: BodyFormat) -> bytes:
    return (FIXTURES / "push" / f"text.{in_format}").read_bytes()


def sealed_as(in_format: BodyFormat) -> tuple[dict[str, str], bytes]:
    request = fixture(f"push-encrypted/text.{in_format}.request.json")
    return request["query"], request["body"].encode()


def test_the_key_that_opened_seals() -> None:
    rotated = settings(aes_key=OTHER_AES_KEY, previous_aes_key=AES_KEY)
    push = open_push(rotated, *sealed_push(json.dumps(TEXT).encode()))
    reply = transfer_reply(push, message(), at=NOW, random16=RANDOM16)
    assert opened(reply) == Transfer(openid=OPENID, from_user=GH_ID)
    with pytest.raises(ReplyRejected, match="Encrypt"):
        opened(reply, aes_key=OTHER_AES_KEY)


def test_the_token_that_signed_signs() -> None:
    rotated = settings(token="newtoken", previous_token=TOKEN)
    push = open_push(rotated, *sealed_push(json.dumps(TEXT).encode()))
    reply = transfer_reply(push, message(), at=NOW, random16=RANDOM16)
    assert opened(reply) == Transfer(openid=OPENID, from_user=GH_ID)


def test_wechatpy_opens_our_envelope() -> None:
    body = envelope("xml").decode()
    signature = fixture("reply/transfer_customer_service.encrypted.xml.json")
    theirs = WeChatCrypto(TOKEN, AES_KEY, APP_ID)
    assert signature["nonce"] == "410007919"
    given = body.split("<MsgSignature><![CDATA[")[1][:40]
    assert theirs.decrypt_message(body, given, "1753862406", "410007919").encode() == write_transfer(
        message(), at=NOW, in_format="xml"
    )


def test_cdata_cannot_be_left() -> None:
    written = write_transfer(message(FromUserName="o]]><a>"), at=NOW, in_format="xml")
    reply = open_reply(settings(mode="plain", format="xml"), written, to_user=GH_ID, openid="o]]><a>")
    assert reply == Transfer(openid="o]]><a>", from_user=GH_ID)


@pytest.mark.parametrize("name", ["success", "empty"])
@pytest.mark.parametrize("mode", ["plain", "compat", "secure"])
def test_success_and_nothing_are_answers_in_every_mode(name: str, mode: str) -> None:
    body = (FIXTURES / "reply" / f"{name}.txt").read_bytes()
    assert body in {SUCCESS, b""}
    assert opened(body, mode=mode) is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"success\n", "not JSON"),
        (b'"success"', "not JSON|no object"),
        (b"SUCCESS", "not JSON"),
        (write_transfer(message(), at=NOW, in_format="json"), "no Encrypt, MsgSignature, TimeStamp, Nonce"),
        (envelope("xml"), "data format is json"),
        (envelope().replace(b"TimeStamp", b"Timestamp"), "no TimeStamp; the mode is secure, and case matters"),
        (envelope().replace(b'"Encrypt"', b'"encrypt"'), "no Encrypt"),
        (envelope().replace(b":1753862406", b":true"), "TimeStamp must be"),
        (envelope().replace(b":1753862406", b":1753862407"), "MsgSignature wrong"),
        (envelope(token="othertoken"), "MsgSignature wrong"),
        (envelope(aes_key=OTHER_AES_KEY), "Encrypt: "),
        (envelope(plain=b"success"), "not JSON"),
        (envelope(plain=write_transfer(message(), at=NOW, in_format="xml")), "data format is json"),
        (envelope(plain=json.dumps({**TEXT, "MsgType": "text"}).encode()), "MsgType must be transfer_customer_service"),
    ],
)
def test_what_wechat_would_not_understand_is_rejected(body: bytes, reason: str) -> None:
    with pytest.raises(ReplyRejected, match=reason):
        opened(body)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ToUserName": GH_ID, "FromUserName": OPENID}, "ToUserName must be the customer"),
        ({"ToUserName": "someone else"}, "ToUserName must be the customer"),
        ({"CreateTime": "now"}, "CreateTime must be seconds"),
        ({"MsgType": "text"}, "MsgType must be"),
        ({"MsgType": None}, "MsgType must be"),
    ],
)
def test_a_plain_reply_is_checked_too(change: dict[str, Any], reason: str) -> None:
    fields = {**fixture("reply/transfer_customer_service.json"), **change}
    with pytest.raises(ReplyRejected, match=reason):
        opened(json.dumps(fields).encode(), mode="plain")


def test_compat_takes_either_and_plain_only_the_clear() -> None:
    clear = write_transfer(message(), at=NOW, in_format="json")
    assert opened(clear, mode="compat") == opened(envelope(), mode="compat") == opened(clear, mode="plain")
    with pytest.raises(ReplyRejected, match="mode is plain"):
        opened(envelope(), mode="plain")


def test_a_named_agent_is_no_obstacle() -> None:
    body = (FIXTURES / "reply" / "transfer_customer_service.oa_transinfo.xml").read_bytes()
    reply = open_reply(settings(mode="plain", format="xml"), body, to_user="fromuser", openid="touser")
    assert reply == Transfer(openid="touser", from_user="fromuser")
