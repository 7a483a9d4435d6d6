"""Infrastructure trouble, which is never the fault of the message in hand."""


class Outage(Exception):
    """A broker or a database is out of reach. Hold what is in hand and try again; give nothing up."""
