"""The built web app as a browser gets it, from a real console."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from services.console.desk_files import read_desk
from tests.console.house import API, House, house

INDEX = "<!doctype html><title>wxdesk</title>"
SCRIPT = "console.log('desk')"
PAGE = {"Accept": "text/html,application/xhtml+xml"}
LOADED = {"Accept": "*/*"}


def build(folder: Path) -> Path:
    """A build as the web app's own leaves it, beside a secret that is none of it."""
    dist = folder / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / ".vite").mkdir()
    (dist / ".vite" / "manifest.json").write_text("{}")
    (dist / "index.html").write_text(INDEX)
    (dist / "favicon.svg").write_text("<svg/>")
    (dist / "assets" / "main-4f2a.js").write_text(SCRIPT)
    (dist / "assets" / "main-4f2a.js.br").write_bytes(b"as brotli")
    (dist / "assets" / "main-4f2a.js.gz").write_bytes(b"as gzip")
    (dist / "assets" / "main-4f2a.css").write_text("body{}")
    (dist / "assets" / "sound.weird").write_bytes(b"\x00")
    (folder / "secret.txt").write_text("not for anyone")
    (dist / "linked.txt").symlink_to(folder / "secret.txt")
    return dist


@pytest.fixture(scope="module")
async def built(
    module_amqp_url: str, mongo_url: str, module_mongo_db: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    dist = build(tmp_path_factory.mktemp("desk"))
    async with house(module_amqp_url, mongo_url, module_mongo_db, routed=False, desk_dir=dist) as made:
        yield made


class Page:
    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


async def ask(desk: House, path: str, method: str = "GET", **headers: str) -> Page:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    plain: dict[str, Any] = {"skip_auto_headers": ["Accept-Encoding"], "auto_decompress": False}
    async with desk.session.request(method, desk.url + path, headers={**LOADED, **named}, **plain) as response:
        return Page(response.status, response.headers, await response.read())


async def ask_rudely(desk: House, target: str) -> tuple[int, bytes]:
    """With a request line that no client library would send."""
    where = urlsplit(desk.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    told = f"GET {target} HTTP/1.1\r\nHost: {where.netloc}\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
    writer.write(told.encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("path", ["/", "/index.html"])
async def test_the_index_is_asked_for_again_each_time(built: House, path: str) -> None:
    page = await ask(built, path)
    assert (page.status, page.body.decode()) == (200, INDEX)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    assert "Vary" not in page.headers


async def test_what_carries_its_hash_is_kept_for_good(built: House) -> None:
    page = await ask(built, "/assets/main-4f2a.js")
    assert (page.status, page.body.decode()) == (200, SCRIPT)
    assert page.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert page.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert page.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/assets/main-4f2a.css", "text/css; charset=utf-8"),
        ("/favicon.svg", "image/svg+xml"),
        ("/assets/sound.weird", "application/octet-stream"),
    ],
)
async def test_each_kind_of_file_is_named(built: House, path: str, kind: str) -> None:
    assert (await ask(built, path)).headers["Content-Type"] == kind


@pytest.mark.parametrize(
    ("accepted", "coding", "body"),
    [
        ("gzip, deflate, br, zstd", "br", b"as brotli"),
        ("gzip;q=1.0, br;q=0", "gzip", b"as gzip"),
        ("BR", "br", b"as brotli"),
        ("gzip;q=0.5", "gzip", b"as gzip"),
        ("deflate", None, SCRIPT.encode()),
        ("br; q=0.000, gzip; q=0", None, SCRIPT.encode()),
        ("", None, SCRIPT.encode()),
    ],
)
async def test_compressed_for_whom_can_read_it(built: House, accepted: str, coding: str | None, body: bytes) -> None:
    page = await ask(built, "/assets/main-4f2a.js", Accept_Encoding=accepted)
    assert (page.headers.get("Content-Encoding"), page.body) == (coding, body)
    assert page.headers["Vary"] == "Accept-Encoding"
    assert page.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert int(page.headers["Content-Length"]) == len(body)


async def test_every_variant_has_a_mark_of_its_own_and_is_sent_once(built: House) -> None:
    path = "/assets/main-4f2a.js"
    plain, small = await ask(built, path), await ask(built, path, Accept_Encoding="br")
    assert plain.headers["ETag"] != small.headers["ETag"]
    for mark in (small.headers["ETag"], f'"other", W/{small.headers["ETag"]}', "*"):
        again = await ask(built, path, Accept_Encoding="br", If_None_Match=mark)
        assert (again.status, again.body) == (304, b"")
        assert again.headers["ETag"] == small.headers["ETag"]
        assert again.headers["Cache-Control"] == small.headers["Cache-Control"]
        assert again.headers["Vary"] == "Accept-Encoding"
    changed = await ask(built, path, Accept_Encoding="br", If_None_Match=plain.headers["ETag"])
    assert (changed.status, changed.body) == (200, b"as brotli")


@pytest.mark.parametrize("path", ["/", "/assets/main-4f2a.js", "/conversations/abc"])
async def test_head_answers_as_get_without_the_body(built: House, path: str) -> None:
    got = await ask(built, path, **PAGE)
    head = await ask(built, path, "HEAD", **PAGE)
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
        assert head.headers[name] == got.headers[name]


@pytest.mark.parametrize("path", ["/conversations", "/conversations/4f2a/", "/settings/apps/wx01?tab=hours", "/a.b"])
async def test_a_path_of_the_web_app_answers_its_index(built: House, path: str) -> None:
    page = await ask(built, path, **PAGE)
    assert (page.status, page.body.decode()) == (200, INDEX)
    assert page.headers["Cache-Control"] == "no-cache"
    assert (await ask(built, path)).status == 404


@pytest.mark.parametrize(
    "path", ["/assets/main-old.js", "/assets/", "/assets/index.html", f"{API}/nothing", "/api", "/api/v2/me"]
)
async def test_an_unknown_asset_or_call_is_no_page(built: House, path: str) -> None:
    page = await ask(built, path, **PAGE)
    assert page.status == 404
    assert page.headers["Content-Type"] == "application/problem+json"
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("POST", "/assets/main-4f2a.js"), ("PUT", "/nothing")])
async def test_pages_are_only_read(built: House, method: str, path: str) -> None:
    assert (await ask(built, path, method, **PAGE)).status == 404


async def test_calls_refuse_other_methods_as_before(built: House) -> None:
    answer = await built.stranger().call("DELETE", "/me")
    assert (answer.status, answer.code) == (405, "invalid")
    assert answer.headers["Allow"] == "GET, PATCH"


@pytest.mark.parametrize(
    "target",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%5c..%5csecret.txt",
        "//secret.txt",
        "/assets/%00",
        "/linked.txt",
        "/.vite/manifest.json",
        "/assets/main-4f2a.js.br",
        "/assets/main-4f2a.js/",
    ],
)
async def test_nothing_but_the_build_is_served(built: House, target: str) -> None:
    status, body = await ask_rudely(built, target)
    assert (status, body) == (200, INDEX.encode()) or status in {400, 404}
    assert b"not for anyone" not in body
    assert b"as brotli" not in body


async def test_pages_and_files_are_guarded(built: House) -> None:
    for path in ("/", "/assets/main-4f2a.js", "/assets/none.js"):
        policy = (await ask(built, path)).headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "wss:" not in policy


async def test_without_a_build_a_page_says_how_to_make_one(
    amqp_url: str, mongo_url: str, mongo_db: str, tmp_path: Path
) -> None:
    async with house(amqp_url, mongo_url, mongo_db, routed=False, desk_dir=tmp_path / "none") as desk:
        page = await ask(desk, "/")
        assert (page.status, page.headers["Content-Type"]) == (503, "text/plain; charset=utf-8")
        assert b"make web" in page.body
        assert (await ask(desk, "/conversations", **PAGE)).status == 503
        assert (await ask(desk, "/conversations")).status == 404
        assert (await ask(desk, "/assets/main.js", **PAGE)).status == 404
        assert (await desk.stranger().get("/me")).code == "login_required"


def test_a_folder_without_an_index_is_no_build(tmp_path: Path) -> None:
    dist = build(tmp_path)
    assert set(read_desk(dist)) == {
        "/index.html",
        "/favicon.svg",
        "/assets/main-4f2a.js",
        "/assets/main-4f2a.css",
        "/assets/sound.weird",
    }
    (dist / "index.html").unlink()
    assert read_desk(dist) == {}
