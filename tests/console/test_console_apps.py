import asyncio
import io
import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from typing_extensions import override

from shared.clock import real_now
from shared.conversation.policy import Policy
from shared.store.apps import AppCache, AppStore
from shared.store.audit import AuditLog
from shared.store.driver import Database
from shared.store.sealing import Sealer
from tests.console.house import APP, KEY, VIP_APP, Caller, Customer, House, house
from tests.console.screen import Screen
from tests.support.waiting import eventually

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OTHER_AES_KEY = AES_KEY[::-1]
SECRETS = ("wechat-secret-1", "callback-token-1", AES_KEY, OTHER_AES_KEY, "wechat-secret-2", "callback-token-2")
MARKUP = "<script>alert(1)</script>{{7*7}}"
_numbers = iter(range(1, 1000))


@pytest.fixture
async def admin(desk: House) -> Caller:
    return await desk.agent(role="admin")


@pytest.fixture
async def supervisor(desk: House) -> Caller:
    return await desk.agent(role="supervisor")


def new_app(**fields: Any) -> dict[str, Any]:
    app_id = f"wx{next(_numbers):016x}"
    given = {"app_id": app_id, "name": "新店", "secret": SECRETS[0], "token": SECRETS[1], "aes_key": AES_KEY}
    return {**given, **fields}


async def added(admin: Caller, **fields: Any) -> Any:
    answer = await admin.post("/apps", new_app(**fields))
    assert answer.status == 201, answer.body
    return answer.body


async def change(caller: Caller, app: Any, **fields: Any) -> Any:
    return await caller.call("PATCH", f"/apps/{app['id']}", fields)


async def put_settings(caller: Caller, app: Any, settings: Any, version: Any = None) -> Any:
    body = {"version": app["version"] if version is None else version, "settings": settings}
    return await caller.call("PUT", f"/apps/{app['id']}/settings", body)


async def changes_of(desk: House, target: str) -> list[tuple[str, dict[str, tuple[Any, Any]]]]:
    entries, _ = await AuditLog(desk.database).page(target=target)
    return [(one.action, {change.field: (change.before, change.after) for change in one.changes}) for one in entries]


async def test_an_app_is_added_with_everything_but_its_secrets_told(admin: Caller) -> None:
    app = await added(admin, gh_id="gh_0123456789ab", name=" 新店 ")
    assert {name: value for name, value in app.items() if name not in {"id", "settings"}} == {
        "name": "新店",
        "enabled": True,
        "mode": "secure",
        "format": "json",
        "gh_id": "gh_0123456789ab",
        "version": 1,
        "verified_at": None,
        "callback_url": None,
        "callback_fault": None,
        "has_aes_key": True,
        "has_previous_token": False,
        "has_previous_aes_key": False,
        "previous_until": None,
        "unreadable": [],
    }
    assert app["settings"] == Policy().model_dump(mode="json", exclude={"version"})
    assert (await admin.get(f"/apps/{app['id']}")).body == app


async def test_an_app_is_added_once(admin: Caller) -> None:
    app = await added(admin)
    again = await admin.post("/apps", new_app(app_id=app["id"], name="x"))
    assert (again.status, again.code) == (409, "conflict")
    assert (await admin.get(f"/apps/{app['id']}")).body == app


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"app_id": "wx123"}, "app_id"),
    ({"app_id": "wx0123456789ABCDEF"}, "app_id"),
    ({"name": "  "}, "name"),
    ({"name": "x" * 61}, "name"),
    ({"secret": ""}, "secret"),
    ({"secret": "two words"}, "secret"),
    ({"secret": "x" * 257}, "secret"),
    ({"secret": None}, "secret"),
    ({"token": "esc\x1bape"}, "token"),
    ({"aes_key": AES_KEY[:-1]}, "aes_key"),
    ({"aes_key": AES_KEY[:-1] + "="}, "aes_key"),
    ({"aes_key": None}, "aes_key"),
    ({"aes_key": None, "mode": "compat"}, "aes_key"),
    ({"mode": "open"}, "mode"),
    ({"format": "yaml"}, "format"),
    ({"gh_id": "wx0123456789abcdef"}, "gh_id"),
    ({"previous_aes_key": AES_KEY}, "previous_aes_key"),
    ({"policy": {}}, "policy"),
]


@pytest.mark.parametrize(("fields", "where"), REFUSED)
async def test_what_wechat_could_not_work_with_is_refused_by_its_place(
    admin: Caller, fields: dict[str, Any], where: str
) -> None:
    given = new_app(**fields)
    answer = await admin.post("/apps", given)
    assert (answer.status, answer.code) == (422, "invalid")
    assert [error["where"] for error in answer.body["errors"]] == [where]
    assert not [secret for secret in SECRETS if secret in str(answer.body)]
    assert (await admin.get(f"/apps/{given['app_id']}")).code == "not_found"


async def test_every_mistake_is_named_at_once(admin: Caller) -> None:
    answer = await admin.post("/apps", new_app(name="", secret=" ", gh_id="x"))
    assert [error["where"] for error in answer.body["errors"]] == ["name", "secret", "gh_id"]


async def test_no_call_and_no_entry_ever_tells_a_secret(desk: House, admin: Caller, supervisor: Caller) -> None:
    app = await added(admin)
    path = f"/apps/{app['id']}"
    answers = [
        await admin.post("/apps", new_app(app_id=app["id"])),
        await change(admin, app, secret=SECRETS[4], token=SECRETS[5], aes_key=OTHER_AES_KEY),
        await change(admin, app, version=1, secret=SECRETS[4]),
        await change(admin, app, secret="two words of wechat-secret-1"),
        await admin.get(path),
        await supervisor.get("/apps"),
        await put_settings(supervisor, app, {"welcome": "您好"}, 2),
        await admin.post(f"{path}/test"),
        await admin.get("/audit", target=app["id"]),
    ]
    told = str([answer.body for answer in answers]) + str(await desk.database["audit"].find({}))
    assert not [secret for secret in SECRETS if secret in told]
    stored = str(await desk.database["apps"].find({"_id": app["id"]}))
    assert not [secret for secret in SECRETS if secret in stored]
    opened = await AppStore(desk.database, Sealer([KEY])).get(app["id"])
    assert opened is not None
    assert (opened.secret.get_secret_value(), opened.token.get_secret_value()) == SECRETS[4:]
    entries = await changes_of(desk, app["id"])
    assert entries[1] == (
        "app.changed",
        {
            "secret": ("set", "changed"),
            "token": ("set", "changed"),
            "previous_token": (None, "set"),
            "aes_key": ("set", "changed"),
            "previous_aes_key": (None, "set"),
        },
    )


async def test_what_is_left_out_stays(desk: House, admin: Caller) -> None:
    app = await added(admin, gh_id="gh_1")
    changed = (await change(admin, app, name=MARKUP, secret=None, gh_id=None, format="xml")).body
    assert changed == {**app, "name": MARKUP, "format": "xml", "version": 2}
    assert (await change(admin, app)).body == changed
    assert (await change(admin, app, gh_id="")).body["gh_id"] is None
    assert (await changes_of(desk, app["id"]))[1] == (
        "app.changed",
        {"name": ("新店", MARKUP), "format": ("json", "xml")},
    )


async def test_a_new_key_keeps_the_old_one_until_it_is_forgotten(admin: Caller) -> None:
    app = await added(admin)
    assert (await change(admin, app, aes_key=AES_KEY)).body["has_previous_aes_key"] is False
    assert (await change(admin, app, aes_key=OTHER_AES_KEY)).body["has_previous_aes_key"] is True
    forgotten = (await change(admin, app, forget_previous_key=True)).body
    assert (forgotten["has_aes_key"], forgotten["has_previous_aes_key"]) == (True, False)


async def test_a_new_token_keeps_the_old_one_for_a_day(admin: Caller) -> None:
    app = await added(admin)
    before = real_now()
    changed = (await change(admin, app, token="tokenNumber2")).body
    assert (changed["has_previous_token"], changed["has_previous_aes_key"]) == (True, False)
    assert timedelta(hours=23) < datetime.fromisoformat(changed["previous_until"]) - before < timedelta(hours=25)
    forgotten = (await change(admin, app, forget_previous_key=True)).body
    assert (forgotten["has_previous_token"], forgotten["previous_until"]) == (False, None)


async def test_a_change_is_judged_with_what_stays(admin: Caller) -> None:
    app = await added(admin, mode="plain", aes_key=None)
    refused = await change(admin, app, mode="secure")
    assert refused.body["errors"][0]["where"] == "aes_key"
    assert (await change(admin, app, mode="secure", aes_key=AES_KEY)).body["mode"] == "secure"


async def test_a_change_of_an_old_version_is_refused(admin: Caller) -> None:
    app = await added(admin)
    assert (await change(admin, app, version=1, name="甲")).body["version"] == 2
    late = await change(admin, app, version=1, name="乙")
    assert (late.status, late.code, late.body["version"]) == (409, "conflict", 2)
    assert (await admin.get(f"/apps/{app['id']}")).body["name"] == "甲"
    late = await put_settings(admin, app, {}, 1)
    assert (late.status, late.code, late.body["version"]) == (409, "conflict", 2)


async def test_of_many_who_change_one_version_one_succeeds(desk: House, admin: Caller) -> None:
    app = await added(admin)
    asked = [change(admin, app, version=1, name=f"n{number}") for number in range(8)]
    settings = [put_settings(admin, app, {"welcome": f"w{number}"}) for number in range(8)]
    answers = await asyncio.gather(*asked, *settings)
    assert Counter(answer.status for answer in answers) == {200: 1, 409: 15}
    (winner,) = [answer.body for answer in answers if answer.status == 200]
    assert (await admin.get(f"/apps/{app['id']}")).body == winner
    assert len(await changes_of(desk, app["id"])) == 2


async def test_without_a_version_different_fields_all_get_in(admin: Caller) -> None:
    app = await added(admin)
    changes: list[dict[str, Any]] = [{"name": "甲"}, {"gh_id": "gh_9"}, {"format": "xml"}]
    answers = await asyncio.gather(*(change(admin, app, **fields) for fields in changes))
    assert [answer.status for answer in answers] == [200] * 3
    stored = (await admin.get(f"/apps/{app['id']}")).body
    assert (stored["name"], stored["gh_id"], stored["format"], stored["version"]) == ("甲", "gh_9", "xml", 4)


async def test_settings_are_replaced_as_a_whole_and_audited_by_field(
    desk: House, admin: Caller, supervisor: Caller
) -> None:
    app = await added(admin)
    rules = [{"words": ["发货"], "match": "contains", "reply": MARKUP, "hand_off": False}]
    first = await put_settings(supervisor, app, {"welcome": "您好", "keyword_rules": rules, "version": 77})
    assert first.status == 200, first.body
    settings = first.body["settings"]
    assert (first.body["version"], settings["keyword_rules"], settings["bot_budget"]) == (2, rules, 3)
    second = await put_settings(supervisor, first.body, {**settings, "welcome": None})
    assert second.body["settings"] == {**settings, "welcome": None}
    last, before, _ = await changes_of(desk, app["id"])
    assert last == ("app.settings_changed", {"welcome": ("您好", None)})
    assert before == ("app.settings_changed", {"welcome": (None, "您好"), "keyword_rules": ([], rules)})


MISTAKES: list[tuple[dict[str, Any], list[str]]] = [
    ({"welcom": "您好"}, ["settings.welcom"]),
    ({"welcome": " "}, ["settings.welcome"]),
    ({"welcome": "长" * 683}, ["settings.welcome"]),
    ({"unmatched": {"replay": 1}}, ["settings.unmatched.replay"]),
    (
        {"keyword_rules": [{"words": ["a"]}, {"words": [" "]}], "bot_budget": 6},
        ["settings.keyword_rules.1.words", "settings.bot_budget"],
    ),
    ({"keyword_rules": [{"words": ["a"]}] * 201}, ["settings.keyword_rules"]),
    ({"idle_close_seconds": {"bot": 1}}, ["settings.idle_close_seconds.bot"]),
]


@pytest.mark.parametrize(("settings", "where"), MISTAKES)
async def test_every_mistake_in_the_settings_is_named_by_its_place(
    admin: Caller, supervisor: Caller, settings: dict[str, Any], where: list[str]
) -> None:
    app = await added(admin)
    answer = await put_settings(supervisor, app, settings)
    assert (answer.status, answer.code) == (422, "invalid")
    assert [error["where"] for error in answer.body["errors"]] == where
    assert (await admin.get(f"/apps/{app['id']}")).body == app


@pytest.mark.parametrize(
    "body", [{}, {"version": 1}, {"settings": {}}, {"version": 1, "settings": []}, {"version": "x"}]
)
async def test_settings_need_a_version_and_a_document(admin: Caller, body: Any) -> None:
    app = await added(admin)
    assert (await admin.call("PUT", f"/apps/{app['id']}/settings", body)).code == "invalid"


SHORTER: list[tuple[int | None, int | None, int]] = [
    (None, 90, 403),
    (90, 30, 403),
    (90, 90, 200),
    (90, 365, 200),
    (90, None, 200),
    (None, None, 200),
]


@pytest.mark.parametrize(("before", "after", "status"), SHORTER)
async def test_only_an_admin_has_history_deleted(
    admin: Caller, supervisor: Caller, before: int | None, after: int | None, status: int
) -> None:
    app = (await put_settings(admin, await added(admin), {"retention_days": before})).body
    answer = await put_settings(supervisor, app, {"retention_days": after, "welcome": "您好"})
    assert answer.status == status
    if status == 403:
        assert answer.code == "forbidden"
        assert "admin" in answer.body["detail"]
        # Not even for the version that somebody else's change is about to make.
        assert (await put_settings(supervisor, app, {"retention_days": after}, app["version"] + 1)).code == "conflict"
        assert (await admin.get(f"/apps/{app['id']}")).body == app
    assert (
        await put_settings(admin, (await admin.get(f"/apps/{app['id']}")).body, {"retention_days": 7})
    ).status == 200


async def test_all_the_rules_there_may_be_fit_and_more_are_told_so(admin: Caller) -> None:
    app = await added(admin)
    words = [f"第{number}个关键词" for number in range(20)]
    rules = [{"words": words, "reply": "长" * 682, "match": "contains", "hand_off": False}] * 200
    saved = await put_settings(admin, app, {"keyword_rules": rules})
    assert (saved.status, len(saved.body["settings"]["keyword_rules"])) == (200, 200)
    body = json.dumps({"version": 2, "settings": {"keyword_rules": rules * 2}}).encode()
    headers = {"Content-Type": "application/json"}
    refused = await admin.call("PUT", f"/apps/{app['id']}/settings", data=io.BytesIO(body), headers=headers)
    assert (refused.status, refused.code) == (413, "too_large")
    assert "1024 KiB" in refused.body["detail"]
    refused = await change(admin, app, name="x" * 200_000)
    assert (refused.status, refused.code) == (413, "too_large")
    assert "128 KiB" in refused.body["detail"]


ROLES: list[tuple[str, str, Any, tuple[str, ...]]] = [
    ("GET", "/apps/{app}", None, ("agent",)),
    ("POST", "/apps", {}, ("agent", "supervisor")),
    ("PATCH", "/apps/{app}", {"name": "x"}, ("agent", "supervisor")),
    ("PUT", "/apps/{app}/settings", {"version": 1, "settings": {}}, ("agent",)),
    ("POST", "/apps/{app}/test", None, ("agent",)),
]


@pytest.mark.parametrize(("method", "path", "body", "refused"), ROLES)
async def test_each_call_takes_its_role(
    desk: House, admin: Caller, method: str, path: str, body: Any, refused: tuple[str, ...]
) -> None:
    app = await added(admin)
    for role in refused:
        caller = await desk.agent(role=role)
        answer = await caller.call(method, path.format(app=app["id"]), body)
        assert (answer.status, answer.code) == (403, "forbidden")
    assert (await desk.stranger().call(method, path.format(app=app["id"]), body)).code == "login_required"
    assert (await admin.get(f"/apps/{app['id']}")).body == app


@pytest.mark.parametrize(("method", "path", "body", "_"), [one for one in ROLES if "{app}" in one[1]])
async def test_an_app_that_is_not_there_is_not_found(admin: Caller, method: str, path: str, body: Any, _: Any) -> None:
    answer = await admin.call(method, path.format(app="wx00000000deadbeef"), body)
    assert (answer.status, answer.code) == (404, "not_found")


async def test_an_agent_sees_the_apps_of_their_groups(desk: House, admin: Caller, lina: Caller) -> None:
    vip = await desk.agent(groups=("vip",))
    seen = {one["id"]: one for one in (await lina.get("/apps")).body["items"]}
    assert APP in seen
    assert VIP_APP not in seen
    listed = {one["id"]: one for one in (await vip.get("/apps")).body["items"]}
    expected = {"id": VIP_APP, "name": "会员店", "enabled": True, "mode": "secure", "groups": ["vip"]}
    expected.update(readable=True, verified_at=None, official=False)
    assert listed[VIP_APP] == expected


async def test_a_change_is_seen_by_the_next_call_and_told_to_every_browser(
    desk: House, admin: Caller, lina: Caller
) -> None:
    screen = Screen(lina)
    async with screen.ready():
        app = await added(admin)
        assert app["id"] in [one["id"] for one in (await admin.get("/apps")).body["items"]]
        await eventually(lambda: screen.said("settings") == [{"type": "settings", "what": "apps"}])
        await put_settings(admin, app, {"assignment": {"groups": ["night"]}})
        await eventually(lambda: screen.resets == 1)
        await eventually(lambda: len(screen.said("settings")) == 2)
    assert app["id"] not in [one["id"] for one in (await lina.get("/apps")).body["items"]]


async def test_the_router_serves_by_the_new_settings_within_seconds(desk: House, admin: Caller) -> None:
    app = await added(admin)
    assert (await put_settings(admin, app, {"entry": "agents"})).status == 200

    async def waits() -> bool:
        # A new customer each time: one session keeps what it began with.
        customer = Customer(desk.publisher, app["id"])
        await customer.say("在吗")

        async def begun() -> str | None:
            return await admin.state(customer)

        return await eventually(begun) == "waiting"

    await eventually(waits, every_seconds=0.1)


async def test_the_callback_url_is_told_with_what_is_wrong_with_it(
    amqp_url: str, mongo_url: str, mongo_db: str
) -> None:
    async with house(
        amqp_url, mongo_url, mongo_db, routed=False, public_base_url="https://kf.example.com:8443/"
    ) as desk:
        app = (await (await desk.agent(role="supervisor")).get(f"/apps/{APP}")).body
    assert app["callback_url"] == f"https://kf.example.com:8443/wechat/{APP}"
    assert app["callback_fault"] == "WeChat takes https on port 443 only"


class SlowApps(AppStore):
    """Can be held in the middle of a reading."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, Sealer([KEY]))
        self.read = asyncio.Event()
        self.go_on = asyncio.Event()

    @override
    async def everything(self) -> Any:
        found = await super().everything()
        self.read.set()
        await self.go_on.wait()
        return found


async def test_a_change_announced_during_a_reading_is_not_missed(desk: House, admin: Caller) -> None:
    slow = SlowApps(desk.database)
    cache = AppCache(slow, every_seconds=3600)
    keeping = asyncio.create_task(cache.keep_fresh())
    await slow.read.wait()
    app = await added(admin)
    cache.note_change()
    slow.go_on.set()
    await eventually(lambda: cache.get(app["id"]) is not None)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
