"""`python -m services.console.print_openapi`: the OpenAPI document, without a server and without settings."""

import json
import sys

from services.console.app import OPERATIONS
from services.console.openapi import document


def main() -> None:
    json.dump(document(OPERATIONS), sys.stdout, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main()
