"""A command to a mongod, told on stdin as `{"url", "command", "login": [name, password] | null}`; writes its answer."""

import json
import sys
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure


def main() -> None:
    told = json.load(sys.stdin)
    login = dict(zip(("username", "password"), told["login"] or (), strict=False))
    client: MongoClient[dict[str, Any]] = MongoClient(told["url"], directConnection=True, **login)
    try:
        answer = client["admin"].command(told["command"])
    except OperationFailure as refused:
        answer = dict(refused.details or {"ok": 0, "errmsg": "refused"})
    finally:
        client.close()
    json.dump(answer, sys.stdout, default=str)


if __name__ == "__main__":
    main()
