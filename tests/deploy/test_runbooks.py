"""A page for each alert, and nothing on it that is not there: no command, no metric, no log event, no setting."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.monitoring.alerts import ALERTS, RUNBOOKS, SERVICES
from deploy.monitoring.boards import BOARDS
from services.console.cli.command import parser
from tests.deploy.promql import Wrong, known_metrics, result_labels

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / RUNBOOKS
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
HEADINGS = ["What it means", "What customers feel", "What to look at", "What to do", "When it is over"]
SOURCES = "\n".join(
    path.read_text()
    for folder in ("services", "shared")
    for path in (ROOT / folder).rglob("*.py")
    if "web" not in path.parts
)
SETTINGS = "\n".join(path.read_text() for path in [ROOT / "shared/settings.py", *ROOT.glob("services/*/settings.py")])


class Unknown(Exception):
    """The page names what is not there."""


def quoted(text: str) -> list[str]:
    """What stands between backticks, and the lines that are set apart."""
    return re.findall(r"`([^`\n]+)`", text) + re.findall(r"^    (\S.*)$", text, re.MULTILINE)


def verbs() -> dict[str, set[str]]:
    """The command line as it is: each noun with its verbs."""
    nouns = _choices(parser())
    return {noun: set(_choices(one)) for noun, one in nouns.items()}


def _choices(one: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    actions = [action for action in one._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(actions[0].choices) if actions else {}


def check(said: str) -> None:
    """Raises Unknown for a command, query, event or setting that does not exist."""
    if said.startswith("kubectl "):
        _check_kubectl(said)
    elif match := re.search(r"\bwxdesk ([a-z][\w-]*)(?: ([a-z][\w-]*))?(.*)", said):
        _check_command(*match.groups())
    elif "(" in said:
        _check_query(said)
    elif re.fullmatch(r"[A-Z]+(_[A-Z]+)+", said):
        if not re.search(rf"^    {said.lower()}: ", SETTINGS, re.MULTILINE):
            raise Unknown(f"no setting {said}")
    elif re.fullmatch(r"[a-z]+(_[a-z]+)+", said):
        if said not in known_metrics() and f'"{said}"' not in SOURCES:
            raise Unknown(f"no log event or metric {said}")
    elif said.startswith("Wxdesk") and said not in {alert.name for alert in ALERTS}:
        raise Unknown(f"no alert {said}")


def _check_kubectl(said: str) -> None:
    """In our namespace, of our deployments, and in the container what it has."""
    if not said.startswith("kubectl -n wxdesk "):
        raise Unknown(f"not in our namespace: {said}")
    if strange := set(re.findall(r"deploy/(\w+)", said)) - {*SERVICES, "NAME"}:
        raise Unknown(f"no deployment {', '.join(strange)}")
    for inner in [*re.findall(r" -- (.*)", said), *re.findall(r"grep (\w+)", said)]:
        check(inner)


def _check_command(noun: str, verb: str | None, rest: str) -> None:
    known = verbs()
    if noun not in known:
        raise Unknown(f"no command wxdesk {noun}")
    if known[noun] and verb not in known[noun]:
        raise Unknown(f"no command wxdesk {noun} {verb}")
    words = _choices(_choices(parser())[noun]).get(verb or "", _choices(parser())[noun])
    options = {option for action in words._actions for option in action.option_strings}
    if strange := set(re.findall(r"--[a-z-]+", rest)) - options:
        raise Unknown(f"wxdesk {noun} has no {', '.join(strange)}")


def _check_query(said: str) -> None:
    try:
        result_labels(said, known_metrics())
    except Wrong as wrong:
        raise Unknown(str(wrong)) from None


def links(text: str) -> Iterator[str]:
    yield from re.findall(r"\]\(([^)]+)\)", text)


def test_every_alert_has_its_page_and_every_page_an_alert() -> None:
    assert {path.stem for path in PAGES} == {alert.name for alert in ALERTS}
    assert all((ROOT / alert.runbook).exists() for alert in ALERTS)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_answers_what_is_asked_at_night(path: Path) -> None:
    text = path.read_text()
    (alert,) = [alert for alert in ALERTS if alert.name == path.stem]
    assert text.startswith(f"# {alert.name}\n\n{alert.severity} · ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
    assert all(part.strip() for part in re.split(r"^##? .*$", text, flags=re.MULTILINE)[1:])


@pytest.mark.parametrize("path", [*PAGES, FOLDER / "README.md"], ids=lambda path: path.stem)
def test_everything_a_page_names_exists(path: Path) -> None:
    text = path.read_text()
    for said in quoted(text):
        check(said)
    for link in links(text):
        assert (path.parent / link).exists(), link
    titles = {board.title for board in BOARDS} | {f"wxdesk / {board.title}" for board in BOARDS}
    assert set(re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", text)) <= titles


def test_the_index_has_every_page_once() -> None:
    rows = re.findall(r"^\| \[(\w+)\]\((\w+)\.md\) \| (\w+) \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted((alert.name, alert.name, alert.severity) for alert in ALERTS)


@pytest.mark.parametrize(
    "said",
    [
        "wxdesk dead revive",
        "wxdesk physician",
        "wxdesk doctor --soul",
        "sum(rate(gateway_pushs_total[5m]))",
        "broker_gone_fishing",
        "SENDER_RATE_PER_FORTNIGHT",
        "kubectl -n wxdesk logs deploy/postman",
        "kubectl -n default get pods",
        "kubectl -n wxdesk exec deploy/console -- wxdesk physician",
        "WxdeskNoSuchAlert",
    ],
)
def test_what_does_not_exist_is_found(said: str) -> None:
    with pytest.raises(Unknown):
        check(said)


@pytest.mark.parametrize(
    "said",
    [
        "wxdesk dead replay --all",
        "wxdesk doctor",
        "broker_lost",
        "ROUTER_PARTITIONS",
        "max(router_line_late)",
        "kubectl -n wxdesk logs deploy/router --since 15m | grep batch_held",
    ],
)
def test_what_exists_is_not(said: str) -> None:
    check(said)
