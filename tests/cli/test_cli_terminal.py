"""Text from customers must not steer a terminal, and columns must stay columns."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.cli.output import Column, as_json, tabulated
from services.console.cli.terminal import fitted, one_line, printable, width

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"

HOSTILE = [
    ("\x1b[2J\x1b[31mred\x1b[0m", "[2J[31mred[0m"),
    ("\x1b]0;title\x07after", "]0;titleafter"),
    ("a\x9b31mb", "a31mb"),
    ("one\r\ntwo\tthree\x0bfour", "one two three four"),
    ("line\u2028para\u2029end", "line para end"),
    ("user\u202egnp.exe\u202c", "usergnp.exe"),
    ("zero\u200bwidth\ufeff", "zerowidth"),
    ("lone\ud83dhalf", "lone\ufffdhalf"),
    ("private\ue000use", "private\ufffduse"),
    ("nul\0", "nul"),
    ("backspace\b\b\b", "backspace"),
]


@pytest.mark.parametrize(("text", "shown"), HOSTILE)
def test_what_steers_a_terminal_is_taken_out(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_marks_do_not_pile_up_over_other_lines() -> None:
    assert len(printable("a" + "\u0301\u0316" * 50)) <= 1 + 4


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("abc", 3),
        ("你好", 4),
        ("ｆｕｌｌ", 8),
        ("é", 1),
        ("e\u0301", 1),
        ("x\u0337", 1),
        ("😀", 2),
        ("\U0001fae8", 2),  # newer than Python 3.11's tables
        ("❤\ufe0f", 1),  # the selector is gone, and so is the question how wide it makes the heart
        (FAMILY, 6),
        ("한국어", 6),
        ("", 0),
    ],
)
def test_width_is_what_a_terminal_gives(text: str, columns: int) -> None:
    assert width(printable(text)) == columns


@pytest.mark.parametrize(
    ("text", "columns", "cut"),
    [("你好世界", 8, "你好世界"), ("你好世界", 7, "你好世…"), ("你好世界", 6, "你好…"), ("abcdef", 4, "abc…")],
)
def test_cutting_never_splits_a_wide_character(text: str, columns: int, cut: str) -> None:
    assert fitted(text, columns) == cut


@given(st.text(st.characters(exclude_categories=())))
def test_whatever_the_text_one_visible_line_comes_out(text: str) -> None:
    line = one_line(text)
    assert all(character.isprintable() or 0x1F000 <= ord(character) < 0x1FB00 for character in line)
    assert len(line.splitlines()) <= 1
    line.encode()


@given(st.lists(st.text(st.characters(exclude_categories=())), min_size=1, max_size=5), st.integers(20, 120))
def test_no_row_of_a_table_is_wider_than_the_terminal(texts: list[str], within: int) -> None:
    rows = [{"id": "x", "text": text} for text in texts]
    lines = tabulated(rows, (Column("ID", "id"), Column("TEXT", "text", 500)), within)
    assert len(lines) == len(rows) + 1
    assert all(width(line) <= within for line in lines)


def test_columns_stand_below_each_other_in_any_script() -> None:
    names = ["Li", "李娜", "한국", "😀😀", "a\x1b[31m"]
    rows = [{"name": name, "state": "x"} for name in names]
    lines = tabulated(rows, (Column("NAME", "name"), Column("STATE", "state")), None)
    assert {width(line[: line.rindex("x")]) for line in lines[1:]} == {width(lines[0][: lines[0].index("STATE")])}


@pytest.mark.parametrize(("text", "shown"), HOSTILE)
def test_json_says_everything_and_steers_nothing(text: str, shown: str) -> None:
    told = as_json({"text": text})
    assert json.loads(told) == {"text": text}
    assert not {
        character for character in told.replace("\n", "") if not character.isprintable() and character != "\ue000"
    }
