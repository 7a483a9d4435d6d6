import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from typing_extensions import override

from services.console.administering import agent_changes
from services.console.roster import Roster
from shared.contracts.hints import SettingsChanged
from shared.conversation.policy import Assignment
from shared.passwords import verify_password
from shared.store.agents import Agent, AgentStore, RosterEntry
from shared.store.apps import AppStore
from shared.store.audit import AuditLog
from shared.store.driver import Database
from shared.store.leases import Leases
from shared.store.sealing import Sealer
from tests.console.house import KEY, VIP_APP, Caller, House, house
from tests.console.screen import Screen
from tests.support.waiting import eventually

MARKUP = '<img src=x onerror="alert(1)">{{7*7}}'


@pytest.fixture
async def admin(desk: House) -> Caller:
    return await desk.agent(role="admin")


async def id_of(caller: Caller) -> str:
    return str((await caller.get("/me")).body["id"])


async def made(admin: Caller, login: str, **more: Any) -> Any:
    answer = await admin.post("/agents", {"login": login, "name": login.title(), **more})
    assert answer.status == 201, answer.body
    return answer.body


async def listed(caller: Caller) -> dict[str, Any]:
    return {one["id"]: one for one in (await caller.get("/agents")).body["items"]}


async def changes_of(desk: House, target: str) -> list[tuple[str, dict[str, tuple[Any, Any]]]]:
    """Newest first: action, and what was changed."""
    entries, _ = await AuditLog(desk.database).page(target=target)
    return [(one.action, {change.field: (change.before, change.after) for change in one.changes}) for one in entries]


async def test_a_new_agent_logs_in_with_the_password_that_was_made(desk: House, admin: Caller) -> None:
    by_hand = {"capacity": 0, "auto_accept": False, "away_after_seconds": 600}
    told = await made(admin, "fresh", role="supervisor", groups=["vip", " vip ", "售后"], **by_hand)
    assert told["agent"] == {
        "id": "fresh",
        "name": "Fresh",
        "role": "supervisor",
        "groups": ["vip", "售后"],
        "presence": "offline",
        "capacity": 0,
        "load": 0,
        "auto_accept": False,
        "away_after_seconds": 600,
        "enabled": True,
        "second_factor": False,
    }
    assert len(told["password"]) == 16
    assert (await desk.stranger().log_in("fresh", told["password"])).status == 200
    stored = str(await desk.database["audit"].find({}))
    assert told["password"] not in stored
    assert "argon2" not in stored
    ((action, changes),) = await changes_of(desk, "fresh")
    assert (action, changes["role"], changes["groups"]) == (
        "agent.added",
        (None, "supervisor"),
        (None, ["vip", "售后"]),
    )


async def test_a_password_that_was_given_is_not_told_back(desk: House, admin: Caller) -> None:
    told = await made(admin, "given", password="ten letters")
    assert told["password"] is None
    assert (await desk.stranger().log_in("given", "ten letters")).status == 200
    assert "ten letters" not in str(told)


async def test_a_login_is_made_once(admin: Caller) -> None:
    await made(admin, "once")
    again = await admin.post("/agents", {"login": "once", "name": "Another"})
    assert (again.status, again.code) == (409, "conflict")
    assert (await listed(admin))["once"]["name"] == "Once"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"login": "Upper"}, "login"),
    ({"login": ""}, "login"),
    ({"login": "a/b"}, "login"),
    ({"login": "a" * 65}, "login"),
    ({"login": "<b>"}, "login"),
    ({"name": ""}, "name"),
    ({"name": " \n"}, "name"),
    ({"name": "x" * 61}, "name"),
    ({"name": None}, "name"),
    ({"role": "root"}, "role"),
    ({"groups": [" "]}, "groups"),
    ({"groups": ["x" * 41]}, "groups"),
    ({"groups": [str(n) for n in range(51)]}, "groups"),
    ({"groups": "vip"}, "groups"),
    ({"capacity": -1}, "capacity"),
    ({"capacity": 201}, "capacity"),
    ({"password": "too short"}, "password"),
    ({"password": "x" * 1025}, "password"),
    ({"password": "Refused.One", "login": "refused.one"}, "password"),
    ({"password_hash": "x"}, "password_hash"),
    ({"enabled": False}, "enabled"),
]


@pytest.mark.parametrize(("fields", "where"), REFUSED)
async def test_what_cannot_be_an_agent_is_refused_by_its_place(
    admin: Caller, fields: dict[str, Any], where: str
) -> None:
    answer = await admin.post("/agents", {"login": "nobody", "name": "Nobody", **fields})
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.body["errors"][0]["where"].split(".")[0] == where
    password = fields.get("password")
    assert not password or password not in str(answer.body)
    assert "nobody" not in await listed(admin)


async def test_a_name_is_only_text(admin: Caller) -> None:
    await made(admin, "markup", name=f"  {MARKUP}\u202e ", groups=[MARKUP[:40]])
    assert (await listed(admin))["markup"]["name"] == f"{MARKUP}\u202e"
    groups = {one["name"]: one["agents"] for one in (await admin.get("/groups")).body["items"]}
    assert groups[MARKUP[:40]] == ["markup"]


async def test_agents_see_who_may_log_in_and_supervisors_everyone(desk: House, admin: Caller, lina: Caller) -> None:
    await made(admin, "gone", groups=["only-gone"])
    await admin.call("PATCH", "/agents/gone", {"enabled": False})
    seen, all_of_them = await listed(lina), await listed(await desk.agent(role="supervisor"))
    assert "gone" not in seen
    assert all_of_them["gone"]["enabled"] is False
    assert {one["enabled"] for one in seen.values()} == {True}
    assert not {"password_hash", "claims"} & set(all_of_them["gone"])
    assert "only-gone" not in [one["name"] for one in (await lina.get("/groups")).body["items"]]


async def test_groups_are_those_that_agents_and_apps_name(desk: House, admin: Caller, lina: Caller) -> None:
    vip = await desk.agent(groups=("vip", "night"))
    groups = {one["name"]: one for one in (await admin.get("/groups")).body["items"]}
    assert await id_of(vip) in groups["vip"]["agents"]
    assert groups["vip"]["apps"] == [VIP_APP]
    assert groups["night"]["apps"] == []
    # Which apps there are is not for those who see none of them.
    seen = {one["name"]: one for one in (await lina.get("/groups")).body["items"]}
    assert seen["vip"]["apps"] == []


async def test_load_is_what_an_agent_has(desk: House, lina: Caller) -> None:
    await desk.held_by(lina)
    assert (await listed(lina))[await id_of(lina)]["load"] == 1


async def test_what_is_left_out_stays(desk: House, admin: Caller) -> None:
    await made(admin, "partly", groups=["a"], capacity=7)
    changed = await admin.call("PATCH", "/agents/partly", {"name": " Part ", "groups": ["b"], "role": None})
    assert changed.status == 200
    assert (changed.body["name"], changed.body["groups"], changed.body["capacity"]) == ("Part", ["b"], 7)
    assert (await admin.call("PATCH", "/agents/partly", {})).body == changed.body
    told = await changes_of(desk, "partly")
    assert told[0] == ("agent.changed", {"name": ("Partly", "Part"), "groups": (["a"], ["b"])})
    assert len(told) == 2


@pytest.mark.parametrize("fields", [{"capacity": 201}, {"name": " "}, {"presence": "asleep"}, {"login": "x"}, []])
async def test_a_change_that_cannot_be_changes_nothing(admin: Caller, fields: Any) -> None:
    agent = await id_of(admin)
    before = (await listed(admin))[agent]
    answer = await admin.call("PATCH", f"/agents/{agent}", fields)
    assert (answer.status, answer.code) == (422, "invalid")
    assert (await listed(admin))[agent] == before


async def test_supervisors_change_presence_capacity_and_auto_accept_only(desk: House, lina: Caller) -> None:
    supervisor, agent = await desk.agent(role="supervisor"), await id_of(lina)
    fields = {"presence": "offline", "capacity": 2, "auto_accept": False}
    changed = await supervisor.call("PATCH", f"/agents/{agent}", fields)
    assert {name: changed.body[name] for name in fields} == fields
    more: list[dict[str, Any]] = [{"groups": []}, {"enabled": False}, {"capacity": 9, "name": "x"}]
    for beyond in [{"name": "x"}, {"role": "admin"}, *more]:
        refused = await supervisor.call("PATCH", f"/agents/{agent}", beyond)
        assert (refused.status, refused.code) == (403, "forbidden")
    assert (await supervisor.call("PATCH", f"/agents/{await id_of(supervisor)}", {"role": "admin"})).status == 403
    assert (await listed(lina))[agent] == changed.body


CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/agents", {"login": "x", "name": "x"}),
    ("PATCH", "/agents/{me}", {"capacity": 1}),
    ("POST", "/agents/{me}/password", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_agents_administer_nobody(lina: Caller, method: str, path: str, body: dict[str, Any]) -> None:
    answer = await lina.call(method, path.format(me=await id_of(lina)), body)
    assert (answer.status, answer.code) == (403, "forbidden")


@pytest.mark.parametrize(("method", "path", "body"), [CALLS[0], CALLS[2]])
async def test_supervisors_make_no_logins(desk: House, method: str, path: str, body: dict[str, Any]) -> None:
    supervisor = await desk.agent(role="supervisor")
    answer = await supervisor.call(method, path.format(me=await id_of(supervisor)), body)
    assert (answer.status, answer.code) == (403, "forbidden")


@pytest.mark.parametrize("path", ["/agents", "/groups"])
async def test_strangers_see_nobody(desk: House, path: str) -> None:
    assert (await desk.stranger().get(path)).code == "login_required"


@pytest.mark.parametrize(
    ("method", "path", "body"), [("PATCH", "/agents/nobody-at-all", {"name": "x"}), (*CALLS[2][:2], {})]
)
async def test_who_is_not_there_is_not_found(admin: Caller, method: str, path: str, body: dict[str, Any]) -> None:
    answer = await admin.call(method, path.format(me="nobody-at-all"), body)
    assert (answer.status, answer.code) == (404, "not_found")
    assert (await admin.call("PATCH", "/agents/nobody-at-all", {})).code == "not_found"


async def test_who_is_disabled_is_out_at_once_and_offline(desk: House, admin: Caller) -> None:
    gone = await desk.agent(presence="online")
    agent, screen, other = await id_of(gone), Screen(gone), Screen(admin)
    async with screen.ready(), other.ready():
        answer = await admin.call("PATCH", f"/agents/{agent}", {"enabled": False, "presence": "online"})
        assert (answer.status, answer.code) == (409, "conflict")
        answer = await admin.call("PATCH", f"/agents/{agent}", {"enabled": False})
        assert (answer.body["enabled"], answer.body["presence"]) == (False, "offline")
        await eventually(lambda: screen.closed == 4401)
        await eventually(lambda: [one["agent_id"] for one in other.said("presence")] == [agent])
        assert "agents" in [one["what"] for one in other.said("settings")]
    assert (await gone.get("/me")).code == "login_required"
    assert await desk.database["logins"].count({"agent_id": agent}) == 0
    assert (await admin.call("PATCH", f"/agents/{agent}", {"presence": "away"})).code == "conflict"
    back = await admin.call("PATCH", f"/agents/{agent}", {"enabled": True, "presence": "away"})
    assert (back.body["enabled"], back.body["presence"]) == (True, "away")
    assert (await desk.stranger().log_in(agent)).status == 200


LEAVING: list[tuple[dict[str, Any], str]] = [
    ({"enabled": False}, "agent_disabled"),
    ({"groups": ["night"]}, "agent_elsewhere"),
]


@pytest.mark.parametrize(("change", "why"), LEAVING)
async def test_what_an_agent_leaves_behind_waits_for_colleagues(
    desk: House, admin: Caller, change: dict[str, Any], why: str
) -> None:
    leaver = await desk.agent(groups=("vip",))
    agent = await id_of(leaver)
    customer = await desk.waiting(leaver, VIP_APP)
    assert (await leaver.accept(customer)).status == 200
    assert (await admin.call("PATCH", f"/agents/{agent}", change)).status == 200

    async def waits() -> bool:
        return await admin.state(customer) == "waiting"

    await eventually(waits)
    page = (await admin.get("/conversations", view="waiting", app=VIP_APP)).body
    assert customer.id in [one["id"] for one in page["items"]]
    items = (await admin.get(f"/conversations/{customer.id}/messages")).body["items"]
    assert items[-1]["event"] == {"name": "session_waiting", "detail": {"reason": why}}
    stored = await desk.agents.get(agent)
    assert stored is not None
    assert stored.load == 0


async def test_taking_an_app_from_a_group_gives_its_customers_to_others(desk: House, admin: Caller) -> None:
    apps = AppStore(desk.database, Sealer([KEY]))

    async def serve(*groups: str) -> None:
        app = await apps.get(VIP_APP)
        assert app is not None
        assert await apps.save(app.but(policy=app.policy.but(assignment=Assignment(groups=groups))))
        await desk.publisher.hint(SettingsChanged(what="apps"))

    leaver = await desk.agent(groups=("night",))
    await serve("vip", "night")
    customer = await desk.waiting(admin, VIP_APP)

    async def accepted() -> bool:
        # Console and router may not have heard of the new group yet.
        return (await leaver.accept(customer)).status == 200

    await eventually(accepted)
    await serve("vip")

    async def waits() -> bool:
        return await admin.state(customer) == "waiting"

    async def hidden() -> bool:
        return (await leaver.get(f"/conversations/{customer.id}")).status == 404

    await eventually(waits)
    await eventually(hidden)


async def test_a_new_role_and_new_groups_apply_at_once(desk: House, admin: Caller, lina: Caller) -> None:
    agent = await id_of(lina)
    assert (await lina.get("/audit")).code == "forbidden"
    await admin.call("PATCH", f"/agents/{agent}", {"role": "admin", "groups": ["vip"]})
    assert (await lina.get("/audit")).status == 200
    await admin.call("PATCH", f"/agents/{agent}", {"role": "agent"})
    assert (await lina.get("/audit")).code == "forbidden"
    assert {one["id"] for one in (await lina.get("/apps")).body["items"]} == {
        "wx0123456789abcdef",
        "wxfedcba9876543210",
    }


async def test_who_gets_room_gets_who_waits(desk: House, admin: Caller) -> None:
    full = await desk.agent(presence="online", capacity=0)
    customer = await desk.waiting(full)
    await admin.call("PATCH", f"/agents/{await id_of(full)}", {"capacity": 200})

    async def assigned() -> bool:
        return await full.state(customer) == "agent"

    await eventually(assigned)
    await admin.call("PATCH", f"/agents/{await id_of(full)}", {"presence": "offline"})


async def test_a_new_password_ends_the_logins(desk: House, admin: Caller, lina: Caller) -> None:
    agent, screen = await id_of(lina), Screen(lina)
    async with screen.ready():
        told = await admin.post(f"/agents/{agent}/password", {})
        await eventually(lambda: screen.closed == 4401)
    assert (await lina.get("/me")).code == "login_required"
    assert (await desk.stranger().log_in(agent, told.body["password"])).status == 200
    given = await admin.post(f"/agents/{agent}/password", {"password": "my own words"})
    assert given.body == {"password": None}
    stored = await desk.agents.get(agent)
    assert stored is not None
    assert verify_password(stored.password_hash, "my own words")
    assert await changes_of(desk, agent) == [("agent.password_renewed", {})] * 2
    for refused in ("short", agent, "x" * 1025):
        assert (await admin.post(f"/agents/{agent}/password", {"password": refused})).code == "invalid"


@pytest.fixture
async def small(amqp_url: str, mongo_url: str, mongo_db: str) -> Any:
    """A desk of its own, whose admins can be counted."""
    async with house(amqp_url, mongo_url, mongo_db, routed=False) as made_house:
        yield made_house


LOSSES: list[dict[str, Any]] = [{"enabled": False}, {"role": "supervisor"}, {"role": "agent", "enabled": True}]


async def test_the_last_admin_stays(small: House) -> None:
    admin = await small.agent(role="admin")
    agent = await id_of(admin)
    await small.agents.add(Agent(id="disabled", name="x", role="admin", enabled=False))
    for loss in LOSSES:
        answer = await admin.call("PATCH", f"/agents/{agent}", loss)
        assert (answer.status, answer.code) == (409, "conflict")
    assert (await admin.call("PATCH", f"/agents/{agent}", {"role": "admin", "name": "Still"})).status == 200
    await small.agent(role="admin")
    assert (await admin.call("PATCH", f"/agents/{agent}", {"role": "supervisor"})).status == 200


async def test_of_two_last_admins_who_disable_each_other_one_stays(small: House) -> None:
    for _ in range(5):
        one, two = await small.agent(role="admin"), await small.agent(role="admin")
        names = [await id_of(two), await id_of(one)]
        asked = zip((one, two), names, LOSSES, strict=False)
        answers = await asyncio.gather(*(who.call("PATCH", f"/agents/{whom}", loss) for who, whom, loss in asked))
        assert {answer.status for answer in answers} <= {200, 401, 403, 409}
        left = [agent for agent in await small.agents.everyone() if agent.enabled and agent.role == "admin"]
        assert len(left) == 1
        await small.database["agents"].delete_many({})


async def test_a_lock_that_is_held_too_long_is_no_reason_to_go_on(
    small: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_changes, "_WAIT_SECONDS", 0.1)
    admin, other = await small.agent(role="admin"), await small.agent(role="admin")
    held = Leases(small.database)
    assert await held.take("admins")
    refused = await admin.call("PATCH", f"/agents/{await id_of(other)}", {"enabled": False})
    assert (refused.status, refused.code) == (503, "unavailable")
    await held.give_up("admins")
    assert (await admin.call("PATCH", f"/agents/{await id_of(other)}", {"enabled": False})).status == 200


class CountedAgents(AgentStore):
    """Counts readings, and can be held in the middle of one."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.readings = 0
        self.read = asyncio.Event()
        self.go_on = asyncio.Event()

    @override
    async def roster(self) -> list[RosterEntry]:
        self.readings += 1
        found = await super().roster()
        self.read.set()
        await self.go_on.wait()
        return found


async def test_many_who_ask_at_once_share_a_reading_and_nobody_gets_an_old_one(database: Database) -> None:
    agents = CountedAgents(database)
    roster = Roster(agents)
    first = asyncio.create_task(roster.staff())
    await agents.read.wait()
    await agents.add(Agent(id="new", name="new"))
    later = [asyncio.create_task(roster.staff()) for _ in range(50)]
    agents.go_on.set()
    assert (await first).everyone == ()
    assert {len(staff.everyone) for staff in await asyncio.gather(*later)} == {1}
    assert agents.readings == 2


async def test_a_reading_that_fails_is_not_kept(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    roster = Roster(AgentStore(database))
    fail: Callable[..., Any] = _failing
    with monkeypatch.context() as patch:
        patch.setattr(AgentStore, "roster", fail)
        with pytest.raises(RuntimeError):
            await roster.staff()
    assert (await roster.staff()).everyone == ()


async def _failing(_: AgentStore) -> list[RosterEntry]:
    raise RuntimeError("out of reach")


async def test_a_change_of_ones_own_is_told_to_every_browser(desk: House, lina: Caller) -> None:
    screen = Screen(await desk.agent())
    async with screen.ready():
        await lina.call("PATCH", "/me", {"capacity": 4})
        await eventually(lambda: screen.said("settings") == [{"type": "settings", "what": "agents"}])
    assert (await listed(lina))[await id_of(lina)]["capacity"] == 4


async def test_ones_own_password_takes_the_current_one(desk: House, admin: Caller) -> None:
    """A desk left open must not be enough to take the login over."""
    me = await id_of(admin)
    before = await desk.agents.get(me)
    for body in ({}, {"password": "a password of a thief"}):
        refused = await admin.post(f"/agents/{me}/password", body)
        assert (refused.status, refused.code) == (403, "forbidden")
        assert "POST /me/password" in refused.body["detail"]
    assert await desk.agents.get(me) == before
    assert (await admin.get("/me")).status == 200


async def test_who_makes_an_admin_is_in_the_audit(desk: House, admin: Caller, lina: Caller) -> None:
    await made(admin, "second", role="admin")
    assert (await admin.call("PATCH", f"/agents/{await id_of(lina)}", {"role": "admin"})).status == 200
    ((_, added),) = await changes_of(desk, "second")
    ((_, promoted),) = await changes_of(desk, await id_of(lina))
    assert (added["role"], promoted) == ((None, "admin"), {"role": ("agent", "admin")})


async def test_a_login_made_again_after_a_lost_answer_says_how_to_get_in(admin: Caller) -> None:
    await made(admin, "lost-answer")
    again = await admin.post("/agents", {"login": "lost-answer", "name": "x"})
    assert (again.code, "renew it with POST /agents/{id}/password" in again.body["detail"]) == ("conflict", True)


@pytest.mark.parametrize(
    "fields", [{"name": "a\0b"}, {"groups": ["vi\np"]}, {"groups": ["\u2028gpj"]}, {"name": "\x1b[1m"}]
)
async def test_controls_are_no_part_of_a_name(admin: Caller, fields: dict[str, Any]) -> None:
    answer = await admin.post("/agents", {"login": "controlled", "name": "x", **fields})
    assert (answer.code, answer.body["errors"][0]["where"]) == ("invalid", next(iter(fields)))
