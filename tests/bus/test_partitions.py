"""Partition and priority are the same on every machine, in every process, for ever."""

import pytest

from shared.bus.partitions import SLOTS, partition_name, partition_of, priority
from shared.bus.topology import Topology


@pytest.mark.parametrize(
    ("key", "of_16"),
    [("", 4), ("a", 15), ("wechat:wx0123456789abcdef", 6)],
)
def test_partition_vectors(key: str, of_16: int) -> None:
    assert partition_of(key, 16) == of_16


def test_names_are_padded_so_that_they_sort() -> None:
    assert [partition_name("router", n) for n in (0, 7, 15)] == ["router.v1.p00", "router.v1.p07", "router.v1.p15"]


@pytest.mark.parametrize("count", [1, 4, 8, 16, 32])
@pytest.mark.parametrize("replicas", [*range(1, 17), 40, SLOTS])
def test_any_number_of_replicas_shares_partitions_to_within_one(count: int, replicas: int) -> None:
    owners = [max(range(replicas), key=lambda slot: priority(slot, p, count)) for p in range(count)]
    loads = [owners.count(slot) for slot in range(replicas)]
    assert max(loads) - min(loads) <= 1


def test_no_two_slots_have_the_same_priority_on_a_partition() -> None:
    for partition in range(16):
        assert len({priority(slot, partition, 16) for slot in range(SLOTS)}) == SLOTS


def test_a_replica_beyond_the_table_stands_by() -> None:
    assert priority(SLOTS, 3, 16) < min(priority(slot, 3, 16) for slot in range(SLOTS))


def test_routes_name_queues() -> None:
    topology = Topology()
    queues = topology.queues()
    assert topology.route("wx.conversation", "some conversation") in queues
    assert topology.route("wx.outbound", "wechat:wx0123456789abcdef") in queues
    assert (topology.route("wx.bot", "x"), topology.route("wx.offers", "")) == ("bot.v1", "offers.v1")
    assert len(queues) == 16 + 8 + 2


def test_queue_arguments_which_can_never_change() -> None:
    queues = Topology().queues()
    ordered = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000, "x-single-active-consumer": True}
    assert queues["router.v1.p00"] == ("wx.conversation", ordered)
    assert queues["offers.v1"] == ("wx.offers", ordered)
    assert queues["bot.v1"] == ("wx.bot", {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000})
