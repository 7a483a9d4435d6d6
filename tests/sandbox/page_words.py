"""Every word of a page stands in both languages and is used; none is used that stands nowhere."""

import re
from collections.abc import Iterable
from pathlib import Path

STAFF_MODULES = "staff_*.js"
"""What all vendors' staff pages have in common lies beside the phone's modules, and uses each page's own words."""


def check_words(words: Path, modules: Iterable[Path], *, kept: tuple[str, ...] = ()) -> None:
    """`kept` are the beginnings of keys that nothing in the modules names, since the server makes them."""
    text = words.read_text()
    keys = set(re.findall(r'^  "?([\w-]+)"?: \[', text, re.MULTILINE))
    pairs = re.findall(r'^  "?[\w-]+"?: \[\s*"(.+?)",\s*"(.+?)",?\s*\],', text, re.MULTILINE)
    assert len(pairs) == len(keys)
    sources = "".join(module.read_text() for module in modules if module != words)
    said = set(re.findall(r'say\(\s*"([\w-]+)"', sources)) | set(re.findall(r'say\([^()"]*\? "(\w+)" : "\w+"', sources))
    made = tuple(re.findall(r"say\(`(\w+_)\$\{", sources))
    quoted = set(re.findall(r'"(\w+)"', sources))
    assert said - keys == set()
    assert {key for key in keys - quoted if not key.startswith(made + kept)} == set()
