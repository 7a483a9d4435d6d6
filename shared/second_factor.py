"""The second factor of a login: a code that changes every 30 seconds (TOTP, RFC 6238), or a recovery code.

Pure but for the making of secrets. The codes are about a person's phone, so time is the real one, never the sandbox's.
"""

import hashlib
import secrets
from datetime import datetime
from typing import Final

import pyotp
from pyotp.exceptions import OTPVerificationError

ISSUER: Final = "wxdesk"
STEPS_APART: Final = 1
"""Phones' clocks differ: the code before and the code after are right too."""
DIGITS: Final = 6

RECOVERY_CODES: Final = 10
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look alike."""
_GROUPS: Final = 4
_GROUP_LENGTH: Final = 4


def new_secret() -> str:
    return pyotp.random_base32()


def address_of(secret: str, login: str) -> str:
    """What an authenticator app takes, as a QR code or as text."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The number of the step whose code this is; None where it is of none close to `now`. Later steps count higher."""
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=now, valid_window=STEPS_APART)
    except OTPVerificationError:
        return None


def new_recovery_codes() -> list[str]:
    return [_new_recovery_code() for _ in range(RECOVERY_CODES)]


def plain_code(typed: str) -> str:
    """A code as it counts, however it was grouped and spaced."""
    return "".join(typed.split()).replace("-", "").lower()


def is_recovery_code(code: str) -> bool:
    """Whether a plain code can only be a recovery code."""
    return len(code) == _GROUPS * _GROUP_LENGTH


def recovery_hash(agent_id: str, code: str) -> str:
    """What is stored for a plain recovery code. A fast hash will do: it has some 79 random bits."""
    return hashlib.sha256(f"{agent_id}\n{code}".encode()).hexdigest()


def _new_recovery_code() -> str:
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)
