import sys

from services.console.cli.command import main

if __name__ == "__main__":
    sys.exit(main())
