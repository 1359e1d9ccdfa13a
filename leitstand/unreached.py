"""Why a server could not be reached: the reason lies at the bottom of errors that wrap one another. Pure."""

import errno
import re
import socket
import ssl
from asyncio import IncompleteReadError
from collections.abc import Iterator
from enum import StrEnum


class Obstacle(StrEnum):
    """What is in the way, as `why` says it."""

    NAME = "its name is not known"
    NO_NAME_SERVER = "no name server answers"
    REFUSED = "the connection is refused"
    CERTIFICATE = "its certificate is not valid"
    TLS = "no TLS comes about"
    SILENT = "it does not answer"
    NO_WAY = "there is no way to it from here"
    BROKEN_OFF = "it breaks the connection off"


_DEEPEST = 20
_NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EACCES, errno.EPERM}
# asyncio makes one text of the failures of a name's several addresses.
_NUMBER = re.compile(r"\[Errno (\d+)\]")


def obstacle(error: BaseException) -> Obstacle | None:
    """What was in the way; None where the error is of another kind."""
    found = [one for one in map(_of, _chain(error)) if one]
    return found[-1] if found else None


def why(error: BaseException) -> str:
    """The reason in words. Never an address: it may hold a key."""
    found = obstacle(error)
    last = next((one for one in reversed(list(_chain(error))) if _of(one) is found), error)
    match last:
        case ssl.SSLCertVerificationError():
            return f"{Obstacle.CERTIFICATE}: {last.verify_message}"
        case ssl.SSLError():
            return f"{Obstacle.TLS}: {(last.reason or 'unknown').replace('_', ' ').lower()}"
    if found:
        return found.value
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__


def _of(error: BaseException) -> Obstacle | None:
    """What this one error, without those below it, is about."""
    match error:
        case ssl.SSLCertVerificationError():
            return Obstacle.CERTIFICATE
        case ssl.SSLWantReadError() | ssl.SSLWantWriteError():  # it was still going on
            return None
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return Obstacle.BROKEN_OFF
        case ssl.SSLError():
            return Obstacle.TLS
        case socket.gaierror():
            return Obstacle.NO_NAME_SERVER if error.errno == socket.EAI_AGAIN else Obstacle.NAME
        case UnicodeError():  # what a name is encoded with says so of one that cannot be
            return Obstacle.NAME
        case ConnectionRefusedError():
            return Obstacle.REFUSED
        case TimeoutError():
            return Obstacle.SILENT
        case ConnectionError() | IncompleteReadError():
            return Obstacle.BROKEN_OFF
        case OSError():
            return _of_number(error)
    return None


def _of_number(error: OSError) -> Obstacle | None:
    number = error.errno
    if number is None and (told := _NUMBER.search(str(error))):
        number = int(told[1])
    if number == errno.ECONNREFUSED:
        return Obstacle.REFUSED
    if number == errno.ETIMEDOUT:
        return Obstacle.SILENT
    return Obstacle.NO_WAY if number in _NO_WAY else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it stands for, from the top down; also what was put aside, as httpcore does with a cause."""
    for _ in range(_DEEPEST):
        if error is None:
            return
        yield error
        within = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else None
        error = within or error.__cause__ or error.__context__
