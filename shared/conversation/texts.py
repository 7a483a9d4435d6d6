"""Words that machines say, checked when they are set; and words as they are compared. Pure."""

from typing import Annotated

from pydantic import AfterValidator

from shared.conversation.content import TEXT_LIMIT_BYTES


def normal(text: str) -> str:
    """Words as they are compared: no case, no white space."""
    return "".join(text.split()).casefold()


def sendable(text: str | None) -> str | None:
    if text is None:
        return None
    if not text.strip():
        raise ValueError("must not be blank; leave it out instead")
    size = len(text.encode())
    if size > TEXT_LIMIT_BYTES:
        raise ValueError(f"is {size} bytes; WeChat takes at most {TEXT_LIMIT_BYTES} in one message")
    return text


OptionalText = Annotated[str | None, AfterValidator(sendable)]
"""What fits into one message to a customer, or nothing."""
