"""The ledger against WeChat's rule (客服消息使用指南): 5 in 48 hours, 2 in 1 minute, not added up."""

from datetime import timedelta

import pytest

from shared.conversation.quota import Ledger, Outcome
from tests.support.facts import NOON, at


def used(ledger: Ledger, count: int, *, seconds: float, outcome: Outcome = "sent") -> Ledger:
    for number in range(count):
        send = f"send-{seconds}-{number}"
        ledger = ledger.reserved(send).settled(send, outcome, at(seconds))
    return ledger


def test_nothing_may_be_sent_before_the_customer_came() -> None:
    balance = Ledger().balance(NOON)
    assert (balance.remaining, balance.grant, balance.deadline) == (0, None, None)


def test_a_message_opens_five_for_48_hours() -> None:
    balance = Ledger().granted("message", NOON).balance(at(1))
    assert (balance.remaining, balance.grant, balance.deadline) == (5, "message", NOON + timedelta(hours=48))


def test_entering_opens_two_for_a_minute() -> None:
    ledger = Ledger().granted("entering", NOON)
    assert ledger.balance(at(60)).remaining == 2
    assert ledger.balance(at(61)).remaining == 0


def test_entering_after_a_message_takes_nothing_and_gives_nothing_while_more_is_left() -> None:
    ledger = used(Ledger().granted("message", NOON), 2, seconds=1).granted("entering", at(10))
    balance = ledger.balance(at(20))
    assert (balance.remaining, balance.deadline) == (3, NOON + timedelta(hours=48))


def test_entering_lifts_a_used_up_window_to_two() -> None:
    ledger = used(Ledger().granted("message", NOON), 5, seconds=1)
    assert ledger.balance(at(2)).remaining == 0
    assert ledger.granted("entering", at(10)).balance(at(20)).remaining == 2


def test_a_new_message_gives_all_five_again() -> None:
    ledger = used(Ledger().granted("message", NOON), 4, seconds=1).granted("message", at(100))
    assert ledger.balance(at(101)).remaining == 5


def test_an_older_grant_of_the_same_kind_changes_nothing() -> None:
    ledger = Ledger().granted("message", at(100))
    assert ledger.granted("message", at(50)) is ledger


@pytest.mark.parametrize(("outcome", "counts"), [("sent", 1), ("unknown", 1), ("refused", 0), ("expired", 0)])
def test_what_counts(outcome: Outcome, counts: int) -> None:
    ledger = used(Ledger().granted("message", NOON), 1, seconds=1, outcome=outcome)
    assert ledger.balance(at(2)).remaining == 5 - counts


def test_a_reservation_counts_before_its_outcome_and_survives_a_new_grant() -> None:
    ledger = Ledger().granted("message", NOON).reserved("a")
    assert ledger.balance(at(1)).remaining == 4
    assert ledger.granted("message", at(10)).balance(at(11)).remaining == 4


def test_a_send_attempted_before_the_new_message_does_not_count_against_it() -> None:
    ledger = Ledger().granted("message", NOON).reserved("a").granted("message", at(10))
    assert ledger.settled("a", "sent", at(5)).balance(at(11)).remaining == 5
    assert ledger.settled("a", "sent", at(10)).balance(at(11)).remaining == 4


def test_an_outcome_only_improves() -> None:
    ledger = used(Ledger().granted("message", NOON), 1, seconds=1, outcome="unknown")
    (send,) = ledger.sends
    refused = ledger.settled(send.id, "refused", at(1))
    assert refused.balance(at(2)).remaining == 5
    assert refused.settled(send.id, "unknown", at(1)).balance(at(2)).remaining == 5


def test_wechat_closing_the_window_overrides_the_count_until_the_customer_writes() -> None:
    ledger = Ledger().granted("message", NOON).closed(at(5))
    assert ledger.balance(at(6)).remaining == 0
    assert ledger.granted("message", at(10)).balance(at(11)).remaining == 5


def test_a_refusal_of_an_attempt_from_before_the_newest_message_closes_nothing() -> None:
    ledger = Ledger().granted("message", NOON).granted("message", at(10)).closed(at(9))
    assert ledger.balance(at(11)).remaining == 5


def test_machine_messages_are_counted_apart() -> None:
    ledger = Ledger().granted("message", NOON).reserved("a", machine=True).reserved("b")
    balance = ledger.balance(at(1))
    assert (balance.remaining, balance.machine_spent) == (3, 1)


def test_a_send_that_ended_in_the_second_of_the_new_message_came_before_it() -> None:
    ledger = used(Ledger().granted("message", NOON), 5, seconds=10.4)
    assert ledger.granted("message", at(10)).balance(at(11)).remaining == 5


def test_a_send_still_under_way_in_that_second_counts() -> None:
    ledger = Ledger().granted("message", NOON).reserved("a").granted("message", at(10))
    assert ledger.settled("a", "sent", at(10.4)).balance(at(11)).remaining == 4


def test_two_messages_of_one_second_are_two_grants() -> None:
    ledger = used(Ledger().granted("message", NOON), 5, seconds=0.5)
    assert ledger.granted("message", NOON).balance(at(1)).remaining == 5


def test_a_window_called_closed_in_the_second_of_the_new_message_is_open_again() -> None:
    """CreateTime is 10; the attempt began at 10.7, and we heard that it was refused before we heard of the message."""
    ledger = Ledger().granted("message", NOON).closed(at(10.7)).granted("message", at(10))
    assert ledger.balance(at(11)).remaining == 5


def test_a_window_called_closed_after_that_second_stays_closed() -> None:
    ledger = Ledger().granted("message", NOON).closed(at(11.1)).granted("message", at(10))
    assert ledger.balance(at(12)).remaining == 0


@pytest.mark.parametrize(
    ("ledger", "seconds", "thought_open"),
    [
        (Ledger(), 1, False),
        (Ledger().granted("message", NOON), 1, True),
        (Ledger().granted("message", NOON), 48 * 3600 + 1, False),
        (Ledger().granted("message", NOON), -1, False),
        (Ledger().granted("message", NOON).closed(at(1)), 2, False),
        (Ledger().granted("message", NOON).closed(at(1)).granted("message", at(5)), 6, True),
        (Ledger().granted("message", NOON).shared(at(1)), 2, False),
        (Ledger().granted("message", NOON).shared(at(1)).granted("message", at(5)), 6, True),
        (Ledger().granted("message", NOON).granted("entering", at(5)), 70, True),
    ],
    ids=["nothing granted", "open", "lapsed", "before the grant", "known closed", "reopened", "shared", "ours", "both"],
)
def test_whether_a_window_that_wechat_says_is_closed_was_thought_open(
    ledger: Ledger, seconds: float, *, thought_open: bool
) -> None:
    assert ledger.thought_open(at(seconds)) is thought_open
