"""What a customer does, and what the phone shows."""

import base64
import binascii
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.sandbox.control.apps import app_of
from services.sandbox.control.guard import Problem, answer, parts_of, read_model, read_query
from services.sandbox.control.uploads import checked_picture, picture_of
from services.sandbox.wechat.inbound import Pushed
from services.sandbox.wechat.phone import Content, item_view
from services.sandbox.wechat.state import App, Customer
from services.sandbox.wechat.taps import opened

Text = Annotated[str, Field(min_length=1)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewCustomer(_Body):
    openid: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    name: str | None = None


class Entering(_Body):
    session_from: str = Field("", max_length=1024)


class Saying(_Body):
    text: Text


class ShowingCard(_Body):
    title: Text
    path: Text
    image: str | None = Field(None, description="the cover, base64 or a data URL")


class Tapping(_Body):
    n: int
    link: int = Field(0, ge=0, description="which link of a text, from 0")


class ConsoleAction(_Body):
    action: Literal["accept", "say", "close"]
    text: Text | None = None


class _Waiting(_Body):
    wait: Literal["0", "1"] = "1"


class _Looking(_Body):
    after: int = Field(0, ge=0)
    wait_seconds: float = Field(0, ge=0, le=60)


def customer_of(request: web.Request) -> tuple[App, Customer]:
    """App and customer named by the path; raises Problem (404)."""
    app = app_of(request)
    openid = request.match_info["openid"]
    customer = app.customers.get(openid)
    if customer is None:
        raise Problem(404, f'no customer {openid}; create one with POST …/customers {{"openid": "{openid}"}}')
    return app, customer


async def create_customer(request: web.Request) -> web.Response:
    """A known openid is kept as it is, so that scripts may create before each use."""
    app = app_of(request)
    wanted = await read_model(request, NewCustomer)
    openid = wanted.openid or "o" + parts_of(request).world.chance.text(27)
    customer = app.customers.setdefault(openid, Customer(openid, wanted.name))
    customer.name = wanted.name or customer.name
    customer.phone.touch()
    return answer({"openid": openid}, 201)


async def enter(request: web.Request) -> web.Response:
    app, customer = customer_of(request)
    wanted = await read_model(request, Entering)
    return await _pushed(request, parts_of(request).inbound.enter(app, customer, wanted.session_from))


async def say(request: web.Request) -> web.Response:
    app, customer = customer_of(request)
    wanted = await read_model(request, Saying)
    return await _pushed(request, parts_of(request).inbound.say(app, customer, wanted.text))


async def show_card(request: web.Request) -> web.Response:
    app, customer = customer_of(request)
    wanted = await read_model(request, ShowingCard)
    cover = checked_picture(_decoded(wanted.image)) if wanted.image else None
    return await _pushed(request, parts_of(request).inbound.card(app, customer, wanted.title, wanted.path, cover))


async def send_image(request: web.Request) -> web.Response:
    app, customer = customer_of(request)
    picture = await picture_of(request)
    return await _pushed(request, parts_of(request).inbound.image(app, customer, picture))


async def tap(request: web.Request) -> web.Response:
    """What opens on the phone; WeChat pushes nothing for it."""
    _, customer = customer_of(request)
    wanted = await read_model(request, Tapping)
    item = customer.phone.item(wanted.n)
    page = opened(item.content, wanted.link) if item is not None and item.sender == "service" else None
    if page is None:
        raise Problem(422, f"item {wanted.n} is nothing to tap; tap a card, a link or a text with a link from service")
    return answer({"msg_id": None, "accepted": False, "notice": None, "attempts": [], "opened": page})


async def phone(request: web.Request) -> web.Response:
    _, customer = customer_of(request)
    looking = read_query(request, _Looking)
    await customer.phone.wait_after(looking.after, looking.wait_seconds)
    world = parts_of(request).world
    now = world.clock.now()
    return answer(
        {
            "items": [item_view(item, world.base_url) for item in customer.phone.after(looking.after)],
            "typing": customer.is_shown_typing(now),
            "window": {"remaining": customer.window.left(now), "deadline": customer.window.deadline},
            "console": customer.console.at(now).state,
        }
    )


async def console(request: web.Request) -> web.Response:
    """The official console's side: its agent accepts, says something, closes."""
    _, customer = customer_of(request)
    wanted = await read_model(request, ConsoleAction)
    now = parts_of(request).world.clock.now()
    if wanted.action == "accept":
        customer.console = customer.console.accepted(now)
    elif wanted.action == "close":
        customer.console = customer.console.closed(now)
    elif wanted.text is None:
        raise Problem(422, "say what: text is missing")
    else:
        customer.console.check_held(now)
        customer.phone.show(now, "service", Content("text", text=wanted.text))
    customer.phone.touch()
    return answer({"console": customer.console.at(now).state})


async def _pushed(request: web.Request, pushed: Pushed) -> web.Response:
    return answer(await pushed.view(wait=read_query(request, _Waiting).wait == "1"))


def _decoded(image: str) -> bytes:
    try:
        return base64.b64decode(image.rpartition(",")[2], validate=True)
    except binascii.Error:
        raise Problem(422, "image must be base64 or a data URL of the card's cover") from None


ROUTES = [
    web.post("/apps/{appid}/customers", create_customer),
    web.post("/apps/{appid}/customers/{openid}/enter", enter),
    web.post("/apps/{appid}/customers/{openid}/say", say),
    web.post("/apps/{appid}/customers/{openid}/card", show_card),
    web.post("/apps/{appid}/customers/{openid}/image", send_image),
    web.post("/apps/{appid}/customers/{openid}/tap", tap),
    web.get("/apps/{appid}/customers/{openid}/phone", phone),
    web.post("/apps/{appid}/customers/{openid}/console", console),
]
