"""`/zhima/products…`: Zhima's products, what its staff do, and what goes wrong with them on purpose."""

import base64
import binascii
from dataclasses import asdict

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.sandbox.control.guard import Problem, answer, parsed, parts_of, read_model, read_query
from services.sandbox.control.uploads import checked_picture, picture_of
from services.sandbox.zhima.config import AccessKey, ProductConfig
from services.sandbox.zhima.faults import ZhimaFaults
from services.sandbox.zhima.state import Customer, Product
from services.sandbox.zhima.views import customer_view, product_view
from services.sandbox.zhima.whole import Zhima


class _Path(BaseModel):
    model_config = ConfigDict(extra="ignore")

    access_key: AccessKey


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Looking(_Body):
    openid: str | None = None
    shown: int | None = Field(None, ge=0, le=10_000)


class _Taking(_Body):
    staff_id: int | None = Field(None, ge=1)


class _Saying(_Body):
    text: str = Field(min_length=1, max_length=2000)


class _Showing(_Body):
    png_base64: str


class _Standing(_Body):
    online: bool


class _Nothing(_Body):
    pass


async def list_products(request: web.Request) -> web.Response:
    world = _zhima(request).world
    products = [{"access_key": one.access_key, "name": one.config.name} for one in world.products.values()]
    return answer({"now": world.clock.now(), "items": products})


async def put_product(request: web.Request) -> web.Response:
    """These settings and no others; what has happened stays. Answers the address to enter as the push address."""
    access_key = parsed(orjson.dumps(dict(request.match_info)), _Path).access_key
    config = await read_model(request, ProductConfig)
    world = _zhima(request).world
    known = world.products.get(access_key)
    if known is not None:
        known.configure(config)
    else:
        world.products[access_key] = Product(access_key, config)
    world.changes.touch()
    return answer({"access_key": access_key, "push_url": f"{world.base_url}/push_pwd/mini_program/{access_key}"})


async def get_product(request: web.Request) -> web.Response:
    looking = read_query(request, _Looking)
    return answer(product_view(_product(request), looking.openid, looking.shown))


async def get_customer(request: web.Request) -> web.Response:
    return answer(customer_view(*_customer(request)))


async def set_staff(request: web.Request) -> web.Response:
    product, staff_id = _product(request), int(request.match_info["staff_id"])
    standing = await read_model(request, _Standing)
    if product.member(staff_id) is None:
        raise Problem(404, f"{staff_id} is nobody of the staff")
    _zhima(request).desk.set_presence(product, staff_id, online=standing.online)
    return answer(product_view(product, "", 0))


async def accept(request: web.Request) -> web.Response:
    product, customer = _customer(request)
    wanted = await read_model(request, _Taking)
    _zhima(request).desk.accept(product, customer, wanted.staff_id)
    return answer(customer_view(product, customer))


async def say(request: web.Request) -> web.Response:
    """Answers when WeChat has, or what stands for it: how it took the words is in `item`."""
    product, customer = _customer(request)
    wanted = await read_model(request, _Saying)
    item = await _zhima(request).desk.say(product, customer, wanted.text)
    return answer(customer_view(product, customer) | {"item": asdict(item)})


async def show_picture(request: web.Request) -> web.Response:
    """A form with the field `file`, or JSON with `png_base64`; answers as `say` does."""
    product, customer = _customer(request)
    if request.content_type.startswith("multipart/"):
        picture = await picture_of(request)
    else:
        picture = checked_picture(_decoded((await read_model(request, _Showing)).png_base64))
    item = await _zhima(request).desk.show_picture(product, customer, picture)
    return answer(customer_view(product, customer) | {"item": asdict(item)})


async def show_typing(request: web.Request) -> web.Response:
    product, customer = _customer(request)
    await read_model(request, _Nothing)
    return answer({"errcode": await _zhima(request).desk.show_typing(product, customer)})


async def close(request: web.Request) -> web.Response:
    product, customer = _customer(request)
    await read_model(request, _Nothing)
    _zhima(request).desk.close(product, customer)
    return answer(customer_view(product, customer))


async def get_faults(request: web.Request) -> web.Response:
    return answer(_product(request).faults.model_dump())


async def put_faults(request: web.Request) -> web.Response:
    """These, and no others."""
    _product(request).faults = await read_model(request, ZhimaFaults)
    return await get_faults(request)


async def delete_faults(request: web.Request) -> web.Response:
    _product(request).faults = ZhimaFaults()
    return await get_faults(request)


def _zhima(request: web.Request) -> Zhima:
    return parts_of(request).zhima


def _product(request: web.Request) -> Product:
    access_key = request.match_info["access_key"]
    product = _zhima(request).world.products.get(access_key)
    if product is None:
        raise Problem(404, f"no product {access_key}; create it with PUT /sandbox/api/zhima/products/{access_key}")
    return product


def _customer(request: web.Request) -> tuple[Product, Customer]:
    product, openid = _product(request), request.match_info["openid"]
    customer = product.customers.get(openid)
    if customer is None:
        raise Problem(404, f"no push of a customer {openid} has come to this product yet")
    return product, customer


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.rpartition(",")[2], validate=True)
    except binascii.Error:
        raise Problem(422, "png_base64 must be base64, or a data URL") from None


_ONE = "/zhima/products/{access_key}"
_CUSTOMER = _ONE + "/customers/{openid}"
ROUTES = [
    web.get("/zhima/products", list_products),
    web.put(_ONE, put_product),
    web.get(_ONE, get_product),
    web.post(_ONE + r"/staff/{staff_id:\d{1,18}}", set_staff),
    web.get(_CUSTOMER, get_customer),
    web.post(_CUSTOMER + "/accept", accept),
    web.post(_CUSTOMER + "/say", say),
    web.post(_CUSTOMER + "/picture", show_picture),
    web.post(_CUSTOMER + "/typing", show_typing),
    web.post(_CUSTOMER + "/close", close),
    web.get(_ONE + "/faults", get_faults),
    web.put(_ONE + "/faults", put_faults),
    web.delete(_ONE + "/faults", delete_faults),
]
