from datetime import UTC, datetime, timedelta
from typing import Any

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.refusals import Unreadable
from shared.wechat.push_body import read_body, read_json
from shared.wechat.push_model import (
    CardPush,
    EnteredPush,
    ImagePush,
    OtherEventPush,
    Push,
    TextPush,
    UnsupportedPush,
    parse_push,
    push_cause,
)
from tests.wechat.builders import FIXTURES, TEXT

NOW = datetime(2025, 7, 30, 8, 0, 5, tzinfo=UTC)
ENTERED = {
    **{name: TEXT[name] for name in ("ToUserName", "FromUserName", "CreateTime")},
    "MsgType": "event",
    "Event": "user_enter_tempsession",
    "SessionFrom": "home",
}


def parsed(**changes: Any) -> Push:
    return parse_push({**TEXT, **changes}, received_at=NOW)


def event(**changes: Any) -> Push:
    return parse_push({**ENTERED, **changes}, received_at=NOW)


def read_fixture(name: str, ending: str) -> Push:
    body = (FIXTURES / "push" / f"{name}.{ending}").read_bytes()
    return parse_push(read_body(body, "json"), received_at=NOW)


@pytest.mark.parametrize("ending", ["json", "xml"])
def test_documented_pushes(ending: str) -> None:
    text, image, card, entered = (
        read_fixture(name, ending) for name in ("text", "image", "miniprogrampage", "user_enter_tempsession")
    )
    assert isinstance(text, TextPush)
    assert text.content == "你好，我想问一下订单什么时候发货？"
    assert (text.to_user, text.openid) == ("gh_97417a04a28d", "o9AgO5Kd5ggOC-bXrbNODIiE3bGY")
    assert (text.msg_id, text.business_id) == ("24912345678901234", None)
    assert text.created_at == datetime(2025, 7, 30, 8, 0, 0, tzinfo=UTC)
    assert isinstance(image, ImagePush)
    assert image.pic_url == "http://mmbiz.qpic.cn/mmbiz_jpg/EXAMPLEexampleEXAMPLEexample/0"
    assert image.media_id == "bsTHQ7n2C0aJ3wR1yKXcYbq9EXAMPLE-media_id_0123456789"
    assert isinstance(card, CardPush)
    assert (card.title, card.path) == ("订单详情", "pages/order/detail.html?id=20250730001&from=kf")
    assert (card.card_app_id, card.thumb_media_id) == ("wxba5fad812f8e6fb9", "EXAMPLE-thumb-media-id-0123456789")
    assert card.thumb_url == "http://mmbiz.qpic.cn/mmbiz_png/EXAMPLEthumb/0"
    assert isinstance(entered, EnteredPush)
    assert read_json(entered.session_from.encode())["nick"] == "小明"
    assert entered.msg_id is None


@pytest.mark.parametrize("ending", ["json", "xml"])
def test_an_undocumented_kind_is_kept_whole(ending: str) -> None:
    push = read_fixture("unknown_type_video", ending)
    assert isinstance(push, UnsupportedPush)
    assert (push.msg_type, push.raw["MediaId"], push.msg_id) == ("video", "EXAMPLE-video", "24912345678901239")


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("push/oa_only/*.xml")), ids=lambda path: path.stem)
def test_events_of_official_accounts_are_tolerated(path: Any) -> None:
    push = parse_push(read_body(path.read_bytes(), "xml"), received_at=NOW)
    assert isinstance(push, OtherEventPush)
    assert push.event == path.stem
    assert bson.decode(bson.encode(push.raw)) == push.raw


def test_kinds_are_compared_without_case() -> None:
    assert isinstance(parsed(MsgType="Text"), TextPush)
    assert isinstance(event(MsgType="Event", Event="USER_ENTER_TempSession"), EnteredPush)
    assert push_cause(event(Event="Debug_Demo")).split(":")[2] == "debug_demo"


def test_ids_may_be_text_or_numbers() -> None:
    strings, numbers = parsed(MsgId="22876340532172986", CreateTime="1753862400"), parsed(MsgId=22876340532172986)
    assert strings.msg_id == numbers.msg_id == "22876340532172986"
    assert strings.created_at == numbers.created_at
    assert push_cause(strings) == push_cause(numbers) == "m:22876340532172986"
    assert parsed(BusinessId=7).business_id == parsed(BusinessId="7").business_id == "7"


@pytest.mark.parametrize("name", ["MsgType", "FromUserName"])
@pytest.mark.parametrize("value", [None, "", "  ", {}, [], True, {"a": "text"}])
def test_without_kind_or_customer_it_is_unreadable(name: str, value: Any) -> None:
    with pytest.raises(Unreadable, match=f"no {name}"):
        parsed(**{name: value})


def test_a_sealed_push_to_a_plain_app_says_what_is_wrong() -> None:
    with pytest.raises(Unreadable, match="another mode"):
        parse_push({"ToUserName": "gh_1", "Encrypt": "x"}, received_at=NOW)


@pytest.mark.parametrize("silly", [None, "", "soon", 0, -1, 1753862400000, "1753862400.5", True, [], "９", "1" * 30])
def test_a_silly_create_time_becomes_the_arrival(silly: Any) -> None:
    assert parsed(CreateTime=silly).created_at == NOW


def test_a_create_time_may_be_ahead_by_a_day_not_more() -> None:
    seconds = int(NOW.timestamp()) + 86400
    assert parsed(CreateTime=seconds).created_at == NOW + timedelta(days=1)
    assert parsed(CreateTime=seconds + 1).created_at == NOW


def test_empty_fields_and_absent_ones_are_alike() -> None:
    card = parsed(MsgType="miniprogrampage", Title=None, ThumbUrl="", ThumbMediaId="")
    assert isinstance(card, CardPush)
    assert (card.title, card.thumb_url, card.thumb_media_id, card.path) == ("", "", "", "")
    text = parse_push({"MsgType": "text", "FromUserName": "o1"}, received_at=NOW)
    assert isinstance(text, TextPush)
    assert (text.content, text.to_user, text.msg_id) == ("", "", None)


def test_a_customers_own_space_is_kept() -> None:
    text = parsed(Content="  a\n", FromUserName=" o1 ")
    assert isinstance(text, TextPush)
    assert (text.content, text.openid) == ("  a\n", "o1")


def test_the_first_of_a_repeated_element_counts() -> None:
    assert parsed(MsgId=["1", "2"]).msg_id == "1"


def test_a_message_is_known_by_its_id_alone() -> None:
    assert push_cause(parsed()) == push_cause(parsed(Content="other")) == "m:24912345678901234"
    assert push_cause(parsed(MsgType="image")) == "m:24912345678901234"


@pytest.mark.parametrize("msg_id", [None, "", "9" * 129])
def test_a_message_without_a_usable_id_is_known_by_its_content(msg_id: Any) -> None:
    cause = push_cause(parsed(MsgId=msg_id))
    assert cause.startswith("e:1753862400:text:")
    assert cause == push_cause(parsed(MsgId=msg_id))
    assert cause != push_cause(parsed(MsgId=msg_id, Content="other"))


def test_an_event_is_known_by_time_kind_and_content() -> None:
    cause = push_cause(event())
    assert cause.startswith("e:1753862400:user_enter_tempsession:")
    reordered = parse_push(dict(reversed(ENTERED.items())), received_at=NOW + timedelta(seconds=5))
    assert push_cause(reordered) == cause
    others = [event(CreateTime=1753862401), event(SessionFrom="cart"), event(Event="debug_demo")]
    assert len({cause, *map(push_cause, others)}) == 4


def test_a_content_check_is_known_by_its_trace_id() -> None:
    check = {"Event": "wxa_media_check", "trace_id": "5f3d-1"}
    assert push_cause(event(**check)) == push_cause(event(**check, CreateTime=1)) == "t:5f3d-1"
    assert push_cause(event(Event="wxa_media_check")).startswith("e:1753862400:wxa_media_check:")


def test_a_cause_is_short_whatever_is_pushed() -> None:
    long = "x" * 60_000
    for push in (event(Event=long, CreateTime=long), event(Event="wxa_media_check", trace_id=long), parsed(MsgId=long)):
        assert len(push_cause(push)) <= 140


def test_pushes_are_frozen_and_survive_json() -> None:
    push = parsed()
    with pytest.raises(ValidationError, match="frozen"):
        push.__setattr__("openid", "other")
    adapter: TypeAdapter[Push] = TypeAdapter(Push)
    for each in (push, event(), event(Event="other"), parsed(MsgType="video", Deep={"a": [1, None]})):
        assert adapter.validate_json(each.model_dump_json()) == each


def test_what_customers_write_is_not_printed() -> None:
    pushes = [
        parsed(Content="秘密"),
        event(SessionFrom="秘密"),
        event(Event="x", a="秘密"),
        parsed(MsgType="v", a="秘密"),
    ]
    assert "秘密" not in repr(pushes)


@given(
    fields=st.dictionaries(
        st.sampled_from(
            ["MsgType", "Event", "CreateTime", "MsgId", "Content", "SessionFrom", "trace_id", "BusinessId"]
        ),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-(2**63), 2**63 - 1)
            | st.floats(allow_nan=False)
            | st.text()
            | st.sampled_from(["text", "image", "event", "miniprogrampage", "wxa_media_check"]),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=5,
        ),
    )
)
def test_any_fields_make_a_push_or_are_unreadable(fields: dict[str, Any]) -> None:
    fields["FromUserName"] = "o1"
    try:
        push = parse_push(fields, received_at=NOW)
    except Unreadable:
        with pytest.raises(Unreadable, match="no MsgType"):
            parse_push(fields, received_at=NOW)
        return
    assert push_cause(push) == push_cause(parse_push(dict(reversed(fields.items())), received_at=NOW))
    assert push.created_at.tzinfo is UTC


CANCELLED = {
    "ToUserName": "gh_1",
    "FromUserName": "o-a-service-of-wechat",
    "CreateTime": 1753862400,
    "MsgType": "event",
    "Event": "user_authorization_cancellation",
}


@pytest.mark.parametrize("name", ["OpenID", " OpenID"])
@pytest.mark.parametrize(
    "event", ["user_authorization_cancellation", "user_authorization_revoke", "user_info_modified"]
)
def test_an_event_about_a_customer_is_theirs_and_not_its_senders(name: str, event: str) -> None:
    push = parse_push({**CANCELLED, "Event": event, name: "o-customer", "AppID": "wx1"}, received_at=NOW)
    assert isinstance(push, OtherEventPush)
    assert (push.openid, push.event, push.raw["OpenID"], push.raw["AppID"]) == (
        "o-customer",
        event,
        "o-customer",
        "wx1",
    )


def test_an_event_about_nobody_stays_its_senders() -> None:
    assert parse_push(CANCELLED, received_at=NOW).openid == "o-a-service-of-wechat"
    other = {**CANCELLED, "Event": "debug_demo", "OpenID": "o-customer"}
    assert parse_push(other, received_at=NOW).openid == "o-a-service-of-wechat"
