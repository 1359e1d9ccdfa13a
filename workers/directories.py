"""The folders of a data directory: made private, handed to the servers' user, and claimed by one process at a time."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leitstand.errors import ServiceError
from workers.process import User


def make_data_dir(path: Path) -> None:
    """Make the data directory if there is none. As root others may pass through it, since the servers are not root."""
    try:
        path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ServiceError(
            f"cannot make {path}: {error.strerror}; set server.data_dir to a folder you may write"
        ) from error


def make_private(path: Path, user: User | None) -> None:
    """Make it a directory that only `user` (None: this user) can enter. Another's, or a link, is refused."""
    owner = user or User(os.geteuid(), os.getegid())
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), owner.uid}:
            raise ServiceError(f"{path} belongs to somebody else: remove it, or set another server.data_dir")
        if found.st_uid != owner.uid:
            os.chown(path, owner.uid, owner.gid)
        if stat.S_IMODE(found.st_mode) != 0o700:
            path.chmod(0o700)
        if not os.access(path, os.X_OK):
            raise ServiceError(f"this root may not enter {path} (it lacks CAP_DAC_OVERRIDE): start as an ordinary user")
    except OSError as error:
        raise ServiceError(f"cannot make {path} private: {error.strerror}") from error


@contextmanager
def claimed(data_dir: Path) -> Iterator[None]:
    """Hold the data directory, so that only one process runs servers on it.

    Raises ServiceError, naming the other process, when it is held. A holder that is killed holds nothing.
    """
    make_data_dir(data_dir)
    path = data_dir / "lock"
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ServiceError(f"cannot open {path}: {error.strerror}; use the user that owns it") from error
    try:
        _lock(lock, data_dir)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(lock)


def _lock(lock: int, data_dir: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(lock, 32, 0).decode(errors="replace").strip() or "unknown"
        raise ServiceError(
            f"Leitstand already runs on {data_dir} (process {holder}): stop it first, or set another server.data_dir"
        ) from error
