"""Vendor accounts over the API: kept by admins, secrets never told, mistakes by their places, announced, audited."""

import json
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from shared.conversation.bridges import BridgeSettings
from shared.store.sealing import Sealer
from shared.store.vendor_accounts import VendorAccount, VendorAccountStore
from shared.vendors.registry import VENDORS
from tests.console.contracts import PUSH_URL, added, an_app, fresh, places, put_settings, qiyu, zhima
from tests.console.house import APP, KEY, VIP_APP, Caller, House, replica

KEY32 = "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def boss(desk: House) -> Caller:
    return await desk.agent(role="admin")


async def audited(boss: Caller, target: str) -> list[dict[str, Any]]:
    """Newest first."""
    items: list[dict[str, Any]] = (await boss.get("/audit", target=target)).body["items"]
    return items


async def test_the_vendors_there_are_say_what_their_accounts_need(desk: House, boss: Caller) -> None:
    items = {one["kind"]: one for one in (await boss.get("/vendors")).body["items"]}
    assert items.keys() == VENDORS.keys() >= {"qiyu", "zhima"}
    for kind, one in items.items():
        whole = VENDORS[kind].settings.model_json_schema()["properties"]
        assert {**one["settings"]["properties"], **one["secrets"]["properties"]}.keys() == whole.keys()
        assert all(field["description"] for field in whole.values())
        assert one["bridge"] == BridgeSettings.model_json_schema()
    assert "push_url" in items["zhima"]["secrets"]["properties"]
    assert items["zhima"]["settings"]["required"] == ["app_id"]
    assert (await (await desk.agent()).get("/vendors")).code == "forbidden"


async def test_an_account_is_kept_whole_and_its_secrets_are_never_told(desk: House, boss: Caller) -> None:
    account = zhima(APP, settings={"reply_path": "proxy"}, bridge={"idle_seconds": 600})
    answer = await added(boss, account)
    name = account["id"]
    assert (answer["id"], answer["vendor"], answer["name"], answer["enabled"], answer["version"]) == (
        *(name, "zhima", "芝麻"),
        *(True, 1),
    )
    assert answer["settings"]["app_id"] == APP
    assert (answer["settings"]["reply_path"], answer["settings"]["format"]) == ("proxy", "xml")
    assert (answer["bridge"]["idle_seconds"], answer["bridge"]["patience_seconds"]) == (600, 20)
    assert answer["secrets"]["push_url"] == {"set": True}
    assert answer["secrets"]["developer_key"] == {"set": False}
    assert (answer["used_by"], answer["breakers"], answer["faults"], answer["unreadable"]) == ([], [], [], [])
    read = await boss.get(f"/vendor-accounts/{name}")
    assert read.body == answer
    listed = (await boss.get("/vendor-accounts")).body["items"]
    assert answer in listed
    assert "access-key" not in json.dumps([listed, await audited(boss, name)])
    stored = await desk.database["vendor_accounts"].find_one({"_id": name})
    assert stored is not None
    assert "access-key" not in str(stored)


async def test_our_addresses_are_told_where_the_public_one_is_known(desk: House) -> None:
    async with replica(desk.common, public_base_url="https://kf.example.com/") as url:
        boss = await (await House(url, desk.database, desk.publisher, desk.session, {}).start()).agent(role="admin")
        await _addresses_are_told(boss, "https://kf.example.com/vendors")


async def _addresses_are_told(boss: Caller, base: str) -> None:
    direct = await added(boss, zhima(APP))
    assert direct["push_url"] == f"{base}/zhima/{direct['id']}"
    assert direct["token_url"] == f"{base}/zhima/{direct['id']}/token/{{token_path_secret}}"
    assert direct["proxy_url"] is None
    proxy = await added(boss, zhima(APP, settings={"reply_path": "proxy"}))
    above = f"{base}/zhima/{proxy['id']}"
    assert (proxy["token_url"], proxy["proxy_url"]) == (f"{above}/token/{{token_path_secret}}", f"{above}/wxproxy")
    key = {
        "settings": {"developer_auth": "path_secret", "ip_allow": ["203.0.113.7"]},
        "secrets": {"developer_key": KEY32},
    }
    ended = await added(boss, zhima(APP, **key))
    assert ended["push_url"] == f"{base}/zhima/{ended['id']}/{{developer_key}}"
    other = await added(boss, qiyu())
    assert (other["push_url"], other["token_url"], other["proxy_url"]) == (
        f"{base}/qiyu/{other['id']}",
        None,
        None,
    )


async def test_every_mistake_is_named_by_its_place(boss: Caller) -> None:
    wrong = zhima(
        APP,
        settings={"formt": "xml", "reply_path": "other", "push_token": "x"},
        secrets={"push_url": "ftp://x", "pussh": "x", "developer_token": " "},
    )
    assert set(places(await boss.post("/vendor-accounts", wrong))) >= {
        "settings.formt",
        "settings.reply_path",
        "settings.push_token",
        "secrets.push_url",
        "secrets.pussh",
        "secrets.developer_token",
    }
    bare = {"id": fresh("zhima"), "vendor": "zhima", "name": "x"}
    assert set(places(await boss.post("/vendor-accounts", bare))) == {"settings.app_id", "secrets.push_url"}
    bridged = zhima(APP, bridge={"patience_seconds": 0, "x": 1, "breaker": {"failures": 0}})
    assert set(places(await boss.post("/vendor-accounts", bridged))) == {
        "bridge.patience_seconds",
        "bridge.x",
        "bridge.breaker.failures",
    }
    needs = zhima(APP, settings={"developer_auth": "hmac"})
    assert places(await boss.post("/vendor-accounts", needs)) == ["settings"]


@pytest.mark.parametrize("name", ["", "Qiyu", "-x", "七鱼", "a" * 41, "a_b"])
async def test_an_id_is_fit_for_addresses(boss: Caller, name: str) -> None:
    assert places(await boss.post("/vendor-accounts", zhima(APP, id=name))) == ["id"]


async def test_an_unknown_vendor_names_those_there_are(boss: Caller) -> None:
    refused = await boss.post("/vendor-accounts", zhima(APP, vendor="sobot"))
    assert places(refused) == ["vendor"]
    assert "qiyu, zhima" in refused.body["detail"]


async def test_an_id_is_given_once(boss: Caller) -> None:
    account = zhima(APP)
    await added(boss, account)
    assert (await boss.post("/vendor-accounts", account)).code == "conflict"


async def test_what_a_change_leaves_out_stays(boss: Caller) -> None:
    account = await added(boss, zhima(APP, settings={"reply_path": "proxy"}, secrets={"developer_token": "token-1"}))
    path = f"/vendor-accounts/{account['id']}"
    changed = await boss.call(
        "PATCH",
        path,
        {"version": 1, "settings": {"format": "json"}, "bridge": {"tell_ahead": None, "breaker": {"failures": 2}}},
    )
    assert changed.status == 200, changed.body
    settings, bridge = changed.body["settings"], changed.body["bridge"]
    assert (settings["app_id"], settings["reply_path"], settings["format"]) == (APP, "proxy", "json")
    assert (bridge["tell_ahead"], bridge["breaker"]["failures"], bridge["breaker"]["open_seconds"]) == (None, 2, 30)
    assert (changed.body["version"], changed.body["secrets"]["developer_token"]["set"]) == (2, True)
    back = await boss.call("PATCH", path, {"settings": {"reply_path": None}, "secrets": {"developer_token": None}})
    assert (back.body["settings"]["reply_path"], back.body["secrets"]["developer_token"]["set"]) == ("direct", False)
    assert (await boss.call("PATCH", path, {})).body == back.body
    meanwhile = await boss.call("PATCH", path, {"version": 1, "name": "x"})
    assert (meanwhile.code, meanwhile.body["version"]) == ("conflict", 3)
    assert places(await boss.call("PATCH", path, {"settings": {"app_id": None}})) == ["settings.app_id"]
    off = await boss.call("PATCH", path, {"enabled": False, "name": " 芝麻 2 "})
    assert (off.body["enabled"], off.body["name"]) == (False, "芝麻 2")


async def test_every_change_is_in_the_audit_and_no_secret_is(boss: Caller) -> None:
    account = await added(boss, zhima(APP, secrets={"developer_token": "token-1"}))
    path = f"/vendor-accounts/{account['id']}"
    body = {"settings": {"format": "json"}, "secrets": {"developer_token": None, "push_url": f"{PUSH_URL}-2"}}
    assert (await boss.call("PATCH", path, body)).status == 200
    assert (await boss.call("DELETE", path)).status == 204
    assert (await boss.get(path)).code == "not_found"
    removed, changed, begun = await audited(boss, account["id"])
    assert [one["action"] for one in (removed, changed, begun)] == [
        "vendor_account.removed",
        "vendor_account.changed",
        "vendor_account.added",
    ]
    told = {one["field"]: (one["before"], one["after"]) for one in changed["changes"]}
    assert told == {
        "settings.format": (None, "json"),
        "secrets.developer_token": ("set", None),
        "secrets.push_url": ("set", "changed"),
    }
    assert "access-key" not in json.dumps([removed, changed, begun])


async def test_an_account_that_settings_lead_to_is_not_removed(boss: Caller) -> None:
    app = await an_app(boss)
    account = await added(boss, zhima(app))
    name = account["id"]
    assert (await put_settings(boss, app, entry=f"vendor:{name}")).status == 200
    assert (await boss.get(f"/vendor-accounts/{name}")).body["used_by"] == [app]
    refused = await boss.call("DELETE", f"/vendor-accounts/{name}")
    assert (refused.code, refused.body["apps"]) == ("conflict", [app])
    assert (await put_settings(boss, app, entry="agents")).status == 200
    assert (await boss.call("DELETE", f"/vendor-accounts/{name}")).status == 204
    assert (await boss.call("DELETE", f"/vendor-accounts/{name}")).code == "not_found"
    assert (await boss.call("PATCH", f"/vendor-accounts/{name}", {"name": "x"})).code == "not_found"


async def test_settings_lead_only_to_accounts_that_serve_the_app(boss: Caller) -> None:
    app = await an_app(boss)
    elsewhere = (await added(boss, zhima(APP)))["id"]
    refused = await put_settings(boss, app, entry=f"vendor:{elsewhere}")
    assert places(refused) == ["settings.entry"]
    assert "does not serve this app" in refused.body["detail"]
    assert places(await put_settings(boss, app, entry="vendor:nobody")) == ["settings.entry"]
    everywhere = (await added(boss, qiyu()))["id"]
    assert (await put_settings(boss, app, entry=f"vendor:{everywhere}")).status == 200


async def test_who_may_do_what(desk: House, boss: Caller) -> None:
    account = await added(boss, zhima(APP))
    path = f"/vendor-accounts/{account['id']}"
    supervisor, agent = await desk.agent(role="supervisor"), await desk.agent()
    assert (await supervisor.get(path)).body == account
    assert (await supervisor.call("PATCH", path, {"name": "x"})).code == "forbidden"
    assert (await supervisor.post("/vendor-accounts", zhima(APP))).code == "forbidden"
    assert (await supervisor.call("DELETE", path)).code == "forbidden"
    assert (await supervisor.post(f"{path}/breaker", {"app_id": APP, "open": True})).code == "forbidden"
    for refused in (await agent.get(path), await agent.get("/vendor-accounts"), await agent.post(f"{path}/test")):
        assert refused.code == "forbidden"


async def test_agents_see_which_vendors_they_may_give_sessions_to(desk: House, boss: Caller) -> None:
    app = await an_app(boss)
    mine, proxied = await added(boss, zhima(app)), await added(boss, zhima(app, settings={"reply_path": "proxy"}))
    off = await added(boss, zhima(app, enabled=False))
    agent = await desk.agent()

    async def bridges() -> dict[str, Any]:
        return {one["account"]: one for one in (await agent.get("/bridges", app=app)).body["items"]}

    found = await bridges()
    assert found[mine["id"]] == {
        "account": mine["id"],
        "vendor": "zhima",
        "name": "芝麻",
        "down": False,
        "shows_replies": False,
    }
    assert found[proxied["id"]]["shows_replies"] is True
    assert off["id"] not in found
    body = {"app_id": app, "open": True}
    assert (await boss.post(f"/vendor-accounts/{mine['id']}/breaker", body)).status == 200
    found = await bridges()
    assert (found[mine["id"]]["down"], found[proxied["id"]]["down"]) == (True, False)
    assert (await agent.get("/bridges", app=VIP_APP)).code == "not_found"
    assert (await agent.get("/bridges")).code == "invalid"


async def test_a_lost_key_stops_one_account_until_its_secrets_are_entered_again(desk: House, boss: Caller) -> None:
    name = fresh("zhima")
    lost = VendorAccountStore(desk.database, Sealer([Fernet.generate_key().decode()]))
    secrets = {"push_url": SecretStr(PUSH_URL), "developer_token": SecretStr("token-1")}
    settings = {"app_id": APP}
    await lost.add(VendorAccount(account_id=name, vendor="zhima", name="芝麻", settings=settings, secrets=secrets))
    path = f"/vendor-accounts/{name}"
    found = (await boss.get(path)).body
    assert sorted(found["unreadable"]) == ["developer_token", "push_url"]
    assert found["secrets"]["push_url"] == {"set": True}
    assert found["faults"] == []
    assert name not in {one["account"] for one in (await boss.get("/bridges", app=APP)).body["items"]}
    half = await boss.call("PATCH", path, {"name": "芝麻 2", "secrets": {"push_url": PUSH_URL}})
    assert (half.status, half.body["unreadable"]) == (200, ["developer_token"])
    whole = await boss.call("PATCH", path, {"secrets": {"developer_token": None}})
    assert (whole.body["unreadable"], whole.body["secrets"]["developer_token"]["set"]) == ([], False)
    assert (await VendorAccountStore(desk.database, Sealer([KEY])).get(name)) is not None
    assert name in {one["account"] for one in (await boss.get("/bridges", app=APP)).body["items"]}


async def test_an_account_of_another_version_is_shown_with_what_is_wrong(desk: House, boss: Caller) -> None:
    store = VendorAccountStore(desk.database, Sealer([KEY]))
    old = VendorAccount(account_id=fresh("old"), vendor="zhima", name="旧", settings={"app_id": APP, "gone": 1})
    await store.add(old)
    gone = await store.add(VendorAccount(account_id=fresh("gone"), vendor="sobot", name="别的", settings={"x": 1}))
    shown = (await boss.get(f"/vendor-accounts/{old.account_id}")).body
    assert {one["where"] for one in shown["faults"]} == {"settings.gone", "secrets.push_url"}
    other = (await boss.get(f"/vendor-accounts/{gone.account_id}")).body
    assert ([one["where"] for one in other["faults"]], other["settings"]) == (["vendor"], {"x": 1})
    tested = (await boss.post(f"/vendor-accounts/{gone.account_id}/test")).body
    assert (tested["ok"], tested["code"]) == (False, "settings_invalid")
    assert (await boss.call("DELETE", f"/vendor-accounts/{gone.account_id}")).status == 204


async def test_browsers_hear_that_vendors_changed(boss: Caller) -> None:
    async with boss.live() as socket:
        await socket.send_json({"type": "hello", "cursor": None})
        await added(boss, zhima(APP))
        async for message in socket:
            frame = json.loads(message.data)
            if frame["type"] == "settings":
                assert frame["what"] == "vendors"
                break
