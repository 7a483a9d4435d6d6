"""What release v1 wrote is read by today's code: every body it put on the bus, every document it stored."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from bson import json_util
from pydantic import BaseModel, TypeAdapter

from shared.clock import real_now
from shared.contracts.understood import members
from shared.conversation.ids import conversation_id
from shared.store.agents import AgentStore
from shared.store.apps import AppStore
from shared.store.audit import AuditLog
from shared.store.conversations import ConversationStore
from shared.store.driver import Database
from shared.store.handovers import HandoverStore
from shared.store.indexes import INDEXES
from shared.store.logins import LoginStore
from shared.store.media import MediaStore
from shared.store.messages import MessageStore
from shared.store.records import SessionRecords
from shared.store.schema import SchemaStore
from shared.store.sealing import Sealer
from shared.store.sends import SendStore
from shared.store.topology import stored_topology
from shared.store.vendor_accounts import VendorAccountStore
from tests.contracts.record import SECRET_KEY, V1
from tests.contracts.schemas import UNIONS, all_kinds, kind_of

_READ: Final[Mapping[str, TypeAdapter[Any]]] = {
    kind_of(model): TypeAdapter(union) for union in UNIONS.values() for model in members(union)
}
"""As the one who takes it reads it: by its union."""
BODIES: Final = sorted([*(V1 / "bus").glob("*.json"), *(V1 / "bus-made").glob("*.json")])
OPTIONS: Final = json_util.JSONOptions(json_mode=json_util.JSONMode.CANONICAL, tz_aware=True, document_class=dict)


def bodies(path: Path) -> list[Any]:
    found: list[Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def stored(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json_util.loads((V1 / "stored" / f"{name}.json").read_text(), json_options=OPTIONS)
    return found


@pytest.mark.parametrize("path", BODIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_body_is_read_and_means_the_same(path: Path) -> None:
    for body in bodies(path):
        read = _READ[path.stem].validate_json(orjson.dumps(body))
        assert isinstance(read, BaseModel)
        again = orjson.loads(read.model_dump_json(exclude_none=True))
        assert again == _without_none(again | body)


def test_every_kind_is_recorded_and_most_of_them_as_they_went_by() -> None:
    recorded = {path.stem for path in (V1 / "bus").glob("*.json")}
    made = {path.stem for path in (V1 / "bus-made").glob("*.json")}
    assert recorded | made >= all_kinds(), "a new kind: record it, in the folder of the release that begins with it"
    assert recorded & made == set()
    assert {"message_received", "send_message", "ask_bot", "call_vendor", "conversations_changed"} <= recorded


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(one) for name, one in value.items() if one is not None}
    return [_without_none(one) for one in value] if isinstance(value, list) else value


@pytest.fixture
async def former(database: Database) -> Database:
    """A database as release v1 left it, with today's indexes."""
    for path in sorted((V1 / "stored").glob("*.json")):
        await database[path.stem].insert_many([_kept(path.stem, doc) for doc in stored(path.stem)])
    return database


def _kept(collection: str, doc: dict[str, Any]) -> dict[str, Any]:
    """As recorded, but that the database does not forget it during the test because its day has come."""
    lasting = [one.document for one in INDEXES.get(collection, []) if "expireAfterSeconds" in one.document]
    fields = {next(iter(one["key"])) for one in lasting} & doc.keys()
    return {**doc, **dict.fromkeys(fields, real_now() + timedelta(days=1))}


def test_every_collection_that_has_an_index_and_matters_is_recorded() -> None:
    recorded = {path.stem for path in (V1 / "stored").glob("*.json")}
    assert recorded >= {
        "agents",
        "apps",
        "audit",
        "conversations",
        "decisions",
        "handovers",
        "leases",
        "logins",
        "messages",
        "schema",
        "sends",
        "sessions",
        "topology",
        "vendor_accounts",
    }


async def test_conversations_and_their_histories_are_read_whole(former: Database) -> None:
    ids = [doc["_id"] for doc in stored("conversations")]
    loaded = await ConversationStore(former).load(ids)
    assert set(loaded) == set(ids)
    for doc in stored("conversations"):
        conversation, pending = loaded[doc["_id"]]
        assert (conversation.version, conversation.last_seq) == (doc["version"], doc["last_seq"])
        assert conversation_id(conversation.app_id, conversation.openid) == conversation.id
        assert len(pending) == len(doc.get("pending", []))
    for doc in stored("messages"):
        message = await MessageStore(former).get(doc["conversation"], doc["seq"])
        assert message is not None
        assert (message.id, message.content.type) == (doc["_id"], doc["content"]["type"])


async def test_sends_and_sessions_are_read_whole(former: Database) -> None:
    for doc in stored("sends"):
        send = await SendStore(former).get(doc["_id"])
        assert send is not None
        assert send.state == doc["state"]
    for doc in stored("sessions"):
        ended = await SessionRecords(former).ended(doc["conversation"])
        assert doc["number"] in [session.number for session in ended]


async def test_agents_apps_and_vendor_accounts_are_read_with_their_secrets(former: Database) -> None:
    sealer = Sealer([SECRET_KEY])
    agents = await AgentStore(former).everyone()
    assert {agent.id for agent in agents} == {doc["_id"] for doc in stored("agents")}
    apps = await AppStore(former, sealer).everything()
    assert len(apps) == len(stored("apps"))
    assert all(app.readable for app in apps)
    accounts = await VendorAccountStore(former, sealer).everything()
    assert {account.vendor for account in accounts} == {"qiyu", "zhima"}
    assert all(account.usable for account in accounts)


async def test_the_rest_is_read(former: Database) -> None:
    logins = LoginStore(former)
    assert [await logins.get(doc["_id"]) is not None for doc in stored("logins")] == [True] * len(stored("logins"))
    for doc in stored("handovers"):
        await HandoverStore(former).armed(doc["_id"])
    for doc in stored("media"):
        await MediaStore(former).get(doc["_id"])
    noted, _ = await AuditLog(former).page(limit=50)
    assert {entry.id for entry in noted} == {str(doc["_id"]) for doc in stored("audit")}
    recorded = stored("topology")[0]
    topology = await stored_topology(former)
    assert topology is not None
    assert topology.model_dump() == {name: recorded[name] for name in topology.model_dump()}
    assert [one.name for one in (await SchemaStore(former).read()).made] == ["one_started_send_a_line"]


def test_what_is_no_message_of_its_kind_is_noticed() -> None:
    """The check of the check."""
    (path,) = [path for path in BODIES if path.stem == "message_received"]
    body = bodies(path)[0]
    for broken in ({**body, "contract": 2}, {name: one for name, one in body.items() if name != "openid"}):
        with pytest.raises(ValueError, match="message_received"):
            _READ["message_received"].validate_json(orjson.dumps(broken))
