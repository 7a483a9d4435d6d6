import pytest
from pydantic import ValidationError

from services.bot.rules import Answer, answer
from shared.conversation.policy import KeywordRule, Policy, Unmatched

POLICY = Policy(
    welcome="欢迎",
    keyword_rules=(
        KeywordRule(words=("发货", "Ship"), reply="48 小时内发货"),
        KeywordRule(words=("退款",), match="equals", reply="请稍候", hand_off=True),
        KeywordRule(words=("投诉",), hand_off=True),
    ),
    unmatched=Unmatched(reply="没听懂", hand_off=False),
)


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ((), Answer(("欢迎",), hand_off=False, reason="welcome")),
        (("什么时候 发 货？",), Answer(("48 小时内发货",), hand_off=False, reason="keyword")),
        (("when will you SHIP it",), Answer(("48 小时内发货",), hand_off=False, reason="keyword")),
        (("退款",), Answer(("请稍候",), hand_off=True, reason="keyword")),
        (("我要退款",), Answer(("没听懂",), hand_off=False, reason="unmatched")),
        (("我要投诉",), Answer((), hand_off=True, reason="keyword")),
        (("转人工",), Answer((), hand_off=True, reason="customer_asked")),
        (("发货", "退款"), Answer(("请稍候",), hand_off=True, reason="keyword")),
        (("发货", "人工"), Answer((), hand_off=True, reason="customer_asked")),
        (("",), Answer(("没听懂",), hand_off=False, reason="unmatched")),
    ],
)
def test_answers(inputs: tuple[str, ...], expected: Answer) -> None:
    assert answer(POLICY, inputs) == expected


def test_without_a_welcome_nothing_is_said() -> None:
    assert answer(Policy(), ()) == Answer((), hand_off=False, reason="welcome")


@pytest.mark.parametrize(
    "policy",
    [
        {"welcome": "  "},
        {"welcome": "长" * 700},
        {"keyword_rules": [{"words": []}]},
        {"keyword_rules": [{"words": [" "]}]},
        {"keyword_rules": [{"words": ["a"], "reply": "长" * 700}]},
        {"hand_off_words": [""]},
        {"bot_budget": 6},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(policy: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate(policy)
