"""A worker of its own process that lets go of cases, and is killed before it commits."""

import signal
from datetime import datetime

from leitstand.database import engine
from workers.retention import Before, Pass, advance


def main(url: str, before: datetime, at: Pass) -> None:
    """Do one transaction's work, say so, and never commit it."""
    database = engine(url, pool_size=1)
    with database.begin() as connection:
        advance(connection, at, Before(before, before), before)
        print("done", flush=True)
        signal.pause()
