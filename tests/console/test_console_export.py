"""A conversation as a file: whole, in both forms, safe to open, and noted."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import datetime

import aiohttp
import pytest
from aiohttp import web

from services.console.api.export import PAGE, harmless, send_pieces
from shared.conversation.content import Image, Link, Text
from shared.conversation.model import Message
from shared.store.driver import StoreUnavailable
from shared.store.messages import MessageStore
from tests.console.house import VIP_APP, Caller, Customer, House
from tests.support.waiting import eventually


async def written(desk: House, customer: Customer, caller: Caller, count: int) -> None:
    async def there() -> bool:
        answer = await caller.get(f"/conversations/{customer.id}")
        return answer.status == 200 and answer.body["last_seq"] >= count

    await eventually(there)


async def exported(caller: Caller, customer: Customer, form: str) -> tuple[aiohttp.ClientResponse, bytes]:
    url = f"{caller.url}/api/v1/conversations/{customer.id}/export"
    async with caller.session.get(url, params={"format": form}, headers=caller.headers) as response:
        return response, await response.read()


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


async def test_a_spreadsheet_opens_it_and_runs_nothing(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    said = ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", " =1+1", "＝1+1", '引号"，\n换行', "普通"]
    for text in said:
        await customer.say(text)
    await customer.say(content=Image(media_id="m1"))
    await customer.say(content=Link(title="=标题", description="说明", url="https://example.com/a"))
    await written(desk, customer, lina, 12)
    response, content = await exported(lina, customer, "csv")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    disposition = f'attachment; filename="conversation-{customer.id}.csv"'
    assert response.headers["Content-Disposition"] == disposition
    assert content.startswith(b"\xef\xbb\xbf")
    table = rows(content)
    texts = [row["text"] for row in table if row["from"] == "customer" and row["type"] == "text"]
    assert texts[1:] == [*(f"'{text}" for text in said[:6]), *said[6:]]
    assert next(row for row in table if row["type"] == "image")["detail"] == "media_id m1"
    link = next(row for row in table if row["type"] == "link")
    assert (link["text"], link["detail"]) == ("'=标题 说明", "https://example.com/a")
    assert not [cell for row in table for cell in row.values() if cell[:1] in {"=", "+", "-", "@", "＝"}]


async def test_times_are_told_in_the_apps_zone_and_in_utc(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    _, content = await exported(lina, customer, "csv")
    row = rows(content)[0]
    local = datetime.fromisoformat(row["time"] + "+08:00")
    assert local == datetime.fromisoformat(row["time_utc"])
    _, content = await exported(lina, customer, "json")
    told = json.loads(content)
    assert told["time_zone"] == "Asia/Shanghai"
    message = told["messages"][0]
    assert message["at_local"].endswith("+08:00")
    assert datetime.fromisoformat(message["at_local"]) == datetime.fromisoformat(message["at"])


async def test_the_whole_history_is_in_it_as_the_calls_tell_it(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    await lina.say(customer, "好的")
    count = 2 * PAGE + 3
    last = (await lina.conversation(customer))["last_seq"]
    first = await MessageStore(desk.database).get(customer.id, 1)
    assert first is not None
    more = [_another(first, seq) for seq in range(last + 1, count + 1)]
    await MessageStore(desk.database).insert(more)
    response, content = await exported(lina, customer, "json")
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    told = json.loads(content)
    assert [message["seq"] for message in told["messages"]] == list(range(1, count + 1))
    page = (await lina.get(f"/conversations/{customer.id}/messages", after_seq=0, limit=last)).body["items"]
    for shown, message in zip(page, told["messages"], strict=False):
        assert {**message, "at_local": None} == {**shown, "at_local": None}
    assert told["conversation"]["id"] == customer.id
    _, content = await exported(lina, customer, "csv")
    assert [int(row["seq"]) for row in rows(content)] == list(range(1, count + 1))


def _another(message: Message, seq: int) -> Message:
    return message.model_copy(
        update={"id": f"{message.conversation}:x:{seq}:0", "seq": seq, "cause": f"x:{seq}", "content": Text(text="又")}
    )


async def test_who_took_what_out_is_noted(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    me = (await lina.get("/me")).body
    await exported(lina, customer, "csv")
    noted = await desk.database["audit"].find({"target": customer.id, "action": "conversation.exported"})
    assert [(one["by"]["id"], one["changes"][0]["after"]) for one in noted] == [(me["id"], "csv")]


async def test_only_who_sees_a_conversation_may_have_it(desk: House, lina: Caller) -> None:
    theirs = Customer(desk.publisher, VIP_APP)
    await theirs.say()
    await written(desk, theirs, await desk.agent(role="supervisor"), 1)
    assert (await lina.get(f"/conversations/{theirs.id}/export", format="csv")).code == "not_found"
    assert (await lina.get("/conversations/nonesuch/export")).code == "not_found"
    assert (await desk.stranger().get(f"/conversations/{theirs.id}/export")).code == "login_required"
    mine = await desk.held_by(lina)
    assert (await lina.get(f"/conversations/{mine.id}/export", format="pdf")).code == "invalid"
    assert await desk.database["audit"].count({"target": theirs.id}) == 0


async def test_the_document_names_both_forms(desk: House) -> None:
    described = desk.document["paths"]["/api/v1/conversations/{id}/export"]["get"]
    assert set(described["responses"]["200"]["content"]) == {"application/json", "text/csv"}
    assert [parameter["name"] for parameter in described["parameters"]] == ["id", "format"]


@pytest.mark.parametrize("failure", [StoreUnavailable("gone"), ValueError("a bug")])
async def test_a_file_that_breaks_off_does_not_look_whole(failure: Exception) -> None:
    async def pieces() -> AsyncIterator[str]:
        yield "the beginning"
        raise failure

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await send_pieces(request, response, pieces())
        return response

    app = web.Application()
    app.router.add_get("/", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            async with session.get(f"http://{host}:{port}/") as response:
                await response.read()
    await runner.cleanup()


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\t=1", "\r\n@x", "－1", "＠x"])
def test_what_a_spreadsheet_would_run_is_made_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "1-1", "a=b", "你好", "'=1", "😀", " "])
def test_what_is_harmless_stays(cell: str) -> None:
    assert harmless(cell) == cell
