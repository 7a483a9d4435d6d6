"""What a pod asks for is what its process was measured to need, and the documents say the same figures."""

from pathlib import Path
from typing import Any, Final

import pytest

from deploy.local.checks import ROOT
from tests.bench.footprint import SERVICES, Footprint, kept
from tests.deploy.manifests import DEPLOY, Rendered, copy_of_deploy, render

CARRIED_PER_SECOND: Final = 50
"""Messages that a replica carries within the processor time it asks for."""
BUSY_MILLISECONDS: Final = 700
"""Of each second, for a core that is not to be a bottleneck."""
LIMIT_FACTOR: Final = 2
"""Pictures, reports and a returning server are in no measurement: so much room is left for them."""


def too_little(documents: Rendered, measured: Footprint) -> list[str]:
    """Where a request is less than was measured, or the limit leaves no room; or where a processor is capped."""
    found = []
    for name in SERVICES:
        resources = _resources(documents, name)
        asked, limits = resources["requests"], resources["limits"]
        if _mib(asked["memory"]) < measured.most_mib(name):
            found.append(f"{name}: memory")
        if _mib(limits["memory"]) < LIMIT_FACTOR * _mib(asked["memory"]):
            found.append(f"{name}: limit of memory")
        if _millicores(asked["cpu"]) < _millicores_needed(name, measured):
            found.append(f"{name}: cpu")
        if "cpu" in limits:
            found.append(f"{name}: limit of cpu")
    return found


@pytest.fixture(scope="module")
def measured() -> Footprint:
    return kept()


def test_requests_are_what_was_measured(measured: Footprint) -> None:
    assert too_little(render(DEPLOY / "base"), measured) == []


@pytest.mark.parametrize(
    ("manifest", "old", "new", "found"),
    [
        ("router.yaml", "memory: 192Mi}", "memory: 100Mi}", "router: memory"),
        ("sender.yaml", "limits: {memory: 512Mi}", "limits: {memory: 130Mi}", "sender: limit of memory"),
        ("console.yaml", "cpu: 200m", "cpu: 20m", "console: cpu"),
        ("bot.yaml", "limits: {memory: 384Mi}", "limits: {memory: 384Mi, cpu: 100m}", "bot: limit of cpu"),
    ],
)
def test_less_is_found(manifest: str, old: str, new: str, found: str, measured: Footprint, tmp_path: Path) -> None:
    path = copy_of_deploy(tmp_path) / "base" / manifest
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert too_little(render(path.parent), measured) == [found]


def test_the_documents_say_what_was_measured(measured: Footprint) -> None:
    page = (ROOT / "docs" / "measurements.md").read_text(encoding="utf-8")
    assert "\n".join(measured.lines()) in page, "\n".join(measured.lines())
    assert f"{measured.at}, {measured.conditions}" in page


def test_the_guide_to_scaling_says_what_replicas_carry(measured: Footprint) -> None:
    guide, documents = (DEPLOY / "README.md").read_text(encoding="utf-8"), render(DEPLOY / "base")
    for name in SERVICES:
        assert _carried(documents, name, measured) in guide


def _carried(documents: Rendered, name: str, measured: Footprint) -> str:
    """The figures of one service's row: processor for a message, what the request and a core carry, memory."""
    resources = _resources(documents, name)
    each_ms = (measured.watched if name == "console" else measured.services[name]).seconds_per_1000
    cpu, memory = resources["requests"]["cpu"], resources["requests"]["memory"]
    core = round(BUSY_MILLISECONDS / each_ms, -1)
    sizes = f"{measured.most_mib(name)}, {_mib(memory)}, {_mib(resources['limits']['memory'])} MiB"
    return f"| {each_ms:.1f} ms | {cpu}: {_millicores(cpu) / each_ms:.0f}/s | {core:.0f}/s | {sizes} |"


def _resources(documents: Rendered, name: str) -> dict[str, Any]:
    pod = documents.of("Deployment")[name]["spec"]["template"]["spec"]
    found: dict[str, Any] = next(one for one in pod["containers"] if one["name"] == name)["resources"]
    return found


def _millicores_needed(name: str, measured: Footprint) -> float:
    """Milliseconds for a message, times messages a second; the console's with its sockets, at their own pace."""
    if name == "console":
        return measured.watched.seconds_per_1000 * measured.watched.per_second
    return measured.services[name].seconds_per_1000 * CARRIED_PER_SECOND


def _mib(amount: str) -> int:
    assert amount.endswith("Mi"), amount
    return int(amount.removesuffix("Mi"))


def _millicores(amount: str) -> int:
    assert amount.endswith("m"), amount
    return int(amount.removesuffix("m"))
