"""Why a local run cannot start or go on. Each text says what is wrong and what to do about it."""


class CannotStart(Exception):
    """Something the run needs is missing, taken or broken; nothing is left running."""


class NotInstalled(CannotStart):
    """A program or library is missing."""


class PortTaken(CannotStart):
    """Another process listens on the port."""


class DirectoryInUse(CannotStart):
    """Another run holds the directory."""


class DiskFull(CannotStart):
    """The disk has no room for what a server writes."""


class PartFailed(CannotStart):
    """A server or service ended, or did not become ready in time."""
