"""An old Fernet key is dropped: everything is sealed anew with the first, beside services that go on."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from shared.clock import real_now
from shared.store.apps import App, AppStore
from shared.store.driver import Collection, Database, Doc
from shared.store.notifiers import Notifier, NotifierStore
from shared.store.resealing import SEALED, Resealing
from shared.store.sealing import Keyring, Sealer, fingerprint
from shared.store.tokens import MongoTokenStore
from shared.store.vendor_accounts import VendorAccount, VendorAccountStore
from shared.store.webhooks import Webhook, WebhookStore
from tests.cli.cli import AES_KEY, APP, Cli

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
FILLED = ("agents", "apps", "notifiers", "tokens", "vendor_accounts", "webhooks")
VALUES = 14


async def filled(database: Database, keys: list[str]) -> None:
    """One of each thing that is sealed."""
    sealer, now = Sealer(keys), real_now()
    s = SecretStr("geheim")
    key = SecretStr(AES_KEY)
    await AppStore(database, sealer).add(
        App(app_id=APP, name="店", secret=s, token=s, previous_token=s, aes_key=key, previous_aes_key=key)
    )
    await VendorAccountStore(database, sealer).add(
        VendorAccount(account_id="q", vendor="qiyu", name="Q", secrets={"app_key": s, "app_secret": s})
    )
    await WebhookStore(database, sealer).add(
        Webhook(id="w", name="w", url=s, secret=s, events=("session_closed",), created_at=now)
    )
    await NotifierStore(database, sealer).add(
        Notifier(id="n", name="n", kind="wecom", url=s, secret=s, after_seconds=60, created_at=now)
    )
    tokens = MongoTokenStore(database, sealer)
    fence = await tokens.lease(APP, "h", 30)
    assert fence is not None
    await tokens.save(APP, fence, "token", now, None)
    factor = {"secret": sealer.seal("s", "lina", "second_factor"), "last_step": 0, "recovery": []}
    offered = {"secret": sealer.seal("s", "lina", "second_factor"), "at": now}
    await database["agents"].insert_one({"_id": "lina", "second_factor": factor, "offered_factor": offered})


async def sealed_with(database: Database, *keys: str) -> dict[str, int]:
    found = await Resealing(database, Keyring(keys)).status()
    return {**found.sealed_by, **({"unreadable": len(found.unreadable)} if found.unreadable else {})}


async def test_an_old_key_is_dropped_after_everything_was_sealed_anew(cli: Cli, database: Database) -> None:
    await filled(database, [OLD])
    cli.variables["WXDESK_SECRET_KEYS"] = f"{NEW}, {OLD}"
    rows = (await cli.ok("secrets", "status", "--json")).json
    assert [(row["key"], row["sealed"]) for row in rows] == [(fingerprint(NEW), 0), (fingerprint(OLD), VALUES)]
    done = (await cli.ok("secrets", "reseal", "--json")).json
    assert done == {"resealed": VALUES, "left": {}, "unreadable": 0}
    assert (await cli.ok("secrets", "reseal", "--json")).json["resealed"] == 0
    assert await sealed_with(database, NEW) == {fingerprint(NEW): VALUES}
    (app,) = await AppStore(database, Sealer([NEW])).everything()
    assert (app.readable, app.token.get_secret_value()) == (True, "geheim")
    (account,) = await VendorAccountStore(database, Sealer([NEW])).everything()
    assert account.secrets["app_key"].get_secret_value() == "geheim"


async def test_what_is_said_shows_no_key_and_no_secret(cli: Cli, database: Database) -> None:
    await filled(database, [OLD])
    cli.variables["WXDESK_SECRET_KEYS"] = f"{NEW},{OLD}"
    for verb in ("status", "reseal"):
        told = (await cli.ok("secrets", verb)).out
        assert not [secret for secret in (OLD, NEW, "geheim", AES_KEY) if secret in told]


async def test_values_of_a_lost_key_are_named_and_left_alone(cli: Cli, database: Database) -> None:
    await filled(database, [OLD])
    cli.variables["WXDESK_SECRET_KEYS"] = NEW
    for verb in ("status", "reseal"):
        ran = await cli("secrets", verb)
        assert (ran.code, f"opens {VALUES} values" in ran.err) == (1, True)
    assert await sealed_with(database, OLD) == {fingerprint(OLD): VALUES}


async def test_stopped_half_way_it_goes_on(database: Database) -> None:
    await filled(database, [OLD])
    half = Resealing(database, Keyring([NEW, OLD]))
    apps = await database["apps"].find({})
    anew = Keyring([NEW, OLD]).anew(apps[0]["secret"])
    await database["apps"].update_one({"_id": APP}, {"$set": {"secret": anew}})
    assert await half.reseal() == VALUES - 1
    assert await sealed_with(database, NEW) == {fingerprint(NEW): VALUES}


async def test_what_a_service_changes_meanwhile_is_not_overwritten(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between our reading and our writing somebody enters another secret."""
    await filled(database, [OLD])
    apps = AppStore(database, Sealer([NEW, OLD]))
    batches = Collection.batches

    async def read_and_overtaken(self: Collection, *args: Any, **more: Any) -> AsyncIterator[list[Doc]]:
        async for docs in batches(self, *args, **more):
            app = await apps.get(APP)
            assert app is not None
            await apps.save(app.but(secret=SecretStr("entered meanwhile")))
            yield docs

    monkeypatch.setattr(Collection, "batches", read_and_overtaken)
    await Resealing(database, Keyring([NEW, OLD])).reseal()
    monkeypatch.undo()
    app = await AppStore(database, Sealer([NEW])).get(APP)
    assert app is not None
    assert app.secret.get_secret_value() == "entered meanwhile"


async def test_no_sealed_field_is_forgotten(database: Database) -> None:
    """Everything in the database that looks sealed is where `SEALED` says; Fernet's values begin alike."""
    await filled(database, [OLD])
    found = 0
    for collection in (*FILLED, "audit", "media", "conversations"):
        found += sum(str(doc).count("'gAAAAA") for doc in await database[collection].find({}))
    assert found == VALUES
    assert set(SEALED) == set(FILLED)
