"""A release's papers are those of its lock files; its images are built alike by whichever builder."""

import json

import pytest

from deploy.release import parts as parts_of_release
from deploy.release.images import BUILDERS, SERVICES, command
from deploy.release.papers import LICENCES, bill, licences
from deploy.release.parts import LicenceUnknown, Part, licence_of, npm_parts, python_parts
from shared.version import version
from tests.deploy import test_drift

COPYLEFT = ("GPL", "AGPL", "LGPL", "SSPL")


@pytest.fixture(scope="module")
def parts() -> list[Part]:
    return [*python_parts(), *npm_parts()]


def test_the_page_of_licences_is_fresh(parts: list[Part]) -> None:
    assert LICENCES.read_text() == licences(parts), "`make licences`"


def test_every_pinned_package_is_listed(parts: list[Part]) -> None:
    pinned = {line.partition("==")[0] for line in parts_of_release.PYTHON_LOCK.read_text().splitlines() if "==" in line}
    listed = {part.name for part in parts if part.kind == "pypi"}
    assert pinned - listed <= {"colorama"}
    assert {"aiohttp", "pymongo"} <= listed
    assert {"vue", "pinia"} <= {part.name for part in parts if part.kind == "npm"}


def test_what_only_builds_is_not_shipped(parts: list[Part]) -> None:
    assert not {"vite", "eslint", "vitest", "typescript", "pytest", "mypy"} & {part.name for part in parts}


def test_nothing_is_under_a_licence_that_binds_ours(parts: list[Part]) -> None:
    assert [part for part in parts if any(word in part.licence for word in COPYLEFT)] == []


@pytest.mark.parametrize("said", ["", "see the file LICENSE; do what you like", "x" * 61])
def test_a_licence_that_nobody_knows_is_told(said: str) -> None:
    with pytest.raises(LicenceUnknown, match="odd"):
        licence_of("odd", None, said)


def test_the_bill_names_each_part_once_with_its_hashes(parts: list[Part]) -> None:
    told = json.loads(bill(parts))
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert told["metadata"]["component"]["version"] == version()
    refs = [one["bom-ref"] for one in told["components"]]
    assert len(refs) == len(set(refs)) == len(parts)
    assert [one["name"] for one in told["components"] if not (one.get("hashes") or one.get("properties"))] == []
    vue = next(one for one in told["components"] if one["name"] == "vue")
    assert (vue["hashes"][0]["alg"], len(vue["hashes"][0]["content"])) == ("SHA-512", 128)
    assert bill(parts) == bill(parts)


def test_all_services_have_an_image() -> None:
    assert sorted(SERVICES) == test_drift.SERVICES


@pytest.mark.parametrize("builder", BUILDERS)
def test_each_builder_is_told_the_same(builder: str) -> None:
    words = command(builder, "bot", "registry.test/", {"PYTHON_DIGEST": "@sha256:1", "HOME": "/"}, at=1_700_000_000)
    assert words[:4] == [builder, "build", "--file", "deploy/images/Dockerfile"]
    assert f"registry.test/wxdesk/bot:{version()}" in words
    assert {"SERVICE=bot", f"VERSION={version()}", "PYTHON_DIGEST=@sha256:1"} <= set(words)
    assert any("1700000000" in word for word in words)
    assert not any(word.startswith("HOME") for word in words)
