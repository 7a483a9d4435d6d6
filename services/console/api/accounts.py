"""An agent's own password and second factor, and an admin's way to take a lost one away."""

from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from services.console.administering.agent_changes import AgentChanges, NoSuchAgent
from services.console.administering.agent_fields import LONGEST_PASSWORD, check_password
from services.console.api.shape import Shape
from services.console.login import address_of
from services.console.operations import Call, Input, Operation, answer
from services.console.problem import Refused
from shared import second_factor
from shared.clock import real_now
from shared.store.agents import Agent, OfferedFactor
from shared.store.sealing import SealBroken
from shared.store.second_factors import SEALED_AS

OFFER_SECONDS: Final = 900.0

Password = Annotated[str, Field(min_length=1, max_length=LONGEST_PASSWORD)]


class NewPasswordBody(Input):
    current: Password
    new: str = Field(max_length=LONGEST_PASSWORD, description="10 characters or more, and not the login")


class ProofBody(Input):
    password: Password = Field(description="the current one: a desk left open must not be enough")


class CodeBody(Input):
    code: str = Field(min_length=1, max_length=40)


class Offer(Shape):
    secret: str = Field(description="to be typed into an authenticator app")
    uri: str = Field(description="the same as an otpauth:// address, to be shown as a QR code")


class RecoveryCodes(Shape):
    recovery_codes: list[str] = Field(description="each good once in place of a code; told only now")


async def change_password(call: Call) -> web.Response:
    """This login goes on; every other one of the agent ends."""
    body = await call.body(NewPasswordBody)
    check_password(body.new, call.agent.id, field="new")
    agent = await _proved(call, body.current)
    if body.new == body.current:
        raise Refused("invalid", "new: must be another than the current one.")
    renewed = agent.but(password_hash=await call.parts.proofs.hash_of(body.new))
    await call.parts.logins.outlive_password(call.identity.login, agent, renewed)

    async def change() -> None:
        if not await call.parts.agents.change_password(agent, renewed.password_hash):
            raise Refused("conflict", "The password was changed meanwhile.")
        await call.parts.logins.end_others(call.identity.login)
        await call.note("agent.password_changed", agent.id)

    await call.together(change)
    await call.announce("logins")
    return web.Response(status=204)


async def offer_second_factor(call: Call) -> web.Response:
    """Nothing changes until a code of the secret is confirmed, within a quarter of an hour."""
    body = await call.body(ProofBody)
    agent = await _proved(call, body.password)
    secret = second_factor.new_secret()
    sealed = call.parts.backbone.sealer.seal(secret, agent.id, SEALED_AS)
    if not await call.parts.second_factors.offer(agent.id, sealed, real_now()):
        raise Refused("conflict", "There is a second factor already; remove it first.")
    return answer(Offer(secret=secret, uri=second_factor.address_of(secret, agent.id)))


async def confirm_second_factor(call: Call) -> web.Response:
    """From now on logging in takes a code. Other logins of the agent, which had none, end."""
    code = second_factor.plain_code((await call.body(CodeBody)).code)
    now, agent = real_now(), call.agent
    offered = agent.offered_factor
    if agent.second_factor is not None or offered is None or (now - offered.at).total_seconds() > OFFER_SECONDS:
        raise Refused("conflict", "Nothing is there to be confirmed; ask for a new secret.")
    secret = _opened(call, agent, offered)
    step = second_factor.matching_step(secret, code, now)
    if step is None:
        raise Refused("invalid", "code: not the one that the authenticator app shows. Is the phone's clock right?")
    codes = second_factor.new_recovery_codes()
    hashed = [second_factor.recovery_hash(agent.id, second_factor.plain_code(one)) for one in codes]

    async def confirm() -> None:
        if not await call.parts.second_factors.confirm(agent.id, offered.secret, step, hashed):
            raise Refused("conflict", "Another secret was offered meanwhile; ask for a new one.")
        await call.parts.logins.end_others(call.identity.login)
        await call.note("agent.second_factor_added", agent.id)

    await call.together(confirm)
    await call.announce("agents", "logins")
    return answer(RecoveryCodes(recovery_codes=codes))


async def remove_second_factor(call: Call) -> web.Response:
    agent = await _proved(call, (await call.body(ProofBody)).password)
    await _removed(call, agent.id)
    return web.Response(status=204)


async def reset_second_factor(call: Call) -> web.Response:
    """For whoever lost phone and recovery codes: the password alone lets them in, until they add a new one."""
    agent_id = call.request.match_info["id"]
    if agent_id == call.agent.id:
        raise Refused("forbidden", "Your own goes with your password: DELETE /me/second-factor.")
    await _removed(call, agent_id)
    return web.Response(status=204)


async def _proved(call: Call, password: str) -> Agent:
    """The asking agent as stored now, by their password; raises Refused."""
    address = address_of(call.request, call.parts.settings.forwarded_hops)
    agent = await call.parts.proofs.password(call.agent.id, password, address)
    if agent is None:
        raise Refused("forbidden", "The password is wrong.")
    await call.parts.proofs.take_back(agent.id, address)
    return agent


async def _removed(call: Call, agent_id: str) -> None:
    changes = AgentChanges(call.parts.backbone.database, call.author)
    try:
        removed = await changes.remove_second_factor(agent_id)
    except NoSuchAgent:
        raise Refused("not_found", "There is no such agent.") from None
    if removed:
        await call.announce("agents")


def _opened(call: Call, agent: Agent, offered: OfferedFactor) -> str:
    try:
        return call.parts.backbone.sealer.open(offered.secret, agent.id, SEALED_AS)
    except SealBroken:
        raise Refused("conflict", "The secret that was offered cannot be read any more; ask for a new one.") from None


OPERATIONS: Final = (
    Operation(
        "POST",
        "/me/password",
        change_password,
        "Change my password; my other logins end",
        {204: None},
        problems=("rate_limited", "conflict"),
        body=NewPasswordBody,
    ),
    Operation(
        "POST",
        "/me/second-factor",
        offer_second_factor,
        "A secret for my authenticator app, to be confirmed by its first code",
        {200: Offer},
        problems=("rate_limited", "conflict"),
        body=ProofBody,
    ),
    Operation(
        "POST",
        "/me/second-factor/confirm",
        confirm_second_factor,
        "From now on my logins take a code; answers recovery codes",
        {200: RecoveryCodes},
        problems=("conflict",),
        body=CodeBody,
    ),
    Operation(
        "DELETE",
        "/me/second-factor",
        remove_second_factor,
        "My password alone is enough again",
        {204: None},
        problems=("rate_limited",),
        body=ProofBody,
    ),
    Operation(
        "DELETE",
        "/agents/{id}/second-factor",
        reset_second_factor,
        "Take away the second factor of an agent who lost it",
        {204: None},
        problems=("not_found",),
        role="admin",
    ),
)
