"""A worker in a process of its own that lets go of cases or of posts, and is killed before it commits."""

import signal
import sys
from datetime import datetime

from leitstand.database import engine
from workers.retention import Before, Pass, advance


def main(url: str, before: str, of: str) -> None:
    """Do one transaction's work, say so, and never commit it."""
    at = datetime.fromisoformat(before)
    with engine(url, pool_size=1).begin() as connection:
        advance(connection, Pass() if of == "cases" else Pass(case=None), Before(at, at), {}, at)
        print("done", flush=True)
        signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:4])
