"""What was done lately is not done again for a while."""

from shared.lately import Lately


def test_what_was_done_lately_is_not_done_again() -> None:
    at = [0.0]
    lately = Lately(12.0, most=2, now=lambda: at[0])
    due = []
    for at[0] in (0.0, 11.9, 12.0, 13.0):
        due.append(lately.due("a"))
    assert due == [True, False, True, False]
    assert [lately.due(other) for other in ("b", "c")] == [True, True]
    assert lately.due("a"), "the oldest is forgotten first"


def test_what_is_noted_is_remembered_and_then_forgotten() -> None:
    at = [0.0]
    lately = Lately(30.0, now=lambda: at[0])
    lately.add("a")
    at[0] = 29.9
    assert "a" in lately
    at[0] = 30.0
    assert "a" not in lately
