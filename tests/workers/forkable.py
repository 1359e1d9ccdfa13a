"""What the tests have forked children do."""

import os
import signal
import sys
import threading
from pathlib import Path

from leitstand.errors import OutdatedError, ServiceError
from workers.logs import configure_logging


def main(what: str, *rest: str) -> None:
    """Do what is asked; the parent reads what is printed."""
    if what == "tell":
        print(os.getpid(), os.getsid(0), *rest, flush=True)
    elif what == "exit":
        sys.exit(int(rest[0]) if rest[0].isdigit() else rest[0])
    elif what == "raise":
        raise ValueError("told to")
    elif what == "refuse":
        configure_logging("role")
        raise ServiceError("the database wants migrating: run `leitstand db upgrade`")
    elif what == "outdated":
        raise OutdatedError("the database was upgraded")
    elif what == "files":
        print(*sorted(int(path.name) for path in Path("/dev/fd").iterdir()), flush=True)  # 3: the listing's own
    elif what == "stay":
        print("stays", flush=True)
        signal.pause()
    elif what == "title":
        print(Path("/proc/self/cmdline").read_text().strip("\0").strip(), flush=True)
    elif what == "threads":
        print(threading.active_count(), signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, flush=True)
