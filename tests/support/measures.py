"""What the metrics say, as a scrape would find it."""

from prometheus_client import REGISTRY


def measured(name: str, **labels: str) -> float | None:
    """The value of one series; None where it is absent."""
    return REGISTRY.get_sample_value(name, labels)


def counted(name: str, **labels: str) -> float:
    """As `measured`, of what has been counted up to now; nothing yet is 0."""
    return measured(name, **labels) or 0.0
