"""The body that Zhima is given: never another byte where it need not be, and the same things said where it must."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conversation.content import Card, Content, Event, Image, Note, Text, Unsupported
from shared.conversation.model import CUSTOMER, Message
from shared.failures import Refused
from shared.vendors.zhima.wechat_body import Format, body_of
from shared.wechat.push_body import read_json, read_xml
from shared.wechat.push_model import EnteredPush, ImagePush, TextPush, parse_push
from tests.wechat.builders import FIXTURES

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
PAIRS = sorted(path.stem for path in FIXTURES.glob("push/*.xml"))
OPENID = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"
XML_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("]><&\n\t"), max_size=60)


def message(original: str | None = None, content: Content | None = None, msg_id: str | None = "7") -> Message:
    return Message(
        id="conversation:m:7:0",
        conversation="conversation",
        app_id="wx1",
        seq=1,
        revision=1,
        direction="inbound",
        sender=CUSTOMER,
        content=content or Text(text="你好"),
        at=NOW,
        cause="m:7",
        msg_id=msg_id,
        original=original,
    )


def written(what: Message, wanted: Format = "xml") -> bytes:
    return body_of(what, openid=OPENID, app_id="wx1", wanted=wanted)


@given(text=XML_TEXT)
def test_an_original_in_the_right_format_goes_out_as_it_came(text: str) -> None:
    xml = f"<xml><SessionFrom><![CDATA[{text.replace(']]>', '')}]]></SessionFrom><New b='1'/></xml>"
    assert written(message(xml)) == xml.encode()
    as_json = json.dumps({"SessionFrom": text, "New": None}, indent=3)
    assert written(message(as_json), "json") == as_json.encode()


@pytest.mark.parametrize("name", PAIRS)
def test_rewritten_it_says_the_same(name: str) -> None:
    """Both formats of each push that WeChat is known to send."""
    as_json = (FIXTURES / "push" / f"{name}.json").read_text("utf-8")
    as_xml = (FIXTURES / "push" / f"{name}.xml").read_text("utf-8")
    assert read_xml(written(message(as_json))) == read_xml(as_xml.encode())
    assert {k: str(v) for k, v in read_json(written(message(as_xml), "json")).items()} == {
        k: str(v) for k, v in read_json(as_json.encode()).items()
    }


@given(text=XML_TEXT)
def test_what_a_customer_says_survives_the_change_of_format(text: str) -> None:
    fields = {"MsgType": "text", "Content": text, "MsgId": 24912345678901234}
    rewritten = read_xml(written(message(json.dumps(fields))))
    assert rewritten["Content"] == text
    assert rewritten["MsgId"] == "24912345678901234"
    back = read_json(written(message(written(message(json.dumps(fields))).decode()), "json"))
    assert back == fields


def test_order_lists_and_unknown_elements_are_kept() -> None:
    original = '{"Z": 1, "A": {"Item": [{"x": "1"}, {"x": "2"}]}, " AppID": "wx1", "9": null, "On": true}'
    assert written(message(original)) == (
        b"<xml><Z>1</Z><A><Item><x><![CDATA[1]]></x></Item><Item><x><![CDATA[2]]></x></Item></A>"
        b"<AppID><![CDATA[wx1]]></AppID><_9></_9><On>true</On></xml>"
    )


def test_numbers_are_numbers_in_json() -> None:
    original = "<xml><CreateTime>1753862400</CreateTime><MsgId>24912345678901234</MsgId><Content>7</Content></xml>"
    body = {"CreateTime": 1753862400, "MsgId": 24912345678901234, "Content": "7"}
    assert json.loads(written(message(original), "json")) == body


def test_cdata_cannot_be_broken_out_of() -> None:
    body = written(message(content=Text(text="]]><MsgType>event</MsgType>\x00")))
    fields = read_xml(body)
    assert fields["Content"] == "]]><MsgType>event</MsgType>\ufffd"
    assert fields["MsgType"] == "text"


@pytest.mark.parametrize("wanted", ["xml", "json"])
def test_without_an_original_it_is_what_wechat_would_have_pushed(wanted: Format) -> None:
    def parsed(content: Content, **changes: Any) -> Any:
        body = written(message(content=content, **changes), wanted)
        fields = read_xml(body) if wanted == "xml" else read_json(body)
        return parse_push(fields, received_at=NOW)

    said = parsed(Text(text="你好"))
    assert isinstance(said, TextPush)
    assert (said.openid, said.content, said.msg_id, said.created_at) == (OPENID, "你好", "7", NOW)
    image = parsed(Image(media_id="ours"))
    assert isinstance(image, ImagePush)
    assert image.media_id == "ours"
    card = parsed(Card(title="T", path="p/1", app_id="wx2", media_id="thumb"))
    assert (card.title, card.path, card.card_app_id, card.thumb_media_id) == ("T", "p/1", "wx2", "thumb")
    entered = parsed(Event(name="user_enter_tempsession", detail={"session_from": '{"kefu":["1"]}'}), msg_id=None)
    assert isinstance(entered, EnteredPush)
    assert entered.session_from == '{"kefu":["1"]}'
    kept = parsed(Unsupported(name="video", raw={"MsgType": "video", "MediaId": "v", "MsgId": 9}))
    assert (kept.msg_type, kept.raw["MediaId"], kept.msg_id) == ("video", "v", "9")


def test_a_message_without_wechats_id_has_the_same_one_each_time() -> None:
    ids = {read_xml(written(message(msg_id=None)))["MsgId"] for _ in range(3)}
    assert len(ids) == 1
    assert ids.pop().isdigit()


@pytest.mark.parametrize("content", [Note(text="x"), Event(name="session_closed")])
def test_what_no_customer_can_send_is_refused(content: Content) -> None:
    with pytest.raises(Refused, match="not_relayable"):
        written(message(content=content))


@pytest.mark.parametrize("original", ["{", '{"a": [', "<xml><a>"])
def test_an_original_that_is_neither_is_refused(original: str) -> None:
    with pytest.raises(Refused, match="unreadable"):
        written(message(original), "json" if original.startswith("<") else "xml")
