"""Settings of an app as administrators might make them up, every part of them on or off: for tests by chance."""

from typing import Any, Final

from hypothesis import strategies as st

from shared.conversation.policy import Policy, ServedPolicy, with_bridges
from tests.support.vendors import bridge, silent_bridge

CLOSED: Final = "现在是下班时间"
IN_LINE: Final = "您排在第 {position} 位"
GIVES_UP: Final = "算了"
MORNINGS: Final = {"time_zone": "UTC", "weekly": [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "00:00", "to": "12:01"}]}
"""A test begins at noon: a minute later it is closed, and open again twelve hours on."""

RULES: Final[list[dict[str, Any]]] = [
    {"name": "退款", "when": {"words": ["退款"]}, "to": {"kind": "group", "name": "g"}},
    {"name": "贵宾", "when": {"tags": ["VIP"]}, "to": {"kind": "agent", "name": "omar"}},
    {"name": "夜间", "when": {"hours": "closed"}, "to": {"kind": "bot"}},
    {"name": "官方", "when": {"words": ["官方"]}, "to": {"kind": "official"}},
    {"name": "七鱼", "when": {"words": ["七鱼"]}, "to": {"kind": "vendor", "name": "qiyu"}},
    {"name": "来处", "when": {"source": [{"values": ["shop"]}]}, "to": {"kind": "agents"}},
]
FALLBACKS: Final[list[dict[str, Any]]] = [
    {"when": "nobody_online", "to": {"kind": "bot"}, "say": "没有人在"},
    {"when": "nobody_online", "after_seconds": 5, "to": {"kind": "official"}},
    {"when": "waiting_longer", "after_seconds": 30, "to": {"kind": "group", "name": "g"}, "say": "换一组"},
    {"when": "waiting_longer", "after_seconds": 60, "to": {"kind": "bot"}},
    {"when": "waiting_longer", "after_seconds": 90, "to": {"kind": "official"}, "say": "请到官方客服"},
    {"when": "out_of_hours", "to": {"kind": "agent", "name": "lina"}},
    {"when": "waiting_longer", "after_seconds": 40, "to": {"kind": "vendor", "name": "zhima"}},
    {"when": "vendor_down", "to": {"kind": "vendor", "name": "zhima"}, "say": "换一家"},
    {"when": "vendor_down", "to": {"kind": "bot"}},
    {"when": "vendor_down", "to": {"kind": "group", "name": "g"}},
    {"when": "out_of_hours", "after_seconds": 20, "to": {"kind": "bot"}, "say": "下班了"},
]


def _maybe(words: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from([None, words])


def _some(of: list[dict[str, Any]], most: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(st.sampled_from(of), max_size=most, unique_by=str)


def _fields(**each: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(each)


ASSIGNMENT = _fields(
    strategy=st.sampled_from(["least_loaded", "longest_idle"]),
    offer_seconds=st.sampled_from([None, 5, 30]),
    last_agent_seconds=st.sampled_from([0, 60]),
    reopen_seconds=st.sampled_from([0, 300]),
    offline=st.sampled_from(["keep", "return", "reassign"]),
)
WORDS = _fields(
    say=_maybe(IN_LINE), after_seconds=st.sampled_from([0, 10]), every_seconds=st.just(60), most=st.integers(1, 3)
)
TARGETS = _fields(
    answer_seconds=st.sampled_from([None, 60, 600]),
    agent_silent_seconds=st.sampled_from([None, 120]),
    escalate_to=st.sampled_from([None, "g"]),
)
POLICIES: st.SearchStrategy[Policy] = _fields(
    entry=st.sampled_from(["bot", "agents", "bot", "agents", "official", "vendor:qiyu", "vendor:zhima"]),
    after_bot=st.sampled_from([{"kind": "agents"}, {"kind": "agents"}, {"kind": "vendor", "name": "qiyu"}]),
    rules=_some(RULES, 3),
    fallbacks=_some(FALLBACKS, 3),
    official=_fields(agents_may_transfer=st.booleans(), say=_maybe("请再发一条消息")),
    welcome=_maybe("欢迎"),
    bot_budget=st.integers(0, 5),
    bot_turn_seconds=st.just(5),
    assignment=ASSIGNMENT,
    waiting=WORDS,
    give_up_words=st.sampled_from([[], [GIVES_UP]]),
    targets=TARGETS,
    reminder=_fields(say=_maybe("请问还在吗？"), after_seconds=st.just(120)),
    closing=_maybe("再见"),
    rating=_fields(ask=_maybe("请打分：1–5"), thanks=_maybe("谢谢")),
    flood=st.sampled_from([None, {"messages": 5, "seconds": 60}, {"messages": 30, "seconds": 60}]),
    hours=st.sampled_from([None, MORNINGS]),
    out_of_hours=_maybe(CLOSED),
).map(Policy.model_validate)
BRIDGES: Final = (
    bridge(settings={"leave_words": [GIVES_UP], "idle_seconds": 600}),
    silent_bridge(settings={"idle_seconds": 600}),
)
"""Not all of them make sense; the core has to keep its promises under each."""


def with_vendors(policy: Policy, *down: str) -> ServedPolicy:
    """The same, with both vendors; those named have their breaker open."""
    return with_bridges(policy, [one.but(down=one.account in down) for one in BRIDGES])
