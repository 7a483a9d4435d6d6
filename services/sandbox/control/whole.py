"""`POST /reset` and `GET /state`: the sandbox as a whole."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from aiohttp import web

from services.sandbox.control.guard import answer, parts_of
from services.sandbox.wechat.state import App, Customer, World


async def reset(request: web.Request) -> web.Response:
    await parts_of(request).reset()
    return await get_state(request)


async def get_state(request: web.Request) -> web.Response:
    """WeChat's inner state: for people and tests. The services must never need it."""
    parts = parts_of(request)
    now = parts.clock.now()
    return answer(
        {
            "now": now,
            "offset_seconds": parts.clock.offset_seconds,
            "apps": [_app_view(app, parts.world, now) for app in parts.world.apps.values()],
            "pushes": asdict(parts.pusher.counts),
            "faults": parts.faults.state.model_dump(),
        }
    )


def _app_view(app: App, world: World, now: datetime) -> dict[str, Any]:
    return {
        "appid": app.appid,
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
        "customers": [_customer_view(customer, now) for customer in app.customers.values()],
    }


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
