"""What kustomize makes of a folder of `deploy/`, and what the tools say of it."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.local.checks import ROOT, tool, tools
from deploy.local.debian_programs import KUSTOMIZE

DEPLOY: Final = ROOT / "deploy"
MINORS: Final = ("1.33", "1.34", "1.35", "1.36", "1.37")
"""The minor versions of Kubernetes that wxdesk is for; `sleep` as a preStop action asks for the first."""
BUILT_IN: Final = (
    "v1",
    "apps/",
    "batch/",
    "policy/",
    "networking.k8s.io/",
    "autoscaling/",
    "rbac.authorization.k8s.io/",
)

Document = dict[str, Any]


class Rendered(list[Document]):
    """The documents of one build."""

    def of(self, kind: str) -> dict[str, Document]:
        return {one["metadata"]["name"]: one for one in self if one["kind"] == kind}

    def pods(self) -> Iterator[tuple[str, Document]]:
        """Of everything that makes pods of ours: kind/name, and the pod's specification."""
        for one in self:
            made = one["spec"]["jobTemplate"] if one["kind"] == "CronJob" else one
            if one["kind"] in {"Deployment", "Job", "StatefulSet", "CronJob"}:
                yield f"{one['kind']}/{one['metadata']['name']}", made["spec"]["template"]["spec"]


def render(folder: Path) -> Rendered:
    """Raises CalledProcessError, with kustomize's words in its stderr."""
    kustomize = [str(KUSTOMIZE.program(tools())), "build", str(folder)]
    built = subprocess.run(kustomize, check=True, capture_output=True, text=True)
    return Rendered(one for one in yaml.load_all(built.stdout, Loader=yaml.CSafeLoader) if one)


def with_components(folder: Path, names: Iterable[str], base: str = "base") -> Rendered:
    """The base with these components, through a kustomization made in `folder`, which must be empty."""
    copied = copy_of_deploy(folder)
    combination = copied / "combination"
    combination.mkdir()
    told = {"resources": [f"../{base}"], "components": [f"../components/{name}" for name in names]}
    (combination / "kustomization.yaml").write_text(json.dumps(told))
    return render(combination)


def copy_of_deploy(folder: Path) -> Path:
    """The manifests, to be broken on purpose."""
    copied = folder / "deploy"
    wanted = shutil.ignore_patterns("local", "__pycache__", "*.py")
    shutil.copytree(DEPLOY, copied, ignore=wanted)
    return copied


def broken(folder: Path, file: str, old: str, new: str, built: str = "base") -> Rendered:
    """What `built` gives in a copy where every `old` in `file` is `new`. Raises CalledProcessError as `render`."""
    copied = copy_of_deploy(folder)
    text = (copied / file).read_text()
    assert old in text, f"{file} has no {old!r} any more"
    (copied / file).write_text(text.replace(old, new))
    return render(copied / built)


def invalid(documents: Iterable[Document], *minors: str) -> list[str]:
    """What Kubernetes of any of these minor versions would not take, or ignore, in its own kinds."""
    # What several builds have alike is asked once.
    own = {json.dumps(one, sort_keys=True) for one in documents if one["apiVersion"].startswith(BUILT_IN)}
    script = (
        "import json, sys, kubernetes_validate as kv\n"
        "documents = [json.loads(line) for line in sys.stdin]\n"
        "for minor in sys.argv[1:]:\n"
        "    for one in documents:\n"
        "        name = one['kind'] + '/' + one['metadata']['name']\n"
        "        try:\n"
        "            kv.validate(one, minor, strict=True)\n"
        "        except kv.ValidationError as wrong:\n"
        "            print(name + ' (' + minor + '): ' + wrong.message)\n"
    )
    said = subprocess.run(
        [tool("python"), "-c", script, *minors],
        input="\n".join(sorted(own)),
        check=True,
        capture_output=True,
        text=True,
    )
    return said.stdout.splitlines()
