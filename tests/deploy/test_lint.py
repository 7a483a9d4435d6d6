"""checkov and yamllint on the manifests."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.local.checks import tool
from tests.deploy.manifests import DEPLOY, copy_of_deploy, render

MEANT = DEPLOY / ".checkov.yaml"
"""What checkov finds that is meant."""


def checkov(folder: Path, scratch: Path) -> set[str]:
    """The checks that fail on what the folder gives, meant or not."""
    rendered = scratch / "rendered.yaml"
    rendered.write_text(yaml.safe_dump_all(render(folder)))
    options = ["--file", str(rendered), "--framework", "kubernetes", "--skip-download", "--quiet", "--compact"]
    said = subprocess.run(
        [str(tool("checkov")), *options, "--output", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(said.stdout)
    assert report["summary"]["passed"] > 100, said.stderr
    return {f"{one['check_id']} {one['resource']}" for one in report.get("results", {}).get("failed_checks", [])}


def yamllint(folder: Path) -> list[str]:
    said = subprocess.run(
        [tool("yamllint"), "--strict", "--format", "parsable", "--config-file", folder / ".yamllint.yaml", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.splitlines()


def unexplained(text: str) -> list[str]:
    """What is left out without a reason."""
    left_out = [line for line in text.splitlines() if line.strip().startswith("- ")]
    return [line for line in left_out if not re.fullmatch(r"  - CKV2?_K8S_\d+ # \w.{20,}", line)]


def test_checkov_finds_what_is_meant_and_nothing_else(tmp_path: Path) -> None:
    found = {line.partition(" ")[0] for line in checkov(DEPLOY / "overlays" / "production", tmp_path)}
    assert found == set(yaml.safe_load(MEANT.read_text())["skip-check"])


def test_what_is_meant_has_its_reason() -> None:
    assert unexplained(MEANT.read_text()) == []
    assert unexplained("skip-check:\n  - CKV_K8S_8\n  - CKV_K8S_9 # later\n") == [
        "  - CKV_K8S_8",
        "  - CKV_K8S_9 # later",
    ]


def test_checkov_would_find_it(tmp_path: Path) -> None:
    every_pod = copy_of_deploy(tmp_path) / "base" / "every-pod.yaml"
    every_pod.write_text(every_pod.read_text().replace("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"))
    found = checkov(tmp_path / "deploy" / "overlays" / "production", tmp_path)
    assert "CKV_K8S_22 Deployment.wxdesk.gateway" in found


def test_yamllint_finds_nothing() -> None:
    assert yamllint(DEPLOY) == []


@pytest.mark.parametrize("wrong", ["a:  1\n", "a: 1\na: 2\n", "a:\n   - 1\n  - 2\n"])
def test_yamllint_would_find_it(wrong: str, tmp_path: Path) -> None:
    copied = copy_of_deploy(tmp_path)
    (copied / "base" / "wrong.yaml").write_text(wrong)
    assert [line for line in yamllint(copied) if "wrong.yaml" in line]
