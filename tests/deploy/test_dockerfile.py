"""hadolint on the Dockerfile, and that its images are of this project: every service, the Python of its lock."""

import re
import subprocess
from pathlib import Path

import pytest

from deploy.local.checks import ROOT, tool
from tests.deploy.manifests import DEPLOY
from tests.deploy.test_drift import SERVICES

DOCKERFILE = DEPLOY / "images" / "Dockerfile"


def hadolint(path: Path) -> str:
    return subprocess.run([tool("hadolint"), "--no-color", path], capture_output=True, text=True, check=False).stdout


def test_hadolint_finds_nothing() -> None:
    assert hadolint(DOCKERFILE) == ""


@pytest.mark.parametrize(
    ("said", "instead", "code"),
    [
        ('CMD ["python", "-m", "services.bot"]', "CMD python -m services.bot", "DL3025"),
        ("COPY shared shared", "ADD shared shared", "DL3020"),
        ("WORKDIR /app", "RUN cd /app", "DL3003"),
    ],
)
def test_hadolint_would_find_it(said: str, instead: str, code: str, tmp_path: Path) -> None:
    broken = tmp_path / "Dockerfile"
    assert said in DOCKERFILE.read_text()
    broken.write_text(DOCKERFILE.read_text().replace(said, instead))
    assert code in hadolint(broken)


def test_every_service_has_its_image() -> None:
    made = re.findall(r"^FROM app AS app-(\w+)\n(?:COPY .*\n)*CMD (.*)$", DOCKERFILE.read_text(), re.MULTILINE)
    assert dict(made) == {service: f'["python", "-m", "services.{service}"]' for service in SERVICES}


def test_bases_are_exact_and_may_be_held_to_a_digest() -> None:
    bases = re.findall(r"^FROM ((?:python|node):\S+)", DOCKERFILE.read_text(), re.MULTILINE)
    assert [
        base for base in bases if not re.fullmatch(r"(python|node):[\d.]+-[\w-]+\$\{(PYTHON|NODE)_DIGEST\}", base)
    ] == []
    assert bases


def test_no_name_of_a_registry() -> None:
    for path in (DOCKERFILE, DEPLOY / "compose.yaml", *(DEPLOY / "base").glob("*.yaml")):
        assert not re.search(r"(?:FROM|image:)\s+[\w-]+\.[\w.-]+/", path.read_text()), path


def test_the_context_holds_what_is_copied_and_no_more() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )*(.+) \S+$", DOCKERFILE.read_text(), re.MULTILINE)
    sources = {source for words in copied for source in words.split()}
    assert {one for one in sources if not any(one == way or one.startswith(f"{way}/") for way in allowed)} == set()
    assert {way for way in allowed if not any(one == way or one.startswith(f"{way}/") for one in sources)} == set()
