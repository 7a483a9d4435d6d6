"""Which partition a key belongs to, and which replica should serve it. Both are the same on every machine for ever."""

import hashlib
from functools import lru_cache
from typing import Final

HASH_NAME: Final = "blake2b-64-mod"
SLOTS: Final = 64
"""How many replicas of one service the priority table knows; more may run, and stand by."""


def partition_of(key: str, count: int) -> int:
    """First 8 bytes of BLAKE2b of the key, big-endian, mod `count`. Stored queues depend on it."""
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % count


def partition_name(service: str, partition: int, generation: int = 1) -> str:
    return f"{service}.v{generation}.p{partition:02d}"


def priority(slot: int, partition: int, count: int) -> int:
    """The consumer priority of the replica in `slot` on a partition; the highest present becomes active."""
    return priority_table(count)[partition][slot] if slot < SLOTS else 0


@lru_cache(maxsize=8)
def priority_table(count: int) -> tuple[tuple[int, ...], ...]:
    """`table[partition][slot]`, such that any first n slots share the partitions to within one of each other.

    Slots join one at a time. A joining slot takes its fair share, always from whoever has most, by standing
    before all others there; elsewhere it stands last, so that it takes over when those before it have gone.
    """
    line: list[list[int]] = [[] for _ in range(count)]
    for slot in range(SLOTS):
        owned: list[list[int]] = [[] for _ in range(slot + 1)]
        for partition in range(count):
            if line[partition]:
                owned[line[partition][0]].append(partition)
        takes = set(_share_taken(owned, slot, count))
        for partition in range(count):
            line[partition].insert(0 if partition in takes else len(line[partition]), slot)
    return tuple(tuple(SLOTS - order.index(slot) for slot in range(SLOTS)) for order in line)


def _share_taken(owned: list[list[int]], slot: int, count: int) -> list[int]:
    if slot == 0:
        return list(range(count))
    taken = []
    for _ in range(count // (slot + 1)):
        richest = max(range(slot), key=lambda other: (len(owned[other]), other))
        taken.append(owned[richest].pop())
    return taken
