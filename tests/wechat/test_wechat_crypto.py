import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import PrpCrypto

from shared.wechat.crypto import DecryptionFailed, MessageCipher, check_aes_key, matches, signature
from tests.wechat.builders import AES_KEY, APP_ID, OTHER_AES_KEY, RANDOM16, fixture

OFFICIAL: dict[str, Any] = fixture("crypto_vectors.json")["V1_official_miniprogram_message_push"]
JAVA: dict[str, Any] = fixture("crypto_vectors.json")["V3_wxjava_official_java_sample"]


def cipher(vector: dict[str, Any]) -> MessageCipher:
    return MessageCipher(vector["encoding_aes_key"], vector["appid"])


def sealed(frame: bytes, aes_key: str = AES_KEY) -> str:
    """Any bytes, encrypted as they are: what our own cipher would never produce."""
    key = base64.b64decode(aes_key + "=")
    encryptor = Cipher(AES256(key), CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(frame) + encryptor.finalize()).decode()


def framed(message: bytes, *, length: int | None = None, app_id: str = APP_ID) -> bytes:
    size = len(message) if length is None else length
    frame = RANDOM16 + size.to_bytes(4, "big") + message + app_id.encode()
    pad = 32 - len(frame) % 32
    return frame + bytes([pad]) * pad


def test_signatures_of_the_official_page() -> None:
    url, push = OFFICIAL["url_verification"], OFFICIAL["plaintext_push"]
    assert signature("AAAAA", url["timestamp"], url["nonce"]) == url["signature"]
    assert signature("AAAAA", push["timestamp"], push["nonce"]) == push["signature"]
    sealed_push = OFFICIAL["encrypted_push_json"]
    query, encrypted = sealed_push["query"], sealed_push["body"]["Encrypt"]
    assert signature("AAAAA", query["timestamp"], query["nonce"], encrypted) == query["msg_signature"]


def test_the_official_push_opens() -> None:
    push = OFFICIAL["encrypted_push_json"]
    assert cipher(OFFICIAL).decrypt(push["body"]["Encrypt"]).decode() == push["expected"]["msg"]


def test_the_official_reply_is_sealed_to_the_letter() -> None:
    reply = OFFICIAL["encrypted_reply_json"]
    encrypted = cipher(OFFICIAL).encrypt(reply["plaintext"].encode(), reply["random16"].encode())
    assert encrypted == reply["expected_body"]["Encrypt"]
    expected = reply["expected_body"]["MsgSignature"]
    assert signature("AAAAA", str(reply["timestamp"]), reply["nonce"], encrypted) == expected


@pytest.mark.parametrize("case", ["case1", "case2"])
def test_the_java_sample_counts_bytes_not_characters(case: str) -> None:
    vector = JAVA[case]
    encrypted = cipher(JAVA).encrypt(vector["plaintext"].encode(), JAVA["random16"].encode())
    assert encrypted == vector["expected_encrypt"]
    assert cipher(JAVA).decrypt(encrypted).decode() == vector["plaintext"]
    expected = vector["msg_signature_for_timestamp_nonce"]
    assert signature(JAVA["token"], JAVA["timestamp"], JAVA["nonce"], encrypted) == expected


@given(message=st.binary(max_size=300), random16=st.binary(min_size=16, max_size=16))
def test_what_is_sealed_opens(message: bytes, random16: bytes) -> None:
    ours = MessageCipher(AES_KEY, APP_ID)
    assert ours.decrypt(ours.encrypt(message, random16)) == message


@given(text=st.text(max_size=200))
def test_wechatpy_and_we_read_each_other(text: str) -> None:
    ours = MessageCipher(AES_KEY, APP_ID)
    theirs = PrpCrypto(base64.b64decode(AES_KEY + "="))
    assert ours.decrypt(theirs.encrypt(text, APP_ID).decode()).decode() == text
    assert theirs.decrypt(ours.encrypt(text.encode(), RANDOM16), APP_ID) == text


@given(length=st.integers(0, 64))
def test_padding_runs_from_1_to_32(length: int) -> None:
    encrypted = MessageCipher(AES_KEY, APP_ID).encrypt(b"x" * length, RANDOM16)
    assert len(base64.b64decode(encrypted)) % 32 == 0
    assert MessageCipher(AES_KEY, APP_ID).decrypt(encrypted) == b"x" * length


@pytest.mark.parametrize(
    ("encrypted", "reason"),
    [
        ("not base64!", "not base64"),
        ("密文", "not base64"),
        ("", "not whole cipher blocks"),
        (base64.b64encode(b"x" * 33).decode(), "not whole cipher blocks"),
        (sealed(b"\0" * 32), "padding wrong"),
        (sealed(b"\x21" * 64), "padding wrong"),
        (sealed(b"\x20" * 16), "padding wrong"),
        (sealed(b"x" * 30 + b"\x01\x02"), "padding wrong"),
        (sealed(b"\x10" * 32), "shorter than its header"),
        (sealed(framed(b"hi", length=100)), "message length beyond its end"),
        (sealed(framed(b"hi", length=2**32 - 1)), "message length beyond its end"),
        (sealed(framed(b"hi", app_id="wx0000000000000000")), "made for another app"),
        (sealed(framed(b"hi", app_id=APP_ID + "0")), "made for another app"),
        (sealed(framed(b"hi", app_id="")), "made for another app"),
    ],
)
def test_a_wrong_frame_is_refused(encrypted: str, reason: str) -> None:
    with pytest.raises(DecryptionFailed, match=f"^{reason}$"):
        MessageCipher(AES_KEY, APP_ID).decrypt(encrypted)


def test_another_key_does_not_open() -> None:
    with pytest.raises(DecryptionFailed):
        MessageCipher(OTHER_AES_KEY, APP_ID).decrypt(MessageCipher(AES_KEY, APP_ID).encrypt(b"hi", RANDOM16))


@given(junk=st.binary(max_size=200))
def test_junk_is_refused_and_nothing_else(junk: bytes) -> None:
    with pytest.raises(DecryptionFailed):
        MessageCipher(AES_KEY, APP_ID).decrypt(base64.b64encode(junk).decode())


def test_line_breaks_in_base64_are_nothing() -> None:
    encrypted = MessageCipher(AES_KEY, APP_ID).encrypt(b"hi", RANDOM16)
    assert MessageCipher(AES_KEY, APP_ID).decrypt(f" {encrypted[:40]}\n{encrypted[40:]}\n") == b"hi"


def test_the_last_letter_of_a_key_may_carry_stray_bits() -> None:
    clean = base64.b64encode(base64.b64decode(AES_KEY + "=")).decode()[:43]
    assert clean != AES_KEY
    encrypted = MessageCipher(AES_KEY, APP_ID).encrypt(b"hi", RANDOM16)
    assert MessageCipher(clean, APP_ID).decrypt(encrypted) == b"hi"


@pytest.mark.parametrize("key", ["", "A" * 42, "A" * 44, "A" * 42 + "=", "A" * 42 + "+", " " + "A" * 42, "Ａ" * 43])
def test_what_is_no_aes_key_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ValueError, match="43 letters and digits; copy it again") as refused:
        check_aes_key(key)
    assert not key or key not in str(refused.value)
    with pytest.raises(ValueError, match="43 letters and digits"):
        MessageCipher(key, APP_ID)


def test_random16_must_be_16_bytes() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        MessageCipher(AES_KEY, APP_ID).encrypt(b"hi", b"short")


@given(expected=st.text(), given_=st.text(alphabet=st.characters(exclude_categories=())))
def test_matches_is_equality(expected: str, given_: str) -> None:
    assert matches(expected, given_) is (expected == given_)
    assert matches(given_, given_)
    assert signature(given_, expected)


@given(parts=st.lists(st.text(max_size=8), min_size=1, max_size=5), data=st.data())
def test_a_signature_does_not_depend_on_order(parts: list[str], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(parts))
    assert signature(parts[0], *parts[1:]) == signature(shuffled[0], *shuffled[1:])
