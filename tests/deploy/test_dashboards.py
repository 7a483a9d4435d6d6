"""Every query of every dashboard against the metrics that there are; and the files against the code."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from deploy.monitoring.boards import BOARDS
from deploy.monitoring.panels import Chart, Dashboard, Figure, Query, Row, built
from deploy.monitoring.write import HERE, ROOT, files, write
from tests.deploy.promql import Wrong, known_metrics, parsed, result_labels, selectors

KNOWN = known_metrics()
PANELS = [
    pytest.param(panel, id=f"{board.uid}: {panel['title']}")
    for board in BOARDS
    for panel in built(board)["panels"]
    if panel["type"] != "row"
]


@pytest.mark.parametrize("path", files(), ids=str)
def test_what_is_made_is_as_the_code_says(path: Path) -> None:
    assert (ROOT / path).read_text() == files()[path], "run `make metrics`"


def test_nothing_lies_there_that_is_not_made() -> None:
    found = {path.relative_to(ROOT) for path in (ROOT / HERE / "dashboards").iterdir()}
    assert found == {path for path in files() if path.suffix == ".json"}


def test_writing_twice_is_writing_once(tmp_path: Path) -> None:
    write(tmp_path)
    first = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    write(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == first
    assert len(first) == len(files())


@pytest.mark.parametrize("panel", PANELS)
def test_every_query_asks_for_what_there_is(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        labels = result_labels(target["expr"], KNOWN)
        assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= labels, target


@pytest.mark.parametrize("panel", PANELS)
def test_every_query_keeps_to_the_namespace_that_was_chosen(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        for selector in selectors(parsed(target["expr"])):
            assert ("namespace", "wxdesk") in {(one.name, one.value) for one in selector.matchers.matchers}


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert len(panel["description"]) > 5
    assert panel["fieldConfig"]["defaults"]["unit"] in {"ops", "s", "short", "percentunit", "bytes"}


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_no_two_panels_lie_on_each_other(board: Dashboard) -> None:
    panels = built(board)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        grid = panel["gridPos"]
        cells = {(grid["x"] + x, grid["y"] + y) for x in range(grid["w"]) for y in range(grid["h"])}
        assert not cells & taken
        assert grid["x"] + grid["w"] <= 24
        taken |= cells


def test_every_dashboard_has_its_own_name() -> None:
    assert len({board.uid for board in BOARDS} | {board.title for board in BOARDS}) == 2 * len(BOARDS)


def test_figures_are_never_empty() -> None:
    """A figure on call reads 0, not "no data"."""
    figures = [one for board in BOARDS for row in board.rows for one in row.panels if isinstance(one, Figure)]
    assert figures
    assert [one.title for one in figures if "or vector(0)" not in one.expr] == []


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("sum(rate(gateway_pushs_total[5m]))", "there is no metric gateway_pushs_total"),
        ("gateway_pushes", "there is no metric"),
        ("gateway_push_seconds", "there is no metric"),
        ('gateway_pushes_total{state="200"}', "has no label state"),
        ("sum by (app_id) (rate(gateway_pushes_total[5m]))", "has the label app_id"),
        ("rate(router_line_waiting[5m])", "no counter"),
        ("histogram_quantile(0.9, sum(rate(gateway_push_seconds_bucket[5m])))", "wants the label le"),
        ("sum(gateway_push_seconds_count", "paren"),
        ("router_line_waiting and on (status) gateway_pushes_total", "one side does not have"),
    ],
)
def test_a_query_that_asks_for_nothing_is_found(query: str, complaint: str) -> None:
    with pytest.raises(Wrong, match=complaint):
        result_labels(query, KNOWN)


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("sum(router_line_waiting) or vector(0)", set()),
        ("sum by (status) (rate(gateway_pushes_total[5m]))", {"status"}),
        ("topk(3, sum by (queue) (rabbitmq_queue_messages_ready))", {"queue"}),
        ("histogram_quantile(0.5, sum by (le, pod) (rate(router_batch_seconds_bucket[5m])))", {"pod"}),
        (
            "sum by (pod) (process_cpu_seconds_total) * on (pod) group_left (service) wxdesk_build_info",
            {"pod", "service"},
        ),
    ],
)
def test_what_a_query_answers_is_known(query: str, labels: set[str]) -> None:
    assert result_labels(query, KNOWN) == labels


def test_a_dashboard_is_what_was_asked_for() -> None:
    chart = Chart("Sends", "By outcome.", "ops", [Query("vector(1)", "one"), Query("vector(2)", "two")])
    board = built(Dashboard("u", "T", "About", [Row("R", [chart, Figure("F", "A figure.", "s", "vector(3)")])]))
    row, drawn, figure = board["panels"]
    assert (row["type"], drawn["type"], figure["type"]) == ("row", "timeseries", "stat")
    assert [(target["refId"], target["expr"]) for target in drawn["targets"]] == [
        ("A", "vector(1)"),
        ("B", "vector(2)"),
    ]
    assert drawn["gridPos"] == {"h": 8, "w": 12, "x": 0, "y": 1}
    assert json.loads(json.dumps(board)) == board


def test_grafana_is_given_every_dashboard() -> None:
    told = (ROOT / HERE / "kustomization.yaml").read_text()
    listed = re.findall(r"^    files: \[(dashboards/[\w-]+\.json)\]$", told, re.MULTILINE)
    assert listed == sorted(str(path.relative_to(HERE)) for path in files() if path.suffix == ".json")
    assert 'grafana_dashboard: "1"' in told
