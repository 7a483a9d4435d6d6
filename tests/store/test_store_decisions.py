from shared.conversation.commands import RecordDecision
from shared.store.driver import Database
from shared.store.records import Assigned, DecisionRecords
from tests.support.facts import APP, CONVERSATION


def assigned(number: int = 1, agent: str = "lina") -> Assigned:
    return Assigned(
        kind="offered",
        conversation=CONVERSATION,
        session=f"{CONVERSATION}.1",
        claim_id=f"{CONVERSATION}.1.{number}",
        agent_id=agent,
        rule="least_loaded",
        policy_version=3,
        candidates=[{"agent_id": agent, "load": 0, "capacity": 2}],
    )


async def test_what_was_kept_first_stays(either_database: Database) -> None:
    decisions = DecisionRecords(either_database)
    await decisions.save([])
    await decisions.save([assigned()])
    await decisions.save([assigned(agent="omar"), assigned(2)])
    kept = await decisions.of_conversation(CONVERSATION)
    assert sorted((one["claim_id"], one["agent_id"]) for one in kept) == [
        (f"{CONVERSATION}.1.1", "lina"),
        (f"{CONVERSATION}.1.2", "lina"),
    ]
    assert (kept[0]["kind"], kept[0]["policy_version"], kept[0]["candidates"][0]["capacity"]) == ("offered", 3, 2)


async def test_where_a_rule_sent_a_session_says_so(either_database: Database) -> None:
    decisions = DecisionRecords(either_database)
    routed = RecordDecision(
        conversation_id=CONVERSATION, app_id=APP, trace_id="t", session=1, cause="m:1", rule="VIP", to="group:vip"
    )
    await decisions.save_route(routed)
    (kept,) = await decisions.of_conversation(CONVERSATION)
    assert (kept["kind"], kept["rule"], kept["to"]) == ("routed", "VIP", "group:vip")
