"""What the bot says: the app's welcome, its keyword rules, or that it does not know. Pure."""

from typing import NamedTuple

from shared.conversation.policy import Policy


class Answer(NamedTuple):
    """`replies` in order; `hand_off`: a person should go on. `reason` names the rule, for the record."""

    replies: tuple[str, ...]
    hand_off: bool
    reason: str


def answer(policy: Policy, inputs: tuple[str, ...]) -> Answer:
    """One answer to one turn. No inputs: the customer has just entered and is welcomed.

    Of several messages the last one that a rule matches is answered: it is what the customer waits for.
    """
    if not inputs:
        return Answer((policy.welcome,) if policy.welcome else (), hand_off=False, reason="welcome")
    if any(policy.wants_agent(text) for text in inputs):
        return Answer((), hand_off=True, reason="customer_asked")
    rule = next((found for text in reversed(inputs) if (found := policy.rule_for(text))), None)
    if rule is not None:
        return Answer((rule.reply,) if rule.reply else (), hand_off=rule.hand_off, reason="keyword")
    unmatched = policy.unmatched
    return Answer((unmatched.reply,) if unmatched.reply else (), hand_off=unmatched.hand_off, reason="unmatched")
