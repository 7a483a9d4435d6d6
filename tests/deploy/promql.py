"""What is wrong with a PromQL query: names, labels and functions against the metrics that there are."""

from collections.abc import Iterator, Mapping

import promql_parser as promql

from deploy.monitoring.catalogue import families
from deploy.monitoring.foreign import FOREIGN, TARGET_LABELS

Known = Mapping[str, frozenset[str]]
Labels = frozenset[str]

COUNTED = {"rate", "increase", "irate"}
COUNTERS = ("_total", "_bucket", "_sum", "_count")
SUBSTITUTES = {"$__rate_interval": "5m", "$namespace": "wxdesk"}
"""What stands in the place of Grafana's variables when a query is read here."""


class Wrong(Exception):
    """The query does not say what it seems to."""


def known_metrics() -> dict[str, Labels]:
    """Every series that a query may name, with every label it may have."""
    ours = {name: labels for family in families() for name, labels in family.series.items()}
    return {name: labels | TARGET_LABELS for name, labels in {**FOREIGN, **ours}.items()}


def parsed(query: str) -> promql.Expr:
    """Raises Wrong for what is no PromQL."""
    for variable, value in SUBSTITUTES.items():
        query = query.replace(variable, value)
    try:
        return promql.parse(query)
    except ValueError as refused:
        raise Wrong(str(refused)) from None


def result_labels(query: str, known: Known) -> Labels:
    """The labels that the result may have; raises Wrong."""
    return _labels(parsed(query), known)


def selectors(expr: promql.Expr) -> Iterator[promql.VectorSelector]:
    match expr:
        case promql.VectorSelector():
            yield expr
        case promql.MatrixSelector():
            yield expr.vector_selector
        case promql.Call():
            for argument in expr.args:
                yield from selectors(argument)
        case promql.BinaryExpr():
            yield from selectors(expr.lhs)
            yield from selectors(expr.rhs)
        case promql.AggregateExpr() | promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            yield from selectors(expr.expr)
        case _:
            pass


def _labels(expr: promql.Expr, known: Known) -> Labels:
    match expr:
        case promql.VectorSelector() | promql.MatrixSelector():
            return _selected(next(selectors(expr)), known)
        case promql.AggregateExpr():
            return _aggregated(expr, known)
        case promql.Call():
            return _called(expr, known)
        case promql.BinaryExpr():
            return _joined(expr, known)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return _labels(expr.expr, known)
        case _:
            return frozenset()


def _selected(selector: promql.VectorSelector, known: Known) -> Labels:
    name = selector.name
    if name is None or name not in known:
        raise Wrong(f"there is no metric {name}")
    strange = {matcher.name for matcher in selector.matchers.matchers} - known[name]
    if strange:
        raise Wrong(f"{name} has no label {', '.join(sorted(strange))}")
    return known[name]


def _aggregated(expr: promql.AggregateExpr, known: Known) -> Labels:
    inner, modifier = _labels(expr.expr, known), expr.modifier
    if modifier is None:
        return inner if str(expr.op) in {"topk", "bottomk"} else frozenset()
    named = frozenset(modifier.labels)
    if named - inner:
        raise Wrong(f"nothing below {expr.op} has the label {', '.join(sorted(named - inner))}")
    return named if modifier.type == promql.AggModifierType.By else inner - named


def _called(call: promql.Call, known: Known) -> Labels:
    name = call.func.name
    found = [_labels(argument, known) for argument in call.args]
    uncounted = [one.name for one in selectors(call) if not str(one.name).endswith(COUNTERS)]
    if name in COUNTED and uncounted:
        raise Wrong(f"{name} of {uncounted[0]}, which is no counter")
    if name == "histogram_quantile":
        if "le" not in found[1]:
            raise Wrong("histogram_quantile wants the label le")
        return found[1] - {"le"}
    return frozenset().union(*found)


def _joined(expr: promql.BinaryExpr, known: Known) -> Labels:
    left, right, modifier = _labels(expr.lhs, known), _labels(expr.rhs, known), expr.modifier
    matching = modifier.matching if modifier else None
    if matching is not None and set(matching.labels) - (left & right):
        raise Wrong(f"{expr.op} on {', '.join(matching.labels)}, which one side does not have")
    if str(expr.op) == "or":
        return left | right
    return left | frozenset((modifier.group_labels if modifier else None) or ())
