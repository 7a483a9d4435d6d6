"""A conversation as a file: everything that was ever said in it, notes included."""

import asyncio
import csv
import io
import unicodedata
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC
from typing import Final, Literal
from zoneinfo import ZoneInfo

import structlog
from aiohttp import web
from pydantic import Field

from services.console.api import shapes
from services.console.operations import Call, Input, Operation
from shared.conversation.content import Card, Content, Event, Image, Link, Unsupported
from shared.conversation.model import Message
from shared.conversation.searchable import words
from shared.outage import Outage
from shared.store.history import History

log = structlog.get_logger()

PAGE: Final = 500
FORMULA_STARTS: Final = frozenset("=+-@")
TYPES: Final[Mapping[str, str]] = {"json": "application/json", "csv": "text/csv"}
COLUMNS: Final = (
    "seq",
    "time",
    "time_utc",
    "direction",
    "from",
    "name",
    "type",
    "text",
    "detail",
    "delivery",
    "delivery_reason",
    "session",
    "message_id",
)

Pages = AsyncIterator[Sequence[Message]]


class ExportQuery(Input):
    format: Literal["json", "csv"] = Field("json", description="CSV is UTF-8 with a mark, as spreadsheets want it")


async def export_conversation(call: Call) -> web.StreamResponse:
    """The file is written while it is read, page by page; where that breaks off, so does the answer."""
    conversation = await call.conversation()
    form = call.query(ExportQuery).format
    zone = ZoneInfo(call.parts.backbone.apps.time_zone(conversation.app_id))
    await call.note("conversation.exported", conversation.id, {"format": (None, form)})
    pages = _pages(call.parts.history, conversation.id)
    pieces = _csv(pages, zone) if form == "csv" else _json(call.shown(conversation), pages, zone)
    response = web.StreamResponse()
    response.content_type = TYPES[form]
    response.charset = "utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="conversation-{conversation.id}.{form}"'
    response.headers["Cache-Control"] = "no-store"
    await send_pieces(call.request, response, pieces)
    return response


async def send_pieces(request: web.Request, response: web.StreamResponse, pieces: AsyncIterator[str]) -> None:
    """Send all, beginning only when the first is there. A file that breaks off must not look whole."""
    first = await anext(pieces)
    await response.prepare(request)
    try:
        await response.write(first.encode())
        async for piece in pieces:
            await response.write(piece.encode())
        await response.write_eof()
    except (Outage, ConnectionError) as failure:
        log.warning("export_broken_off", path=request.path, reason=type(failure).__name__)
        _cut(request)
    except (Exception, asyncio.CancelledError):
        _cut(request)
        raise


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _pages(history: History, conversation: str) -> AsyncIterator[Sequence[Message]]:
    """Ascending; what arrives meanwhile comes too."""
    after = 0
    while True:
        page = await history.page(conversation, after_seq=after, limit=PAGE)
        if not page.messages:
            return
        yield page.messages
        after = page.messages[-1].seq


async def _json(conversation: shapes.Conversation, pages: Pages, zone: ZoneInfo) -> AsyncIterator[str]:
    """One object; each message has its time in the app's zone beside the one in UTC, and stands on its own line."""
    yield f'{{"time_zone":"{zone.key}","conversation":{conversation.model_dump_json()},"messages":['
    before = "\n"
    async for page in pages:
        lines = [_exported(message, zone).model_dump_json() for message in page]
        yield before + ",\n".join(lines)
        before = ",\n"
    yield "\n]}\n"


def _exported(message: Message, zone: ZoneInfo) -> shapes.ExportedMessage:
    shape = shapes.Message.of(message)
    return shapes.ExportedMessage(**dict(shape), at_local=message.at.astimezone(zone).isoformat())


async def _csv(pages: Pages, zone: ZoneInfo) -> AsyncIterator[str]:
    yield "\ufeff" + _lines([COLUMNS])
    async for page in pages:
        yield _lines([_row(message, zone) for message in page])


def _lines(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([[harmless(cell) for cell in row] for row in rows])
    return out.getvalue()


def harmless(cell: str) -> str:
    """No spreadsheet takes it for a formula, whichever width its first character has."""
    start = unicodedata.normalize("NFKC", cell.lstrip()[:1])
    return f"'{cell}" if start in FORMULA_STARTS else cell


def _row(message: Message, zone: ZoneInfo) -> tuple[str, ...]:
    delivery = message.delivery
    return (
        str(message.seq),
        message.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
        message.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        message.direction,
        message.sender.kind,
        message.sender.name or message.sender.id or "",
        message.content.type,
        words(message.content),
        _detail(message.content),
        (delivery.mark or delivery.state) if delivery else "",
        (delivery.reason or delivery.code or "") if delivery else "",
        message.session_id or "",
        message.id,
    )


def _detail(content: Content) -> str:
    """What a message holds beside its words."""
    match content:
        case Image(media_id=media_id):
            return f"media_id {media_id}"
        case Card(path=path):
            return path
        case Link(url=url):
            return url
        case Event(name=name, detail=detail):
            return " ".join([name, *(f"{key}={value}" for key, value in detail.items())])
        case Unsupported(name=name):
            return name
        case _:
            return ""


OPERATIONS: Final = (
    Operation(
        "GET",
        "/conversations/{id}/export",
        export_conversation,
        "The whole history as a file; noted in the audit log",
        {200: None},
        problems=("not_found",),
        query=ExportQuery,
        scope="read",
        file_types=tuple(TYPES.values()),
    ),
)
