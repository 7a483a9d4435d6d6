"""Developer mode (开发者模式): what Zhima tells a developer's server of sessions with staff.

Source: Zhima's page 开发者模式消息及事件格式. How a server proves that it is Zhima's, and whether anything is
sent again, is nowhere written: three proofs to choose from, and pauses to set.
"""

import hashlib
import hmac
from typing import Any, Final

import orjson

from services.sandbox.deliveries import Compose, Deliverer, Manner, Outgoing
from services.sandbox.zhima.state import Customer, Event, Product, ZhimaWorld
from shared.wechat.crypto import signature

RECEIVED: Final = "system_notify_in_receive"
ENDED: Final = "system_notify_out_receive"
_STAFF_NUMBER: Final = 799533513
_NUMBER_DIGITS: Final = 13
_OK: Final = 200
_SECONDS: Final = 5.0


class Events:
    def __init__(self, world: ZhimaWorld, deliverer: Deliverer) -> None:
        self._world = world
        self._deliverer = deliverer

    def tell(self, product: Product, customer: Customer, event: str) -> None:
        """Of a session that was received or has ended."""
        self._submit(product, customer, event, {"Content": "", "Event": event, "StaffId": None, "ToBusiness": True})

    def report(self, product: Product, customer: Customer, text: str) -> None:
        """What staff said, as WeChat's messages are; only where the product wants it."""
        if product.config.reports_messages:
            fields = {"Content": text, "MsgType": "text", "StaffId": customer.staff_id, "ToBusiness": True}
            self._submit(product, customer, "text", fields)

    async def cancel_all(self) -> None:
        await self._deliverer.cancel_all()

    def _submit(self, product: Product, customer: Customer, kind: str, more: dict[str, Any]) -> None:
        config, faults = product.config, product.faults.events
        if config.developer_url is None:
            return
        fields = self._fields(product, customer) | more
        product.told += 1
        event = Event(kind=kind, uid=customer.openid, at=self._world.clock.now(), n=product.told, body=fields)
        product.events.append(event)
        manner = Manner(_why_not, config.event_retries, _SECONDS, faults.delay_ms / 1000, faults.duplicate)
        compose = self._composer(product, config.developer_url, orjson.dumps(fields))
        _ = self._deliverer.submit(event, customer.lane, compose, manner)
        self._world.changes.touch()

    def _fields(self, product: Product, customer: Customer) -> dict[str, Any]:
        member = product.member(customer.staff_id)
        name = member.name if member is not None else "在线客服"
        return {
            "App_Type": "mini_program",
            "ChannelId": "15033",
            "ChannelName": product.config.name or product.config.app_id,
            "CreateTime": int(self._world.clock.now().timestamp()),
            "FromUserName": _STAFF_NUMBER,
            "MsgId": self._msg_id(as_number=product.faults.events.int_msg_id),
            "StaffName": _escaped_twice(name) if product.faults.events.double_escape else name,
            "ToUserName": customer.openid,
            "ChatSessionId": str(customer.chat_session or ""),
            "wechatapp_id": product.config.wechatapp_id,
        }

    def _msg_id(self, *, as_number: bool) -> str | int:
        chance = self._world.chance
        if as_number:
            return int(chance.digits(_NUMBER_DIGITS))
        return chance.random_bytes(7).hex()[:_NUMBER_DIGITS]

    def _composer(self, product: Product, url: str, body: bytes) -> Compose:
        def compose() -> Outgoing:
            timestamp = str(int(self._world.clock.now().timestamp()))
            nonce = self._world.chance.digits(6)
            headers = {"Content-Type": "application/json"} | _headers(product, timestamp, nonce, body)
            return Outgoing(_address(product, url), _query(product, timestamp, nonce), body, headers)

        return compose


def hmac_of(key: str, timestamp: str, nonce: str, body: bytes) -> str:
    return hmac.new(key.encode(), f"{timestamp}.{nonce}.".encode() + body, hashlib.sha256).hexdigest()


def _address(product: Product, url: str) -> str:
    config = product.config
    return f"{url.rstrip('/')}/{config.developer_key}" if config.developer_auth == "path_secret" else url


def _query(product: Product, timestamp: str, nonce: str) -> dict[str, str]:
    if product.config.developer_auth != "wechat_sig":
        return {}
    signed = signature(product.config.developer_token, timestamp, nonce)
    return {"signature": signed, "timestamp": timestamp, "nonce": nonce}


def _headers(product: Product, timestamp: str, nonce: str, body: bytes) -> dict[str, str]:
    if product.config.developer_auth != "hmac":
        return {}
    proof = hmac_of(product.config.developer_key, timestamp, nonce, body)
    return {"X-Zhima-Timestamp": timestamp, "X-Zhima-Nonce": nonce, "X-Zhima-Signature": proof}


def _escaped_twice(name: str) -> str:
    r"""As seen: `\\u5728…` in the JSON, so that whoever has read it finds an escape instead of a character."""
    return "".join(f"\\u{unit:04x}" for unit in _utf16(name))


def _utf16(text: str) -> list[int]:
    data = text.encode("utf-16-be")
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def _why_not(status: int, body: bytes) -> str | None:
    if status != _OK:
        return f"HTTP {status}"
    return None if body.strip() in (b"", b"success") else "the answer must be success"
