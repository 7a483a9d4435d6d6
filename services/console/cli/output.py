"""What a command says: tables and sentences for people, or one JSON value on standard output for scripts."""

import json
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from services.console.cli.terminal import fitted, one_line, padded, printable, width

_GAP: Final = "  "
_NARROWEST: Final = 12
_STEERING: Final = re.compile("[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


class Column(NamedTuple):
    """One column of a table: its title, the field it shows, and the most columns it may take."""

    title: str
    field: str
    most: int = 40


class Output:
    """Standard output for results, standard error for remarks. With `as_json`, only JSON goes to the former."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def table(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], *, nothing: str) -> None:
        """Rows for people; the same mappings, whole, as a JSON array. `nothing` is said where there are none."""
        if self.as_json:
            self._print(as_json(list(rows)))
        elif rows:
            self._print("\n".join(tabulated(rows, columns, _terminal_columns())))
        else:
            self._print(nothing)

    def record(self, fields: Mapping[str, Any], *, more: str = "") -> None:
        """One thing: its fields below each other, then `more`; as JSON an object."""
        if self.as_json:
            self._print(as_json(fields))
            return
        self._print("\n".join(listed(fields)))
        if more:
            self._print(more)

    def done(self, sentence: str, fields: Mapping[str, Any]) -> None:
        """What was done: a sentence for people, the facts for scripts."""
        self._print(as_json(fields) if self.as_json else sentence)

    def value(self, value: Any, lines: Sequence[str]) -> None:
        """Anything else: `lines` for people (already printable), `value` for scripts."""
        if self.as_json:
            self._print(as_json(value))
        elif lines:
            self._print("\n".join(lines))

    def next(self, value: Any, lines: Sequence[str]) -> None:
        """One of a stream: `lines` for people, one line of JSON for scripts."""
        self._print(as_json(value, indent=None) if self.as_json else "\n".join(lines))

    def remark(self, sentence: str) -> None:
        """Something worth knowing that is not the result."""
        print(printable_lines(sentence), file=sys.stderr, flush=True)

    def failure(self, sentence: str, exit_code: int) -> None:
        text = as_json({"error": sentence, "exit_code": exit_code}) if self.as_json else f"wxdesk: {sentence}"
        print(printable_lines(text), file=sys.stderr, flush=True)

    def _print(self, text: str) -> None:
        print(text, flush=True)


def as_json(value: Any, indent: int | None = 2) -> str:
    """Readable JSON in which characters that could steer a terminal are escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=_plain)
    # They can only stand inside strings, where an escape means the same.
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def tabulated(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], within: int | None) -> list[str]:
    """The lines of a table; the last column is cut where the terminal ends (`within`, None: nowhere)."""
    cells = [[fitted(one_line(shown(row.get(column.field))), column.most) for column in columns] for row in rows]
    cells.insert(0, [column.title for column in columns])
    widths = [max(width(line[place]) for line in cells) for place in range(len(columns))]
    if within is not None:
        before = sum(widths[:-1]) + len(_GAP) * (len(columns) - 1)
        widths[-1] = min(widths[-1], max(_NARROWEST, within - before))
    return [
        _GAP.join(padded(fitted(cell, most), most) for cell, most in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def listed(fields: Mapping[str, Any]) -> list[str]:
    most = max(len(name) for name in fields)
    return [f"{name.ljust(most)}{_GAP}{one_line(shown(value))}".rstrip() for name, value in fields.items()]


def shown(value: Any) -> str:
    """A value as people read it."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return instant(value)
        case str():
            return value
        case list() | tuple():
            return ", ".join(shown(item) for item in value) or "-"
        case _:
            return str(value)


def instant(at: datetime) -> str:
    """UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def printable_lines(text: str) -> str:
    return "\n".join(printable(line) for line in text.splitlines())


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def _terminal_columns() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
