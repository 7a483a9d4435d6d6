import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from wechatpy.crypto import WeChatCrypto

from shared.refusals import Forged, PushRefused, Unreadable
from shared.wechat.push import CallbackSettings, open_push, verify_url
from shared.wechat.push_body import read_body, read_xml
from shared.wechat.push_model import TextPush, parse_push
from tests.wechat.builders import (
    AES_KEY,
    APP_ID,
    FIXTURES,
    OTHER_AES_KEY,
    TEXT,
    TOKEN,
    fixture,
    plain_query,
    sealed_push,
    settings,
    settings_of,
)

OFFICIAL: dict[str, Any] = fixture("crypto_vectors.json")["V1_official_miniprogram_message_push"]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
QUERIES = st.dictionaries(
    st.sampled_from(["signature", "msg_signature", "timestamp", "nonce", "echostr", "encrypt_type"]),
    st.text(alphabet=st.characters(exclude_categories=())),
)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("push-encrypted/*.json")), ids=lambda path: path.name)
def test_every_encrypted_fixture_opens(path: Any) -> None:
    request = fixture(f"push-encrypted/{path.name}")
    opened = open_push(settings_of(request), request["query"], request["body"].encode())
    assert opened.format == request["config"]["data_format"]
    assert opened.key == "current"
    assert opened.cipher is not None
    assert opened.signed_at == datetime.fromtimestamp(int(request["query"]["timestamp"]), UTC)
    if "expected_plaintext" in request:
        assert opened.fields == read_body(request["expected_plaintext"].encode(), opened.format)


@pytest.mark.parametrize("mode", ["compat", "secure"])
def test_compat_believes_only_the_encrypted_half(mode: str) -> None:
    request = fixture("push-encrypted/text.compat.xml.request.json")
    body = request["body"].replace("24912345678901234", "1").encode()
    opened = open_push(settings(mode=mode), request["query"], body)
    assert opened.fields["MsgId"] == "24912345678901234"


def test_the_official_pushes_open() -> None:
    secure = CallbackSettings(app_id=OFFICIAL["appid"], token="AAAAA", aes_key="A" * 43)
    push = OFFICIAL["encrypted_push_json"]
    assert open_push(secure, push["query"], json.dumps(push["body"]).encode()).fields["debug_str"] == "hello world"
    plain = CallbackSettings(app_id=OFFICIAL["appid"], token="AAAAA", mode="plain")
    push = OFFICIAL["plaintext_push"]
    opened = open_push(plain, push, json.dumps(push["body"]).encode())
    assert opened.fields == push["body"]
    assert (opened.key, opened.cipher) == (None, None)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bad_msg_signature", "msg_signature missing or wrong"),
        ("bad_padding_or_garbage", "current key: "),
        ("plaintext_when_secure_configured", "no Encrypt, but the app's mode is secure"),
    ],
)
def test_the_forged_fixtures_are_refused(name: str, reason: str) -> None:
    request = fixture(f"negative/{name}.json")
    with pytest.raises(Forged, match=reason):
        open_push(settings_of(request), request["query"], request["body"].encode())


def test_a_genuine_dtd_is_unreadable() -> None:
    request = fixture("negative/xxe_plain.json")
    with pytest.raises(Unreadable, match="DTD"):
        open_push(settings_of(request), request["query"], request["body"].encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"hello",
        b'{"Encrypt": 5}',
        b'{"Encrypt": ["x"]}',
        b'{"Encrypt": ""}',
        b'<!DOCTYPE xml [<!ENTITY x "y">]><xml><Encrypt>&x;</Encrypt></xml>',
    ],
)
def test_a_secure_app_calls_forged_whatever_carries_no_encrypt(body: bytes) -> None:
    with pytest.raises(Forged):
        open_push(settings(), plain_query(), body)


@pytest.mark.parametrize("changed", ["timestamp", "nonce", "msg_signature"])
@pytest.mark.parametrize("how", ["absent", "other"])
def test_every_part_of_the_secure_query_counts(changed: str, how: str) -> None:
    query, body = sealed_push(json.dumps(TEXT).encode())
    open_push(settings(), query, body)
    broken = {**query, changed: query[changed] + "0"} if how == "other" else {**query}
    if how == "absent":
        del broken[changed]
    with pytest.raises(Forged, match="msg_signature"):
        open_push(settings(), broken, body)


def test_the_plain_signature_does_not_open_a_secure_app() -> None:
    query, body = sealed_push(json.dumps(TEXT).encode())
    query["msg_signature"] = query["signature"]
    with pytest.raises(Forged, match="msg_signature"):
        open_push(settings(), query, body)


@pytest.mark.parametrize("query", [{}, {**plain_query(), "signature": ""}, plain_query(token="othertoken")])
def test_a_plain_push_needs_its_signature(query: dict[str, str]) -> None:
    with pytest.raises(Forged, match="signature missing or wrong"):
        open_push(settings(mode="plain"), query, json.dumps(TEXT).encode())


def test_a_push_for_another_app_is_forged() -> None:
    query, body = sealed_push(json.dumps(TEXT).encode(), app_id="wx134c8103faa5a59e")
    with pytest.raises(Forged, match="current key: made for another app"):
        open_push(settings(), query, body)


def test_a_change_of_key_keeps_the_previous_one_working() -> None:
    rotated = settings(aes_key=OTHER_AES_KEY, previous_aes_key=AES_KEY)
    old, new = sealed_push(b'{"n": 1}'), sealed_push(b'{"n": 2}', aes_key=OTHER_AES_KEY)
    assert open_push(rotated, *old).key == "previous"
    assert open_push(rotated, *new).key == "current"
    with pytest.raises(Forged, match=r"current key: .*; previous key: "):
        open_push(rotated, *sealed_push(b"{}", aes_key="C" * 43))


def test_a_change_of_token_keeps_the_previous_one_working() -> None:
    rotated = settings(token="newtoken", previous_token=TOKEN, mode="plain")
    for token in (TOKEN, "newtoken"):
        assert open_push(rotated, plain_query(token=token), b"{}").token == token
    assert verify_url(rotated, {**plain_query(), "echostr": "e"}) == "e"
    secure = settings(token="newtoken", previous_token=TOKEN)
    assert open_push(secure, *sealed_push(b'{"n": 1}')).token == TOKEN
    for forged in (lambda: open_push(rotated, plain_query(token="another"), b"{}"), lambda: verify_url(rotated, {})):
        with pytest.raises(Forged):
            forged()
    with pytest.raises(Forged, match="msg_signature"):
        open_push(settings(token="newtoken"), *sealed_push(b"{}"))


@pytest.mark.parametrize("message", [b"", b"hello", b"[1]", b'{"a":', b"<xml><a></xml>", b"\xff\xfe"])
def test_genuine_nonsense_is_unreadable(message: bytes) -> None:
    with pytest.raises(Unreadable):
        open_push(settings(), *sealed_push(message))


def test_the_format_is_seen_not_believed() -> None:
    opened = open_push(settings(format="xml"), *sealed_push(json.dumps(TEXT).encode()))
    assert opened.format == "json"
    assert opened.fields == TEXT


@given(text=st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")))
def test_pushes_made_by_wechatpy_are_accepted(text: str) -> None:
    theirs = WeChatCrypto(TOKEN, AES_KEY, APP_ID)
    body = theirs.encrypt_message(json.dumps({**TEXT, "Content": text}), "415670741", "1753862401")
    query = {
        "timestamp": "1753862401",
        "nonce": "415670741",
        "msg_signature": read_xml(body.encode())["MsgSignature"],
    }
    push = parse_push(open_push(settings(), query, body.encode()).fields, received_at=NOW)
    assert isinstance(push, TextPush)
    assert push.content == text


def test_wechats_get_is_answered_with_its_echostr() -> None:
    request = fixture("push/url_verification.request.json")
    assert verify_url(settings(token=request["config"]["token"]), request["query"]) == request["expected"]["body"]
    official = OFFICIAL["url_verification"]
    assert verify_url(settings(token="AAAAA"), official) == official["expected_response_body"]


def test_a_get_without_proof_or_echostr_is_refused() -> None:
    query = fixture("push/url_verification.request.json")["query"]
    with pytest.raises(Forged):
        verify_url(settings(token="othertoken"), query)
    with pytest.raises(Forged):
        verify_url(settings(), {})
    with pytest.raises(Unreadable, match="no echostr"):
        verify_url(settings(), plain_query())


@pytest.mark.parametrize("timestamp", ["", "soon", "1753862401000", "-5", "１７"])
def test_a_silly_timestamp_is_no_instant(timestamp: str) -> None:
    opened = open_push(settings(mode="plain"), plain_query(timestamp=timestamp), b"{}")
    assert opened.signed_at is None


@given(query=QUERIES, body=st.binary() | st.text().map(str.encode), mode=st.sampled_from(["plain", "compat", "secure"]))
def test_nothing_unsigned_gets_in_or_crashes(query: dict[str, str], body: bytes, mode: str) -> None:
    with pytest.raises(PushRefused):
        open_push(settings(mode=mode), query, body)
    with pytest.raises(PushRefused):
        verify_url(settings(), query)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"aes_key": None}, "mode secure needs the EncodingAESKey"),
        ({"aes_key": None, "mode": "compat"}, "mode compat needs the EncodingAESKey"),
        ({"aes_key": "secretsecret"}, "43 letters and digits"),
        ({"previous_aes_key": "secretsecret"}, "43 letters and digits"),
        ({"token": ""}, "at least 1 character"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text) as refused:
        settings(**wrong)
    assert "secretsecret" not in str(refused.value)


def test_secrets_are_not_printed() -> None:
    opened = open_push(settings(), *sealed_push(json.dumps(TEXT).encode()))
    shown = repr(settings(previous_aes_key=OTHER_AES_KEY)) + repr(opened)
    for secret in (TOKEN, AES_KEY, OTHER_AES_KEY, "你好"):
        assert secret not in shown
