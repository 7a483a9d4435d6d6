import asyncio
import json
import sys
from asyncio.subprocess import PIPE, STDOUT

from services.console.app import OPERATIONS
from services.console.openapi import document
from tests.house.test_imports import ROOT

TYPES = ROOT / "services" / "console" / "web" / "src" / "api" / "schema.d.ts"


async def printed(*command: str, said: bytes | None = None) -> tuple[int | None, bytes]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *command, cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=STDOUT
    )
    out, _ = await process.communicate(said)
    return process.returncode, out


async def test_the_document_is_printed_without_server_or_settings() -> None:
    code, out = await printed("services.console.print_openapi")
    assert code == 0
    assert json.loads(out) == document(OPERATIONS)


def test_no_two_shapes_share_a_name() -> None:
    described = document(OPERATIONS)["components"]["schemas"]
    shared = [name for name in described if "__" in name]
    assert shared == [], "the document points to a shape by its bare name; call one of them something else"


async def test_the_web_apps_types_are_those_of_the_calls() -> None:
    schema = json.dumps(document(OPERATIONS)).encode()
    code, out = await printed("deploy.local.node", "npm", "run", "--silent", "api-types", "--", "--check", said=schema)
    assert code == 0, f"run `make api-types`, and commit what it writes:\n{out.decode()}"


async def test_types_of_another_document_are_noticed() -> None:
    other = document(OPERATIONS[:1])
    before = TYPES.read_bytes()
    told = json.dumps(other).encode()
    code, _ = await printed("deploy.local.node", "npm", "run", "--silent", "api-types", "--", "--check", said=told)
    assert code == 1
    assert TYPES.read_bytes() == before
