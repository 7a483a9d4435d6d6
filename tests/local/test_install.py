import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import install
from deploy.local.install import CannotInstall

ROOT = Path(__file__).parents[2]

APT_GET = """#!/bin/sh
echo "$*" >> {book}
[ -x {policy} ] && {policy} rabbitmq-server start; echo "rabbitmq-server may start: $?" >> {book}
[ -x {policy} ] && {policy} cron start; echo "cron may start: $?" >> {book}
case "$*" in *install*) [ -e {lists} ];; *update*) touch {lists};; esac
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return tmp_path / "policy-rc.d"


@pytest.fixture
def book(tmp_path: Path, policy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a stand-in for apt-get was called with, and what the policy said meanwhile; it fails without lists."""
    book, programs = tmp_path / "book", tmp_path / "bin"
    programs.mkdir()
    apt_get = programs / "apt-get"
    apt_get.write_text(APT_GET.format(book=book, policy=policy, lists=tmp_path / "lists"))
    apt_get.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return book


def commands(book: Path) -> list[str]:
    """The apt-get commands without their options."""
    lines = [line for line in book.read_text().splitlines() if "may start" not in line]
    return [" ".join(word for word in line.split() if "-" not in word[:1] and "=" not in word) for line in lines]


def test_packages_install_without_their_services_and_update_only_when_needed(book: Path, policy: Path) -> None:
    install.install_packages(["hello", "world"], policy)
    assert commands(book) == ["install hello world", "update", "install hello world"]
    assert "rabbitmq-server may start: 101" in book.read_text()
    assert "cron may start: 0" in book.read_text()
    assert not policy.exists()
    book.unlink()
    install.install_packages(["hello"], policy)
    assert commands(book) == ["install hello"]


def test_the_machine_keeps_its_own_policy(book: Path, policy: Path) -> None:
    own = "#!/bin/sh\nexit 7\n"
    policy.write_text(own)
    policy.chmod(0o755)
    install.install_packages(["hello"], policy)
    assert "rabbitmq-server may start: 101" in book.read_text()
    assert "cron may start: 7" in book.read_text()
    assert policy.read_text() == own
    assert policy.stat().st_mode & stat.S_IXUSR


def test_a_policy_left_by_a_killed_installation_is_put_right(policy: Path) -> None:
    policy.write_text("the machine's own")
    killed = install.services_not_started(policy)
    killed.__enter__()
    with install.services_not_started(policy):
        assert "the machine's own" not in policy.read_text()
    assert policy.read_text() == "the machine's own"
    assert list(policy.parent.iterdir()) == [policy]


def test_a_failing_installation_puts_the_policy_back(policy: Path, book: Path, tmp_path: Path) -> None:
    (tmp_path / "bin" / "apt-get").write_text("#!/bin/sh\nexit 100\n")
    policy.write_text("the machine's own")
    with pytest.raises(subprocess.CalledProcessError):
        install.install_packages(["hello"], policy)
    assert policy.read_text() == "the machine's own"


def test_without_root_the_line_to_run_is_told(book: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sudo = tmp_path / "bin" / "sudo"
    sudo.write_text("#!/bin/sh\nexit 1\n")  # `sudo -n` wants a password
    sudo.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(CannotInstall, match=r"sudo .*install.py packages rabbitmq-server"):
        install.require_packages(["rabbitmq-server"])
    assert not book.exists()


def test_servers_of_ones_own_need_no_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(install, "_RABBITMQ", tmp_path / "rabbitmq-server")
    monkeypatch.setattr(install, "_LIBRARIES", tmp_path)
    monkeypatch.setattr(install, "_BROWSER", {})
    own = {"AMQP_URL": "amqp://mine", "MONGO_URL": "mongodb://mine"}
    assert install.missing_packages("run", {}) == ["rabbitmq-server", "libcurl4"]
    assert install.missing_packages("run", own) == []
    assert install.missing_packages("test", own) == ["rabbitmq-server", "libcurl4"]


def test_only_the_tests_need_a_browser_and_its_fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.touch()
    monkeypatch.setattr(install, "_BROWSER", {"chromium": tmp_path / "nowhere", "fonts-noto-cjk": there})
    browser = {"chromium", "fonts-noto-cjk"}
    assert browser & set(install.missing_packages("test", {})) == {"chromium"}
    assert not browser & set(install.missing_packages("run", {}))


def test_a_python_without_venv_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "find_spec", lambda _: None)
    assert f"python3.{sys.version_info.minor}-venv" in install.missing_packages("run", {})


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A project directory whose `.venv` is up to date for `make run`."""
    root = tmp_path / "checkout"
    for source in (*install.LOCKS.values(), "requirements/runtime.in", "pyproject.toml"):
        (root / source).parent.mkdir(parents=True, exist_ok=True)
        (root / source).write_text(source)
    for program in ("python", "wxdesk"):
        (root / ".venv" / "bin" / program).parent.mkdir(parents=True, exist_ok=True)
        (root / ".venv" / "bin" / program).touch()
    install._stamp(root).write_text(json.dumps({"run": install.fingerprint("run", root)}))
    return root


def test_an_installation_is_repeated_when_its_lock_changes(checkout: Path) -> None:
    assert install.is_installed("run", checkout)
    (checkout / "requirements/local.txt").write_text("something newer")
    assert not install.is_installed("run", checkout)


def test_what_serves_the_tests_serves_a_run(checkout: Path) -> None:
    assert not install.is_installed("test", checkout)
    install._stamp(checkout).write_text(json.dumps({"test": install.fingerprint("test", checkout)}))
    assert install.is_installed("run", checkout)
    assert install.is_installed("test", checkout)


def test_a_venv_whose_python_is_gone_is_not_installed(checkout: Path) -> None:
    (checkout / ".venv" / "bin" / "python").unlink()
    (checkout / ".venv" / "bin" / "python").symlink_to(checkout / "removed")
    assert not install.is_installed("run", checkout)


def test_an_unknown_group_shows_how_to_call_it() -> None:
    called = subprocess.run(
        [sys.executable, "deploy/local/install.py", "nonsense"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert called.returncode == 2
    assert "install.py run" in called.stderr
