import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.wechat.text_parts import TEXT_LIMIT_BYTES, text_parts

EMOJI = ["👍🏽", "👨‍👩‍👧", "🇨🇳", "1️⃣", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "e\u0301", "[微笑]", "\r\n"]
MIXED = st.lists(st.sampled_from([*EMOJI, "好", "a", "。", " ", "\n", "/::)"]), max_size=60).map("".join)


def without_space(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_what_fits_stays_as_it_is() -> None:
    text = "  你好\n" + "a" * (TEXT_LIMIT_BYTES - 9)
    assert text_parts(text) == [text]


@pytest.mark.parametrize("text", ["", " ", "\n" * 5000])
def test_there_is_nothing_to_send_in_space(text: str) -> None:
    assert text_parts(text) == []


def test_a_long_text_is_cut_after_its_lines() -> None:
    lines = [f"第{n}行：" + "字" * 50 for n in range(30)]
    parts = text_parts("\n".join(lines))
    assert len(parts) == 3
    assert [line for part in parts for line in part.split("\n")] == lines


def test_without_lines_after_sentences_then_words() -> None:
    assert text_parts("一二三四。五六七八。九十", 30) == ["一二三四。五六七八。", "九十"]
    assert text_parts("one two three four", 10) == ["one two", "three four"]
    assert text_parts("onetwothreefour", 10) == ["onetwothre", "efour"]


def test_a_pause_early_on_does_not_make_a_tiny_part() -> None:
    assert text_parts("a\n" + "b" * 30, 20) == ["a\n" + "b" * 18, "b" * 12]


@pytest.mark.parametrize("whole", EMOJI[:-1])
def test_what_is_seen_as_one_is_never_cut(whole: str) -> None:
    limit = len(whole.encode()) + 3
    parts = text_parts(f"ab{whole}" * 20, limit)
    assert "".join(parts) == f"ab{whole}" * 20
    assert all(part.count(whole) * len(whole) + len(part.replace(whole, "")) == len(part) for part in parts)
    assert sum(part.count(whole) for part in parts) == 20


def test_flags_side_by_side_are_cut_between_countries() -> None:
    assert text_parts("🇨🇳🇯🇵🇰🇷", 16) == ["🇨🇳🇯🇵", "🇰🇷"]


def test_a_link_is_never_cut_unless_it_alone_is_too_long() -> None:
    link = '<a href="https://example.com" data-miniprogram-path="pages/a b">看 这里</a>'
    assert text_parts(f"字字字字 {link} 字字字字", 90) == ["字字字字", f"{link} 字字字", "字"]
    assert without_space("".join(text_parts(link, 20))) == without_space(link)


@pytest.mark.parametrize("text", ["👨‍👩‍👧" * 3, "e" + "\u0301" * 50])
def test_a_character_longer_than_the_limit_is_cut_between_code_points(text: str) -> None:
    parts = text_parts(text, 8)
    assert "".join(parts) == text
    assert all(len(part.encode()) <= 8 for part in parts)


def test_a_limit_that_some_characters_exceed_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 4"):
        text_parts("hello", 3)


def test_what_is_no_unicode_is_cut_too() -> None:
    assert "".join(text_parts("\ud800" * 10, 7)) == "\ud800" * 10


@given(text=st.text(max_size=300) | MIXED, limit=st.integers(4, 64))
def test_parts_fit_lose_nothing_and_are_never_blank(text: str, limit: int) -> None:
    parts = text_parts(text, limit)
    assert without_space("".join(parts)) == without_space(text)
    assert all(len(part.encode()) <= limit for part in parts)
    assert all(part.strip() for part in parts)


@given(text=MIXED.filter(lambda text: len(text.encode()) > 40))
def test_whole_characters_stay_whole(text: str) -> None:
    wholes = re.compile("|".join(map(re.escape, EMOJI[:-1])))
    assert [whole for part in text_parts(text, 40) for whole in wholes.findall(part)] == wholes.findall(text)


@pytest.mark.parametrize(
    "hostile", ["<a " * 30_000, "<a >" * 20_000, "[" * 60_000, "\u0301" * 60_000, "a\u200d" * 30_000]
)
def test_hostile_text_takes_no_hostile_time(hostile: str) -> None:
    # Seconds, were any pattern or loop quadratic without bound; then the suite's own time limit ends it.
    assert without_space("".join(text_parts(hostile))) == without_space(hostile)
