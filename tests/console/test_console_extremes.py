"""Whatever is sent, the answer is never that something went wrong on our side."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from yarl import URL

from services.console.app import OPERATIONS
from services.console.openapi import plain_path
from services.console.operations import Operation
from tests.console.extremes import INSTANTS, PATH_WORDS, Sent, forged_cursors, of_body, of_query
from tests.console.house import API, APP, Caller, House

AT_ONCE = 8


async def answers(desk: House, caller: Caller, calls: Iterable[Sent]) -> list[tuple[int, Sent]]:
    """The status of each, a few at a time."""
    waiting, found = iter(calls), []

    async def work() -> None:
        for sent in waiting:
            headers = {**caller.headers, **({"Content-Type": "application/json"} if sent.body is not None else {})}
            url = URL(f"{desk.url}{API}{sent.path}", encoded=True)
            async with desk.session.request(sent.method, url, data=sent.body, headers=headers) as response:
                await response.read()
                found.append((response.status, sent))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return found


def broken(found: list[tuple[int, Sent]]) -> list[tuple[int, str, bytes]]:
    return [
        (status, f"{one.method} {one.path}"[:300], (one.body or b"")[:300]) for status, one in found if status >= 500
    ]


@pytest.fixture
async def places(desk: House, admin: Caller) -> dict[str, Any]:
    """Something that is there for what a path names."""
    customer = await desk.held_by(admin)
    colleague = (await (await desk.agent()).get("/me")).body["id"]
    return {"id": customer.id, "app_id": APP, "seq": "1", "openid": customer.openid, "agent": colleague, "name": "VIP"}


@pytest.fixture
async def admin(desk: House) -> Caller:
    return await desk.agent(role="admin", capacity=200)


def there(operation: Operation, places: dict[str, Any]) -> str:
    path = plain_path(operation.path)
    names = {**places, "id": places["agent"]} if path.startswith("/agents/") else places
    return re.sub(r"\{(\w+)\}", lambda found: str(names.get(found[1], "x")), path)


async def test_no_query_breaks_anything(desk: House, admin: Caller, places: dict[str, Any]) -> None:
    calls = [sent for one in OPERATIONS for sent in of_query(one, there(one, places))]
    found = await answers(desk, admin, calls)
    assert broken(found) == []
    assert {200, 422} <= {status for status, _ in found}


async def test_no_body_breaks_anything(desk: House, admin: Caller, places: dict[str, Any]) -> None:
    known = {"app_id": APP, "url": "https://example.com/x", "kind": "wecom", "version": 1, "color": "red"}
    shapes = desk.document["components"]["schemas"]
    known |= {"from": "09:00", "to": "18:00", "date": "2026-10-01", "days": [1]}
    calls = [sent for one in OPERATIONS for sent in of_body(one, there(one, places), known, shapes)]
    found = await answers(desk, admin, calls)
    assert broken(found) == []
    assert len(calls) > 300
    assert Counter(status for status, _ in found).keys() >= {200, 201, 422}


async def test_no_path_and_no_key_breaks_anything(desk: House, admin: Caller, places: dict[str, Any]) -> None:
    named = [(one.method, plain_path(one.path)) for one in OPERATIONS if "{" in one.path]
    calls = [Sent(method, re.sub(r"\{\w+\}", word, path)) for method, path in named for word in PATH_WORDS]
    found = await answers(desk, admin, calls)
    assert broken(found) == []
    path = f"/conversations/{places['id']}/accept"
    for key in ("ÿ", "x" * 7000, "%00"):
        assert (await admin.post(path, key=key)).status < 500


@pytest.mark.parametrize("instant", INSTANTS)
async def test_search_takes_any_instant_there_is(desk: House, admin: Caller, instant: str) -> None:
    for end in ("from", "to"):
        assert (await admin.get("/search/messages", q="你好", **{end: instant})).status in {200, 422}


@pytest.mark.parametrize("cursor", forged_cursors())
async def test_a_forged_cursor_is_refused(admin: Caller, cursor: str) -> None:
    for path in ("/audit", "/conversations", "/conversations?view=waiting"):
        sign = "&" if "?" in path else "?"
        assert (await admin.get(f"{path}{sign}cursor={cursor}")).status in {200, 422}


async def test_a_place_beyond_every_history_is_refused(desk: House, admin: Caller, places: dict[str, Any]) -> None:
    messages, read = f"/conversations/{places['id']}/messages", f"/conversations/{places['id']}/read"
    for seq in (2**53, 2**63, 10**30):
        for side in ("after_seq", "before_seq"):
            assert (await admin.get(messages, **{side: str(seq)})).code == "invalid"
        assert (await admin.post(read, {"seq": seq})).code == "invalid"
    assert (await admin.get(messages, after_seq=str(2**53 - 1))).status == 200
    assert (await admin.post(read, {"seq": 2**53 - 1})).status == 200
