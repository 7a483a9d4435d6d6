"""How a push travels: query, body and content type for each mode and format. Pure.

Source: WeChat's page 消息推送. In compat mode the plain fields and `Encrypt` share one body; `openid` is not in the
page's plain example, but commonly seen.
"""

from dataclasses import dataclass
from typing import Final

from services.sandbox.wechat.messages import Field, PushMessage, written
from shared.wechat.crypto import MessageCipher, signature
from shared.wechat.push import CallbackSettings

CONTENT_TYPES: Final = {"json": "application/json", "xml": "text/xml"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST, as it goes over the wire."""

    query: dict[str, str]
    body: bytes
    content_type: str


def delivery(
    callback: CallbackSettings, message: PushMessage, *, timestamp: int, nonce: str, random16: bytes
) -> Delivery:
    """The message for one delivery: `timestamp` (seconds), `nonce` and `random16` are new each time."""
    query = _query(callback.token, timestamp, nonce) | {"openid": message.openid}
    plain = written(message.all_fields(), callback.format, string_ids=message.string_ids)
    content_type = CONTENT_TYPES[callback.format]
    if callback.mode == "plain" or callback.aes_key is None:
        return Delivery(query, plain, content_type)
    encrypted = MessageCipher(callback.aes_key, callback.app_id).encrypt(plain, random16)
    query |= {"encrypt_type": "aes", "msg_signature": signature(callback.token, str(timestamp), nonce, encrypted)}
    shown: list[Field] = message.all_fields() if callback.mode == "compat" else [("ToUserName", message.gh_id)]
    body = written([*shown, ("Encrypt", encrypted)], callback.format, string_ids=message.string_ids)
    return Delivery(query, body, content_type)


def url_check(token: str, *, timestamp: int, nonce: str, echostr: str) -> dict[str, str]:
    """The query of the GET that WeChat makes when the callback URL is saved; alike in all modes."""
    return _query(token, timestamp, nonce) | {"echostr": echostr}


def _query(token: str, timestamp: int, nonce: str) -> dict[str, str]:
    return {"signature": signature(token, str(timestamp), nonce), "timestamp": str(timestamp), "nonce": nonce}
