"""`python -m deploy.release.write licences|sbom`: write docs/licences.md; print the bill of materials."""

import sys
from collections.abc import Sequence

from deploy.release.papers import LICENCES, bill, licences
from deploy.release.parts import npm_parts, python_parts


def main(arguments: Sequence[str]) -> int:
    parts = [*python_parts(), *npm_parts()]
    match arguments:
        case ["licences"]:
            LICENCES.write_text(licences(parts))
        case ["sbom"]:
            print(bill(parts), end="")
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
