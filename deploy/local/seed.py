"""The demo app, logins and vendor accounts of `make run`: known to wxdesk's store and to the sandbox at every start.

Two steps, because the gateway reads the apps when it starts, and the sandbox asks the gateway when it is told of one.
"""

import asyncio
import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import aiohttp
from pydantic import SecretStr

from deploy.local.directories import write_private
from deploy.local.failures import CannotStart
from deploy.local.plan import url_of
from deploy.local.vendors import SeededVendor, at_the_sandbox, made_vendors, save_vendors
from shared.conversation.policy import KeywordRule, Policy, Unmatched
from shared.outage import Outage
from shared.passwords import hash_password, verify_password
from shared.store.agents import Agent, AgentStore
from shared.store.apps import App, AppExists, AppStore
from shared.store.driver import Database
from shared.store.sealing import Sealer
from shared.store.vendor_accounts import VendorAccountStore

APP_ID: Final = "wx0123456789abcdef"
APP_NAME: Final = "演示小程序"
POLICY: Final = Policy(
    welcome="您好，这里是 wxdesk 演示客服，请直接留言。发送「人工」转人工客服。",
    keyword_rules=(
        KeywordRule(words=("发货", "物流", "快递"), reply="订单在 48 小时内发货，发货后可在订单详情里查看物流。"),
        KeywordRule(words=("退款", "退货"), reply="退款问题由人工客服处理，正在为您转接。", hand_off=True),
    ),
    hand_off_words=("人工", "转人工"),
    unmatched=Unmatched(reply="我还不会回答这个问题。发送「人工」转人工客服。", hand_off=False),
)

_REPEAT_SECONDS = 0.3
_ANSWER_SECONDS = 10.0
_AES_KEY_BYTES = 32
_FILE = "seed.json"


@dataclass(frozen=True)
class SeededApp:
    appid: str
    secret: str
    token: str
    aes_key: str
    mode: Literal["plain", "compat", "secure"] = "secure"
    format: Literal["json", "xml"] = "json"


@dataclass(frozen=True)
class SeededAgent:
    login: str
    password: str
    role: Literal["agent", "supervisor", "admin"]


@dataclass(frozen=True)
class Seeded:
    app: SeededApp
    agents: tuple[SeededAgent, ...]
    vendors: tuple[SeededVendor, ...] = ()


_PEOPLE: Final[Mapping[str, tuple[str, Literal["agent", "supervisor", "admin"]]]] = {
    "admin": ("管理员", "admin"),
    "zhou": ("周敏", "supervisor"),
    "lina": ("李娜", "agent"),
    "wang": ("王强", "agent"),
}


async def seed(environment: Mapping[str, str], data_dir: Path) -> Seeded:
    """Both steps at once, for services that run already. Raises CannotStart."""
    seeded = await save(environment, data_dir)
    await register(environment, seeded)
    return seeded


async def save(environment: Mapping[str, str], data_dir: Path) -> Seeded:
    """Write all of it to the store; the secrets are made once and kept in DATA_DIR/seed.json.

    An app or account that is there keeps its settings and gets these secrets; a login that is there gets this password.
    """
    seeded = kept(data_dir / _FILE)
    database = Database(environment["MONGO_URL"], environment["MONGO_DB"])
    try:
        sealer = Sealer(environment["WXDESK_SECRET_KEYS"].split(","))
        await _save_app(AppStore(database, sealer), seeded.app)
        await _save_agents(AgentStore(database), seeded.agents)
        await save_vendors(VendorAccountStore(database, sealer), seeded.vendors, environment["WECHAT_API_BASE"])
    except Outage as outage:
        raise CannotStart(f"MONGO_URL: {outage}; is it a replica set, up, and reachable from here?") from None
    finally:
        await database.close()
    return seeded


async def register(environment: Mapping[str, str], seeded: Seeded, within_seconds: float = 30.0) -> None:
    """Tell the sandbox of the vendor accounts, and of the app, which asks the gateway to prove itself.

    Raises CannotStart with what came back.
    """
    sandbox = f"{environment['WECHAT_API_BASE']}/sandbox/api"
    gateway = url_of(environment["HOST"], int(environment["GATEWAY_PORT"]))
    body = asdict(seeded.app) | {"callback_url": f"{gateway}/wechat/{seeded.app.appid}", "name": APP_NAME}
    del body["appid"]
    deadline = asyncio.get_running_loop().time() + within_seconds
    await _tell(f"{sandbox}/apps/{seeded.app.appid}", body, "the demo app", deadline)
    for vendor in seeded.vendors:
        path, account = at_the_sandbox(environment, vendor)
        await _tell(sandbox + path, account, f"the account {vendor.account}", deadline)


def kept(path: Path) -> Seeded:
    """What is kept in `path`, made at first use."""
    if not path.exists():
        write_private(path, json.dumps(asdict(_make()), indent=1) + "\n")
    document = json.loads(path.read_text())
    known = tuple(SeededVendor(**vendor) for vendor in document.get("vendors", ()))
    agents = tuple(SeededAgent(**agent) for agent in document["agents"])
    app = SeededApp(**document["app"])
    seeded = Seeded(app, agents, made_vendors(app.appid, known))
    if seeded.vendors != known:  # written by a version that knew fewer
        write_private(path, json.dumps(asdict(seeded), indent=1) + "\n")
    return seeded


def _make() -> Seeded:
    app = SeededApp(APP_ID, secrets.token_hex(16), secrets.token_hex(16), _aes_key())
    agents = tuple(SeededAgent(login, secrets.token_urlsafe(9), role) for login, (_, role) in _PEOPLE.items())
    return Seeded(app, agents, made_vendors(app.appid))


def _aes_key() -> str:
    """An EncodingAESKey as WeChat makes them: 43 letters and digits that are 32 bytes in base64."""
    while True:
        key = base64.b64encode(secrets.token_bytes(_AES_KEY_BYTES)).decode().rstrip("=")
        if key.isalnum():
            return key


async def _tell(url: str, body: Mapping[str, Any], what: str, deadline: float) -> None:
    """Again until it is taken. Raises CannotStart."""
    while (refusal := await _put(url, body)) is not None:
        if asyncio.get_running_loop().time() > deadline:
            raise CannotStart(f"the sandbox did not take {what}: {refusal}")
        await asyncio.sleep(_REPEAT_SECONDS)


async def _put(url: str, body: Mapping[str, Any]) -> str | None:
    """None when taken, else why not."""
    limit = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=limit) as session, session.put(url, json=body) as answer:
            return None if answer.ok else f"{answer.status} {(await answer.text())[:500]}"
    except (aiohttp.ClientError, TimeoutError) as failure:
        return f"no answer from {url} ({type(failure).__name__})"


async def _save_app(store: AppStore, seeded: SeededApp) -> None:
    fields: dict[str, Any] = {
        "secret": SecretStr(seeded.secret),
        "token": SecretStr(seeded.token),
        "aes_key": SecretStr(seeded.aes_key),
        "mode": seeded.mode,
        "format": seeded.format,
    }
    try:
        await store.add(App(app_id=seeded.appid, name=APP_NAME, policy=POLICY, **fields))
    except AppExists:
        app = await store.get(seeded.appid)
        if app and app.unreadable:
            fault = f"the app {app.app_id} was written with other keys; WXDESK_SECRET_KEYS lacks them"
            raise CannotStart(fault) from None
        if app and any(getattr(app, name) != value for name, value in fields.items()):
            await store.save(app.model_copy(update=fields))


async def _save_agents(store: AgentStore, agents: tuple[SeededAgent, ...]) -> None:
    for seeded in agents:
        agent = await store.get(seeded.login)
        if agent is None:
            name, _ = _PEOPLE[seeded.login]
            password_hash = hash_password(seeded.password)
            await store.add(Agent(id=seeded.login, name=name, role=seeded.role, password_hash=password_hash))
        elif not verify_password(agent.password_hash, seeded.password):
            await store.update(seeded.login, password_hash=hash_password(seeded.password))
