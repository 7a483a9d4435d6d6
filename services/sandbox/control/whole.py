"""`POST /reset` and `GET /state`: the sandbox as a whole."""

from dataclasses import asdict
from datetime import datetime
from heapq import nlargest
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.sandbox.control.guard import answer, parts_of, read_query
from services.sandbox.parts import Parts
from services.sandbox.wechat.quotas import limits_of
from services.sandbox.wechat.state import App, Customer, World

_ALWAYS_TOLD: Final = ("/cgi-bin/message/custom/send", "/cgi-bin/media/upload")


class _Showing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    customers: int | None = Field(None, ge=0, le=10_000)


async def reset(request: web.Request) -> web.Response:
    parts = parts_of(request)
    await parts.reset()
    return answer(_state(parts, None))


async def get_state(request: web.Request) -> web.Response:
    """WeChat's inner state: for people and tests. The services must never need it.

    With `?customers=N` of each app the N customers who wrote or were answered last; `customer_count` tells them all.
    """
    return answer(_state(parts_of(request), read_query(request, _Showing).customers))


def _state(parts: Parts, shown: int | None) -> dict[str, Any]:
    now = parts.clock.now()
    return {
        "now": now,
        "offset_seconds": parts.clock.offset_seconds,
        "life": parts.world.life,
        "apps": [_app_view(app, parts.world, now, shown) for app in parts.world.apps.values()],
        "pushes": asdict(parts.pusher.counts),
        "faults": parts.faults.state.model_dump(),
    }


def _app_view(app: App, world: World, now: datetime, shown: int | None) -> dict[str, Any]:
    return {
        "appid": app.appid,
        "name": app.config.name,
        "gh_id": app.gh_id,
        "mode": app.config.mode,
        "format": app.config.format,
        "callback_url": app.config.callback_url,
        "knobs": app.config.knobs.model_dump(),
        "media": len(app.media),
        "tokens": [
            {
                "value": token.value,
                "kind": token.kind,
                "issued_at": token.issued_at,
                "expires_at": token.expires_at,
                "dies_at": token.dies_at,
                "alive": token.is_alive(now),
            }
            for token in world.tokens.of(app.appid)
        ],
        "calls_today": _calls_today(app, now),
        "customer_count": len(app.customers),
        "customers": [_customer_view(customer, now) for customer in _shown(app, shown)],
    }


def _calls_today(app: App, now: datetime) -> list[dict[str, Any]]:
    used = app.counters.today(now)
    return [
        {"path": path, "used": used.get(path, 0), "limit": limits_of(path, app.config.knobs).day}
        for path in sorted({*_ALWAYS_TOLD, *used})
    ]


def _shown(app: App, count: int | None) -> list[Customer]:
    customers = list(app.customers.values())
    if count is None or len(customers) <= count:
        return customers
    newest = {id(customer) for customer in nlargest(count, customers, key=_last_heard_of)}
    return [customer for customer in customers if id(customer) in newest]


def _last_heard_of(customer: Customer) -> float:
    return customer.last_interaction_at.timestamp() if customer.last_interaction_at is not None else 0.0


def _customer_view(customer: Customer, now: datetime) -> dict[str, Any]:
    return {
        "openid": customer.openid,
        "name": customer.name,
        "window": {"remaining": customer.window.left(now), "deadline": customer.window.deadline},
        "last_interaction_at": customer.last_interaction_at,
        "typing": customer.is_shown_typing(now),
        "console": customer.console.at(now).state,
    }


ROUTES = [web.post("/reset", reset), web.get("/state", get_state)]
