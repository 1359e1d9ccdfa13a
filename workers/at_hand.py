"""What a worker has at hand, in a file that outlives it.

A post can end the whole process, by the memory it takes or by a fault in a library. Nothing says so then: the batch is
pending as before, the sweep enqueues it again, and it would take every next worker along. So a worker notes the ids
before it begins. Its successor in the same slot reads what was left, and knows whom to suspect.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


class AtHand:
    """A file that one process at a time holds; whoever comes while another has it notes nothing and finds nothing.

    Raises OSError if the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._ours = False
        with suppress(BlockingIOError):
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._ours = True

    def left(self) -> list[int]:
        """The ids that a process had at hand when it ended without letting go of them."""
        if not self._ours:
            return []
        noted = os.pread(self._file, os.fstat(self._file).st_size, 0).partition(b"\n")[0]
        return [int(number) for number in noted.split()] if noted else []

    @contextmanager
    def holding(self, ids: Sequence[int]) -> Iterator[None]:
        """Have these at hand: they are noted until the block ends, however it ends but with the process."""
        if not self._ours:
            yield
            return
        os.pwrite(self._file, b" ".join(b"%d" % number for number in ids) + b"\n", 0)
        try:
            yield
        finally:
            os.ftruncate(self._file, 0)
