"""What Zhima looks like from outside: to its staff page, and to tests. No token, no secret."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from services.sandbox.zhima.state import Customer, Event, Item, Product


def product_view(product: Product, openid: str | None = None, shown: int | None = None) -> dict[str, Any]:
    """With `openid`, what was said by that customer only; the last `shown` of each list that grows, None = all."""
    config = product.config
    return {
        "access_key": product.access_key,
        "name": config.name,
        "app_id": config.app_id,
        "wechatapp_id": config.wechatapp_id,
        "reply_mode": config.reply_mode,
        "strict": config.strict,
        "developer_auth": config.developer_auth,
        "token": None if product.token is None else {"usable_until": product.token.usable_until},
        "token_fetches": [asdict(fetch) for fetch in _last(product.token_fetches, shown)],
        "staff": [
            {"id": one.id, "name": one.name, "online": one.id in product.online, "load": product.load(one.id)}
            for one in config.staff
        ],
        "customers": {
            one.openid: customer_view(product, one, with_items=openid in {None, one.openid})
            for one in product.customers.values()
        },
        "received": [asdict(one) for one in _last(product.received, shown)],
        "replies": _last(_replies(product), shown),
        "events": [_event_view(event) for event in _last(product.events, shown)],
        "faults": product.faults.model_dump(),
    }


def customer_view(product: Product, customer: Customer, *, with_items: bool = True) -> dict[str, Any]:
    member = product.member(customer.staff_id)
    return {
        "openid": customer.openid,
        "state": customer.state,
        "session_from": customer.session_from,
        "chat_session": customer.chat_session,
        "staff_id": customer.staff_id,
        "staff": member.name if member is not None else None,
        "said": customer.said,
        "last_at": customer.items[-1].at if customer.items else None,
        "items": [asdict(item) for item in customer.items] if with_items else [],
    }


def _replies(product: Product) -> list[dict[str, Any]]:
    """What was said to customers, and what WeChat, or what stands for it, made of it; oldest first."""
    said = [
        (customer.openid, item)
        for customer in product.customers.values()
        for item in customer.items
        if item.sender in {"staff", "machine"}
    ]
    return [_reply_view(openid, item) for openid, item in sorted(said, key=lambda one: (one[1].at, one[1].n))]


def _reply_view(openid: str, item: Item) -> dict[str, Any]:
    return {"openid": openid, **asdict(item)}


def _event_view(event: Event) -> dict[str, Any]:
    return {
        "n": event.n,
        "event": event.kind,
        "openid": event.uid,
        "at": event.at,
        "msg_id": event.body["MsgId"],
        "body": event.body,
        "accepted": event.accepted,
        "attempts": [asdict(attempt) for attempt in event.attempts],
    }


def _last(listed: Iterable[Any], count: int | None) -> list[Any]:
    every = list(listed)
    return every if count is None else every[len(every) - min(count, len(every)) :]
