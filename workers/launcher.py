"""Prepares this process, then becomes the command it is given: dies with its parent, and is not root.

    launcher.py PARENT SIGNAL UID GID [PATH…] -- COMMAND…

SIGNAL reaches the command when the process PARENT dies (0: none). UID `-` keeps the user. Where the PATHs cannot be
reached by that user (a data directory under /root), the command keeps the one capability that reaches them, no other.

Run by its file name in an isolated interpreter, so it imports nothing of ours. A script and not a `preexec_fn`: code
between fork and exec may deadlock in a program with threads.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
_CAPABILITY_VERSION_3 = 0x20080522
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, *arguments: int) -> None:
    padded = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    if _libc.prctl(option, *padded) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def _permitted() -> int:
    sets = (_Sets * 2)()
    if _libc.capget(ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), sets) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    return int(sets[0].permitted)


def _set_capabilities(effective: int, permitted: int, inheritable: int) -> None:
    sets = (_Sets * 2)(_Sets(effective, permitted, inheritable), _Sets(0, 0, 0))
    if _libc.capset(ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), sets) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _reachable(paths: list[str]) -> bool:
    return all(os.access(path, os.R_OK | os.X_OK, effective_ids=True) for path in paths)


def _least(permitted: int, paths: list[str]) -> int:
    """The smallest set of capabilities, out of those permitted, with which the paths can be reached."""
    wanted = permitted & (1 << _DAC_OVERRIDE | 1 << _DAC_READ_SEARCH)
    for candidate in (0, 1 << _DAC_READ_SEARCH, 1 << _DAC_OVERRIDE):
        if candidate & wanted == candidate:
            _set_capabilities(candidate, wanted, 0)
            if _reachable(paths):
                return candidate
    return wanted


def drop_root(uid: int, gid: int, paths: list[str]) -> None:
    """Become the user for good, keeping only what reaching the paths takes."""
    linux = sys.platform == "linux"
    if linux:
        _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if linux:
        kept = _least(_permitted(), paths)
        _set_capabilities(kept, kept, kept)
        for capability in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
            if kept & 1 << capability:
                _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)


def die_with(parent: int, signal: int) -> None:
    """Have the signal sent to this process when its parent ends; leave at once if it already has."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal)
        if os.getppid() != parent:
            sys.exit("the process that started this one has ended")


def main() -> None:
    end = sys.argv.index("--")
    parent, signal, uid, gid, *paths = sys.argv[1:end]
    command = sys.argv[end + 1 :]
    try:
        if uid != "-":
            drop_root(int(uid), int(gid), paths)
        if signal != "0":
            die_with(int(parent), int(signal))  # after the change of user, which forgets it
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"cannot start {command[0]} as user {uid}: {error}")


if __name__ == "__main__":
    main()
