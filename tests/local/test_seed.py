import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.fernet import Fernet
from pydantic import SecretStr

from deploy.local.failures import CannotStart
from deploy.local.seed import APP_ID, APP_NAME, kept, register, save
from services.sandbox.qiyu.config import AccountConfig
from services.sandbox.zhima.config import ProductConfig
from shared.passwords import verify_password
from shared.store.agents import AgentStore
from shared.store.apps import AppStore
from shared.store.driver import Database
from shared.store.sealing import Sealer
from shared.store.vendor_accounts import VendorAccountStore
from shared.vendors.port import parsed
from shared.vendors.registry import VENDORS


@pytest.fixture
def environment(mongo_url: str, mongo_db: str) -> dict[str, str]:
    keys = Fernet.generate_key().decode()
    sandbox = "http://127.0.0.1:8082"
    return {"MONGO_URL": mongo_url, "MONGO_DB": mongo_db, "WXDESK_SECRET_KEYS": keys, "WECHAT_API_BASE": sandbox}


def app_store(database: Database, environment: dict[str, str]) -> AppStore:
    return AppStore(database, Sealer(environment["WXDESK_SECRET_KEYS"].split(",")))


def test_secrets_are_made_once_and_kept_private(tmp_path: Path) -> None:
    first = kept(tmp_path / "seed.json")
    assert kept(tmp_path / "seed.json") == first
    assert kept(tmp_path / "other.json").app.secret != first.app.secret
    assert (tmp_path / "seed.json").stat().st_mode & 0o777 == 0o600


def test_the_aes_key_is_one_that_wechat_would_make(tmp_path: Path) -> None:
    key = kept(tmp_path / "seed.json").app.aes_key
    assert len(key) == 43
    assert key.isalnum()
    assert len(base64.b64decode(f"{key}=", validate=True)) == 32


async def test_the_store_holds_what_was_seeded(database: Database, environment: dict[str, str], tmp_path: Path) -> None:
    seeded = await save(environment, tmp_path)
    app = await app_store(database, environment).get(APP_ID)
    assert app is not None
    assert app.secret.get_secret_value() == seeded.app.secret
    assert app.policy.wants_agent("我要转人工")
    assert app.policy.rule_for("什么时候发货?") is not None
    agents = {agent.id: agent for agent in await AgentStore(database).everyone()}
    assert agents["admin"].role == "admin"
    for agent in seeded.agents:
        assert verify_password(agents[agent.login].password_hash, agent.password)


async def test_a_second_start_keeps_what_people_changed(
    database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    await save(environment, tmp_path)
    apps = app_store(database, environment)
    app = await apps.get(APP_ID)
    assert app is not None
    await apps.save(app.model_copy(update={"policy": app.policy.model_copy(update={"welcome": "改过"})}))
    await AgentStore(database).update("lina", capacity=9)
    await save(environment, tmp_path)
    changed = await apps.get(APP_ID)
    assert changed is not None
    assert changed.policy.welcome == "改过"
    lina = await AgentStore(database).get("lina")
    assert lina is not None
    assert lina.capacity == 9


async def test_another_data_dir_on_the_same_database_gets_its_own_secrets_in(
    database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    await save(environment, tmp_path)
    (tmp_path / "other").mkdir()
    seeded = await save(environment, tmp_path / "other")
    app = await app_store(database, environment).get(APP_ID)
    assert app is not None
    assert app.secret.get_secret_value() == seeded.app.secret
    lina = await AgentStore(database).get("lina")
    assert lina is not None
    password = next(agent.password for agent in seeded.agents if agent.login == "lina")
    assert verify_password(lina.password_hash, password)


async def test_a_database_sealed_with_other_keys_is_told(environment: dict[str, str], tmp_path: Path) -> None:
    await save(environment, tmp_path)
    with pytest.raises(CannotStart, match="was written with other keys"):
        await save({**environment, "WXDESK_SECRET_KEYS": Fernet.generate_key().decode()}, tmp_path)


def vendor_store(database: Database, environment: dict[str, str]) -> VendorAccountStore:
    return VendorAccountStore(database, Sealer(environment["WXDESK_SECRET_KEYS"].split(",")))


@asynccontextmanager
async def sandbox(
    answer: Callable[[dict[str, Any]], Awaitable[web.Response]], accounts: dict[str, Any] | None = None
) -> AsyncIterator[dict[str, str]]:
    """What the sandbox's `PUT /sandbox/api/apps/{appid}` looks like to us; `accounts` gets those of vendors."""
    kept_accounts = accounts if accounts is not None else {}

    async def put(request: web.Request) -> web.Response:
        return await answer(await request.json())

    async def put_account(request: web.Request) -> web.Response:
        kept_accounts[request.path] = await request.json()
        return web.json_response({})

    app = web.Application()
    app.router.add_put(f"/sandbox/api/apps/{APP_ID}", put)
    app.router.add_put("/sandbox/api/{vendor}/{accounts}/{name}", put_account)
    async with TestServer(app) as server:
        yield {"WECHAT_API_BASE": f"http://127.0.0.1:{server.port}", "HOST": "0.0.0.0", "GATEWAY_PORT": "8080"}


async def test_the_sandbox_is_asked_until_the_gateway_has_proved_itself(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = []

    async def verified_the_third_time(body: dict[str, Any]) -> web.Response:
        asked.append(body)
        return web.json_response({"verified": len(asked) == 3}, status=200 if len(asked) == 3 else 422)

    seeded = kept(tmp_path / "seed.json")
    async with sandbox(verified_the_third_time) as environment:
        await register(environment, seeded)
    assert len(asked) == 3
    assert asked[0] == {
        "secret": seeded.app.secret,
        "token": seeded.app.token,
        "aes_key": seeded.app.aes_key,
        "mode": "secure",
        "format": "json",
        "callback_url": f"http://127.0.0.1:8080/wechat/{APP_ID}",
        "name": APP_NAME,
    }


async def test_the_sandbox_hears_of_the_account_with_qiyu_by_the_same_secret(
    database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    accounts: dict[str, Any] = {}

    async def verified(_: dict[str, Any]) -> web.Response:
        return web.json_response({"verified": True})

    seeded = await save(environment, tmp_path)
    async with sandbox(verified, accounts) as places:
        await register(places, seeded)
    at_qiyu = accounts["/sandbox/api/qiyu/accounts/qiyu-demo"]
    AccountConfig.model_validate(at_qiyu)
    assert at_qiyu["callback_url"] == "http://127.0.0.1:8080/vendors/qiyu/qiyu-demo"
    account = await vendor_store(database, environment).get("qiyu-demo")
    assert account is not None
    assert parsed(VENDORS["qiyu"], account).app_secret.get_secret_value() == at_qiyu["app_secret"]


async def test_the_sandbox_hears_of_the_account_with_zhima_and_each_finds_the_other(
    database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    accounts: dict[str, Any] = {}

    async def verified(_: dict[str, Any]) -> web.Response:
        return web.json_response({"verified": True})

    seeded = await save(environment, tmp_path)
    async with sandbox(verified, accounts) as places:
        await register(places, seeded)
    account = await vendor_store(database, environment).get("zhima-demo")
    assert account is not None
    settings = parsed(VENDORS["zhima"], account)
    push_url = settings.push_url.get_secret_value()
    access_key = push_url.rpartition("/")[2]
    assert push_url == f"http://127.0.0.1:8082/push_pwd/mini_program/{access_key}"
    product = ProductConfig.model_validate(accounts[f"/sandbox/api/zhima/products/{access_key}"])
    ours = "http://127.0.0.1:8080/vendors/zhima/zhima-demo"
    assert (product.developer_url, product.proxy_base) == (ours, f"{ours}/wxproxy")
    assert product.token_url == f"{ours}/token/{settings.token_path_secret.get_secret_value()}"
    assert product.developer_token == settings.developer_token.get_secret_value()
    assert product.push_token == settings.push_token.get_secret_value()
    assert (product.app_id, product.wechatapp_id) == (APP_ID, settings.wechatapp_id)


async def test_a_vendor_account_keeps_what_people_changed_and_gets_the_secrets_of_the_run(
    database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    await save(environment, tmp_path)
    vendors = vendor_store(database, environment)
    account = await vendors.get("qiyu-demo")
    assert account is not None
    await vendors.save(account.but(name="改过", secrets={"app_secret": SecretStr("other")}))
    seeded = await save(environment, tmp_path)
    changed = await vendors.get("qiyu-demo")
    assert changed is not None
    assert changed.name == "改过"
    assert changed.secrets["app_secret"].get_secret_value() == seeded.vendors[0].secrets["app_secret"]


def test_what_an_older_version_kept_gets_the_vendor_accounts_too(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    first = kept(path)
    document = json.loads(path.read_text())
    del document["vendors"]
    path.write_text(json.dumps(document))
    second = kept(path)
    assert second.app == first.app
    assert [one.account for one in second.vendors] == [one.account for one in first.vendors]
    assert kept(path) == second


async def test_a_gateway_that_never_proves_itself_is_told_with_what_came_back(tmp_path: Path) -> None:
    async def refused(_: dict[str, Any]) -> web.Response:
        return web.json_response({"detail": "the callback URL answered 403"}, status=422)

    async with sandbox(refused) as environment:
        with pytest.raises(CannotStart, match=r"did not take the demo app: 422 .*answered 403"):
            await register(environment, kept(tmp_path / "seed.json"), within_seconds=0)


async def test_a_sandbox_that_is_not_there_is_told(tmp_path: Path) -> None:
    environment = {"WECHAT_API_BASE": "http://127.0.0.1:1", "HOST": "127.0.0.1", "GATEWAY_PORT": "8080"}
    with pytest.raises(CannotStart, match=r"no answer from http://127\.0\.0\.1:1/"):
        await register(environment, kept(tmp_path / "seed.json"), within_seconds=0)
