from tests.flow.conftest import shared_town

__all__ = ["shared_town"]
