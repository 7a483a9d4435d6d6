"""How dashboards ask: rates, quantiles and sums of one namespace, 0 where there is nothing."""

from typing import Final

SPAN: Final = "$__rate_interval"
OURS: Final = 'namespace="$namespace"'


def chosen(name: str, matchers: str = "") -> str:
    """The series of the namespace that is looked at."""
    return f"{name}{{{', '.join(filter(None, [OURS, matchers]))}}}"


def total(name: str, matchers: str = "") -> str:
    """A gauge, summed; 0 where nobody exports it."""
    return f"sum({chosen(name, matchers)}) or vector(0)"


def only(name: str) -> str:
    """A gauge of one replica alone: for a moment after it changed, two of them say it."""
    return f"max({chosen(name)}) or vector(0)"


def only_by_app(name: str) -> str:
    """As `only`, over all apps."""
    return f"sum(max by (app_id) ({chosen(name)})) or vector(0)"


def rate(name: str, matchers: str = "") -> str:
    """A counter, a second; 0 where nothing was ever counted."""
    return f"sum(rate({chosen(name, matchers)}[{SPAN}])) or vector(0)"


def rate_by(labels: str, name: str, matchers: str = "") -> str:
    return f"sum by ({labels}) (rate({chosen(name, matchers)}[{SPAN}]))"


def in_all(name: str, matchers: str = "", span: str = "1h") -> str:
    """How many within the time; 0 where none."""
    return f"round(sum(increase({chosen(name, matchers)}[{span}]))) or vector(0)"


def quantile(part: float, name: str, by: str = "", matchers: str = "") -> str:
    """Of a histogram; nothing where nothing was observed."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({part}, sum by ({labels}) (rate({chosen(name + '_bucket', matchers)}[{SPAN}])))"


def mean(name: str, matchers: str = "") -> str:
    """Of a histogram; 0 where nothing was observed."""
    asked = f"rate({chosen(name + '_count', matchers)}[{SPAN}])"
    return f"sum(rate({chosen(name + '_sum', matchers)}[{SPAN}])) / (sum({asked}) > 0) or vector(0)"


def part(of: str, whole: str) -> str:
    """A share of a whole, both of them expressions; 0 where the whole is nothing."""
    return f"({of}) / (({whole}) > 0) or vector(0)"
