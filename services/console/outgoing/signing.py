"""The signature by which a receiver knows that a webhook's call comes from here, and is no old one repeated."""

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Final

MARK: Final = "whsec_"
SECRET_BYTES: Final = 32


def new_secret() -> str:
    return MARK + secrets.token_urlsafe(SECRET_BYTES)


def signature(secret: str, body: bytes, at: datetime) -> str:
    """`t=<seconds since 1970>,v1=<hex>`: HMAC-SHA256, keyed with the whole secret as text, of `<t>.<body>`."""
    seconds = int(at.timestamp())
    mac = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256)
    return f"t={seconds},v1={mac.hexdigest()}"
