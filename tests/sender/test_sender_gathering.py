import asyncio
from collections.abc import Sequence

import pytest

from services.sender.gathering import Gathering
from services.sender.joint import Joint
from shared.outage import Outage
from tests.support.waiting import eventually


class Work:
    """Doubles numbers; cannot do 13; holds its answers back while `answering` is cleared."""

    def __init__(self) -> None:
        self.rounds: list[list[int]] = []
        self.answering = asyncio.Event()
        self.answering.set()
        self.outage = False

    async def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.rounds.append(list(numbers))
        await self.answering.wait()
        if self.outage:
            raise Outage("away")
        if 13 in numbers:
            raise ValueError("13")
        return [2 * number for number in numbers]


async def test_what_is_asked_together_is_asked_in_one() -> None:
    work = Work()
    gathering = Gathering(work)
    assert await asyncio.gather(*(gathering.ask(number) for number in range(5))) == [0, 2, 4, 6, 8]
    assert work.rounds == [[0, 1, 2, 3, 4]]


async def test_what_comes_meanwhile_goes_into_the_next_round() -> None:
    work = Work()
    gathering = Gathering(work, under_way=1)
    work.answering.clear()
    first = asyncio.create_task(gathering.ask(1))
    await eventually(lambda: work.rounds)
    rest = [asyncio.create_task(gathering.ask(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    work.answering.set()
    assert await asyncio.gather(first, *rest) == [2, 4, 6, 8]
    assert work.rounds == [[1], [2, 3, 4]]


async def test_a_round_is_bounded() -> None:
    work = Work()
    gathering = Gathering(work, most=2, under_way=1)
    await asyncio.gather(*(gathering.ask(number) for number in range(5)))
    assert [len(numbers) for numbers in work.rounds] == [2, 2, 1]


async def test_the_one_at_fault_is_found_and_the_others_are_answered() -> None:
    gathering = Gathering(Work())
    asked = [1, 2, 13, 4, 5]
    answers = await asyncio.gather(*(gathering.ask(number) for number in asked), return_exceptions=True)
    assert [answer if isinstance(answer, int) else type(answer) for answer in answers] == [2, 4, ValueError, 8, 10]


async def test_who_asks_again_at_the_very_end_of_all_rounds_is_answered() -> None:
    """What follows from an answer is asked before anybody else hears that the rounds have ended."""
    work = Work()
    gathering = Gathering(work, under_way=2)
    work.answering.clear()

    async def twice(number: int) -> int:
        return await gathering.ask(await gathering.ask(number))

    first = asyncio.create_task(twice(1))
    await eventually(lambda: len(work.rounds) == 1)
    second = asyncio.create_task(gathering.ask(2))
    await eventually(lambda: len(work.rounds) == 2)
    work.answering.set()
    await eventually(lambda: first.done() and second.done())
    assert (first.result(), second.result()) == (4, 4)


async def test_an_outage_is_everybodys_and_the_next_question_is_asked_anew() -> None:
    work = Work()
    gathering = Gathering(work)
    work.outage = True
    answers = await asyncio.gather(*(gathering.ask(number) for number in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Outage, Outage, Outage]
    assert len(work.rounds) == 1
    work.outage = False
    assert await gathering.ask(4) == 8


async def test_joint_work_is_done_once_and_goes_on_when_one_cannot_wait() -> None:
    began, done = [], asyncio.Event()

    async def work() -> str:
        began.append(1)
        await done.wait()
        return "token"

    joint: Joint[str] = Joint()
    now = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await joint.result("app", work, by=now)
    waiting = asyncio.create_task(joint.result("app", work, by=now + 60))
    await asyncio.sleep(0)
    done.set()
    assert await waiting == "token"
    assert len(began) == 1


async def test_joint_work_that_failed_is_everybodys_failure_and_begins_anew() -> None:
    tries = []

    async def work() -> str:
        tries.append(1)
        raise Outage("away")

    joint: Joint[str] = Joint()
    by = asyncio.get_running_loop().time() + 60
    failures = await asyncio.gather(*(joint.result("app", work, by) for _ in range(3)), return_exceptions=True)
    assert [type(failure) for failure in failures] == [Outage] * 3
    assert len(tries) == 1
    with pytest.raises(Outage):
        await joint.result("app", work, by)
    assert len(tries) == 2
