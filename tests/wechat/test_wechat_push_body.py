import json
from typing import Any

import bson
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.refusals import Unreadable
from shared.wechat.push_body import MAX_DEPTH, body_format, read_body, read_json, read_xml
from tests.wechat.builders import FIXTURES

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=20)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=20,
)
PAIRS = sorted(path.stem for path in FIXTURES.glob("push/*.xml"))


def as_text(value: Any) -> Any:
    return {name: str(field) for name, field in value.items()}


@pytest.mark.parametrize("name", PAIRS)
def test_both_formats_of_a_fixture_say_the_same(name: str) -> None:
    read = [read_body((FIXTURES / "push" / f"{name}.{ending}").read_bytes(), "json") for ending in ("json", "xml")]
    assert as_text(read[0]) == as_text(read[1])


def test_a_big_msg_id_is_exact() -> None:
    assert read_json((FIXTURES / "push" / "text_bigid.json").read_bytes())["MsgId"] == 22876340532172986
    assert read_json(b'{"MsgId": 18446744073709551617}')["MsgId"] == "18446744073709551617"
    assert read_json(b'{"MsgId": 9223372036854775807}')["MsgId"] == 9223372036854775807
    assert read_json(b'{"MsgId": 9223372036854775808}')["MsgId"] == "9223372036854775808"


def test_split_cdata_is_one_text() -> None:
    read = read_xml((FIXTURES / "push" / "text_markup.xml").read_bytes())
    assert read["Content"] == 'a<b & c>d ]]> "quoted" \\back\nsecond line\ttab'
    assert read_xml(b"<xml><a><![CDATA[1]]>2<!-- no --><![CDATA[3]]></a></xml>") == {"a": "123"}


def test_nested_and_repeated_elements() -> None:
    body = b"<xml><a>1</a><b><c>2</c><c>3</c><d/></b><a>4</a><a><e>5</e></a><f attribute='x'> 6 </f></xml>"
    assert read_xml(body) == {"a": ["1", "4", {"e": "5"}], "b": {"c": ["2", "3"], "d": ""}, "f": " 6 "}


@pytest.mark.parametrize(
    "body",
    [
        '\ufeff<?xml version="1.0" encoding="GBK"?><xml><a>好</a></xml>'.encode(),
        '\n <?xml version="1.0" encoding="UTF-16"?><xml><a>好</a></xml>'.encode(),
        "<xml><a>好</a></xml>\n".encode(),
        b"<xml><a>&#22909;</a></xml>",
    ],
)
def test_what_xml_claims_about_itself_has_no_say(body: bytes) -> None:
    assert read_body(body, "json") == {"a": "好"}


@pytest.mark.parametrize("typed", [b"\x08", b"\x00", b"\xff", b"\xef\xbf\xbf", b"\xed\xa0\x80"])
def test_what_xml_forbids_does_not_cost_the_message(typed: bytes) -> None:
    content = read_xml(b"<xml><Content><![CDATA[a" + typed + b"b]]></Content></xml>")["Content"]
    assert content.strip("\ufffd") == content
    assert set(content) == {"a", "b", "\ufffd"}


def test_json_with_broken_text_is_read_with_replacements() -> None:
    assert read_json(b'{"a": "x\\ud83dy", "\\udc00k": [{"b": "\\udfff"}]}') == {
        "a": "x\ufffdy",
        "\ufffdk": [{"b": "\ufffd"}],
    }
    assert read_json(b'{"a": "\\ud83d\\ude00"}') == {"a": "😀"}
    assert read_json(b'\xef\xbb\xbf {"a": "\xff"}') == {"a": "\ufffd"}


def test_names_fit_mongodb() -> None:
    assert read_json(b'{"a\\u0000b": 1, "$set": 2, "x.y": 3, "": 4}') == {"ab": 1, "＄set": 2, "x.y": 3, "": 4}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b'"text"',
        b"[{}]",
        b"{} {}",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": "\n"}',
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
        b'{"a":' + b"[" * 100_000,
        b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
        b'{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}",
    ],
)
def test_what_is_no_sane_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_json(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<xml>",
        b"<xml><a></xml>",
        b"<xml>&nbsp;</xml>",
        b"<xml><a>&#0;</a></xml>",
        b"<xml/><xml/>",
        b"<!DOCTYPE xml><xml><a>1</a></xml>",
        b'<!DOCTYPE xml SYSTEM "http://example.com/x.dtd"><xml><a>1</a></xml>',
        b'<!DOCTYPE xml [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><xml>&b;</xml>',
        b"<a>" * 20_000 + b"</a>" * 20_000,
        b"<a>" * (MAX_DEPTH + 2) + b"</a>" * (MAX_DEPTH + 2),
        "<xml/>".encode("utf-16"),
    ],
)
def test_what_is_no_sane_xml_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_xml(body)


def test_the_deepest_allowed_nesting_is_read() -> None:
    assert read_json(b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH)
    assert read_xml(b"<x>" * (MAX_DEPTH + 1) + b"</x>" * (MAX_DEPTH + 1))


@pytest.mark.parametrize(
    ("body", "expected", "seen"),
    [
        (b" \r\n{", "xml", "json"),
        (b"\xef\xbb\xbf\n<", "json", "xml"),
        (b"", "xml", "xml"),
        (b"hello", "json", "json"),
    ],
)
def test_the_first_character_tells_the_format(body: bytes, expected: Any, seen: str) -> None:
    assert body_format(body, expected) == seen


@given(value=ANY_JSON)
def test_any_json_is_read_into_what_json_and_bson_hold_or_refused(value: Any) -> None:
    try:
        fields = read_json(json.dumps({"a": value}).encode())
    except Unreadable:
        assert "NaN" in json.dumps(value) or "Infinity" in json.dumps(value)
        return
    assert orjson.loads(orjson.dumps(fields)) == fields
    assert bson.decode(bson.encode(fields)) == fields


@given(body=st.binary() | ANY_TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")), xml=st.booleans())
def test_any_bytes_are_read_or_unreadable(body: bytes, xml: bool) -> None:  # noqa: FBT001 - drawn, not passed
    wrapped = b"<xml><a>" + body + b"</a></xml>" if xml else b'{"a":' + body + b"}"
    try:
        fields = read_body(wrapped, "json")
    except Unreadable:
        return
    assert bson.decode(bson.encode(fields)) == fields


@given(text=st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")))
def test_a_text_is_the_same_in_both_formats(text: str) -> None:
    cdata = text.replace("]]>", "]]]]><![CDATA[>")
    assert read_xml(f"<xml><a><![CDATA[{cdata}]]></a></xml>".encode()) == {"a": text}
    assert read_json(json.dumps({"a": text}).encode()) == {"a": text}
