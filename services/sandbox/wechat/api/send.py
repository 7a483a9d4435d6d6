"""`/cgi-bin/message/custom/send`: the checks in WeChat's order, then the message on the phone."""

import hashlib
from datetime import datetime
from typing import Any

import orjson

from services.sandbox.wechat.api.call import OK, Answer, ApiCall, Endpoint
from services.sandbox.wechat.api.contents import composed
from services.sandbox.wechat.errcodes import Refused
from services.sandbox.wechat.state import App, Customer


def send(call: ApiCall) -> Answer:
    return _deliver(call, call.json_object())


def business_send(call: ApiCall) -> Answer:
    """The sub-merchants' path: without `businessid` a parameter is missing."""
    fields = call.json_object()
    if not fields.get("businessid"):
        raise Refused(40101)
    return _deliver(call, fields)


def _deliver(call: ApiCall, fields: dict[str, Any]) -> Answer:
    customer = call.customer(fields)
    content = composed(call.asking_app, fields, call.now)
    digest = _digest(fields)
    _check_not_repeated(call.asking_app, customer, digest, call.now)
    refusal = customer.window.refusal(call.now)
    if refusal is not None:
        raise Refused(refusal)
    customer.window = customer.window.after_send()
    customer.typing_until = None
    customer.last_interaction_at = call.now
    customer.last_content = (digest, call.now)
    customer.phone.show(call.now, "service", content)
    call.delivered = True
    return OK


def _check_not_repeated(app: App, customer: Customer, digest: bytes, now: datetime) -> None:
    within = app.config.knobs.same_content_seconds
    if not within or customer.last_content is None:
        return
    last_digest, last_at = customer.last_content
    if digest == last_digest and (now - last_at).total_seconds() < within:
        raise Refused(40258)


def _digest(fields: dict[str, Any]) -> bytes:
    kind = fields["msgtype"]
    said = orjson.dumps([kind, fields.get(kind)], option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(said, digest_size=16).digest()


ENDPOINTS = {
    "/cgi-bin/message/custom/send": Endpoint("POST", send),
    "/cgi-bin/message/custom/business/send": Endpoint("POST", business_send),
}
