"""docs/settings-of-an-app.md has every setting as it is, and every place at which settings are refused as a whole."""

import re

from services.console.settings_table import rows
from tests.house.test_imports import ROOT

PAGE = (ROOT / "docs" / "settings-of-an-app.md").read_text()


def test_the_table_is_that_of_the_model() -> None:
    """`python -m services.console.settings_table` prints it."""
    head, *_ = rows()
    begun = PAGE[PAGE.index(head) :]
    assert begun[: begun.index("\n\n")].splitlines() == rows()


def test_every_setting_says_what_it_is_for() -> None:
    assert [row for row in rows() if row.endswith("| – |")] == []


def test_places_on_the_page_are_settings() -> None:
    refused = PAGE[PAGE.index("| where |") :]
    settings = {
        re.sub(r"\[\]", "", path) for path in re.findall(r"^\| `([\w.\[\]]+)`", "\n".join(rows()), re.MULTILINE)
    }
    parents = {path.rpartition(".")[0] for path in settings}
    places = re.findall(
        r"`(\w+(?:\.\w+)+)`", "\n".join(line.split("|")[1] for line in refused.splitlines() if "|" in line)
    )
    assert places
    for place in places:
        assert re.sub(r"\.\d+", "", place) in settings | parents, place
