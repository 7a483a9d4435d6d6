"""Every way to put the manifests together gives what Kubernetes takes, with no rights and no surprises."""

from itertools import chain, pairwise
from pathlib import Path
from subprocess import CalledProcessError

import pytest
import yaml

from tests.deploy.manifests import DEPLOY, MINORS, Rendered, broken, copy_of_deploy, invalid, render, with_components

OVERLAYS = sorted(path.name for path in (DEPLOY / "overlays").iterdir() if path.is_dir())
COMPONENTS = sorted(path.name for path in (DEPLOY / "components").iterdir() if path.is_dir())
SERVERS = [
    choice
    for choice in (("external-servers",), ("rabbitmq-operator", "mongodb-operator"))
    if set(choice) <= set(COMPONENTS)
]
"""Who runs RabbitMQ and MongoDB; an overlay takes one of them."""


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_is_what_kubernetes_takes(overlay: str) -> None:
    assert invalid(render(DEPLOY / "overlays" / overlay), *MINORS) == []


@pytest.mark.parametrize("component", COMPONENTS)
def test_each_component_goes_with_the_base_alone_and_with_any_other(component: str, tmp_path: Path) -> None:
    others = [other for other in COMPONENTS if other > component]
    given = [with_components(tmp_path / "alone", [component])]
    given += [with_components(tmp_path / other, [component, other]) for other in others]
    assert invalid(chain(*given), MINORS[-1]) == []
    assert all(_doubled(one) == [] for one in given)


@pytest.mark.parametrize("servers", SERVERS, ids="+".join)
def test_all_components_go_together_in_either_order(servers: tuple[str, ...], tmp_path: Path) -> None:
    others = [name for name in COMPONENTS if not any(name in choice for choice in SERVERS)]
    forth = with_components(tmp_path / "forth", [*servers, *others])
    back = with_components(tmp_path / "back", [*reversed(others), *reversed(servers)])
    assert _by_name(forth) == _by_name(back)
    assert invalid(forth, MINORS[-1]) == []


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    wrong = broken(tmp_path / "type", "base/gateway.yaml", "replicas: 2", "replicas: two")
    unknown = broken(tmp_path / "field", "base/gateway.yaml", "replicas: 2", "replica: 2")
    for documents in (wrong, unknown):
        for minor in MINORS:
            assert [line.partition(" ")[0] for line in invalid(documents, minor)] == ["Deployment/gateway"]
    copied = copy_of_deploy(tmp_path)
    (copied / "base" / "router.yaml").unlink()
    with pytest.raises(CalledProcessError):
        render(copied / "base")
    assert _doubled(Rendered([*wrong, *wrong.of("Job").values()])) == [f"Job/{name}" for name in wrong.of("Job")]


def _doubled(documents: Rendered) -> list[str]:
    """What two components give, of which a cluster would have the last."""
    names = sorted(f"{one['kind']}/{one['metadata']['name']}" for one in documents)
    return [name for name, following in pairwise(names) if name == following]


def _by_name(documents: Rendered) -> dict[str, str]:
    """Each document as text; sources of a projected volume, in the order of the components, are put in order first."""
    for _, pod in documents.pods():
        for volume in pod.get("volumes", []):
            if "projected" in volume:
                volume["projected"]["sources"].sort(key=str)
    return {f"{one['kind']}/{one['metadata']['name']}": yaml.safe_dump(one) for one in documents}


RESTRICTED = "https://kubernetes.io/docs/concepts/security/pod-security-standards/"


def unsafe(documents: Rendered) -> list[str]:
    """Where a pod is less than the `restricted` standard, or has a token, or a root file system it may write."""
    found = []
    for name, pod in documents.pods():
        if pod.get("automountServiceAccountToken") is not False:
            found.append(f"{name}: has a token")
        security = pod.get("securityContext", {})
        if security.get("runAsNonRoot") is not True or security.get("seccompProfile") != {"type": "RuntimeDefault"}:
            found.append(f"{name}: root, or no seccomp")
        if any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")):
            found.append(f"{name}: shares what is the host's")
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            context = container.get("securityContext", {})
            wanted = {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            found += [f"{name}: {key}" for key, value in wanted.items() if context.get(key) != value]
            if "memory" not in container.get("resources", {}).get("limits", {}):
                found.append(f"{name}: no limit of memory")
    return found


def test_pods_are_restricted(production: Rendered) -> None:
    assert unsafe(production) == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("drop: [ALL]", "drop: [NET_RAW]", "capabilities"),
        ("runAsNonRoot: true", "runAsNonRoot: false", "root, or no seccomp"),
        ("{type: RuntimeDefault}", "{type: Unconfined}", "root, or no seccomp"),
        ("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "readOnlyRootFilesystem"),
        ("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "allowPrivilegeEscalation"),
        ("automountServiceAccountToken\n  value: false", "automountServiceAccountToken\n  value: true", "has a token"),
        ("enableServiceLinks\n  value: false", "hostNetwork\n  value: true", "shares what is the host's"),
    ],
)
def test_what_is_less_than_restricted_is_found(old: str, new: str, found: str, tmp_path: Path) -> None:
    wrong = unsafe(broken(tmp_path, "base/every-pod.yaml", old, new))
    assert f"Deployment/router: {found}" in wrong
    assert len(wrong) == len([line for line in wrong if line.endswith(found)])


def test_memory_without_a_limit_is_found(tmp_path: Path) -> None:
    documents = broken(tmp_path, "base/prepare.yaml", "limits: {memory: 512Mi}", "limits: {}")
    assert [line.endswith("no limit of memory") for line in unsafe(documents)] == [True]
