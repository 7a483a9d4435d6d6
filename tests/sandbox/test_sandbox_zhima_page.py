"""Zhima's staff page as it is served: strict headers, nothing missing, nothing from elsewhere, every word twice."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

import services.sandbox.page
import services.sandbox.zhima.page
from tests.sandbox.box import Box
from tests.sandbox.page_words import STAFF_MODULES, check_words

HERE = Path(services.sandbox.zhima.page.__file__).parent
SHARED = {
    "/page/": Path(services.sandbox.page.__file__).parent,
    "/zhima/page/": HERE,
    "./": HERE,
}
FILES = sorted(path for path in HERE.iterdir() if path.suffix in {".html", ".js"})
MODULES = [path for path in FILES if path.suffix == ".js"]
SETTINGS = Path(__file__).parents[2] / "pyproject.toml"


@pytest.mark.parametrize("path", ["/zhima", *(f"/zhima/page/{module.name}" for module in MODULES)])
async def test_every_file_is_served_strictly(box: Box, path: str) -> None:
    answer = await box.api("GET", path)
    assert answer.status == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


async def test_nothing_else_is_served(box: Box) -> None:
    assert [(await box.api("GET", f"/zhima/page/{name}")).status for name in ("__init__.py", "none.js")] == [404, 404]


def test_the_package_brings_every_file() -> None:
    data = tomllib.loads(SETTINGS.read_text())["tool"]["setuptools"]["package-data"]
    patterns = data["services.sandbox.zhima.page"]
    assert [file.name for file in FILES if not any(fnmatch(file.name, pattern) for pattern in patterns)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_a_file_loads_is_there_and_ours(file: Path) -> None:
    named = re.findall(r'(?:src|href|from|import\()[=\s]?"([^"]+\.(?:js|css|svg))"', file.read_text())
    for path in named:
        folder, name = re.fullmatch(r"(\./|/(?:\w+/)*)([\w.]+)", path).groups()  # type: ignore[union-attr]
        assert (SHARED[folder] / name).exists(), path
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|https?://", file.read_text())


def test_every_word_is_there_in_both_languages_and_used() -> None:
    check_words(HERE / "words.js", [*MODULES, *SHARED["/page/"].glob(STAFF_MODULES)])
