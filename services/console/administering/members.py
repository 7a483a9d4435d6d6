"""Who there is, as settings and transfers may name them."""

from services.console.administering.vendor_fields import serves
from shared.conversation.policy_check import Member
from shared.conversation.vendor_check import Account
from shared.store.agents import AgentStore
from shared.store.vendor_accounts import VendorAccount, VendorAccountStore


async def members(agents: AgentStore) -> list[Member]:
    """Everyone, those who are disabled too."""
    return [Member(one.id, one.groups, one.enabled, one.supervises) for one in await agents.roster()]


async def bridgeable(accounts: VendorAccountStore, app_id: str) -> list[Account]:
    """Every vendor account as this app may use it."""
    return [as_named(account, app_id) for account in await accounts.everything()]


def as_named(account: VendorAccount, app_id: str) -> Account:
    return Account(
        account.account_id,
        enabled=account.enabled,
        readable=not account.unreadable,
        serves=serves(account, app_id),
    )
