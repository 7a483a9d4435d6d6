import pytest
from prometheus_client import CollectorRegistry, generate_latest

from shared.observe.lapsing import LapsingGauge, RecentCount


class Seconds:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def gauge(registry: CollectorRegistry, seconds: Seconds) -> LapsingGauge:
    return LapsingGauge("line", "Who waits", ["app_id"], lapse_seconds=20, registry=registry, now=seconds)


def test_a_value_is_absent_once_it_is_not_set_again(
    gauge: LapsingGauge, registry: CollectorRegistry, seconds: Seconds
) -> None:
    gauge.set(3, "wx1")
    seconds.at = 19
    gauge.set(1, "wx2")
    assert registry.get_sample_value("line", {"app_id": "wx1"}) == 3
    seconds.at = 20
    assert registry.get_sample_value("line", {"app_id": "wx1"}) is None
    assert registry.get_sample_value("line", {"app_id": "wx2"}) == 1


def test_what_is_replaced_is_all_there_is(gauge: LapsingGauge) -> None:
    gauge.replace({("wx1",): 3, ("wx2",): 4})
    gauge.replace({("wx2",): 5})
    assert gauge.values() == {("wx2",): 5}


def test_a_value_may_have_its_own_time_and_be_removed(gauge: LapsingGauge, seconds: Seconds) -> None:
    gauge.set(1, "wx1", lapse_seconds=100)
    gauge.set(2, "wx2")
    gauge.remove("wx2")
    gauge.remove("wx3")
    seconds.at = 99
    assert gauge.values() == {("wx1",): 1}


def test_a_scrape_shows_it_with_its_meaning(gauge: LapsingGauge, registry: CollectorRegistry) -> None:
    gauge.set(3, "wx1")
    assert generate_latest(registry).decode() == ('# HELP line Who waits\n# TYPE line gauge\nline{app_id="wx1"} 3.0\n')


def test_a_name_is_taken_once(gauge: LapsingGauge, registry: CollectorRegistry) -> None:
    with pytest.raises(ValueError, match="line"):
        LapsingGauge("line", "Another", registry=registry)


def test_names_count_once_and_are_forgotten(registry: CollectorRegistry, seconds: Seconds) -> None:
    count = RecentCount("active", "Partitions", seconds=300, registry=registry, now=seconds)
    count.note("p00")
    count.note("p00")
    seconds.at = 299
    count.note("p01")
    assert registry.get_sample_value("active") == 2
    seconds.at = 300
    assert registry.get_sample_value("active") == 1
    seconds.at = 599
    assert registry.get_sample_value("active") == 0
