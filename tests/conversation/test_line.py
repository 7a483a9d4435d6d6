"""Who gets what waits, in which order, and who is told that they go on waiting."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conversation.hours import Hours
from shared.conversation.line import AGAIN_SECONDS, Choice, Line, plan
from shared.conversation.model import Handover, Offer, Session
from shared.conversation.order import Deadlines, Waiting, in_line, in_order
from shared.conversation.policy import Assignment, Policy, Targets
from shared.conversation.strategy import Standby, ranked
from tests.support.facts import APP, Story, at, claimed, received

OTHER_APP = "wx-other"
HOURS_48 = 172_800


def waiting(
    name: str = "c1", since: float = 0, *, app_id: str = APP, window: float | None = None, **more: Any
) -> Waiting:
    """A session that waits since so many seconds after noon; `window`: when WeChat's window closes."""
    fields: dict[str, Any] = {"waiting_since": at(since), "opened_at": at(since), "active_at": at(since), **more}
    until = None if window is None else at(window)
    return Waiting(name, app_id, Session(number=1, state="waiting", **fields), until)


def agent(name: str = "lina", **more: Any) -> Standby:
    return Standby(name, **more)


def line(rows: Sequence[Waiting], staff: Sequence[Standby], policy: Policy | None = None, now: float = 100) -> Line:
    return Line(rows, staff, lambda _: policy or Policy(), at(now))


def chosen(
    row: Waiting, *staff: Standby, now: float = 100, targets: Targets | None = None, **assignment: Any
) -> Choice | None:
    policy = Policy(assignment=Assignment(**assignment), targets=targets or Targets())
    return line([row], staff, policy, now).choose(row)


def got(choice: Choice | None) -> tuple[str, str] | None:
    return (choice.agent.id, choice.rule) if choice is not None else None


def order(rows: Sequence[Waiting], policy: Policy, now: float = 100) -> list[str]:
    return [row.conversation_id for row in in_order(rows, lambda _: policy, at(now))]


def test_who_came_first_is_served_first_and_the_id_decides_a_tie() -> None:
    rows = [waiting("b", 5), waiting("c", 1), waiting("a", 5)]
    assert order(rows, Policy()) == ["c", "a", "b"]


def test_where_everybody_is_late_whose_window_closes_is_served_first() -> None:
    """A simulated long weekend found it: missed targets hid the windows, and 72 customers were lost instead of 20."""
    rows = [waiting("early", 1, window=HOURS_48), waiting("closing", 5, window=5000), waiting("sooner", 9, window=4500)]
    app = Policy(targets=Targets(answer_seconds=300, window_seconds=3600))
    assert order(rows, app, now=4000) == ["sooner", "closing", "early"]
    assert order(rows, app, now=100) == ["early", "closing", "sooner"], "nobody is late yet"


def test_in_front_of_all_others_is_what_was_taken_from_an_agent_who_went() -> None:
    policy = Policy(targets=Targets(answer_seconds=60))
    assert order([waiting("late", 0), waiting("first", 90, first=True)], policy) == ["first", "late"]


def test_who_writes_again_keeps_their_place() -> None:
    rows = [waiting("first", 0, window=90 + HOURS_48), waiting("second", 10, window=10 + HOURS_48)]
    assert order(rows, Policy(targets=Targets(answer_seconds=60))) == ["first", "second"]
    assert order(rows, Policy()) == ["first", "second"]


def test_a_window_that_closes_soon_is_a_deadline_and_a_closed_one_is_none() -> None:
    policy = Policy(targets=Targets(window_seconds=3600))
    rows = [waiting("old", 0, window=90), waiting("older", 1, window=10_000), waiting("soon", 50, window=500)]
    assert order(rows, policy) == ["soon", "old", "older"]
    assert [deadline_of(row, policy) for row in rows] == [at(600), at(601), at(500)]


def test_the_nearer_of_answer_and_window_counts_across_apps() -> None:
    policies = {APP: Policy(targets=Targets(answer_seconds=600)), OTHER_APP: Policy(targets=Targets(answer_seconds=60))}
    rows = [waiting("slow", 0), waiting("quick", 50, app_id=OTHER_APP), waiting("closing", 60, window=105)]
    ordered = in_order(rows, policies.__getitem__, at(100))
    assert [row.conversation_id for row in ordered] == ["closing", "quick", "slow"]


def deadline_of(row: Waiting, policy: Policy) -> datetime | None:
    return Deadlines(lambda _: policy, at(100)).of(row)


def test_an_answer_is_late_by_working_hours() -> None:
    # Noon in UTC is eight in the evening in Shanghai: this app closes ten minutes later, and opens at nine.
    daily = Hours.model_validate(
        {"time_zone": "Asia/Shanghai", "weekly": [{"days": list(range(1, 8)), "from": "09:00", "to": "20:10"}]}
    )
    policy = Policy(hours=daily, targets=Targets(answer_seconds=60))
    opens = 13 * 3600
    rows = [waiting("night", 620), waiting("evening", 30.5), waiting("later", 700), waiting("minute", 599)]
    assert [deadline_of(row, policy) for row in rows] == [at(opens + 60), at(90.5), at(opens + 60), at(659)]
    assert order(rows, policy) == ["evening", "minute", "night", "later"]
    over = Hours.model_validate({"extra_days": [{"date": "2020-01-01", "from": "09:00", "to": "20:10"}]})
    assert deadline_of(waiting(), policy.but(hours=over)) is None


@pytest.mark.parametrize(("promise", "first"), [(60, "promised"), (3600, "none")])
def test_an_app_without_a_target_keeps_its_turn_among_those_that_promise_something(promise: int, first: str) -> None:
    policies = {APP: Policy(), OTHER_APP: Policy(targets=Targets(answer_seconds=promise))}
    rows = [waiting("none", 0), waiting("promised", 90, app_id=OTHER_APP)]
    ordered = in_order(rows, policies.__getitem__, at(100))
    assert ordered[0].conversation_id == first


def test_a_waiting_conversation_stands_in_line_until_its_messages_window_closes() -> None:
    story = Story(Policy(entry="agents"))
    story.tell(received(seconds=5))
    row = in_line(story.conversation)
    assert row is not None
    assert (row.app_id, row.window_until) == (APP, at(5) + timedelta(hours=48))
    assert row.claim_id == f"{story.conversation.id}.1.1"


def test_who_is_served_or_goes_to_the_official_console_is_not_in_line() -> None:
    assert in_line(Story().with_agent().conversation) is None
    story = Story(Policy(entry="agents"))
    assert in_line(story.conversation) is None
    story.tell(received())
    session = story.conversation.session
    assert session is not None
    armed = story.conversation.but(session=session.but(handover=Handover(number=1)))
    assert in_line(armed) is None


@pytest.mark.parametrize(
    "staff",
    [
        agent(presence="away"),
        agent(presence="offline"),
        agent(load=5),
        agent(capacity=0),
        agent(auto_accept=False),
    ],
    ids=["away", "offline", "full", "no capacity", "by hand"],
)
def test_who_has_no_room_or_accepts_by_hand_gets_nothing(staff: Standby) -> None:
    assert chosen(waiting(), staff) is None


def test_only_who_serves_the_app_is_given_its_sessions() -> None:
    boss = agent("boss", role="supervisor")
    assert chosen(waiting(), agent("omar"), boss, groups=("vip",)) is None
    assert got(chosen(waiting(), agent("omar"), agent(groups=("vip",)), groups=("vip",))) == ("lina", "least_loaded")
    assert got(chosen(waiting(), boss)) == ("boss", "least_loaded")


def test_a_group_gets_its_own_even_if_nobody_of_it_is_there() -> None:
    row = waiting(group="vip")
    assert got(chosen(row, agent("omar"), agent(groups=("vip",), load=4))) == ("lina", "least_loaded")
    assert chosen(row, agent("omar"), agent(groups=("vip",), presence="offline")) is None


def test_a_group_of_which_nobody_serves_the_app_keeps_nobody_waiting() -> None:
    row = waiting(group="returns")
    blind, other = agent("blind", groups=("returns",)), agent("other", groups=("vip",))
    assert got(chosen(row, blind, other, groups=("vip",))) == ("other", "least_loaded")
    boss = agent("boss", groups=("returns",), role="supervisor")
    assert got(chosen(row, blind, other, boss, groups=("vip",))) == ("boss", "least_loaded")


def test_the_group_that_is_called_to_help_serves_beside_the_others() -> None:
    row = waiting(group="vip", also_group="help")
    vip, helper = agent("vip", groups=("vip",), load=3), agent("helper", groups=("help",), load=1)
    assert line([row], [vip, helper, agent("omar")]).may_have(row) == {"vip", "helper"}
    assert got(chosen(row, vip, helper, agent("omar"))) == ("helper", "least_loaded")
    assert got(chosen(row, vip, helper, groups=("vip",))) == ("vip", "least_loaded")


def test_who_is_named_by_a_rule_is_waited_for() -> None:
    row = waiting(wanted="lina")
    omar = agent("omar")
    assert got(chosen(row, omar, agent(load=4))) == ("lina", "named")
    for busy in (agent(load=5), agent(presence="offline"), agent(auto_accept=False)):
        assert chosen(row, omar, busy) is None


def test_who_is_named_but_does_not_exist_or_serve_is_not_waited_for() -> None:
    row = waiting(wanted="lina")
    omar = agent("omar", groups=("vip",))
    assert got(chosen(row, omar)) == ("omar", "least_loaded")
    assert got(chosen(row, omar, agent(groups=("night",)), groups=("vip",))) == ("omar", "least_loaded")


def test_the_group_called_to_help_serves_beside_who_is_named() -> None:
    row = waiting(wanted="lina", also_group="help")
    helper = agent("helper", groups=("help",))
    assert got(chosen(row, helper, agent(load=4))) == ("lina", "named")
    assert got(chosen(row, helper, agent(presence="away"))) == ("helper", "least_loaded")


def test_the_last_agent_is_preferred_and_for_a_while_waited_for() -> None:
    row = waiting(wanted="lina", wanted_until=at(120))
    omar = agent("omar")
    assert got(chosen(row, omar, agent(load=4))) == ("lina", "last_agent")
    assert chosen(row, omar, agent(load=5), now=119) is None
    assert got(chosen(row, omar, agent(load=5), now=120)) == ("omar", "least_loaded")
    assert got(chosen(row, omar, agent(load=4), now=500)) == ("lina", "last_agent")


def test_the_last_agent_is_not_waited_for_when_they_are_not_there() -> None:
    row = waiting(wanted="lina", wanted_until=at(1000))
    for gone in (agent(presence="away"), agent(presence="offline"), agent(groups=("night",))):
        groups = ("vip",) if gone.groups else ()
        staff = (agent("omar", groups=("vip",)), gone)
        assert got(chosen(row, *staff, groups=groups)) == ("omar", "least_loaded")


def test_the_last_agent_who_accepts_by_hand_is_offered_it_and_once_they_pass_it_on_it_is_anyones() -> None:
    row = waiting(wanted="lina", wanted_until=at(1000))
    staff = (agent("omar"), agent(auto_accept=False))
    offer = chosen(row, *staff, offer_seconds=30)
    assert (got(offer), offer and offer.offered_until) == (("lina", "last_agent"), at(130))
    passed = waiting(wanted="lina", wanted_until=at(1000), declined=("lina",), passed_at=at(90))
    assert got(chosen(passed, *staff, offer_seconds=30)) == ("omar", "least_loaded")


def test_given_at_once_comes_before_offered() -> None:
    by_hand, omar = agent("a-hand", auto_accept=False), agent("omar", load=4)
    choice = chosen(waiting(), by_hand, omar, offer_seconds=30)
    assert choice is not None
    assert (got(choice), choice.offered_until) == (("omar", "least_loaded"), None)
    assert [candidate.id for candidate in choice.candidates] == ["a-hand", "omar"]


def test_who_accepts_by_hand_is_offered_it_for_a_while() -> None:
    by_hand, full = agent("hand", auto_accept=False), agent("omar", load=5)
    choice = chosen(waiting(), by_hand, full, offer_seconds=30)
    assert choice is not None
    assert (got(choice), choice.offered_until) == (("hand", "least_loaded"), at(130))
    assert choice.taken == by_hand._replace(load=1, assigned_at=at(100))


def test_where_the_app_has_everybody_accept_by_hand_nothing_is_given() -> None:
    assert chosen(waiting(), agent(), auto_accept=False) is None
    choice = chosen(waiting(), agent(), auto_accept=False, offer_seconds=10)
    assert choice is not None
    assert choice.offered_until == at(110)


def test_what_is_offered_to_somebody_is_left_alone() -> None:
    offer = Offer(agent_id="omar", agent_name="Omar", until=at(110))
    assert chosen(waiting(offer=offer), agent()) is None


def by_hand(*names: str, **more: Any) -> list[Standby]:
    return [agent(name, auto_accept=False, **more) for name in names]


def test_who_has_passed_it_on_is_skipped_until_all_have() -> None:
    staff = by_hand("a", "b", "c")
    declined: tuple[str, ...] = ()
    asked = []
    for number in range(7):
        row = waiting(declined=declined, passed_at=at(number * 1000))
        choice = chosen(row, *staff, now=number * 1000 + 2 * AGAIN_SECONDS, offer_seconds=30)
        assert choice is not None
        asked.append(choice.agent.id)
        declined = (*declined, choice.agent.id)
    assert asked == ["a", "b", "c", "a", "b", "c", "a"]


def test_once_all_have_passed_it_on_there_is_a_pause() -> None:
    row = waiting(declined=("a", "b"), passed_at=at(100))
    staff = by_hand("a", "b")
    assert chosen(row, *staff, now=99 + AGAIN_SECONDS, offer_seconds=30) is None
    assert got(chosen(row, *staff, now=100 + AGAIN_SECONDS, offer_seconds=30)) == ("a", "least_loaded")
    assert got(chosen(row, *staff, *by_hand("c"), now=101, offer_seconds=30)) == ("c", "least_loaded")


@pytest.mark.parametrize(("rounds", "pause"), [(1, 60), (2, 120), (4, 480), (6, 1920), (9, 1920)])
def test_the_pause_grows_with_each_round_in_vain(rounds: int, pause: int) -> None:
    row = waiting(declined=("a", "b") * rounds, passed_at=at(0))
    assert chosen(row, *by_hand("a", "b"), now=pause - 1, offer_seconds=30) is None
    assert chosen(row, *by_hand("a", "b"), now=pause, offer_seconds=30) is not None


def test_who_is_full_does_not_keep_it_from_those_who_passed_it_on_for_ever() -> None:
    row = waiting(declined=("a",), passed_at=at(0))
    choice = chosen(row, *by_hand("a"), *by_hand("b", load=5), now=AGAIN_SECONDS, offer_seconds=30)
    assert got(choice) == ("a", "least_loaded")


def test_least_loaded_then_idle_for_longest_then_by_id() -> None:
    staff = [agent("c", load=1), agent("b", assigned_at=at(5)), agent("a", assigned_at=at(9)), agent("z")]
    assert [one.id for one in ranked(staff, "least_loaded")] == ["z", "b", "a", "c"]
    assert got(chosen(waiting(), *staff)) == ("z", "least_loaded")


def test_longest_idle_then_least_loaded_then_by_id() -> None:
    staff = [
        agent("c", assigned_at=at(1), load=4),
        agent("b", assigned_at=at(2)),
        agent("y", load=1),
        agent("z"),
        agent("x"),
    ]
    assert [one.id for one in ranked(staff, "longest_idle")] == ["x", "z", "y", "c", "b"]
    assert got(chosen(waiting(), *staff, strategy="longest_idle")) == ("x", "longest_idle")


def served(rows: Sequence[Waiting], *staff: Standby, policy: Policy | None = None) -> dict[str, str]:
    return {choice.waiting.conversation_id: choice.agent.id for choice in plan(line(rows, staff, policy))}


def test_each_gets_theirs_and_who_comes_too_late_waits() -> None:
    rows = [waiting("c3", 3), waiting("c1", 1), waiting("c2", 2)]
    assert served(rows, agent("a", capacity=1), agent("b", capacity=1, load=0)) == {"c1": "a", "c2": "b"}


def test_the_head_of_the_line_does_not_hold_up_those_behind_it() -> None:
    rows = [waiting("c1", 1, group="vip"), waiting("c2", 2)]
    assert served(rows, agent("omar"), agent("vip", groups=("vip",), presence="away")) == {"c2": "omar"}


def test_who_turns_out_to_be_full_is_passed_over() -> None:
    row = waiting()
    one = line([row], [agent("a"), agent("b", load=1)])
    assert got(one.choose(row)) == ("a", "least_loaded")
    one.pass_over("a")
    assert got(one.choose(row)) == ("b", "least_loaded")
    one.note(agent("b", load=5))
    assert (one.choose(row), one.has_room) == (None, False)
    one.note(agent("b", load=0))
    assert one.choose(row) is None


def places(
    rows: Sequence[Waiting], *staff: Standby, gone: tuple[str, ...] = (), now: float = 100, **assignment: Any
) -> dict[str, tuple[int, bool]]:
    found = line(rows, staff, Policy(assignment=Assignment(**assignment)), now).places(gone)
    return {place.waiting.conversation_id: (place.position, place.nobody_online) for place in found}


def test_a_place_counts_those_before_who_wait_for_the_same_agents() -> None:
    rows = [waiting("c1", 1), waiting("v1", 2, group="vip"), waiting("c2", 3), waiting("v2", 4, group="vip")]
    staff = (agent("omar", presence="away"), agent("vip", groups=("vip",)))
    assert places(rows, *staff) == {"c1": (1, False), "v1": (1, False), "c2": (2, False), "v2": (2, False)}


def test_apps_that_the_same_agents_serve_share_a_line() -> None:
    assert places([waiting("c1", 1), waiting("c2", 2, app_id=OTHER_APP)], agent()) == {
        "c1": (1, False),
        "c2": (2, False),
    }


def test_who_has_been_given_to_somebody_is_not_counted() -> None:
    assert places([waiting("c1", 1), waiting("c2", 2)], agent(), gone=("c1",)) == {"c2": (1, False)}


@pytest.mark.parametrize("presence", ["away", "offline"])
def test_nobody_is_online_where_none_of_those_who_may_have_it_is(presence: Any) -> None:
    omar = agent("omar", load=5)
    gone = agent("lina", presence=presence, groups=("vip",))
    rows = [waiting("c1", 1, group="vip"), waiting("c2", 2), waiting("c3", 3, wanted="lina")]
    assert places(rows, omar, gone) == {"c1": (1, True), "c2": (1, False), "c3": (2, True)}
    assert places([waiting("c1")]) == {"c1": (1, True)}
    assert places([waiting("c1")], omar, groups=("vip",)) == {"c1": (1, True)}


def test_a_named_agent_is_a_line_of_their_own() -> None:
    rows = [waiting("c1", 1), waiting("c2", 2, wanted="lina"), waiting("c3", 3, wanted="lina", wanted_until=at(101))]
    staff = (agent("omar"), agent(load=5))
    assert places(rows, *staff) == {"c1": (1, False), "c2": (1, False), "c3": (2, False)}
    assert places(rows, *staff, now=101) == {"c1": (1, False), "c2": (1, False), "c3": (2, False)}


def test_an_offer_and_the_wish_for_it_by_hand_are_one_claim() -> None:
    story = Story(Policy(entry="agents", assignment=Assignment(offer_seconds=30)))
    offer = claimed("lina").but(offered_until=at(30))
    story.tell(received(), offer)
    assert story.state == "waiting"
    decision = story.tell(claimed("lina", command="k1").but(rule="wanted"))
    assert (story.state, decision.verdict and decision.verdict.problem) == ("agent", None)
    assert story.conversation.verdict_on("k1") is not None
    session = story.conversation.session
    assert session is not None
    assert (session.claim, session.offer) == (offer.claim_id, None)
    assert not [command for command in decision.commands if command.kind == "release_claim"]


NAMES = st.sampled_from(["a", "b", "c", "d"])
GROUPS = st.sampled_from([None, "vip", "help", "nobody"])


def instants(most: int) -> st.SearchStrategy[datetime | None]:
    return st.none() | st.integers(0, most).map(at)


STAFF = st.lists(
    st.builds(
        Standby,
        id=NAMES,
        groups=st.lists(st.sampled_from(["vip", "help"]), max_size=2, unique=True).map(tuple),
        role=st.sampled_from(["agent", "supervisor"]),
        presence=st.sampled_from(["online", "online", "away", "offline"]),
        capacity=st.integers(0, 3),
        load=st.integers(0, 3),
        auto_accept=st.booleans(),
        assigned_at=instants(50),
    ),
    max_size=4,
    unique_by=lambda one: one.id,
)
ROWS = st.lists(
    st.builds(
        waiting,
        name=st.integers(0, 50).map(str),
        since=st.integers(0, 99),
        app_id=st.sampled_from([APP, OTHER_APP]),
        window=st.none() | st.integers(0, 5000),
        group=GROUPS,
        also_group=GROUPS,
        wanted=st.none() | NAMES,
        wanted_until=instants(200),
        first=st.booleans(),
        offer=st.none() | st.none() | st.just(Offer(agent_id="a", agent_name="A", until=at(110))),
        declined=st.lists(NAMES, max_size=5).map(tuple),
        passed_at=instants(100),
    ),
    max_size=12,
    unique_by=lambda one: one.conversation_id,
)
POLICIES = st.builds(
    Policy,
    assignment=st.builds(
        Assignment,
        strategy=st.sampled_from(["least_loaded", "longest_idle"]),
        groups=st.sampled_from([(), ("vip",), ("vip", "help")]),
        auto_accept=st.booleans(),
        offer_seconds=st.sampled_from([None, 30]),
    ),
    targets=st.builds(Targets, answer_seconds=st.sampled_from([None, 60])),
)


@given(ROWS, STAFF, POLICIES, POLICIES)
def test_nobody_waits_while_somebody_has_room_for_them_and_nobody_gets_too_many(
    rows: list[Waiting], staff: list[Standby], ours: Policy, others: Policy
) -> None:
    policies = {APP: ours, OTHER_APP: others}
    now = at(200)
    one = Line(rows, staff, policies.__getitem__, now)
    choices = plan(one)
    taken = [choice.waiting.conversation_id for choice in choices]
    assert len(taken) == len(set(taken))
    room = {agent.id: agent for agent in staff}
    for choice in choices:
        before = room[choice.agent.id]
        assert before == choice.agent
        assert before.online
        assert before.load < before.capacity
        assert choice.agent.id in one.may_have(choice.waiting)
        assert choice.agent in choice.candidates
        direct = policies[choice.waiting.app_id].assignment.auto_accept and before.auto_accept
        assert (choice.offered_until is None) == direct
        room[choice.agent.id] = choice.taken
    for row in rows:
        if row.conversation_id in taken or row.session.offer is not None:
            continue
        assignment = policies[row.app_id].assignment
        idle = [
            agent.id
            for name in one.may_have(row)
            if (agent := room[name]).has_room
            and ((assignment.auto_accept and agent.auto_accept) or assignment.offer_seconds is not None)
        ]
        pausing = row.session.passed_at is not None and now < row.session.passed_at + timedelta(seconds=AGAIN_SECONDS)
        assert not idle or (pausing and set(idle) <= set(row.session.declined)), idle


@given(ROWS, STAFF, POLICIES)
def test_places_count_from_one_without_gap_among_those_who_wait_for_the_same(
    rows: list[Waiting], staff: list[Standby], policy: Policy
) -> None:
    one = line(rows, staff, policy, 200)
    counted: dict[frozenset[str], int] = {}
    for place in one.places():
        agents = one.may_have(place.waiting)
        counted[agents] = counted.get(agents, 0) + 1
        assert place.position == counted[agents]
        assert place.nobody_online == (not any(agent.online for agent in staff if agent.id in agents))
    assert sum(counted.values()) == len(rows)
