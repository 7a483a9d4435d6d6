"""`python -m deploy.monitoring.write`: the catalogue, the dashboards and the alert rules, anew from the code."""

import json
from pathlib import Path
from typing import Final

from deploy.monitoring import catalogue, rule_files
from deploy.monitoring.boards import BOARDS
from deploy.monitoring.panels import built

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path("deploy/monitoring")


def files() -> dict[Path, str]:
    """Everything that is made, by its path in the project."""
    dashboards = {
        HERE / "dashboards" / f"{board.uid}.json": json.dumps(built(board), indent=2, ensure_ascii=False) + "\n"
        for board in BOARDS
    }
    return {
        Path("docs/metrics.md"): catalogue.page(),
        HERE / "rules.yaml": rule_files.plain(),
        HERE / "prometheus-rule.yaml": rule_files.custom_resource(),
        **dashboards,
    }


def write(root: Path = ROOT) -> None:
    for path, text in files().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
