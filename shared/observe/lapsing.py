"""Gauges for what one replica knows at a time: they lapse, so that who lost the role says nothing any more."""

import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

LAPSE_SECONDS: Final = 20.0

Labels = tuple[str, ...]


class LapsingGauge(Collector):
    """A gauge of which each value is absent once it was not set again for so many seconds.

    RabbitMQ tells a consumer nothing when another one takes its place, so a value must not outlive its being measured.
    `now`: seconds that only ever grow.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str] = (),
        *,
        lapse_seconds: float = LAPSE_SECONDS,
        registry: CollectorRegistry = REGISTRY,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.documentation = documentation
        self.labels = tuple(labels)
        self._lapse_seconds = lapse_seconds
        self._now = now
        self._values: dict[Labels, tuple[float, float]] = {}
        registry.register(self)

    def set(self, value: float, *labels: str, lapse_seconds: float | None = None) -> None:
        """`lapse_seconds`: for this value, in the place of the gauge's own."""
        lapse = self._lapse_seconds if lapse_seconds is None else lapse_seconds
        self._values[labels] = (value, self._now() + lapse)

    def replace(self, values: Mapping[Labels, float]) -> None:
        """These are all there are from now on."""
        until = self._now() + self._lapse_seconds
        self._values = {labels: (value, until) for labels, value in values.items()}

    def remove(self, *labels: str) -> None:
        """Where it is there."""
        self._values.pop(labels, None)

    def values(self) -> dict[Labels, float]:
        """What has not lapsed."""
        now = self._now()
        self._values = {labels: one for labels, one in self._values.items() if one[1] > now}
        return {labels: value for labels, (value, _) in self._values.items()}

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Asked when it is registered, to see that no other metric has the name."""
        return [GaugeMetricFamily(self.name, self.documentation, labels=self.labels)]

    @override
    def collect(self) -> Iterable[GaugeMetricFamily]:
        family = GaugeMetricFamily(self.name, self.documentation, labels=self.labels)
        for labels, value in self.values().items():
            family.add_metric(labels, value)
        return [family]


class RecentCount(Collector):
    """A gauge that counts the different names noted within so many seconds; 0 where there are none."""

    def __init__(
        self,
        name: str,
        documentation: str,
        *,
        seconds: float,
        registry: CollectorRegistry = REGISTRY,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.documentation = documentation
        self.labels: Labels = ()
        self._seconds = seconds
        self._now = now
        self._noted: dict[Hashable, float] = {}
        registry.register(self)

    def note(self, name: Hashable) -> None:
        self._noted[name] = self._now()

    def count(self) -> int:
        since = self._now() - self._seconds
        self._noted = {name: at for name, at in self._noted.items() if at > since}
        return len(self._noted)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return [GaugeMetricFamily(self.name, self.documentation)]

    @override
    def collect(self) -> Iterable[GaugeMetricFamily]:
        return [GaugeMetricFamily(self.name, self.documentation, value=self.count())]
