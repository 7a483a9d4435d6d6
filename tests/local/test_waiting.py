import pytest

from tests.support.waiting import NeverHeld, eventually


async def test_what_becomes_true_is_returned() -> None:
    answers = iter([None, None, "found"])
    assert await eventually(lambda: next(answers)) == "found"


async def test_a_failing_assertion_means_not_yet() -> None:
    answers = iter([1, 2, 3])

    async def is_three() -> bool:
        assert next(answers) == 3
        return True

    assert await eventually(is_three)


async def test_what_never_becomes_true_fails_with_the_last_reason() -> None:
    def wrong() -> bool:
        raise AssertionError("still wrong")

    with pytest.raises(AssertionError, match="still wrong"):
        await eventually(wrong, within_seconds=0)
    with pytest.raises(NeverHeld):
        await eventually(lambda: False, within_seconds=0)
