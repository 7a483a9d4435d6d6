import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conversation.source import MOST_FIELDS, read_source


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        (None, {}),
        ("", {}),
        ("商品页", {}),
        (
            '{"page": "商品页", "sku": 7, "vip": true, "none": null}',
            {"page": "商品页", "sku": "7", "vip": "true", "none": ""},
        ),
        ('{"a": {"b": {"c": 1}}, "list": [1, "x"]}', {"a.b.c": "1", "list": "1,x"}),
        ("page=home&from=%E6%90%9C%E7%B4%A2", {"page": "home", "from": "搜索"}),
        ("?page=home", {"page": "home"}),
        ('["page"]', {}),
        ("{page: home}", {}),
    ],
)
def test_fields_are_read_from_whatever_it_is(said: str | None, fields: dict[str, str]) -> None:
    assert read_source(said) == fields


def test_json_that_wechat_cut_is_read_as_far_as_it_goes() -> None:
    whole = '{"page": "商品页", "sku": "12345", "note": "' + "很" * 2000 + '"}'
    cut = read_source(whole[:1024])
    assert (cut["page"], cut["sku"]) == ("商品页", "12345")
    assert set(whole[45:1024]) >= set(cut["note"])
    assert read_source('{"page": "商品页", "sk') == {"page": "商品页"}


@given(st.text(max_size=200), st.integers(0, 200))
def test_nothing_fails_wherever_it_is_cut(text: str, at: int) -> None:
    for said in (text[:at], "{" + text, f'{{"page": "{text}"'[:at], "a=" + text):
        assert all(isinstance(value, str) for value in read_source(said).values())


def test_there_are_not_too_many_fields() -> None:
    assert len(read_source("&".join(f"k{n}=v" for n in range(200)))) == MOST_FIELDS
    assert len(read_source("{" + ",".join(f'"k{n}": 1' for n in range(200)) + "}")) == MOST_FIELDS


def test_depth_is_bounded() -> None:
    deep = '{"a":' * 300 + "1" + "}" * 300
    assert all(name.count(".") < 5 for name in read_source(deep))
