"""The OpenAPI 3.1 document, made from the very operations and models that serve the calls."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from services.console.frames import FRAMES
from services.console.operations import PREFIX, Operation
from services.console.problem import CODES, CONTENT_TYPE, STATUS, TITLE, Code

_REF: Final = "#/components/schemas/{model}"
_PARAMETER: Final = re.compile(r"\{(\w+)(?::[^{}]*(?:\{[^{}]*\}[^{}]*)*)?\}")

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457. `taken` has `by`; `window_closed` and `quota_used` have `quota`; "
    "`text_too_long` has `parts` and `limit_bytes`; `invalid` may have `errors`; `login_required` has `second_factor` "
    "where a code is wanted.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": list(CODES)},
    },
}


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """Every operation, every shape, every problem code, and the frames of the live socket."""
    schemas = _schemas(operations)
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(f"{PREFIX}{plain_path(operation.path)}", {})[operation.method.lower()] = _operation(operation)
    paths[f"{PREFIX}/live"] = {"get": _live()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "wxdesk console", "version": "1", "summary": "A customer-service desk for mini programs"},
        "paths": paths,
        "security": [{"bearer": []}, {"cookie": []}],
        "components": {
            "schemas": {**schemas, "Problem": PROBLEM},
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of a login; where a call says so, an API token of a machine.",
                },
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-wxdesk",
                    "description": "`wxdesk` on a loopback address. Calls that change something also need this site's "
                    "`Origin` and `X-Wxdesk: 1`.",
                },
            },
        },
    }


def plain_path(path: str) -> str:
    """A path without the patterns of its parameters."""
    return _PARAMETER.sub(r"{\1}", path)


def _schemas(operations: Sequence[Operation]) -> dict[str, Any]:
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = []
    for operation in operations:
        models += [(model, "validation") for model in (operation.body,) if model is not None]
        models += [(model, "serialization") for model in operation.every_answer.values() if model is not None]
    models += [(frame, "serialization") for frame in FRAMES]
    _, definitions = models_json_schema(list(dict.fromkeys(models)), ref_template=_REF)
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation), *_query_parameters(operation), *_header_parameters(operation)],
        "responses": {**_answers(operation), **_problems(operation.every_problem)},
    }
    if operation.public:
        described["security"] = []
    if operation.scope is not None:
        described["description"] = f"An API token with the scope `{operation.scope}` may call it, too."
    if operation.body is not None:
        required = any(field.is_required() for field in operation.body.model_fields.values())
        described["requestBody"] = {"required": required, "content": _json(operation.body)}
    if operation.files is not None:
        form = {"type": "object", "required": [operation.files], "properties": {operation.files: _binary()}}
        described["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    return described


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    names = [found[1] for found in _PARAMETER.finditer(operation.path)]
    kinds = {"seq": {"type": "integer", "minimum": 0}}
    return [
        {"name": name, "in": "path", "required": True, "schema": kinds.get(name, {"type": "string"})} for name in names
    ]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema()
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": field}
        for name, field in schema["properties"].items()
    ]


def _header_parameters(operation: Operation) -> list[dict[str, Any]]:
    if not operation.command:
        return []
    told = "Your key for this command: asked again with the same one, it is done once."
    return [{"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}, "description": told}]


def _answers(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {}
    for status, model in operation.every_answer.items():
        described[str(status)] = {
            "description": "Published, not settled yet" if status == HTTPStatus.ACCEPTED else "Done"
        }
        if model is not None:
            described[str(status)]["content"] = _json(model)
        elif status == HTTPStatus.OK:
            described[str(status)]["content"] = {kind: {"schema": _binary()} for kind in operation.file_types}
    return described


def _problems(codes: Iterable[Code]) -> dict[str, Any]:
    by_status: dict[int, list[Code]] = {}
    for code in codes:
        by_status.setdefault(STATUS[code], []).append(code)
    return {
        str(status): {
            "description": "; ".join(f"`{code}`: {TITLE[code]}" for code in those),
            "content": {
                CONTENT_TYPE: {
                    "schema": {
                        "allOf": [
                            {"$ref": _REF.format(model="Problem")},
                            {"properties": {"code": {"enum": those}}},
                        ]
                    }
                }
            },
        }
        for status, those in sorted(by_status.items())
    }


def _live() -> dict[str, Any]:
    frames = [{"$ref": _REF.format(model=frame.__name__)} for frame in FRAMES]
    return {
        "operationId": "live",
        "summary": "A WebSocket that tells what changes",
        "description": "The client's first frame, within 5 s, is `hello` with the last cursor it has, or null. Then "
        "come what changed since, `ready`, and everything as it happens. Close codes: 4401 the login ended, "
        "4408 too slow, 1012 restart.",
        "responses": {
            "101": {"description": "Frames, both ways", "content": {"application/json": {"schema": {"oneOf": frames}}}}
        },
    }


def _json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF.format(model=model.__name__)}}}


def _binary() -> dict[str, str]:
    return {"type": "string", "contentMediaType": "application/octet-stream"}
