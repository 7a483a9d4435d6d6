"""What the environment does not say may stand in files, as Kubernetes mounts a secret."""

from pathlib import Path

import pytest

from services.console.cli.environment import Environment
from services.console.cli.failures import Misused
from services.router.settings import RouterSettings
from shared.secret_files import FileRefused, SecretFiles
from shared.settings import MongoSettings, ObserveSettings, SettingsRefused, read_settings

KEY = "kAFKE8_2bxjQdNxrfPMzKyDVl4Jb-n4sTQEVlKYyvbo="
SERVERS = {"AMQP_URL": "amqp://file:secret@rabbit/", "MONGO_URL": "mongodb://file:secret@mongo/"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (*SERVERS, "WXDESK_SECRET_KEYS", "MONGO_DB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WXDESK_SECRETS_DIR", str(tmp_path))
    return tmp_path


def fill(folder: Path, values: dict[str, str]) -> None:
    for name, value in values.items():
        (folder / name).write_text(value)


def test_a_service_reads_its_secrets_from_files(folder: Path) -> None:
    fill(folder, {**SERVERS, "WXDESK_SECRET_KEYS": f"{KEY}\n"})
    settings = read_settings(RouterSettings)
    assert settings.amqp_url.get_secret_value() == "amqp://file:secret@rabbit/"
    assert settings.secret_keys == [KEY]


def test_what_a_collector_wants_to_hear_may_be_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_HEADERS", raising=False)
    fill(folder, {"OTEL_EXPORTER_OTLP_HEADERS": "api-key=secret\n"})
    settings = read_settings(ObserveSettings)
    assert settings.collector_headers == {"api-key": "secret"}
    assert "secret" not in repr(settings)


def test_links_as_kubernetes_makes_them_are_followed(folder: Path) -> None:
    (folder / "..2026_11_23").mkdir()
    fill(folder / "..2026_11_23", SERVERS)
    (folder / "..data").symlink_to("..2026_11_23")
    for name in SERVERS:
        (folder / name).symlink_to(Path("..data") / name)
    assert read_settings(MongoSettings).mongo_url.get_secret_value() == SERVERS["MONGO_URL"]


def test_the_environment_stands_before_a_file_which_is_then_not_opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "MONGO_URL").mkdir()
    monkeypatch.setenv("MONGO_URL", "mongodb://environment/")
    assert read_settings(MongoSettings).mongo_url.get_secret_value() == "mongodb://environment/"


def test_files_that_are_no_settings_are_ignored(folder: Path) -> None:
    fill(folder, {**SERVERS, "mongo_db": "written small"})
    (folder / "README").write_bytes(b"\xff")
    assert read_settings(MongoSettings).mongo_db == "wxdesk"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n"])
def test_only_line_ends_are_cut_off(folder: Path, ending: str) -> None:
    fill(folder, {"NAME": f" a b {ending}"})
    assert SecretFiles(str(folder)).get("NAME") == " a b "


def test_a_folder_that_is_not_there_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WXDESK_SECRETS_DIR", str(folder / "nowhere"))
    with pytest.raises(SettingsRefused, match=r"WXDESK_SECRETS_DIR: there is no folder .*nowhere"):
        read_settings(MongoSettings)


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "MONGO_URL").mkdir()
    with pytest.raises(SettingsRefused, match=r"MONGO_URL: cannot read .*MONGO_URL"):
        read_settings(MongoSettings)


def test_a_file_that_is_no_text_is_named_and_not_repeated(folder: Path) -> None:
    (folder / "MONGO_URL").write_bytes(b"mongodb://\xff:geheim@x/")
    with pytest.raises(SettingsRefused, match=r"MONGO_URL: .* is not UTF-8") as refused:
        read_settings(MongoSettings)
    assert "geheim" not in str(refused.value)


def test_what_stands_in_neither_is_missing(folder: Path) -> None:
    fill(folder, {"AMQP_URL": SERVERS["AMQP_URL"]})
    with pytest.raises(SettingsRefused, match="MONGO_URL: missing; set it in the environment or as a file"):
        read_settings(MongoSettings)


def test_without_a_folder_there_are_no_files() -> None:
    assert SecretFiles(None).get("MONGO_URL") is None
    with pytest.raises(FileRefused):
        SecretFiles("/nowhere/at/all")


def test_wxdesk_reads_them_too_and_before_a_local_run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    data = tmp_path_factory.mktemp("data")
    (data / "run.json").write_text('{"gateway": "http://127.0.0.1:1", "env": {"MONGO_URL": "mongodb://run/"}}')
    fill(folder, SERVERS)
    told = Environment({"WXDESK_SECRETS_DIR": str(folder), "DATA_DIR": str(data)})
    assert told.settings(MongoSettings).mongo_url.get_secret_value() == SERVERS["MONGO_URL"]
    assert told.variable("AMQP_URL") == SERVERS["AMQP_URL"]
    assert told.address_if_known("gateway") is None, "a run about other servers is not used"


def test_wxdesk_says_which_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Misused, match="WXDESK_SECRETS_DIR"):
        Environment({"WXDESK_SECRETS_DIR": str(tmp_path / "nowhere")})
