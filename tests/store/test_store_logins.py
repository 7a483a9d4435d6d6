import asyncio

import pytest

from shared.store.agents import Agent
from shared.store.driver import Database
from shared.store.logins import Limit, LoginAttempts, LoginStore, login_id

LINA = Agent(id="lina", name="李娜", password_hash="hash")


@pytest.fixture
def logins(either_database: Database) -> LoginStore:
    return LoginStore(either_database)


async def test_a_login_is_found_by_its_token_and_stands_for_its_agent(logins: LoginStore) -> None:
    token, begun = await logins.begin(LINA, 60)
    login = await logins.get(login_id(token))
    assert login is not None
    assert (login.id, login.agent_id) == (begun.id, "lina")
    assert login.stands(LINA)
    assert await logins.get(token) is None


async def test_a_login_does_not_outlive_what_it_was_made_by(logins: LoginStore) -> None:
    _, login = await logins.begin(LINA, 60)
    _, over = await logins.begin(LINA, 0)
    assert not over.stands(LINA)
    assert not login.stands(None)
    assert not login.stands(LINA.model_copy(update={"enabled": False}))
    assert not login.stands(LINA.model_copy(update={"password_hash": "another"}))
    assert not login.stands(LINA.model_copy(update={"id": "omar"}))
    assert login.stands(LINA.model_copy(update={"role": "admin", "name": "李"}))


async def test_logins_end_one_by_one_or_all_of_one_agent(logins: LoginStore) -> None:
    (_, first), (_, second), (_, his) = [
        await logins.begin(agent, 60) for agent in (LINA, LINA, Agent(id="omar", name="O"))
    ]
    ids = [first.id, second.id, his.id]
    await logins.end(first.id)
    assert (await logins.several(ids)).keys() == {second.id, his.id}
    await logins.end_all_of("lina")
    assert (await logins.several(ids)).keys() == {his.id}


async def test_attempts_are_counted_together_however_many_at_once(either_database: Database) -> None:
    attempts = LoginAttempts(either_database)
    waits = await asyncio.gather(*(attempts.retry_seconds([Limit("a", 5), Limit("b", 50)]) for _ in range(20)))
    assert sum(wait == 0 for wait in waits) == 5
    assert all(wait == 0 or 200 < wait <= 300 for wait in waits)
    assert await attempts.retry_seconds([Limit("b", 50)]) == 0


async def test_counts_are_forgotten_taken_back_and_over(either_database: Database) -> None:
    attempts, brief = LoginAttempts(either_database), LoginAttempts(either_database, span_seconds=0.0)
    for _ in range(2):
        assert await attempts.retry_seconds([Limit("a", 2)]) == 0
    await attempts.take_back("a")
    assert await attempts.retry_seconds([Limit("a", 2)]) == 0
    assert await attempts.retry_seconds([Limit("a", 2)]) > 0
    await attempts.forget("a")
    assert await attempts.retry_seconds([Limit("a", 2)]) == 0
    for _ in range(3):
        assert await brief.retry_seconds([Limit("brief", 1)]) == 0
