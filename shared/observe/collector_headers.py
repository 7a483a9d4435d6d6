"""What a collector of spans wants to hear with each request, as OTEL_EXPORTER_OTLP_HEADERS writes it."""

import re
from typing import Final
from urllib.parse import unquote

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\x20-\x7e]*")


def collector_headers(written: str) -> dict[str, str]:
    """`name=value,name=value`, values percent-encoded where they need it; raises ValueError, which tells no value."""
    headers: dict[str, str] = {}
    for pair in filter(None, map(str.strip, written.split(","))):
        name, equals, encoded = pair.partition("=")
        name, value = unquote(name).strip(), unquote(encoded).strip()
        if not equals or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError("must be name=value, several separated by commas, values percent-encoded")
        headers[name.lower()] = value
    return headers
