"""Qiyu's staff page as it is served: strictly, whole, with nothing from elsewhere, in both languages."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

import services.sandbox.page
import services.sandbox.qiyu.page
from tests.sandbox.box import Box
from tests.sandbox.page_words import STAFF_MODULES, check_words

HERE = Path(services.sandbox.qiyu.page.__file__).parent
PHONE = Path(services.sandbox.page.__file__).parent
FILES = sorted(path for path in HERE.iterdir() if path.suffix in {".html", ".js", ".css"})
MODULES = [path for path in FILES if path.suffix == ".js"]
SETTINGS = Path(__file__).parents[2] / "pyproject.toml"
IMPORTED = re.compile(r"""(?:from|import\()\s*"([^"]+)\"""")


@pytest.mark.parametrize("path", ["/qiyu", *(f"/qiyu/page/{file.name}" for file in FILES if file.suffix != ".html")])
async def test_every_file_is_served_strictly(box: Box, path: str) -> None:
    answer = await box.api("GET", path)
    assert answer.status == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Cache-Control"]) == ("nosniff", "no-cache")


@pytest.mark.parametrize("name", ["__init__.py", "tsconfig.json", "nothing.js", "..%2Fapi.py", "%2Fetc%2Fpasswd"])
async def test_nothing_else_is_served(box: Box, name: str) -> None:
    assert (await box.api("GET", f"/qiyu/page/{name}")).status == 404


def test_the_package_brings_every_file() -> None:
    packages = tomllib.loads(SETTINGS.read_text())["tool"]["setuptools"]["package-data"]
    patterns = packages["services.sandbox.qiyu.page"]
    assert [file.name for file in FILES if not any(fnmatch(file.name, pattern) for pattern in patterns)] == []


def test_it_says_that_it_is_the_sandbox() -> None:
    assert "<title>沙箱 · " in (HERE / "index.html").read_text()
    assert 'class: "sandbox-mark"' in (PHONE / "staff_desk.js").read_text()


def test_the_page_has_no_inline_script_or_style() -> None:
    html = (HERE / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", html)
    loaded = re.findall(r"""(?:src|href)="([^"]+)\"""", html)
    assert [path for path in loaded if not _is_there(path)] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_modules_are_checked_and_import_what_is_there(module: Path) -> None:
    source = module.read_text()
    assert source.startswith("// @ts-check\n")
    assert [path for path in IMPORTED.findall(source) if not _is_there(path)] == []
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", source)


def test_every_word_is_there_in_both_languages_and_used() -> None:
    check_words(HERE / "words.js", [*MODULES, *PHONE.glob(STAFF_MODULES)])


def _is_there(path: str) -> bool:
    folder = {"/page/": PHONE, "/qiyu/page/": HERE, "./": HERE}
    found = next((folder[start] / path.removeprefix(start) for start in folder if path.startswith(start)), None)
    return found is not None and found.is_file()
