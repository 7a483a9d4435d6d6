import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.local import node, web
from tests.local.processes import alive
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]

BUILD = """
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
const out = process.argv[process.argv.indexOf('--outDir') + 1]
mkdirSync(`${out}/.vite`, { recursive: true })
writeFileSync(`${out}/index.html`, readFileSync('src/page.html', 'utf8').repeat(100))
appendFileSync('.builds', 'built\\n')
if (existsSync('.fail')) process.exit(3)
if (existsSync('.hang')) {
  writeFileSync('.hanging', String(process.pid))
  setInterval(() => {}, 1000)
}
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A small web app, with one package that lies beside it."""
    folder = tmp_path / "app"
    (folder / "src").mkdir(parents=True)
    (folder / "beside").mkdir()
    scripts = {"build": "node build.mjs", "compress": f"node {node.WEB}/scripts/compress.ts"}
    own = {"name": "app", "version": "1.0.0", "scripts": scripts, "dependencies": {"beside": "file:beside"}}
    (folder / "package.json").write_text(json.dumps(own))
    (folder / "package-lock.json").write_text(json.dumps(lock_of(own)))
    (folder / "beside" / "package.json").write_text('{"name": "beside", "version": "1.0.0"}')
    (folder / "build.mjs").write_text(BUILD)
    (folder / "src" / "page.html").write_text("<p>first</p>\n")
    (folder / ".npmrc").write_text("registry=http://127.0.0.1:9/\nfetch-retries=0\n")
    return folder


def lock_of(own: Mapping[str, object]) -> dict[str, object]:
    packages = {
        "": {key: own[key] for key in ("name", "version", "dependencies")},
        "beside": {"version": "1.0.0"},
        "node_modules/beside": {"resolved": "beside", "link": True},
    }
    return {"name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": packages}


@pytest.fixture
def npm(tmp_path: Path) -> web.Npm:
    return web.Npm(node.node_home(), {"PATH": os.environ["PATH"], "HOME": str(tmp_path)})


def page(app: Path) -> str:
    return (app / "dist" / "index.html").read_text().splitlines()[0]


def builds(app: Path) -> int:
    return len((app / ".builds").read_text().splitlines())


def unfinished(app: Path) -> list[Path]:
    return list(app.glob(".dist-*"))


def test_it_builds_once_and_again_only_when_a_source_changes(app: Path, npm: web.Npm) -> None:
    web.build(app, npm)
    assert page(app) == "<p>first</p>"
    assert (app / "node_modules" / "beside").is_symlink()
    assert {path.name for path in (app / "dist").glob("*.*")} >= {"index.html", "index.html.br", "index.html.gz"}
    web.build(app, npm)
    assert builds(app) == 1
    (app / "src" / "page.test.ts").write_text("a test is no source")
    web.build(app, npm)
    assert builds(app) == 1
    (app / "src" / "page.html").write_text("<p>second</p>\n")
    web.build(app, npm)
    assert (page(app), builds(app)) == ("<p>second</p>", 2)
    assert not unfinished(app)


@pytest.mark.parametrize("name", ["package.json", "build.mjs", "package-lock.json"])
def test_how_to_build_is_a_source_too(app: Path, name: str) -> None:
    before = web.fingerprint(app)
    (app / name).write_text((app / name).read_text() + "\n")
    assert web.fingerprint(app) != before


def test_a_source_that_is_renamed_is_a_change(app: Path) -> None:
    before = web.fingerprint(app)
    (app / "src" / "page.html").rename(app / "src" / "other.html")
    assert web.fingerprint(app) != before


def test_a_failing_build_leaves_the_last_whole_one(app: Path, npm: web.Npm) -> None:
    web.build(app, npm)
    (app / "src" / "page.html").write_text("<p>second</p>\n")
    (app / ".fail").touch()
    with pytest.raises(web.CannotBuild, match="did not build"):
        web.build(app, npm)
    assert page(app) == "<p>first</p>"
    (app / ".fail").unlink()
    web.build(app, npm)
    assert page(app) == "<p>second</p>"


def test_packages_only_builds_nothing(app: Path, npm: web.Npm) -> None:
    web.build(app, npm, packages_only=True)
    assert (app / "node_modules" / "beside").exists()
    assert not (app / "dist").exists()


def test_packages_are_installed_when_the_lock_asks_for_others(app: Path, npm: web.Npm) -> None:
    web.build(app, npm, packages_only=True)
    assert web.has_packages(app)
    lock = json.loads((app / "package-lock.json").read_text())
    lock["packages"]["node_modules/new"] = {"version": "1.0.0", "integrity": "sha512-x"}
    (app / "package-lock.json").write_text(json.dumps(lock))
    assert not web.has_packages(app)
    lock["packages"]["node_modules/new"]["optional"] = True
    (app / "package-lock.json").write_text(json.dumps(lock))
    assert web.has_packages(app), "what is for other machines may be missing"
    del lock["packages"]["node_modules/beside"]
    (app / "package-lock.json").write_text(json.dumps(lock))
    assert not web.has_packages(app), "what nothing asks for any more is too much"


def test_a_registry_that_does_not_answer_is_explained(
    app: Path, npm: web.Npm, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = {"needed": "1.0.0"}
    own = json.loads((app / "package.json").read_text()) | {"dependencies": asked}
    (app / "package.json").write_text(json.dumps(own))
    lock = json.loads((app / "package-lock.json").read_text())
    lock["packages"] = {
        "": {"name": "app", "version": "1.0.0", "dependencies": asked},
        "node_modules/needed": {"version": "1.0.0", "integrity": "sha512-" + "A" * 86 + "=="},
    }
    (app / "package-lock.json").write_text(json.dumps(lock))
    with pytest.raises(web.CannotBuild, match="npm config get registry"):
        web.build(app, npm)
    assert "ECONNREFUSED" in capfd.readouterr().err
    assert not (app / "dist").exists()


async def hanging(app: Path) -> tuple[Process, int]:
    """A build that does not end, and the process in which it hangs."""
    (app / ".hang").touch()
    call = "import sys, pathlib; from deploy.local import web; sys.exit(web.main([], pathlib.Path(sys.argv[1])))"
    building = await asyncio.create_subprocess_exec(sys.executable, "-c", call, app, cwd=ROOT, stdout=DEVNULL)
    await eventually(lambda: (app / ".hanging").exists() and (app / ".hanging").read_text())
    return building, int((app / ".hanging").read_text())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_build_that_is_told_to_stop_stops_whole(app: Path, npm: web.Npm, number: signal.Signals) -> None:
    web.build(app, npm)
    (app / "src" / "page.html").write_text("<p>second</p>\n")
    building, inner = await hanging(app)
    building.send_signal(number)
    await building.wait()
    assert building.returncode == 128 + number
    await eventually(lambda: not alive(inner))
    assert page(app) == "<p>first</p>"


async def test_a_killed_build_leaves_no_half_and_the_next_one_cleans_up(app: Path, npm: web.Npm) -> None:
    web.build(app, npm)
    (app / "src" / "page.html").write_text("<p>second</p>\n")
    building, inner = await hanging(app)
    building.kill()
    await building.wait()
    os.killpg(os.getpgid(inner), signal.SIGKILL)
    assert page(app) == "<p>first</p>"
    assert unfinished(app)
    (app / ".hang").unlink()
    web.build(app, npm)
    assert page(app) == "<p>second</p>"
    assert not unfinished(app)


def test_a_missing_dist_is_built_again(app: Path, npm: web.Npm) -> None:
    web.build(app, npm)
    shutil.rmtree(app / "dist")
    web.build(app, npm)
    assert page(app) == "<p>first</p>"


def test_an_unknown_argument_shows_how_to_call_it() -> None:
    called = subprocess.run(
        [sys.executable, "-m", "deploy.local.web", "nonsense"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert called.returncode == 2
    assert "deploy.local.web packages" in called.stderr


def test_node_and_its_programs_come_from_the_venv() -> None:
    home = node.node_home()
    path = node.environment({"PATH": "/usr/bin"}, home)["PATH"].split(os.pathsep)
    assert path == [str(node.WEB / "node_modules" / ".bin"), str(home / "bin"), "/usr/bin"]
    called = subprocess.run(
        [sys.executable, "-m", "deploy.local.node", "node", "-p", "process.execPath"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert called.stdout.strip() == str(home / "bin" / "node")
