from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.wechat.outbound import Outbound, OutCard, OutImage, OutLink, OutText, send_body, typing_body
from tests.wechat.builders import fixture

LINK = OutLink(title="Happy Day", description="Is Really A Happy Day", url="URL", thumb_url="THUMB_URL")
CARD = OutCard(title="title", path="pagepath", thumb_media_id="thumb_media_id")


@pytest.mark.parametrize(
    ("name", "message", "more"),
    [
        ("send_text", OutText(content="Hello World"), {}),
        ("send_image", OutImage(media_id="MEDIA_ID"), {}),
        ("send_link", LINK, {}),
        ("send_miniprogrampage", CARD, {}),
        ("send_text_ai_label", OutText(content="..."), {"ai_label": True}),
        ("send_text_business", OutText(content="..."), {"business_id": "1"}),
    ],
)
def test_bodies_are_those_of_the_fixtures(name: str, message: Outbound, more: dict[str, Any]) -> None:
    assert send_body("OPENID", message, **more) == fixture(f"api/{name}.json")["request"]


def test_a_card_names_its_app_only_if_told() -> None:
    named = CARD.model_copy(update={"app_id": "wx1"})
    assert send_body("o1", named)["miniprogrampage"]["appid"] == "wx1"
    assert "appid" not in send_body("o1", CARD)["miniprogrampage"]


def test_typing_bodies() -> None:
    assert typing_body("OPENID", "Typing") == fixture("api/typing.json")["request"]
    assert typing_body("OPENID", "CancelTyping") == fixture("api/typing_cancel.json")["request"]
    assert typing_body("OPENID", "Typing", business_id="1")["businessid"] == "1"


def test_messages_survive_json_and_are_frozen() -> None:
    adapter: TypeAdapter[Outbound] = TypeAdapter(Outbound)
    for message in (OutText(content="你好"), OutImage(media_id="m1"), LINK, CARD):
        assert adapter.validate_json(adapter.dump_json(message)) == message
    with pytest.raises(ValidationError, match="frozen"):
        CARD.__setattr__("title", "other")


def test_content_is_not_printed() -> None:
    assert "秘密" not in repr(OutText(content="秘密")) + repr(CARD.model_copy(update={"title": "秘密"}))
