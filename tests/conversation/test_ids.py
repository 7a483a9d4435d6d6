"""Identities are stored for ever: these values may never change."""

from shared.conversation import ids


def test_conversation_id_is_blake2b_128_in_lower_case_base32() -> None:
    assert ids.conversation_id("wx0123456789abcdef", "o-customer-1") == "z55aaqakb6pbfocrhebq742gai"
    assert ids.conversation_id("wxba5fad812f8e6fb9", "o9AgO5Kd5ggOC-bXrbNODIiE3bGY") == "exstdoa4ho7zuenet26bxmh2ya"


def test_messages_and_facts_are_named_by_conversation_and_cause() -> None:
    assert ids.fact_id("conv", "m:123") == "conv:m:123"
    assert ids.message_id("conv", "m:123") == "conv:m:123:0"
    assert ids.message_id("conv", "m:123", 2) == "conv:m:123:2"


def test_a_claim_is_named_by_session_and_assignment() -> None:
    assert ids.claim_id(ids.session_id("conv", 3), 2) == "conv.3.2"


def test_a_command_is_the_same_command_only_for_the_same_agent_conversation_kind_and_key() -> None:
    one = ids.command_id("lina", "conv", "send_reply", "k1")
    assert one == "5ac3ee65b43edff2557411cb688077ed"
    others = {
        ids.command_id("omar", "conv", "send_reply", "k1"),
        ids.command_id("lina", "other", "send_reply", "k1"),
        ids.command_id("lina", "conv", "close_session", "k1"),
        ids.command_id("lina", "conv", "send_reply", "k2"),
    }
    assert len(others | {one}) == 5
