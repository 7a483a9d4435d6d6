from datetime import datetime, timedelta

import pytest

from services.sender.outcomes import BUSY_TRIES, Ended, PutOff, Shut, backoff, judge
from shared.failures import OutcomeUnknown, SendFailure, Unavailable
from shared.wechat.errcodes import TABLE, failure_of

NOON = datetime.fromisoformat("2026-11-22T12:00:40+08:00")


def failed(code: int) -> SendFailure:
    return failure_of(code, f"errmsg {code} rid: 1-2-3", call="send")


def judged(failure: SendFailure, tries: int = 1) -> Ended | PutOff | Shut:
    return judge(failure, tries=tries, now=NOON)


@pytest.mark.parametrize("code", [45015, 45037, 45047])
def test_a_closed_window_refuses_and_says_so(code: int) -> None:
    verdict = judged(failed(code))
    assert isinstance(verdict, Ended)
    assert (verdict.outcome, verdict.code, verdict.window_closed) == ("refused", str(code), True)


@pytest.mark.parametrize("code", [40003, 40008, 44004, 45002, 40007, 70000, 99999, 45094])
def test_what_concerns_one_message_refuses_that_one_alone(code: int) -> None:
    verdict = judged(failed(code))
    assert isinstance(verdict, Ended)
    assert (verdict.outcome, verdict.window_closed) == ("refused", False)


def test_no_answer_is_unknown_and_never_put_off() -> None:
    verdict = judged(OutcomeUnknown("no_answer", "written, then nothing"))
    assert isinstance(verdict, Ended)
    assert (verdict.outcome, verdict.code) == ("unknown", "no_answer")


def test_the_days_quota_shuts_the_lane_until_midnight_in_beijing() -> None:
    verdict = judged(failed(45009))
    assert isinstance(verdict, Shut)
    assert verdict.gate.until == datetime.fromisoformat("2026-11-23T00:00:01+08:00")
    assert verdict.first is None


def test_the_minutes_quota_shuts_the_lane_until_the_next_minute() -> None:
    verdict = judged(failed(45011))
    assert isinstance(verdict, Shut)
    assert verdict.gate.until == datetime.fromisoformat("2026-11-22T12:01:01+08:00")


@pytest.mark.parametrize(("code", "seconds"), [(48001, 300), (40164, 300), (45087, 3600)])
def test_what_an_operator_must_mend_shuts_the_lane_and_one_agent_is_told(code: int, seconds: int) -> None:
    verdict = judged(failed(code))
    assert isinstance(verdict, Shut)
    assert verdict.gate.until == NOON + timedelta(seconds=seconds)
    assert verdict.first is not None
    assert (verdict.first.outcome, verdict.first.code) == ("refused", str(code))


def test_trouble_is_tried_again_later_and_later_but_no_sooner_than_told() -> None:
    assert judged(failed(-1), tries=1) == PutOff(NOON + timedelta(seconds=1), "unavailable")
    assert judged(failed(-1), tries=4) == PutOff(NOON + timedelta(seconds=8), "unavailable")
    assert judged(failed(40258), tries=1) == PutOff(NOON + timedelta(seconds=10), "unavailable")
    assert [backoff(tries).total_seconds() for tries in (0, 1, 2, 3, 6, 7, 100)] == [1, 1, 2, 4, 32, 60, 60]


def test_a_message_that_wechat_is_always_busy_for_is_refused_and_a_lost_connection_is_not() -> None:
    assert isinstance(judged(failed(-1), tries=BUSY_TRIES), Ended)
    unreachable = Unavailable("unreachable", "no route", retry_after_seconds=1)
    assert isinstance(judged(unreachable, tries=10_000), PutOff)


def test_a_token_refused_again_is_tried_again_later() -> None:
    assert judged(failed(40001), tries=2) == PutOff(NOON + timedelta(seconds=2), "token")


@pytest.mark.parametrize("code", sorted(TABLE))
def test_every_code_ends_a_send_in_words_or_puts_it_off(code: int) -> None:
    match judged(failed(code)):
        case Ended(outcome, told, reason):
            assert outcome == "refused"
            assert told == str(code)
            assert reason
        case PutOff(due_at):
            assert due_at > NOON
        case Shut(gate):
            assert gate.until > NOON
