import pytest

from shared.clock import real_now
from shared.store.audit import COMMAND_LINE, AuditLog
from tests.console.house import Caller, House


@pytest.fixture
async def admin(desk: House) -> Caller:
    return await desk.agent(role="admin")


async def test_an_entry_says_who_what_and_when(desk: House, admin: Caller) -> None:
    me = (await admin.get("/me")).body
    before = real_now()
    await admin.call("PUT", "/tags/audited", {"color": "red"})
    (entry,) = (await admin.get("/audit", target="audited")).body["items"]
    assert entry.pop("id")
    at = entry.pop("at")
    assert at.endswith("Z")
    assert before.isoformat()[:19] <= at[:19] <= real_now().isoformat()[:19]
    assert entry == {
        "by": {"kind": "agent", "id": me["id"], "name": me["name"]},
        "action": "tag.added",
        "target": "audited",
        "changes": [{"field": "color", "before": None, "after": "red"}],
    }


async def test_it_is_paged_newest_first_and_filtered(desk: House, admin: Caller) -> None:
    me = (await admin.get("/me")).body["id"]
    for number in range(5):
        await admin.call("PUT", f"/tags/paged{number}", {"color": "red"})
    await admin.call("DELETE", "/tags/paged0")
    await AuditLog(desk.database).note(COMMAND_LINE, "agent.added", "someone", None, real_now())
    told, cursor = [], None
    while True:
        page = (await admin.get("/audit", by=me, limit=2, **({"cursor": cursor} if cursor else {}))).body
        told += [(one["action"], one["target"]) for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert told == [("tag.removed", "paged0"), *(("tag.added", f"paged{number}") for number in (4, 3, 2, 1, 0))]
    removed = (await admin.get("/audit", by=me, action="tag.removed")).body["items"]
    assert [one["target"] for one in removed] == ["paged0"]
    assert len((await admin.get("/audit", by=me, action="tag")).body["items"]) == 6
    (by_wxdesk,) = (await admin.get("/audit", target="someone")).body["items"]
    assert by_wxdesk["by"] == {"kind": "system", "id": "wxdesk", "name": "wxdesk"}


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"cursor": "x"}, {"cursor": "WzEsMl0"}, {"who": "x"}])
async def test_a_query_that_means_nothing_is_refused(admin: Caller, query: dict[str, str]) -> None:
    answer = await admin.get("/audit", **query)
    assert (answer.status, answer.code) == (422, "invalid")


async def test_it_is_for_admins(desk: House, lina: Caller) -> None:
    assert (await lina.get("/audit")).code == "forbidden"
    assert (await (await desk.agent(role="supervisor")).get("/audit")).code == "forbidden"
    assert (await desk.stranger().get("/audit")).code == "login_required"
