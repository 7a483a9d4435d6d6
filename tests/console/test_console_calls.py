"""What holds for every call: how it is refused, and that the document says all of it."""

import re
from typing import Any

import pytest
from aiohttp import web

from services.console import frames, openapi
from services.console.app import OPERATIONS
from services.console.operations import PREFIX
from services.console.problem import CODES
from tests.console.house import API, Caller, Customer, House


async def refused(desk: House, caller: Caller, method: str, path: str, **more: Any) -> tuple[int, str]:
    headers = {**caller.headers, **more.pop("headers", {})}
    async with desk.session.request(method, desk.url + path, headers=headers, **more) as response:
        assert response.content_type == "application/problem+json"
        body = await response.json(content_type=None)
        assert {"type", "title", "status", "detail", "code"} <= body.keys()
        assert body["status"] == response.status
        return response.status, body["code"]


async def test_what_is_not_there_is_not_found(desk: House, lina: Caller) -> None:
    assert await refused(desk, lina, "GET", "/nothing") == (404, "not_found")
    assert await refused(desk, lina, "GET", f"{API}/nothing") == (404, "not_found")
    assert await refused(desk, lina, "GET", f"{API}/conversations/x/messages/y/resend") == (404, "not_found")


async def test_another_method_is_not_understood(desk: House, lina: Caller) -> None:
    assert await refused(desk, lina, "DELETE", f"{API}/me") == (405, "invalid")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b'{"capacity": 1', "application/json"),
        (b'{"auto_accept": "\\ud800"}', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 10_000, "application/json"),
        (b'{"capacity": 1}', "text/plain"),
        (b'{"capacity": 1, "kapacity": 2}', "application/json"),
    ],
)
async def test_a_body_that_is_none_is_not_understood(desk: House, lina: Caller, body: bytes, kind: str) -> None:
    headers = {"Content-Type": kind}
    assert await refused(desk, lina, "PATCH", f"{API}/me", data=body, headers=headers) == (422, "invalid")


async def test_a_body_that_is_too_large_is_not_read(desk: House, lina: Caller) -> None:
    body = b'{"presence": "' + b"x" * 200_000 + b'"}'
    headers = {"Content-Type": "application/json"}
    assert await refused(desk, lina, "PATCH", f"{API}/me", data=body, headers=headers) == (413, "too_large")


async def test_what_was_wrong_is_told_but_never_repeated(desk: House) -> None:
    answer = await desk.stranger().call("POST", "/login", {"login": "", "password": 12345678, "pin": "secret words"})
    assert answer.code == "invalid"
    assert {error["where"] for error in answer.body["errors"]} == {"login", "password", "pin"}
    assert "12345678" not in str(answer.body)
    assert "secret words" not in str(answer.body)


@pytest.mark.parametrize("limit", ["0", "201", "many", "-1"])
async def test_limits_have_limits(desk: House, lina: Caller, limit: str) -> None:
    assert (await lina.get("/conversations", limit=limit)).code == "invalid"
    customer = await desk.waiting(lina)
    assert (await lina.get(f"/conversations/{customer.id}/messages", limit=limit)).code == "invalid"


async def test_every_route_stands_in_the_document(desk: House) -> None:
    documented = {
        (method.upper(), path) for path, operations in desk.document["paths"].items() for method in operations
    }
    served = {(one.method, PREFIX + openapi.plain_path(one.path)) for one in OPERATIONS}
    assert documented == served | {("GET", f"{PREFIX}/live")}
    router = web.UrlDispatcher()
    for one in OPERATIONS:
        assert router.add_route(one.method, PREFIX + one.path, one.serve).resource
        assert "{" not in re.sub(r"\{\w+\}", "", openapi.plain_path(one.path))


async def test_every_problem_code_stands_at_some_call(desk: House) -> None:
    named = {
        code
        for operations in desk.document["paths"].values()
        for operation in operations.values()
        for status, response in operation["responses"].items()
        if int(status) >= 400
        for code in response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["code"]["enum"]
    }
    assert named == set(CODES)
    assert desk.document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] == list(CODES)


async def test_every_reference_in_the_document_leads_somewhere(desk: House) -> None:
    def references(part: Any) -> list[str]:
        if isinstance(part, dict):
            own = [part["$ref"]] if "$ref" in part else []
            return own + [ref for value in part.values() for ref in references(value)]
        return [ref for value in part for ref in references(value)] if isinstance(part, list) else []

    schemas = desk.document["components"]["schemas"]
    found = references(desk.document)
    assert found
    assert {ref.removeprefix("#/components/schemas/") for ref in found} <= schemas.keys()
    assert {frame.__name__ for frame in frames.FRAMES} <= schemas.keys()
    assert schemas["Message"]["properties"].keys() >= {"from", "seq", "revision", "delivery"}


async def test_ids_of_others_do_not_change_what_a_path_means(desk: House, lina: Caller) -> None:
    customer = Customer(desk.publisher)
    for name in ("..%2Fme", "%00", customer.id.upper(), "a" * 5000):
        assert (await refused(desk, lina, "GET", f"{API}/conversations/{name}"))[1] in {"not_found", "invalid"}
