"""A small builder of Grafana dashboards: panels in rows, the same every time they are built."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

WIDTH: Final = 24
"""Grafana's grid has so many columns."""
SCHEMA: Final = 39
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}

Panel = dict[str, Any]


class Query(NamedTuple):
    """`legend` may name labels of the result, as {{app_id}}."""

    expr: str
    legend: str = ""


class Limits(NamedTuple):
    """From where a value is worth a look, and from where it is bad."""

    look: float
    bad: float


class Chart(NamedTuple):
    """Lines over time. `says` is for whoever is on call: what it shows, and what is usual."""

    title: str
    says: str
    unit: str
    queries: Sequence[Query]
    limits: Limits | None = None
    stacked: bool = False


class Figure(NamedTuple):
    """One number, coloured by its limits."""

    title: str
    says: str
    unit: str
    expr: str
    limits: Limits | None = None


class Row(NamedTuple):
    title: str
    panels: Sequence[Chart | Figure]
    height: int = 8


class Dashboard(NamedTuple):
    uid: str
    title: str
    says: str
    rows: Sequence[Row]


def built(dashboard: Dashboard) -> dict[str, Any]:
    """The dashboard as Grafana loads it, from a file or from a ConfigMap."""
    return {
        "uid": dashboard.uid,
        "title": f"wxdesk / {dashboard.title}",
        "description": dashboard.says,
        "tags": ["wxdesk"],
        "schemaVersion": SCHEMA,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "links": [{"type": "dashboards", "title": "wxdesk", "tags": ["wxdesk"], "asDropdown": True, "keepTime": True}],
        "templating": {"list": [_source_variable(), _namespace_variable()]},
        "panels": _placed(dashboard.rows),
    }


def _source_variable() -> dict[str, Any]:
    return {"type": "datasource", "name": "datasource", "label": "Prometheus", "query": "prometheus"}


def _namespace_variable() -> dict[str, Any]:
    """By the series that every process has; empty where nothing puts the label on."""
    query = "label_values(wxdesk_build_info, namespace)"
    return {
        "type": "query",
        "name": "namespace",
        "label": "Namespace",
        "datasource": _SOURCE,
        "definition": query,
        "query": {"query": query, "refId": "namespaces"},
        "refresh": 2,
        "sort": 1,
    }


def _placed(rows: Sequence[Row]) -> list[Panel]:
    panels: list[Panel] = []
    top = 0
    for row in rows:
        panels.append(_titled(len(panels) + 1, row.title, top))
        top += 1
        width = WIDTH // len(row.panels)
        for place, one in enumerate(row.panels):
            grid = {"h": row.height, "w": width, "x": place * width, "y": top}
            panels.append({"id": len(panels) + 1, "gridPos": grid, **_panel(one)})
        top += row.height
    return panels


def _titled(number: int, title: str, top: int) -> Panel:
    grid = {"h": 1, "w": WIDTH, "x": 0, "y": top}
    return {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": grid, "panels": []}


def _panel(one: Chart | Figure) -> Panel:
    told = {"title": one.title, "description": one.says, "datasource": _SOURCE}
    if isinstance(one, Figure):
        colour = {"mode": "thresholds"}
        return {
            **told,
            "type": "stat",
            "targets": [_target(0, Query(one.expr), instant=True)],
            "fieldConfig": _fields(one.unit, one.limits, {"color": colour}),
            "options": {
                "colorMode": "value" if one.limits is None else "background",
                "graphMode": "none",
                "reduceOptions": {"calcs": ["lastNotNull"]},
            },
        }
    drawn = {
        "fillOpacity": 20 if one.stacked else 0,
        "showPoints": "never",
        "stacking": {"mode": "normal" if one.stacked else "none"},
        "thresholdsStyle": {"mode": "off" if one.limits is None else "line"},
    }
    return {
        **told,
        "type": "timeseries",
        "targets": [_target(place, query, instant=False) for place, query in enumerate(one.queries)],
        "fieldConfig": _fields(one.unit, one.limits, {"custom": drawn}),
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
    }


def _target(place: int, query: Query, *, instant: bool) -> dict[str, Any]:
    return {
        "refId": chr(ord("A") + place),
        "datasource": _SOURCE,
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "instant": instant,
        "range": not instant,
    }


def _fields(unit: str, limits: Limits | None, more: Mapping[str, Any]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if limits is not None:
        steps += [{"color": "orange", "value": limits.look}, {"color": "red", "value": limits.bad}]
    return {
        "defaults": {"unit": unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}, **more},
        "overrides": [],
    }
