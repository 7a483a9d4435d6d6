"""What MongoDB's operator is told is what it knows, and its one login may do all that wxdesk does, and no more."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from deploy.local.checks import ROOT
from tests.deploy.custom_kinds import SPECS
from tests.deploy.flows import Pod, allowed
from tests.deploy.manifests import Document, Rendered, copy_of_deploy, render, with_components

COMPONENT = "mongodb-operator"
SECRET = "mongodb-wxdesk"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    return with_components(tmp_path_factory.mktemp("mongodb"), ["network-policies", "backup", COMPONENT])


def replica_set(documents: Rendered) -> Document:
    spec: Document = documents.of("MongoDBCommunity")["mongodb"]["spec"]
    return spec


def refused(documents: Rendered) -> list[str]:
    schema = SPECS["mongodbcommunity.mongodb.com/v1", "MongoDBCommunity"]
    return [wrong.message for wrong in Draft202012Validator(schema).iter_errors(replica_set(documents))]


def taken(pod: Document) -> list[Document]:
    """What a pod takes from the operator's Secret as files."""
    (volume,) = [one for one in pod["volumes"] if one["name"] == "secrets"]
    secrets = [source["secret"] for source in volume["projected"]["sources"]]
    return [item for one in secrets if one["name"] == SECRET for item in one["items"]]


def broken(folder: Path, old: str, new: str) -> Rendered:
    copied = copy_of_deploy(folder)
    path = copied / "components" / COMPONENT / "replica-set.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    (copied / "broken").mkdir()
    told = f"resources: [../base]\ncomponents: [../components/{COMPONENT}]\n"
    (copied / "broken" / "kustomization.yaml").write_text(told)
    return render(copied / "broken")


def test_the_operator_knows_every_field(rendered: Rendered) -> None:
    assert refused(rendered) == []


@pytest.mark.parametrize(
    ("old", "new"), [("members: 3", "replicas: 3"), ("passwordSecretRef", "password"), ("8.0.13", "latest")]
)
def test_a_field_that_the_operator_does_not_know_is_found(old: str, new: str, tmp_path: Path) -> None:
    assert refused(broken(tmp_path, old, new))


def test_every_pod_of_ours_has_the_address_that_the_operator_writes(rendered: Rendered) -> None:
    (login,) = replica_set(rendered)["users"]
    assert login["connectionStringSecretName"] == SECRET
    address = {"key": "connectionString.standard", "path": "MONGO_URL"}
    pods = dict(rendered.pods())
    assert {name.partition("/")[0] for name in pods} == {"Deployment", "Job", "CronJob"}
    assert {name: taken(pod) for name, pod in pods.items()} == {key: [address] for key in pods}


def test_the_login_is_for_the_database_that_services_use(rendered: Rendered) -> None:
    (settings,) = [one for name, one in rendered.of("ConfigMap").items() if name.startswith("wxdesk-settings")]
    (login,) = replica_set(rendered)["users"]
    assert {role["db"] for role in login["roles"]} == {settings["data"]["MONGO_DB"]}


def test_the_version_is_that_of_compose(rendered: Rendered) -> None:
    compose: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    images = [one["image"] for one in compose["services"].values() if re.match("mongo:", one["image"])]
    assert images == [f"mongo:{replica_set(rendered)['version']}"]


def test_everything_that_selects_members_selects_the_operators_pods(rendered: Rendered) -> None:
    """The operator labels them `app: <name>-svc`."""
    members = {"matchLabels": {"app": "mongodb-svc"}}
    policies = rendered.of("NetworkPolicy")
    assert rendered.of("PodDisruptionBudget")["mongodb"]["spec"]["selector"] == members
    assert policies["mongodb"]["spec"]["podSelector"] == members
    assert policies["to-mongodb"]["spec"]["egress"][0]["to"] == [{"podSelector": members}]


def test_services_and_members_reach_members_and_strangers_do_not(rendered: Rendered) -> None:
    member = Pod({"app": "mongodb-svc"})
    ours = [Pod(one["spec"]["template"]["metadata"]["labels"]) for one in rendered.of("Deployment").values()]
    (backup,) = rendered.of("CronJob").values()
    job = Pod(backup["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"])
    assert all(allowed(rendered, caller, member, 27017) for caller in [*ours, job, member])
    for stranger in (Pod({"app": "stranger"}), Pod({}, "somebody-else")):
        assert not allowed(rendered, stranger, member, 27017)
    assert not any(allowed(rendered, caller, member, 22) for caller in ours)
