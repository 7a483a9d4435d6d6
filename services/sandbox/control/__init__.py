"""The control API under `/sandbox/api`: what people and tests make customers, clock and faults do."""

from aiohttp import web

from services.sandbox.control import apps, calls, clock, customers, faults, phones, qiyu, whole, zhima
from services.sandbox.control.guard import guarded
from services.sandbox.parts import PARTS, Parts


def control_app(parts: Parts) -> web.Application:
    app = web.Application(middlewares=[guarded])
    app[PARTS] = parts
    for subject in (apps, customers, phones, clock, faults, calls, qiyu, whole, zhima):
        app.add_routes(subject.ROUTES)
    return app
