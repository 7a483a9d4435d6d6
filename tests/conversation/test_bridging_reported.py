"""What a vendor's people have said by their own way to WeChat: it stands in the history, and is not sent again."""

import pytest

from shared.conversation.commands import CopyMedia, SendMessage
from shared.conversation.content import Image, Text
from shared.conversation.draft import Decision
from shared.conversation.fact import MediaSource
from shared.conversation.policy import Policy
from shared.conversation.vendor_facts import Said
from tests.support.facts import Story, at, received
from tests.support.vendors import bridged, pushed, silent_bridge, spoken


def sends(decision: Decision) -> list[SendMessage]:
    return [command for command in decision.commands if isinstance(command, SendMessage)]


def with_zhima() -> Story:
    story = Story(bridged(silent_bridge()))
    story.tell(received("在吗"))
    return story


def test_it_is_shown_as_sent_and_answers_the_customer() -> None:
    story = with_zhima()
    before = story.conversation
    told = story.tell(spoken("在的", account="zhima", seconds=5, reported=True))
    (shown,) = told.messages
    assert shown.content == Text(text="在的")
    assert (shown.sender.kind, shown.sender.name) == ("vendor", "小鱼")
    assert shown.delivery is not None
    assert shown.delivery.state == "sent"
    assert sends(told) == []
    session = story.conversation.session
    assert session is not None
    assert session.unanswered_since is None
    assert session.answered_at == at(5)
    assert story.conversation.ledger.sends == before.ledger.sends


def test_more_than_the_quota_would_allow_us_is_shown_all_the_same() -> None:
    story = with_zhima()
    for number in range(8):
        told = story.tell(spoken(f"{number}", account="zhima", seconds=5 + number, reported=True))
        assert [message.delivery.state for message in told.messages if message.delivery] == ["sent"]
    assert story.conversation.held == ()


@pytest.mark.parametrize("entry", ["agents", "bot"])
def test_of_a_customer_who_is_elsewhere_it_is_shown_and_changes_nothing(entry: str) -> None:
    story = Story(Policy.model_validate({"entry": entry}))
    story.tell(received("在吗"))
    before = story.conversation.session
    told = story.tell(spoken("在的", account="zhima", seconds=5, reported=True))
    assert [message.delivery.state for message in told.messages if message.delivery] == ["sent"]
    assert told.commands == ()
    assert story.conversation.session == before


def test_its_picture_is_copied() -> None:
    source = MediaSource(media_id="m", wechat_media_id="theirs", account="zhima")
    event = Said(parts=(Image(media_id="m"),), media=(source,), reported=True)
    told = with_zhima().tell(pushed(event, account="zhima", seconds=5))
    assert [command.source for command in told.commands if isinstance(command, CopyMedia)] == [source]
    assert sends(told) == []
