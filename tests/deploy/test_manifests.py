"""Every way to put the manifests together gives what Kubernetes takes, with no rights and no surprises."""

from pathlib import Path
from subprocess import CalledProcessError

import pytest
import yaml

from tests.deploy.manifests import DEPLOY, MINORS, Rendered, copy_of_deploy, invalid, render, with_components

OVERLAYS = sorted(path.name for path in (DEPLOY / "overlays").iterdir() if path.is_dir())
COMPONENTS = sorted(path.name for path in (DEPLOY / "components").iterdir() if path.is_dir())
SERVERS = [
    choice
    for choice in (("external-servers",), ("rabbitmq-operator", "mongodb-operator"))
    if set(choice) <= set(COMPONENTS)
]
"""Who runs RabbitMQ and MongoDB; an overlay takes one of them."""


@pytest.fixture(scope="module")
def production() -> Rendered:
    return render(DEPLOY / "overlays" / "production")


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("minor", MINORS)
def test_an_overlay_is_what_kubernetes_takes(overlay: str, minor: str) -> None:
    assert invalid(render(DEPLOY / "overlays" / overlay), minor) == []


@pytest.mark.parametrize("component", COMPONENTS)
def test_each_component_goes_with_the_base_alone(component: str, tmp_path: Path) -> None:
    assert invalid(with_components(tmp_path, [component]), MINORS[-1]) == []


@pytest.mark.parametrize("servers", SERVERS, ids="+".join)
def test_all_components_go_together_in_either_order(servers: tuple[str, ...], tmp_path: Path) -> None:
    others = [name for name in COMPONENTS if not any(name in choice for choice in SERVERS)]
    forth = with_components(tmp_path / "forth", [*servers, *others])
    back = with_components(tmp_path / "back", [*reversed(others), *reversed(servers)])
    assert _by_name(forth) == _by_name(back)
    assert invalid(forth, MINORS[-1]) == []


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    copied = copy_of_deploy(tmp_path)
    _replace(copied / "base" / "gateway.yaml", "replicas: 2", "replicas: two")
    assert any("Deployment/gateway" in line for line in invalid(render(copied / "base"), MINORS[0]))
    _replace(copied / "base" / "gateway.yaml", "replicas: two", "replica: 2")
    assert any("Deployment/gateway" in line for line in invalid(render(copied / "base"), MINORS[-1]))
    (copied / "base" / "router.yaml").unlink()
    with pytest.raises(CalledProcessError):
        render(copied / "base")


def _by_name(documents: Rendered) -> dict[str, str]:
    """Each document as text; sources of a projected volume, in the order of the components, are put in order first."""
    for _, pod in documents.pods():
        for volume in pod.get("volumes", []):
            if "projected" in volume:
                volume["projected"]["sources"].sort(key=str)
    return {f"{one['kind']}/{one['metadata']['name']}": yaml.safe_dump(one) for one in documents}


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


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


def test_what_is_less_than_restricted_is_found(tmp_path: Path) -> None:
    copied = copy_of_deploy(tmp_path)
    _replace(copied / "base" / "every-pod.yaml", "drop: [ALL]", "drop: [NET_RAW]")
    _replace(copied / "base" / "every-pod.yaml", "runAsNonRoot: true", "runAsNonRoot: false")
    found = unsafe(render(copied / "base"))
    assert "Deployment/router: capabilities" in found
    assert "Deployment/router: root, or no seccomp" in found
