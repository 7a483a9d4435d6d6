import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conversation.content import Card, Content, Event, Image, Link, Note, Text
from shared.conversation.searchable import grams, grams_of_names, plain, wanted, words

TEXTS = st.text(st.sampled_from("的订单发货aAbz09 .，=<>😀é\u0301ßＡ１　"), max_size=30)


@given(TEXTS, st.data())
def test_whatever_part_of_a_text_is_looked_for_its_grams_lead_there(text: str, data: st.DataObject) -> None:
    said = plain(text)
    begin = data.draw(st.integers(0, len(said)))
    query = plain(said[begin : data.draw(st.integers(begin, len(said)))])
    if query:
        named, beginning = wanted(query)
        held = grams(said)
        assert set(named) <= set(held)
        assert beginning is None or any(gram.startswith(beginning) for gram in held)
        assert bool(named) != (beginning is not None)


@given(st.text(max_size=40))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_texts_are_compared_without_case_width_and_white_space() -> None:
    assert plain("  ＷｅＣｈａｔ\u3000小程序\n\tＡ１ ") == "wechat 小程序 a1"
    assert plain("STRASSE") == plain("straße")


def test_a_gram_has_two_characters_and_three_where_latin_ones_begin_it() -> None:
    assert grams("发货吗") == ["发货", "吗", "货吗"]
    assert grams("a1b好") == ["1b好", "a1b", "b好", "好"]
    assert grams("😀😀") == ["😀", "😀😀"]
    assert grams("") == []


@pytest.mark.parametrize(
    ("query", "named", "beginning"),
    [
        ("货", [], "货"),
        ("ab", [], "ab"),
        ("发货", ["发货"], None),
        ("abc", ["abc"], None),
        ("abcd", ["abc", "bcd"], None),
        ("xl码", ["l码", "xl码"], None),
        ("码xl", ["码x"], None),
    ],
)
def test_what_is_looked_up_for_a_query(query: str, named: list[str], beginning: str | None) -> None:
    assert wanted(query) == (named, beginning)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (Text(text="你好"), "你好"),
        (Note(text="老客户"), "老客户"),
        (Card(title="新品", path="pages/item"), "新品"),
        (Link(title="说明", description="如何退货", url="https://example.com/a"), "说明 如何退货"),
        (Image(media_id="m"), ""),
        (Event(name="session_closed"), ""),
    ],
)
def test_the_words_of_a_message(content: Content, said: str) -> None:
    assert words(content) == said


def test_grams_of_names() -> None:
    assert grams_of_names(["张三", None, "VIP"]) == ["ip", "p", "vip", "三", "张三"]
    assert grams_of_names([None]) is None
