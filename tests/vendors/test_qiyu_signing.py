import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.vendors.qiyu.signing import checksum, is_genuine, is_timely
from tests.vendors.qiyu_house import NOW

PAGE = Path(__file__).parents[1] / "fixtures" / "vendors" / "qiyu_vectors.json"
VECTORS: list[dict[str, Any]] = json.loads(PAGE.read_text())


def content(vector: dict[str, Any]) -> bytes:
    return bytes.fromhex(vector["file_hex"]) if "file_hex" in vector else vector["body_utf8"].encode()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
def test_the_known_checksums(vector: dict[str, Any]) -> None:
    time = str(vector["time"])
    made = checksum(vector["app_secret"], content(vector), time, vector["algo"])
    assert made == vector["checksum"]
    assert is_genuine(vector["app_secret"], content(vector), time, made.upper())


def test_there_are_vectors_of_both_algorithms() -> None:
    assert {vector["algo"] for vector in VECTORS} == {"sha1", "sha256"}
    assert len(VECTORS) == 9


@pytest.mark.parametrize(
    "given", ["", "0", "d938fcea7d2fa2b0baa7585b0532ba0574f7692e", "七鱼", "\ud800", "f" * 64, "d938" * 1000]
)
def test_another_checksum_is_no_proof(given: str) -> None:
    secret = str(VECTORS[0]["app_secret"])
    assert not is_genuine(secret, content(VECTORS[0]), str(VECTORS[0]["time"]), given)


def test_a_checksum_is_of_these_very_bytes() -> None:
    first = VECTORS[0]
    assert not is_genuine(first["app_secret"], content(first) + b" ", str(first["time"]), first["checksum"])
    assert not is_genuine(first["app_secret"], content(first), str(first["time"] + 1), first["checksum"])


def test_an_announced_algorithm_is_asked_for() -> None:
    first = VECTORS[0]
    assert not is_genuine(first["app_secret"], content(first), str(first["time"]), first["checksum"], sha256=True)


@pytest.mark.parametrize(("seconds", "timely"), [(0, True), (600, True), (-600, True), (601, False), (-601, False)])
def test_time_is_near_enough(seconds: int, timely: bool) -> None:  # noqa: FBT001 - a table's column
    at = NOW + timedelta(seconds=seconds)
    assert is_timely(str(int(at.timestamp())), NOW, 600) is timely


@pytest.mark.parametrize("time", ["", " ", "-1", "1e9", "²", "١٧٠٠٠٠٠٠٠٠", "9" * 13, "9" * 5000, "1700000000.0", "nan"])
def test_what_is_no_time(time: str) -> None:
    assert not is_timely(time, NOW, 1 << 60)
