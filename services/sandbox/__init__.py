"""A stand-in for WeChat, strict enough to develop and test against with no account. Never for production."""
