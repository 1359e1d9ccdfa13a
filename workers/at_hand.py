"""What a worker has at hand, in a file that outlives it.

A post can end the whole process, by the memory it takes or by a fault in a library. Nothing says so then: the batch is
pending as before, the sweep enqueues it again, and it would take every next worker along. So a worker notes the ids
before it begins. Its successor in the same slot reads what was left, and knows whom to suspect. Where that cannot be
noted, as on a full disk, no post is to blame: work goes on without.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

log = structlog.get_logger()


class AtHand:
    """A file that one process at a time holds; whoever comes while another has it notes nothing and finds nothing.

    Raises OSError if the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._ours = self._told = False
        with suppress(BlockingIOError):
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._ours = True

    def left(self) -> list[int]:
        """The ids that a process had at hand when it ended without letting go of them."""
        if not self._ours:
            return []
        noted, whole, _ = os.pread(self._file, os.fstat(self._file).st_size, 0).partition(b"\n")
        return [int(number) for number in noted.split()] if whole else []  # a number may be cut off to another's

    @contextmanager
    def holding(self, ids: Sequence[int]) -> Iterator[None]:
        """Have these at hand: they are noted until the block ends, however it ends but with the process."""
        if not self._ours or not self._noted(ids):
            yield
            return
        try:
            yield
        finally:
            os.ftruncate(self._file, 0)

    def _noted(self, ids: Sequence[int]) -> bool:
        try:
            os.pwrite(self._file, b" ".join(b"%d" % number for number in ids) + b"\n", 0)
        except OSError as error:
            if not self._told:
                log.warning("what is at hand cannot be noted", reason=error.strerror)
            self._told = True
            return False
        self._told = False
        return True
