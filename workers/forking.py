"""Children that are forks of this process: they share the memory of what it has imported, and start at once.

Only for a process of a single thread, whose open files no child may keep: the supervisor. What a child is told to run
is a module of ours with `main(*arguments)`.
"""

import importlib
import logging
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
from setproctitle import setproctitle

from leitstand.errors import OUTDATED, LeitstandError, OutdatedError, ServiceError
from workers.launcher import die_with

log = structlog.get_logger()

HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)  # by the supervisor


@dataclass(slots=True)
class Forked:
    """A forked child, with as much of subprocess.Popen as its keeper needs."""

    pid: int
    returncode: int | None = None

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._wait(os.WNOHANG)

    def wait(self) -> int:
        """The exit status, once it has ended."""
        status = self._wait(0)
        return 0 if status is None else status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def _wait(self, options: int) -> int | None:
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, options)
            except ChildProcessError:  # somebody else buried it
                pid, status = self.pid, 0
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def fork(name: str, module: str, arguments: Sequence[str], stop_signal: int) -> Forked:
    """Run `module.main(*arguments)` in a session of its own; it is told `stop_signal` if this process dies.

    Raises ServiceError in a process with threads: their locks would be held in the child for ever.
    """
    if threading.active_count() > 1:
        raise ServiceError("only a process of a single thread can be forked")
    parent = os.getpid()
    told, ready = os.pipe()
    # No signal may reach the child while it still has this process's handlers.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            _become(name, module, arguments, parent, stop_signal, before)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    os.close(ready)
    with open(told, "rb") as lead:  # noqa: PTH123  a descriptor, not a path
        lead.read()  # ends when the child leads its own session, and can be killed with all that it starts
    return Forked(pid)


def _become(
    name: str, module: str, arguments: Sequence[str], parent: int, stop_signal: int, mask: set[signal.Signals | int]
) -> None:
    status = 1
    try:
        os.setsid()
        die_with(parent, stop_signal)
        signal.set_wakeup_fd(-1)
        for number in HANDLED:
            if not is_ignored(number):
                signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        _close_inherited()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        setproctitle(f"leitstand {name} {' '.join(arguments)}")
        sys.argv = [module, *arguments]
        status = _call(module, arguments)
    finally:
        # Not through the frames above: they are the parent's, and would end its other children.
        os._exit(status)


def is_ignored(number: signal.Signals) -> bool:
    """Whether whoever started us wants this signal to do nothing, as `nohup` does."""
    return number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN


def _close_inherited() -> None:
    for number in map(int, os.listdir("/dev/fd")):  # noqa: PTH208  names, not paths
        if number > 2:
            with suppress(OSError):  # the listing's own is gone already
                os.close(number)


def _call(module: str, arguments: Sequence[str]) -> int:
    try:
        importlib.import_module(module).main(*arguments)
    except SystemExit as ended:
        return _code(ended)
    except LeitstandError as error:
        log.error("cannot go on", reason=str(error))
        return OUTDATED if isinstance(error, OutdatedError) else 1
    except BaseException:  # noqa: BLE001  the child's outermost frame
        traceback.print_exc()
        return 1
    finally:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # what could not be written is lost, how it ended is not
                stream.flush()
    return 0


def _code(ended: SystemExit) -> int:
    if isinstance(ended.code, str):
        print(ended.code, file=sys.stderr)  # noqa: T201  as the interpreter does
        return 1
    return ended.code or 0


Child = subprocess.Popen[bytes] | Forked
