"""Whether pushes are answered while WeChat still waits."""

import pytest

from services.gateway.wechat_push import count_answer
from tests.support.measures import counted


@pytest.mark.parametrize(("seconds", "late"), [(0.01, 0), (5.0, 0), (5.01, 1)])
def test_an_answer_that_wechat_no_longer_waits_for_is_counted(seconds: float, late: int) -> None:
    answered, lates = counted("gateway_push_seconds_count"), counted("gateway_pushes_late_total")
    count_answer(seconds)
    assert counted("gateway_push_seconds_count") == answered + 1
    assert counted("gateway_pushes_late_total") == lates + late
