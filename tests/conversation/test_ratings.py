from typing import Any

import pytest

from shared.conversation.commands import RecordSession, SendMessage
from shared.conversation.content import Text
from shared.conversation.draft import Decision
from shared.conversation.policy import Policy
from shared.conversation.ratings import read_score
from tests.support.facts import Story, close, entered, received, reply, settled

ASK, THANKS = "请为本次服务打分：1–5", "谢谢您的评价"
POLICY = Policy.model_validate({"rating": {"ask": ASK, "thanks": THANKS}, "closing": "再见", "bot_budget": 5})


def said(decision: Decision) -> list[str]:
    return [c.content.text for c in decision.commands if isinstance(c, SendMessage) and isinstance(c.content, Text)]


def rated(story: Story) -> Any:
    assert story.conversation.session is not None
    return story.conversation.session.rated


def asked_for_a_rating(policy: Policy = POLICY) -> Story:
    story = Story(policy).with_agent()
    story.tell(reply("好的", seconds=5), close(seconds=10))
    return story


@pytest.mark.parametrize(
    ("text", "score"),
    [
        *(("5", 5), (" 4 ", 4), ("３", 3), ("2分", 2), ("1星", 1), ("五分", 5), ("三", 3), ("两星", 2), ("5/5", 5)),
        *(("⭐⭐⭐⭐", 4), ("★★", 2), ("⭐️⭐️⭐️⭐️⭐️", 5), ("5 stars", 5), ("4!", 4), ("5。", 5)),
        *(("0", None), ("6", None), ("55", None), ("5 件", None), ("5月能到吗", None), ("好", None), ("", None)),
        *(("⭐⭐⭐⭐⭐⭐", None), ("1-5", None), ("十", None), ("5分钟", None)),
    ],
)
def test_only_a_bare_score_is_one(text: str, score: int | None) -> None:
    assert read_score(text) == score


def test_after_an_agents_session_the_customer_is_asked_and_thanked() -> None:
    story = Story(POLICY).with_agent()
    story.tell(reply("好的", seconds=5))
    assert said(story.tell(close(seconds=10))) == ["再见", ASK]
    assert rated(story).state == "asked"
    answer = story.tell(received("5分", seconds=60))
    assert said(answer) == [THANKS]
    assert story.state == "closed"
    assert (rated(story).state, rated(story).score) == ("answered", 5)
    assert story.conversation.unread == 0
    (record,) = [command for command in answer.commands if isinstance(command, RecordSession)]
    assert record.session.rated is not None
    assert record.session.responder is not None
    assert (record.session.rated.score, record.session.responder.id) == (5, "lina")


def test_anything_else_opens_the_next_session() -> None:
    story = asked_for_a_rating()
    story.tell(received("还有一个问题", seconds=60))
    assert story.conversation.session is not None
    assert story.conversation.session.number == 2
    story.tell(received("5", seconds=70))
    assert rated(story) is None, "it is no answer any more"


def test_a_number_that_was_written_before_the_question_or_long_after_it_is_a_message() -> None:
    early = asked_for_a_rating()
    early.tell(received("5", seconds=2))
    assert early.state != "closed"
    late = asked_for_a_rating()
    late.tell(received("5", seconds=10 + 86_401))
    assert late.state != "closed"


def test_it_is_answered_once() -> None:
    story = asked_for_a_rating()
    story.tell(received("5", seconds=60), received("1", seconds=61))
    assert story.conversation.session is not None
    assert story.conversation.session.number == 2


def test_where_the_quota_is_used_up_nobody_is_asked_and_that_is_kept() -> None:
    story = Story(POLICY).with_agent()
    story.tell(*(reply(f"{n}", seconds=n) for n in range(5)))
    assert said(story.tell(close(seconds=10))) == []
    assert rated(story).state == "not_asked"
    story.tell(received("5", seconds=60))
    assert story.state != "closed"


def test_machines_keep_to_their_budget() -> None:
    story = asked_for_a_rating(POLICY.but(bot_budget=1))
    assert said(story.decisions[-1]) == ["再见"]
    assert rated(story).state == "not_asked"


def test_a_session_that_no_agent_had_is_not_rated() -> None:
    story = Story(POLICY)
    story.tell(received(), close(supervises=True, seconds=5))
    assert said(story.decisions[-1]) == []
    assert rated(story) is None


def test_the_question_stands_until_the_next_session_opens() -> None:
    story = asked_for_a_rating()
    story.tell(entered(seconds=30))
    story.tell(received("5", seconds=31))
    assert story.state == "waiting"


def test_the_question_is_in_the_books() -> None:
    story = asked_for_a_rating()
    sends = [c for c in story.decisions[-1].commands if isinstance(c, SendMessage)]
    story.tell(*(settled(send.send_id, seconds=11) for send in sends))
    assert story.remaining == 2


def test_a_question_that_did_not_arrive_was_not_asked() -> None:
    story = asked_for_a_rating()
    assert story.conversation.session is not None
    question = rated(story).send_id
    decision = story.tell(settled(question, "refused", seconds=12))
    assert rated(story).state == "not_asked"
    assert [command for command in decision.commands if isinstance(command, RecordSession)]
    story.tell(received("2", seconds=60))
    assert story.conversation.session.number == 2
