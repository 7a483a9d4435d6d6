"""`GET /phones`: many phones in one long poll, because a browser keeps few connections to one address."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.sandbox.control.guard import Problem, answer, parsed, parts_of
from services.sandbox.wechat.phone import item_view, wait_for_any
from services.sandbox.wechat.state import Customer, World

_LOOK: Final = re.compile(r"([^,]+),([^,]+),(\d{1,9}),([^,]*)")
_MOST_LOOKS: Final = 50


class _Watching(BaseModel):
    model_config = ConfigDict(extra="forbid")

    wait_seconds: float = Field(0, ge=0, le=60)


@dataclass(frozen=True, slots=True)
class _Look:
    """What the caller has of one phone: its items up to `after`, as of `version` (empty: nothing yet)."""

    appid: str
    openid: str
    after: int
    version: str

    def customer(self, world: World) -> Customer | None:
        app = world.apps.get(self.appid)
        return app.customers.get(self.openid) if app is not None else None

    def is_new_to(self, world: World, customer: Customer) -> bool:
        return self.version != _version(world, customer)

    def began_before(self, world: World) -> bool:
        """What the caller has is of another life of the sandbox: items are numbered anew since."""
        return self.version.partition(".")[0] != world.life


async def watch_phones(request: web.Request) -> web.Response:
    """The phones that look different from what the caller has; waits for one if there is none.

    `?look=APPID,OPENID,AFTER,VERSION` for each, VERSION being what the last answer said.
    """
    watching = parsed(orjson.dumps({k: v for k, v in request.query.items() if k != "look"}), _Watching)
    looks = _looks(request)
    world = parts_of(request).world
    customers = [look.customer(world) for look in looks]
    known = [customer for customer in customers if customer is not None]
    nothing_new = len(known) == len(looks) and not any(
        look.is_new_to(world, customer) for look, customer in zip(looks, known, strict=True)
    )
    if nothing_new and watching.wait_seconds:
        await wait_for_any([customer.phone for customer in known], watching.wait_seconds)
    now = world.clock.now()
    views = [_view(look, world, now) for look in looks]
    return answer({"now": now, "life": world.life, "items": [view for view in views if view is not None]})


def _looks(request: web.Request) -> list[_Look]:
    looks = []
    for written in request.query.getall("look", []):
        fields = _LOOK.fullmatch(written)
        if fields is None:
            raise Problem(422, "each look must be APPID,OPENID,AFTER,VERSION; VERSION may be empty")
        looks.append(_Look(fields[1], fields[2], int(fields[3]), fields[4]))
    if len(looks) > _MOST_LOOKS:
        raise Problem(422, f"at most {_MOST_LOOKS} phones at once")
    return looks


def _view(look: _Look, world: World, now: datetime) -> dict[str, Any] | None:
    customer = look.customer(world)
    if customer is None:
        return {"appid": look.appid, "openid": look.openid, "gone": True}
    if not look.is_new_to(world, customer):
        return None
    begins = look.began_before(world)
    return {
        "appid": look.appid,
        "openid": look.openid,
        "gone": False,
        "version": _version(world, customer),
        "begins": begins,
        "name": customer.name,
        "items": [item_view(item, world.base_url) for item in customer.phone.after(0 if begins else look.after)],
        "typing_until": customer.typing_until if customer.is_shown_typing(now) else None,
        "window": {"remaining": customer.window.left(now), "deadline": customer.window.deadline},
        "last_interaction_at": customer.last_interaction_at,
        "console": {
            "state": customer.console.at(now).state,
            "held_until": customer.console.at(now).held_until,
        },
        "pushes": [push.view() for push in customer.pushes],
    }


def _version(world: World, customer: Customer) -> str:
    return f"{world.life}.{customer.phone.revision}"


ROUTES = [web.get("/phones", watch_phones)]
