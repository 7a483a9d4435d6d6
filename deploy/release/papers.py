"""A release's papers: the list of licences for people, the bill of materials (CycloneDX) for machines."""

import base64
import json
from collections.abc import Iterable
from typing import Any, Final

from deploy.release.parts import ROOT, Part
from shared.version import version

LICENCES: Final = ROOT / "docs" / "licences.md"
_HEAD: Final = """# Licences

wxdesk is licensed under [Apache-2.0](../LICENSE). These packages are in its images, or (npm) what the desk in them is
built from; made by `make licences` from the lock files. MongoDB's server (SSPL) and RabbitMQ (MPL-2.0) are no part of
it: a development machine fetches them, a deployment has its own.

| package | version | licence | from |
|---|---|---|---|
"""


def licences(parts: Iterable[Part]) -> str:
    """`docs/licences.md`, whole."""
    rows = [f"| {one.name} | {one.version} | {one.licence} | {one.kind} |" for one in parts]
    return _HEAD + "\n".join(rows) + "\n"


def bill(parts: Iterable[Part]) -> str:
    """CycloneDX 1.6, as JSON; without time or serial number, so that the same sources give the same paper."""
    told = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": f"wxdesk@{version()}",
                "name": "wxdesk",
                "version": version(),
                "licenses": [{"expression": "Apache-2.0"}],
            }
        },
        "components": [_component(one) for one in parts],
    }
    return json.dumps(told, indent=2) + "\n"


def _component(part: Part) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": part.purl,
        "name": part.name,
        "version": part.version,
        "licenses": [{"expression": part.licence}],
        "purl": part.purl,
    }
    if part.integrity:
        way, _, digest = part.integrity.partition("-")
        content = base64.b64decode(digest).hex()
        component["hashes"] = [{"alg": f"SHA-{way.removeprefix('sha')}", "content": content}]
    if part.sha256:
        component["properties"] = [{"name": "wxdesk:file:sha256", "value": one} for one in part.sha256]
    return component
