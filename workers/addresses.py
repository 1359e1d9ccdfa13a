"""Where the embedded PostgreSQL and Redis of a data directory are found.

Pure: every role, in whatever process, computes the same answer from `data_dir` alone.
"""

import hashlib
import os
from pathlib import Path
from urllib.parse import quote

DATABASE = "leitstand"
POSTGRES_SOCKET = ".s.PGSQL.5432"  # the name that libpq derives from the default port
REDIS_SOCKET = "redis.sock"

# sockaddr_un.sun_path: 108 bytes on Linux, 104 on macOS, the closing zero included.
_LONGEST = 103
# Not tempfile.gettempdir(): TMPDIR differs between a service manager and an operator's shell.
_TEMPORARY = Path("/tmp")  # noqa: S108


def socket_dir(data_dir: Path) -> Path:
    """The directory of the sockets: `<data_dir>/run`, or a short private one where that path is too long for one."""
    beside = Path(os.path.realpath(data_dir)) / "run"
    if len(os.fsencode(beside / POSTGRES_SOCKET)) <= _LONGEST:
        return beside
    return _TEMPORARY / f"leitstand-{hashlib.sha256(os.fsencode(beside)).hexdigest()[:16]}"


def database_url(data_dir: Path) -> str:
    """The URL of the embedded PostgreSQL."""
    return f"postgresql://{DATABASE}@/{DATABASE}?host={quote(str(socket_dir(data_dir)), safe='')}"


def redis_url(data_dir: Path) -> str:
    """The URL of the embedded Redis."""
    return f"unix://{quote(str(socket_dir(data_dir) / REDIS_SOCKET))}?db=0"
