"""The phone page as it is served: what headers it has, that nothing is missing, that nothing comes from elsewhere."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

import services.sandbox.page
from tests.sandbox.box import Box
from tests.sandbox.page_words import STAFF_MODULES, check_words

HERE = Path(services.sandbox.page.__file__).parent
FILES = sorted(path for path in HERE.iterdir() if path.suffix in {".html", ".js", ".css", ".svg"})
MODULES = [path for path in FILES if path.suffix == ".js"]
SETTINGS = Path(__file__).parents[2] / "pyproject.toml"


@pytest.mark.parametrize("path", ["/", *(f"/page/{file.name}" for file in FILES if file.suffix != ".html")])
async def test_every_file_is_served_strictly(box: Box, path: str) -> None:
    answer = await box.api("GET", path)
    assert answer.status == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Cache-Control"]) == ("nosniff", "no-cache")


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/page/main.js", "text/javascript; charset=utf-8"),
        ("/page/page.css", "text/css; charset=utf-8"),
        ("/page/icon.svg", "image/svg+xml"),
    ],
)
async def test_a_browser_believes_the_type(box: Box, path: str, content_type: str) -> None:
    assert (await box.api("GET", path)).headers["Content-Type"] == content_type


async def test_what_has_not_changed_is_not_sent_again(box: Box) -> None:
    first = await box.api("GET", "/page/main.js")
    again = await box.api("GET", "/page/main.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("name", ["__init__.py", "nothing.js", "..%2Fapp.py", "%2Fetc%2Fpasswd", "index"])
async def test_nothing_else_is_served(box: Box, name: str) -> None:
    assert (await box.api("GET", f"/page/{name}")).status == 404


def test_the_package_brings_every_file() -> None:
    patterns = tomllib.loads(SETTINGS.read_text())["tool"]["setuptools"]["package-data"]["services.sandbox.page"]
    assert [file.name for file in FILES if not any(fnmatch(file.name, pattern) for pattern in patterns)] == []


def test_the_page_has_no_inline_script_or_style() -> None:
    html = (HERE / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", html)


def test_nothing_comes_from_another_place() -> None:
    loads = re.compile(r"""(?:src|href)="(?!/page/)|@import|url\(["']?[/h]|from "(?!\./)|import\("(?!\./)""")
    assert [(file.name, found[0]) for file in FILES for found in loads.finditer(file.read_text())] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_modules_are_checked_and_import_what_is_there(module: Path) -> None:
    source = module.read_text()
    assert source.startswith("// @ts-check\n")
    named = re.findall(r"""from "\./([\w.]+)"|import\("\./([\w.]+)"\)""", source)
    assert [name for pair in named for name in pair if name and not (HERE / name).exists()] == []
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", source)


def test_every_word_is_there_in_both_languages_and_used() -> None:
    modules = [module for module in MODULES if not fnmatch(module.name, STAFF_MODULES)]
    check_words(HERE / "words.js", modules, kept=("refused_",))
