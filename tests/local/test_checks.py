import subprocess
from pathlib import Path

import pytest

from deploy.local import checks
from deploy.local.debian_programs import PROGRAMS, DebianProgram, unpack
from deploy.local.failures import CannotStart


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A tree whose tools are to be installed; gives what pip would be called with."""
    lock = tmp_path / checks.LOCK
    lock.parent.mkdir()
    lock.write_text("yamllint==1 --hash=sha256:00\n")
    (tmp_path / ".venv-checks" / "bin").mkdir(parents=True)
    (tmp_path / ".venv-checks" / "bin" / "python").touch()
    for program in PROGRAMS:
        there = program.program(tmp_path / ".tools")
        there.parent.mkdir(parents=True)
        there.touch()
    called: list[list[str]] = []

    def run(command: list[str], **_: object) -> None:
        called.append(command)

    monkeypatch.setattr(subprocess, "run", run)
    return called


def test_tools_are_installed_once_by_their_hashes(installed: list[list[str]], tmp_path: Path) -> None:
    checks.install_checks(tmp_path)
    checks.install_checks(tmp_path)
    (pip,) = installed
    assert "--require-hashes" in pip


def test_tools_are_installed_again_when_the_lock_changes(installed: list[list[str]], tmp_path: Path) -> None:
    checks.install_checks(tmp_path)
    (tmp_path / checks.LOCK).write_text("yamllint==2 --hash=sha256:11\n")
    checks.install_checks(tmp_path)
    assert len(installed) == 2


def test_without_apt_the_missing_package_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotStart, match="please install kustomize"):
        unpack(DebianProgram("kustomize", "trixie", "usr/bin/kustomize"), tmp_path / "tools")
