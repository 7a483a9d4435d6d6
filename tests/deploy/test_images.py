"""The images, built and started for real: from their own files, as a user with no rights, probed, told to stop."""

import asyncio
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from deploy.local.checks import ROOT
from deploy.local.ports import free_port
from deploy.local.servers import MongoServer
from shared.observe.probe import failing
from tests.deploy.buildah import Buildah, base_names
from tests.deploy.test_drift import SERVICES
from tests.support.waiting import eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800), pytest.mark.skipif(os.geteuid() != 0, reason="needs root")]

LARGEST_BYTES = 200_000_000
"""Of what we add to the base; the console has the desk besides."""
NOBODY = 10001
TOOLS = re.compile(r"pip[0-9.]*|ensurepip|setuptools|wheel|uv|gcc|g\+\+|cc|ld|make|node|npm|npx|git")
COMMAND_LINE = f"""
import os, sys
os.chroot(sys.argv[1]); os.chdir("/app"); os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
python = "/opt/wxdesk/bin/python"
os.execv(python, [python, *sys.argv[2:]])
"""  # fmt: skip


@pytest.fixture(scope="module")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buildah]:
    made = Buildah(tmp_path_factory.mktemp("images"))
    made.bases()
    yield made
    made.run("umount", "--all")


@pytest.fixture(scope="module", params=SERVICES)
def image(buildah: Buildah, request: pytest.FixtureRequest) -> tuple[str, Path]:
    service: str = request.param
    buildah.build(service)
    return service, buildah.files(service)


def environment(amqp_url: str, mongo: MongoServer, database: str) -> dict[str, str]:
    return {
        "PYTHONPATH": "/app",
        "PATH": "/opt/wxdesk/bin:/usr/bin:/bin",
        "AMQP_URL": amqp_url,
        "MONGO_URL": mongo.url,
        "MONGO_DB": database,
        "WXDESK_SECRET_KEYS": Fernet.generate_key().decode(),
        "HOST": "127.0.0.1",
        "OPS_PORT": str(free_port()),
        "GATEWAY_PORT": str(free_port()),
        "CONSOLE_PORT": str(free_port()),
        "LOG_FORMAT": "json",
    }


@asynccontextmanager
async def inside(files: Path, told: dict[str, str], *arguments: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", COMMAND_LINE, str(files), *arguments), env=told, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_it_starts_answers_and_stops(
    image: tuple[str, Path], amqp_url: str, mongo_server: MongoServer, mongo_db: str
) -> None:
    service, files = image
    told = environment(amqp_url, mongo_server, mongo_db)
    async with inside(files, told, "-m", f"services.{service}") as process:
        port = int(told["OPS_PORT"])
        await eventually(lambda: process.returncode is not None or failing(port) is None, within_seconds=60)
        assert process.returncode is None, (await process.communicate())[1].decode()[-2000:]
        process.send_signal(signal.SIGTERM)
        await process.communicate()
        assert process.returncode == 0


def builders(files: Path) -> list[str]:
    """What there is of programs and packages that install or build."""
    folders = [path for place in ("usr", "opt") for path in (files / place).rglob("*") if TOOLS.fullmatch(path.name)]
    return [str(path.relative_to(files)) for path in folders if not path.is_relative_to(files / "usr" / "share")]


def test_nothing_in_it_can_build_or_install(image: tuple[str, Path]) -> None:
    _, files = image
    assert builders(files) == []
    assert not list(files.glob("usr/share/python-wheels/*"))


def test_its_base_had_what_could(buildah: Buildah) -> None:
    """So that the test above is of something."""
    files = buildah.mounted(base_names()["python"])
    assert {"pip", "setuptools", "wheel", "ensurepip"} <= {Path(one).name for one in builders(files)}
    assert lifted(files)


def lifted(files: Path) -> list[Path]:
    """Programs that run with another's rights, whoever starts them."""
    held = (path for place in ("usr", "opt", "app") for path in (files / place).rglob("*") if not path.is_symlink())
    return [path for path in held if path.is_file() and path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID)]


def test_no_program_in_it_has_other_rights_than_who_starts_it(image: tuple[str, Path]) -> None:
    assert lifted(image[1]) == []


def test_it_holds_its_service_and_no_other(image: tuple[str, Path]) -> None:
    service, files = image
    held = {path.name for path in (files / "app" / "services").iterdir() if path.is_dir()} - {"__pycache__"}
    assert held == {service}
    assert (service == "console") == (files / "app/services/console/web/dist/index.html").exists()
    assert not (files / "app" / "tests").exists()


def test_it_is_small_and_compiled_and_nobody_may_write_it(image: tuple[str, Path]) -> None:
    _, files = image
    ours = [path for top in ("app", "opt/wxdesk") for path in (files / top).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in ours) < LARGEST_BYTES
    assert [path for path in ours if path.stat().st_uid == NOBODY or path.stat().st_mode & 0o022] == []
    assert [path for path in ours if not path.stat().st_mode & 0o004] == []
    sources = (files / "app" / "shared").rglob("*.py")
    assert [path for path in sources if not list(path.parent.glob(f"__pycache__/{path.stem}.*.pyc"))] == []


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same sources in another folder, written at another time."""
    folder = tmp_path_factory.mktemp("elsewhere")
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.mark.parametrize("service", ["gateway", "console"])
def test_the_same_sources_give_the_same_image(buildah: Buildah, elsewhere: Path, service: str) -> None:
    assert buildah.build(service) == buildah.build(service, "--no-cache", context=elsewhere)


def test_other_sources_give_another(buildah: Buildah, elsewhere: Path) -> None:
    with (elsewhere / "shared" / "version.py").open("a") as source:
        source.write("# changed\n")
    assert buildah.build("bot") != buildah.build("bot", context=elsewhere)


async def test_the_command_line_is_there(buildah: Buildah, tmp_path: Path) -> None:
    buildah.build("console")
    script = buildah.files("console") / "usr/local/bin/wxdesk"
    assert script.stat().st_mode & 0o111
    async with inside(buildah.files("console"), {"PYTHONPATH": "/app"}, "/usr/local/bin/wxdesk", "--help") as process:
        assert await process.wait() == 0
