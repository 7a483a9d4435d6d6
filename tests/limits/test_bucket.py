from hypothesis import given
from hypothesis import strategies as st

from shared.limits.bucket import Bucket

NEVER = -1e9


def full(rate: float = 8.0, burst: int = 3) -> Bucket:
    return Bucket(rate, burst, spent_until=NEVER)


def takes(bucket: Bucket, instants: list[float], patience: float = 0.0) -> tuple[Bucket, list[float]]:
    """When each place that was to be had comes."""
    comes = []
    for now in instants:
        taken = bucket.take(now, patience)
        if taken is not None:
            bucket = taken.bucket
            comes.append(now + taken.wait_seconds)
    return bucket, comes


def test_a_full_bucket_gives_its_burst_at_once_and_then_the_rate() -> None:
    bucket, comes = takes(full(), [0.0] * 5)
    assert comes == [0.0, 0.0, 0.0]
    assert bucket.take(0.124) is None
    assert bucket.take(0.125) is not None


def test_an_empty_bucket_has_no_burst_and_its_first_place_comes_after_one_interval() -> None:
    bucket = Bucket.empty(8.0, 3, now=5.0)
    assert bucket.take(5.0) is None
    assert takes(bucket, [5.0], patience=1.0)[1] == [5.125]
    assert len(takes(bucket, [5.125, 5.125, 5.25, 5.25])[1]) == 2


def test_a_place_further_off_than_patience_is_not_taken() -> None:
    bucket, _ = takes(full(), [0.0] * 3)
    assert bucket.take(0.0, patience_seconds=0.12) is None
    taken = bucket.take(0.0, patience_seconds=0.125)
    assert taken is not None
    assert taken.wait_seconds == 0.125


def test_unused_places_are_kept_up_to_the_burst_and_no_further() -> None:
    bucket, _ = takes(full(), [0.0] * 3)
    assert len(takes(bucket, [100.0] * 10)[1]) == 3


@given(
    rate=st.floats(0.5, 1000),
    burst=st.integers(1, 50),
    gaps=st.lists(st.floats(0, 3), max_size=60),
    patience=st.floats(0, 2),
    starts_empty=st.booleans(),
)
def test_no_span_of_time_holds_more_than_burst_and_rate_allow(
    rate: float, burst: int, gaps: list[float], patience: float, *, starts_empty: bool
) -> None:
    now, bucket, comes = 0.0, Bucket.empty(rate, burst, 0.0) if starts_empty else Bucket(rate, burst, NEVER), []
    for gap in gaps:
        now += gap
        taken = bucket.take(now, patience)
        if taken is not None:
            bucket = taken.bucket
            comes.append(now + taken.wait_seconds)
    assert comes == sorted(comes)
    for first in range(len(comes)):
        for last in range(first, len(comes)):
            assert last - first + 1 <= burst + rate * (comes[last] - comes[first]) + 1e-6


@given(st.floats(0.5, 1000), st.integers(1, 20), st.floats(0, 10))
def test_who_is_refused_may_come_after_a_burst_of_intervals_at_the_latest(rate: float, burst: int, now: float) -> None:
    bucket = Bucket(rate, burst, NEVER)
    while (taken := bucket.take(now)) is not None:
        bucket = taken.bucket
    assert bucket.take(now + 1 / rate + 1e-6) is not None
