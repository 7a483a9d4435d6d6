"""What a command is told: the environment, else files, else a local run's; or a sentence on what is missing.

`DATA_DIR/run.json` is what a local run leaves. One about other servers than the environment or a file names is not used
at all: half of one installation and half of another would seal production's secrets with a laptop's key.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.console.cli.failures import Misused
from shared.secret_files import FOLDER_VARIABLE, FileRefused, SecretFiles
from shared.settings import AnySettings, SettingsRefused, is_loopback, read_settings

_SERVERS: Final = ("AMQP_URL", "MONGO_URL", "MONGO_DB")

Service = Literal["gateway", "console", "sandbox"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class RunApp(_Part):
    appid: str


class RunAgent(_Part):
    login: str
    password: str = Field(repr=False)


class Run(_Part):
    """The parts of run.json that commands use."""

    gateway: str | None = None
    console: str | None = None
    sandbox: str | None = None
    ops: dict[str, list[str]] = Field(default_factory=dict)
    env: dict[str, str] = Field(default_factory=dict, repr=False)
    app: RunApp | None = None
    agents: list[RunAgent] = Field(default_factory=list)


class Environment:
    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = {name: value for name, value in variables.items() if value}
        try:
            self._files = SecretFiles(self._variables.get(FOLDER_VARIABLE))
        except FileRefused as refused:
            raise Misused(str(refused)) from None
        self.run_file = Path(self._variables.get("DATA_DIR", ".data")) / "run.json"

    @cached_property
    def run(self) -> Run:
        """The local run; an empty one where there is none, or where it is about other servers."""
        run = self._stored_run
        return run if run is not None and not self._foreign(run) else Run()

    def settings(self, kind: type[AnySettings]) -> AnySettings:
        """`kind` from the environment, else the files, else run.json; raises Misused, naming each variable."""
        told = {name: self._told(name) for name in map(str.upper, kind.model_fields) if name not in self._variables}
        known = self.run.env | {name: value for name, value in told.items() if value is not None}
        known = {name: value for name, value in known.items() if name not in self._variables}
        try:
            return read_settings(kind, known)
        except SettingsRefused as refused:
            raise Misused(f"{refused}\n{self._about_the_file()}") from None

    def variable(self, name: str) -> str | None:
        return self._told(name) or self.run.env.get(name)

    def address(self, service: Service) -> str:
        """Where a service answers, from `CONSOLE_URL` and its like; raises Misused."""
        found = self.address_if_known(service)
        if found is None:
            raise Misused(
                f"{service.upper()}_URL: missing; set it to the {service}'s address, e.g. http://127.0.0.1:8080\n"
                f"{self._about_the_file()}"
            )
        return found

    def address_if_known(self, service: Service) -> str | None:
        named = self._told(f"{service.upper()}_URL")
        found = named or getattr(self.run, service) or (self._stand_in() if service == "sandbox" else None)
        if found is None:
            return None
        if urlsplit(found).scheme not in {"http", "https"} or not urlsplit(found).hostname:
            raise Misused(f"{service.upper()}_URL: must begin with http:// or https:// and name a host")
        return str(found).rstrip("/")

    @property
    def ops(self) -> dict[str, list[str]]:
        """Where services answer `/readyz`: by OPS_URLS (`router=http://… …`), else a local run's; raises Misused."""
        told = self._told("OPS_URLS")
        if told is None:
            return self.run.ops
        found: dict[str, list[str]] = {}
        for word in told.replace(",", " ").split():
            service, _, address = word.partition("=")
            if urlsplit(address).scheme not in {"http", "https"} or not urlsplit(address).hostname:
                raise Misused(f"OPS_URLS: {word} is not SERVICE=http://HOST:PORT")
            found.setdefault(service, []).append(address.rstrip("/"))
        return found

    def _stand_in(self) -> str | None:
        """What stands for WeChat on this machine is the sandbox."""
        base = self._variables.get("WECHAT_API_BASE", "")
        return base if is_loopback(urlsplit(base).hostname or "") else None

    @cached_property
    def _stored_run(self) -> Run | None:
        try:
            return Run.model_validate_json(self.run_file.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as failure:
            raise Misused(f"cannot read {self.run_file}: {failure.strerror}; run as the user who runs wxdesk") from None
        except ValidationError:
            raise Misused(f"{self.run_file} is not a run.json; start `make run` again, or set the variables") from None

    def _foreign(self, run: Run) -> bool:
        told = {name: self._told(name) for name in _SERVERS}
        return any(value is not None and value != run.env.get(name) for name, value in told.items())

    def _told(self, name: str) -> str | None:
        """What the environment or else a file says; raises Misused."""
        try:
            return self._variables.get(name) or self._files.get(name) or None
        except FileRefused as refused:
            raise Misused(str(refused)) from None

    def _about_the_file(self) -> str:
        if self._stored_run is None:
            return f"A local run is found by {self.run_file}, which is not there; start one with `make run`."
        if self._foreign(self._stored_run):
            return f"{self.run_file} is about other servers than the environment names, so it is not used."
        return f"{self.run_file} does not say it either."
