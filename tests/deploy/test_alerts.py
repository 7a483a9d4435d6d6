"""Each alert asks for what there is, and is tried: it fires when it should, and not when it should not."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from deploy.local.checks import tools
from deploy.local.debian_programs import PROMTOOL, unpack
from deploy.monitoring.alerts import ALERTS, GROUPS, SERVICES, Alert
from deploy.monitoring.rule_files import custom_resource, plain
from deploy.monitoring.write import HERE, ROOT
from tests.deploy.alert_cases import CASES, Case
from tests.deploy.promql import known_metrics, result_labels

KNOWN = known_metrics()
RULES = ROOT / HERE / "rules.yaml"


@pytest.fixture(scope="session")
def program() -> Path:
    return unpack(PROMTOOL, tools())


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_asks_for_what_there_is_and_says_what_it_found(alert: Alert) -> None:
    labels = result_labels(alert.expr, KNOWN)
    words = f"{alert.summary} {alert.description}"
    assert set(re.findall(r"\$labels\.(\w+)", words)) <= labels
    assert re.fullmatch(r"\d+[mh]", alert.lasts)
    assert alert.summary
    assert alert.description.endswith(".")
    assert re.fullmatch(r"Wxdesk[A-Z][A-Za-z]+", alert.name)


def test_names_are_given_once() -> None:
    assert len({alert.name for alert in ALERTS}) == len(ALERTS)
    assert len({group.name for group in GROUPS}) == len(GROUPS)


def test_every_alert_is_tried() -> None:
    assert [case.alert for case in CASES] == [alert.name for alert in ALERTS]


def test_every_service_is_missed_when_it_is_down() -> None:
    folders = {path.name for path in (ROOT / "services").iterdir() if (path / "__main__.py").exists()}
    assert set(SERVICES) == folders - {"sandbox"}


def test_prometheus_and_its_operator_are_told_the_same() -> None:
    head, _, groups = custom_resource().partition("spec:\n")
    assert "kind: PrometheusRule" in head
    assert groups == "".join(f"  {line}\n" for line in plain().splitlines()[2:])


def test_the_rules_are_well_formed(program: Path) -> None:
    checked = subprocess.run([program, "check", "rules", RULES], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert f"{len(ALERTS)} rules found" in checked.stdout


def test_a_malformed_rule_is_found(program: Path, tmp_path: Path) -> None:
    broken = tmp_path / "rules.yaml"
    broken.write_text(RULES.read_text().replace("{{ $value | humanize }}", "{{ $value | humanise }}", 1))
    checked = subprocess.run([program, "check", "rules", broken], capture_output=True, text=True, check=False)
    assert checked.returncode != 0
    assert "humanise" in checked.stderr


def test_each_fires_when_it_should_and_not_when_it_should_not(program: Path, tmp_path: Path) -> None:
    tried = tried_by(program, tmp_path, RULES.read_text(), CASES)
    assert tried.returncode == 0, tried.stdout + tried.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("(gateway_spool_rows) > 0", "(gateway_spool_rows) > 50"),
        ("(gateway_spool_rows) > 0", "(gateway_spool_rows) >= 0"),
    ],
    ids=["never fires", "always fires"],
)
def test_an_alert_with_a_wrong_limit_is_found(program: Path, tmp_path: Path, right: str, wrong: str) -> None:
    rules = RULES.read_text()
    assert right in rules
    spool = tuple(case for case in CASES if case.alert == "WxdeskSpoolNotEmpty")
    tried = tried_by(program, tmp_path, rules.replace(right, wrong), spool)
    assert tried.returncode != 0
    assert "WxdeskSpoolNotEmpty" in tried.stdout + tried.stderr


def tried_by(program: Path, directory: Path, rules: str, cases: tuple[Case, ...]) -> subprocess.CompletedProcess[str]:
    """JSON is YAML: promtool reads both."""
    (directory / "rules.yaml").write_text(rules)
    tests = [test for case in cases for test in trials_of(case)]
    told = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests}
    (directory / "tests.yaml").write_text(json.dumps(told))
    return subprocess.run(
        [program, "test", "rules", directory / "tests.yaml"], capture_output=True, text=True, check=False
    )


def trials_of(case: Case) -> list[dict[str, object]]:
    asked = f'count(ALERTS{{alertname="{case.alert}", alertstate="firing"}}) or vector(0)'
    return [
        {
            "name": f"{case.alert} {'fires' if fires else 'is quiet'}",
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series],
            "promql_expr_test": [
                {
                    "expr": asked,
                    "eval_time": f"{case.minute}m",
                    "exp_samples": [{"labels": "{}", "value": int(fires)}],
                }
            ],
        }
        for fires, series in ((True, case.told), *((False, quiet) for quiet in case.quiet))
    ]
