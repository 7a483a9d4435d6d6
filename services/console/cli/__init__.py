"""`wxdesk`: administration and a look around from a terminal, for people and for scripts."""

from services.console.cli.command import main

__all__ = ["main"]
