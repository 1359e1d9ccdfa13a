"""As much of PostgreSQL's protocol as asking "do you work?" takes, so that the supervisor need not load a driver."""

import socket
import struct
from pathlib import Path

_PROTOCOL = 3 << 16
_LIMIT = 2.0
_NO_SUCH_DATABASE = "3D000"


def obstacle(path: Path, database: str) -> str | None:
    """What keeps the server at the socket from taking queries, None if nothing does.

    The role and the database have the same name; the database is made if the server works and has none.
    """
    try:
        code = ask(path, database, database)
        if code == _NO_SUCH_DATABASE:
            code = ask(path, database, "postgres", f'CREATE DATABASE "{database}"')
    except (OSError, struct.error) as error:
        return f"no answer at {path}: {error}"
    return f"it answers with error {code}" if code else None


def ask(path: Path, role: str, database: str, statement: str = "") -> str:
    """Connect, run the statement if there is one, and return the SQLSTATE of what went wrong, "" for nothing."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_LIMIT)
        connection.connect(str(path))
        parameters = f"user\0{role}\0database\0{database}\0\0".encode()
        connection.sendall(struct.pack("!II", len(parameters) + 8, _PROTOCOL) + parameters)
        code = _until_ready(connection)
        if statement and not code:
            query = statement.encode() + b"\0"
            connection.sendall(b"Q" + struct.pack("!I", len(query) + 4) + query)
            code = _until_ready(connection)
        if not code:
            connection.sendall(b"X" + struct.pack("!I", 4))
        return code


def _until_ready(connection: socket.socket) -> str:
    while True:
        kind, length = struct.unpack("!cI", _exactly(connection, 5))
        body = _exactly(connection, length - 4)
        if kind == b"E":
            return _sqlstate(body)
        if kind == b"Z":
            return ""


def _exactly(connection: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        if not (chunk := connection.recv(size - len(received))):
            raise ConnectionError("the connection was closed")
        received += chunk
    return bytes(received)


def _sqlstate(body: bytes) -> str:
    fields = {field[:1]: field[1:] for field in body.split(b"\0")}
    return fields.get(b"C", b"XX000").decode("ascii", "replace")
