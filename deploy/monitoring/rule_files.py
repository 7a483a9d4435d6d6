"""The alerts as YAML: for Prometheus itself, and for its operator. Strings are quoted as JSON, which YAML reads."""

import json
from collections.abc import Iterator
from typing import Final

from deploy.monitoring.alerts import GROUPS, Alert, Group

_MADE: Final = "# Made by `make metrics` from deploy/monitoring/alerts.py; edits here are lost."
NAME: Final = "wxdesk"


def plain() -> str:
    """What `rule_files` of a Prometheus reads."""
    return "\n".join([_MADE, "---", *_groups(indent=0)]) + "\n"


def custom_resource() -> str:
    """A PrometheusRule, which the operator reads."""
    head = [
        "apiVersion: monitoring.coreos.com/v1",
        "kind: PrometheusRule",
        "metadata:",
        f"  name: {NAME}",
        "  labels:",
        f"    app.kubernetes.io/part-of: {NAME}",
        "spec:",
    ]
    return "\n".join([_MADE, "---", *head, *_groups(indent=2)]) + "\n"


def _groups(*, indent: int) -> Iterator[str]:
    yield " " * indent + "groups:"
    for group in GROUPS:
        for line in _group(group):
            yield " " * (indent + 2) + line


def _group(group: Group) -> Iterator[str]:
    yield f"- name: {group.name}"
    yield "  rules:"
    for alert in group.alerts:
        for line in _alert(alert):
            yield "    " + line


def _alert(alert: Alert) -> Iterator[str]:
    yield f"- alert: {alert.name}"
    yield f"  expr: {json.dumps(alert.expr)}"
    yield f"  for: {alert.lasts}"
    yield "  labels:"
    yield f"    severity: {alert.severity}"
    yield "  annotations:"
    yield f"    summary: {json.dumps(alert.summary)}"
    yield f"    description: {json.dumps(alert.description)}"
    yield f"    runbook_url: {json.dumps(alert.runbook)}"
