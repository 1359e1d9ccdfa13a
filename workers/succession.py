"""A role makes way for a newer version of Leitstand, once that has brought the database to its own schema.

It finishes what is under way, as at SIGTERM, and ends with a status that tells whoever keeps it (our supervisor,
systemd, a container's runtime) to start what is installed by now. To go on would be to write into tables that it does
not know.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from leitstand import database
from leitstand.errors import OutdatedError
from leitstand.keeping import keep_in_thread

# A post that fails meanwhile is tried again after ten seconds, and moved aside after three times.
EVERY = 5.0
_PATIENCE = 1.0


def terminate() -> None:
    """End as if told by SIGTERM."""
    main = threading.main_thread().ident
    if main is not None:
        signal.pthread_kill(main, signal.SIGTERM)


@contextmanager
def current(engine: Engine, end: Callable[[], None] = terminate) -> Iterator[None]:
    """While inside, look now and then whether the schema is still ours; if it is newer, call `end`, once.

    Raises OutdatedError at the end of the block then.
    """
    left, found = threading.Event(), list[str]()

    def watch() -> None:
        while not left.wait(EVERY):
            if newer := _newer(engine):
                found.append(newer)
                end()
                return

    watching = threading.Thread(target=keep_in_thread, args=("succession", watch, left), name="succession", daemon=True)
    watching.start()
    try:
        yield
    finally:
        left.set()
        watching.join(_PATIENCE)  # no longer: PostgreSQL may hang
    if found:
        raise OutdatedError(f"the database was upgraded: {database.unfit(found[0])}")


def _newer(engine: Engine) -> str | None:
    """The schema's revision where it is newer than ours; None also where PostgreSQL is away."""
    try:
        with engine.connect() as connection:
            have = database.revision(connection)
    except SQLAlchemyError:
        return None
    return have if database.is_newer(have) else None
