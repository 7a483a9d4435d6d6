"""Is this push genuine, and what does it say? Nothing is believed before its signature.

Source: WeChat's mini program guide, page 消息推送 (message push). No freshness window: a signature does not expire,
de-duplication is the guard against repetition.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from shared.refusals import Forged, Unreadable
from shared.wechat.crypto import DecryptionFailed, MessageCipher, check_aes_key, matches, signature
from shared.wechat.push_body import BodyFormat, body_format, read_body

Mode = Literal["plain", "compat", "secure"]
WhichKey = Literal["current", "previous"]
Query = Mapping[str, str]


class CallbackSettings(BaseModel):
    """An app's 消息推送 page at WeChat. `app_id` is whatever closes its encrypted messages."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    app_id: str = Field(min_length=1)
    token: str = Field(min_length=1, repr=False)
    previous_token: str | None = Field(default=None, repr=False, description="still honoured after a change of token")
    aes_key: str | None = Field(default=None, repr=False)
    previous_aes_key: str | None = Field(default=None, repr=False, description="still honoured after a change of key")
    mode: Mode = "secure"
    format: BodyFormat = "json"

    @field_validator("aes_key", "previous_aes_key")
    @classmethod
    def _is_aes_key(cls, key: str | None) -> str | None:
        if key is not None:
            check_aes_key(key)
        return key

    @model_validator(mode="after")
    def _can_decrypt(self) -> Self:
        if self.mode != "plain" and self.aes_key is None:
            raise ValueError(f"mode {self.mode} needs the EncodingAESKey")
        return self

    @property
    def tokens(self) -> tuple[str, ...]:
        return (self.token,) if self.previous_token is None else (self.token, self.previous_token)

    def ciphers(self) -> list[tuple[WhichKey, MessageCipher]]:
        keys: list[tuple[WhichKey, str | None]] = [("current", self.aes_key), ("previous", self.previous_aes_key)]
        return [(which, MessageCipher(key, self.app_id)) for which, key in keys if key is not None]


@dataclass(frozen=True, slots=True)
class OpenedPush:
    """A genuine push in the clear, with what answering it takes."""

    fields: dict[str, Any] = field(repr=False)
    clear: bytes = field(repr=False)
    """The push itself, decrypted where it came sealed."""
    format: BodyFormat
    """What WeChat wrote in, and expects an answer in."""
    nonce: str
    token: str = field(repr=False)
    """What signed it, and must sign the answer."""
    signed_at: datetime | None
    """When WeChat sent this delivery; None if it does not say so sensibly."""
    key: WhichKey | None = None
    cipher: MessageCipher | None = field(default=None, repr=False)
    """What opened it, and must seal the answer; None if it came in the clear."""


def verify_url(settings: CallbackSettings, query: Query) -> str:
    """The text to answer WeChat's GET with, alike in all three modes. Raises Forged, or Unreadable without echostr."""
    _signing_token(settings.tokens, query)
    echostr = query.get("echostr", "")
    if not echostr:
        raise Unreadable("no echostr")
    return echostr


def open_push(settings: CallbackSettings, query: Query, body: bytes) -> OpenedPush:
    """The push inside a POST. Compat counts as secure: only its encrypted half is believed.

    Raises Forged or Unreadable.
    """
    if settings.mode == "plain":
        token = _signing_token(settings.tokens, query)
        return OpenedPush(
            fields=read_body(body, settings.format),
            clear=body,
            format=body_format(body, settings.format),
            nonce=query.get("nonce", ""),
            token=token,
            signed_at=_signed_at(query),
        )
    token, sealed = _sealed(settings, query, body)
    which, cipher, message = _decrypted(settings, sealed)
    return OpenedPush(
        fields=read_body(message, settings.format),
        clear=message,
        format=body_format(body, settings.format),
        nonce=query.get("nonce", ""),
        token=token,
        signed_at=_signed_at(query),
        key=which,
        cipher=cipher,
    )


def _signing_token(tokens: Sequence[str], query: Query) -> str:
    """The one of them that signed; raises Forged."""
    for token in tokens:
        expected = signature(token, query.get("timestamp", ""), query.get("nonce", ""))
        if matches(expected, query.get("signature", "")):
            return token
    raise Forged("signature missing or wrong")


def _sealed(settings: CallbackSettings, query: Query, body: bytes) -> tuple[str, str]:
    """The token that signed, and the text of Encrypt, which msg_signature covers; `signature` beside it does not."""
    try:
        sealed = read_body(body, settings.format).get("Encrypt")
    except Unreadable as unreadable:
        raise Forged(f"no Encrypt: {unreadable.reason}") from None
    if not isinstance(sealed, str) or not sealed:
        raise Forged(f"no Encrypt, but the app's mode is {settings.mode}")
    for token in settings.tokens:
        expected = signature(token, query.get("timestamp", ""), query.get("nonce", ""), sealed)
        if matches(expected, query.get("msg_signature", "")):
            return token, sealed
    raise Forged("msg_signature missing or wrong")


def _decrypted(settings: CallbackSettings, sealed: str) -> tuple[WhichKey, MessageCipher, bytes]:
    reasons = []
    for which, cipher in settings.ciphers():
        try:
            return which, cipher, cipher.decrypt(sealed)
        except DecryptionFailed as failed:
            reasons.append(f"{which} key: {failed.reason}")
    raise Forged("; ".join(reasons))


def _signed_at(query: Query) -> datetime | None:
    timestamp = query.get("timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 10):  # noqa: PLR2004 - digits until 2286
        return None
    return datetime.fromtimestamp(int(timestamp), UTC)
