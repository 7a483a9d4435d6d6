"""`python -m shared.observe.probe PORT`: exit 0 if the service on this machine is ready, 1 if not, saying why.

For health checks where nobody else asks `/readyz`, in images that have no other program to ask with.
"""

import sys
from collections.abc import Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Final

PATIENCE_SECONDS: Final = 2.0


def failing(port: int) -> str | None:
    """What `/readyz` on loopback complains of; None if it does not."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        words = answer.read().decode(errors="replace").strip()
    except (OSError, HTTPException) as failure:
        return str(failure) or type(failure).__name__
    finally:
        connection.close()
    return None if answer.status == HTTPStatus.OK else words


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1 or not arguments[0].isdecimal():
        print(__doc__, file=sys.stderr)  # noqa: T201 - a program of its own
        return 2
    complaint = failing(int(arguments[0]))
    if complaint is not None:
        print(complaint, file=sys.stderr)  # noqa: T201 - as above
    return 0 if complaint is None else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
