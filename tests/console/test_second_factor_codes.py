"""Codes as such, without a server: which count when, and what they look like."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest

from shared.second_factor import (
    address_of,
    is_recovery_code,
    matching_step,
    new_recovery_codes,
    new_secret,
    plain_code,
    recovery_hash,
)

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""The one of RFC 6238's own examples."""


@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037"), (20000000000, "353130")],
)
def test_the_examples_of_the_rfc(at: int, code: str) -> None:
    assert matching_step(SECRET, code, datetime.fromtimestamp(at, UTC)) == at // 30


@pytest.mark.parametrize(("apart", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clocks_may_be_one_step_apart(apart: int, *, right: bool) -> None:
    now = datetime(2026, 11, 22, 12, 0, 7, tzinfo=UTC)
    code = pyotp.TOTP(SECRET).at(now + timedelta(seconds=30 * apart))
    expected = int(now.timestamp()) // 30 + apart
    assert matching_step(SECRET, code, now) == (expected if right else None)


@pytest.mark.parametrize("code", ["", "00000", "abcdef", "１２３", "287082 ", "²²²²²²"])
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert matching_step(SECRET, code, datetime.fromtimestamp(59, UTC)) is None


def test_the_address_names_login_and_issuer() -> None:
    secret = new_secret()
    address = urlsplit(address_of(secret, "li.na@shop"))
    assert (address.scheme, address.netloc, unquote(address.path)) == ("otpauth", "totp", "/wxdesk:li.na@shop")
    assert parse_qs(address.query) == {"secret": [secret], "issuer": ["wxdesk"]}
    assert len(secret) == 32


def test_recovery_codes_are_ten_and_all_different() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    assert all(is_recovery_code(plain_code(code)) for code in codes)
    assert not is_recovery_code(plain_code("123 456"))


def test_how_a_code_is_typed_does_not_matter() -> None:
    assert plain_code(" ABCD-efgh  2345-JKMN\n") == plain_code("abcdefgh2345jkmn") == "abcdefgh2345jkmn"
    assert plain_code("123 456") == "123456"


def test_the_hash_belongs_to_one_agent() -> None:
    assert recovery_hash("lina", "abcd") != recovery_hash("wang", "abcd")
