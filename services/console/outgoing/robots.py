r"""Chat robots of groups: how each wants to be spoken to, and what its answers mean.

All three take a POST of JSON to an address whose last part is the key, and answer 200 with a code inside: 0 is the only
one that means sent. By their public documentation:

- 企业微信 (WeCom, 群机器人): `{"msgtype": "text", "text": {"content"}}`, at most 2048 bytes of text; answers
  `{"errcode", "errmsg"}`; 20 messages a minute. It has no signature.
- 飞书 (Feishu, 自定义机器人): `{"msg_type": "text", "content": {"text"}}`, at most 20 KB; answers `{"code", "msg"}`
  with `{"StatusCode", "StatusMessage"}` beside for old callers; 100 a minute, 5 a second. Signed: `timestamp`
  (seconds, as text) and `sign` in the body, where sign is Base64 of HMAC-SHA256 of *nothing*, keyed with
  `<timestamp>\n<secret>`; good for an hour.
- 钉钉 (DingTalk, 自定义机器人): `{"msgtype": "text", "text": {"content"}}`; answers `{"errcode", "errmsg"}`; 20 a
  minute, beyond that silent for ten. Signed: `timestamp` (milliseconds) and `sign` in the query, where sign is Base64
  of HMAC-SHA256 of `<timestamp>\n<secret>`, keyed with the secret; good for an hour.

Feishu and DingTalk can instead, or also, ask for a keyword in every message: every text here has 客服 in it.
Not tried against the real ones.
"""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
from yarl import URL

from services.console.outgoing.posting import Posted
from shared.store.notifiers import NotifierKind

SIGNING: Final[frozenset[NotifierKind]] = frozenset({"feishu", "dingtalk"})
TEXT_BYTES: Final = 2048
"""WeCom's limit, which the others are far above."""
LONGEST_REASON: Final = 80

_HINTS: Final = {
    ("wecom", 93000): "the address is wrong, or the robot was removed",
    ("wecom", 45009): "too many messages in a minute",
    ("feishu", 9499): "Feishu does not take the message",
    ("feishu", 11232): "too many messages, or Feishu is busy",
    ("feishu", 19001): "the address is wrong, or the robot was removed",
    ("feishu", 19021): "the secret is wrong, or this machine's clock is",
    ("feishu", 19022): "the robot does not allow this machine's address",
    ("feishu", 19024): "the robot asks for a keyword; 客服 is in every message",
    ("dingtalk", 130101): "too many messages in a minute; silent for ten",
    ("dingtalk", 300005): "the address is wrong, or the robot was removed",
    ("dingtalk", 310000): "refused by the robot's security settings: the secret, the keyword (客服), or the address",
}
"""Codes that an administrator can do something about. Feishu's (but 19001) are documented, the others seen by many."""


class Request(NamedTuple):
    url: str
    body: bytes


class Refusal(NamedTuple):
    """`told` is for administrators and may quote the other side, a little; `logged` never does."""

    told: str
    logged: str


def request(kind: NotifierKind, url: str, secret: str | None, text: str, at: datetime) -> Request:
    """The call that says `text` in the group. `at` is the machine's real time: a signature is good for an hour."""
    said = _cut(text)
    if kind == "feishu":
        signed = _feishu_signature(secret, at) if secret else {}
        return Request(url, orjson.dumps({**signed, "msg_type": "text", "content": {"text": said}}))
    body = orjson.dumps({"msgtype": "text", "text": {"content": said}})
    if kind == "dingtalk" and secret:
        return Request(str(URL(url).update_query(_dingtalk_signature(secret, at))), body)
    return Request(url, body)


def refusal(kind: NotifierKind, posted: Posted) -> Refusal | None:
    """Why the robot did not say it; None where it did."""
    if posted.failure is not None:
        return Refusal(posted.failure, posted.failure)
    answer = _read(posted.answer)
    code = answer.get("code", answer.get("StatusCode")) if kind == "feishu" else answer.get("errcode")
    if isinstance(code, bool) or not isinstance(code, int):
        unknown = f"HTTP {posted.status}, and not the answer of such a robot"
        return Refusal(unknown, unknown)
    if code == 0:
        return None
    hint = _HINTS.get((kind, code))
    said = answer.get("msg", answer.get("errmsg", answer.get("StatusMessage", "")))
    return Refusal(f"{code}: {hint or _short(str(said))}", f"{code}: {hint}" if hint else str(code))


def _feishu_signature(secret: str, at: datetime) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    mac = hmac.new(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256)
    return {"timestamp": timestamp, "sign": base64.b64encode(mac.digest()).decode()}


def _dingtalk_signature(secret: str, at: datetime) -> dict[str, str]:
    timestamp = str(int(at.timestamp() * 1000))
    mac = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256)
    return {"timestamp": timestamp, "sign": base64.b64encode(mac.digest()).decode()}


def _cut(text: str) -> str:
    """So much of the text as every robot takes, ending with a whole character."""
    return text.encode()[:TEXT_BYTES].decode(errors="ignore")


def _short(said: str) -> str:
    return "".join(character if character.isprintable() else " " for character in said[:LONGEST_REASON])


def _read(answer: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}
