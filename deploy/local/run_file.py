"""`DATA_DIR/run.json`: while it exists, the run is ready; it says where everything is and how to get in."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deploy.local.directories import write_private
from deploy.local.plan import START_ORDER, Plan
from deploy.local.seed import Seeded
from deploy.local.vendors import staff_page

_SHARED_VARIABLES = ("AMQP_URL", "MONGO_URL", "MONGO_DB", "WXDESK_SECRET_KEYS", "WECHAT_API_BASE", "QIYU_API_BASE")


def describe(
    plan: Plan, environment: Mapping[str, str], seeded: Seeded, pids: Mapping[str, Sequence[int]]
) -> dict[str, Any]:
    """The document that other programs read; its shape stays as it is."""
    return {
        "gateway": plan.url("gateway"),
        "console": plan.url("console"),
        "sandbox": plan.url("sandbox"),
        "ops": {service: [replica.ops_url for replica in plan.of(service)] for service in START_ORDER},
        "env": {name: environment[name] for name in _SHARED_VARIABLES},
        "app": asdict(seeded.app),
        "agents": [asdict(agent) for agent in seeded.agents],
        "vendors": [
            asdict(vendor) | {"staff_page": staff_page(plan.url("sandbox"), vendor.vendor)} for vendor in seeded.vendors
        ],
        "pids": {name: list(numbers) for name, numbers in pids.items()},
    }


@contextmanager
def published(path: Path, document: Mapping[str, Any]) -> Iterator[None]:
    """The file exists while inside."""
    write_private(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
