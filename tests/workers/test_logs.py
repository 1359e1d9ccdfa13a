"""A log that cannot be written: its disk is full, or whoever read it has ended. Work goes on. And what it shows."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

_HEAD = """
import logging, os, sys
import structlog
from workers.logs import configure_logging
configure_logging("role")
"""
_SAYS = f"""{_HEAD}
for number in range(int(sys.argv[1])):
    structlog.get_logger().warning("a line", number=number, word="größer")
logging.getLogger("library").error("another's line")
os.write(1, b"went on")
"""
_TREE = f"""{_HEAD}
from workers.process import Command
from workers.supervisor import Supervisor
child = "import os; os.write(1, b'ran\\\\n')"
Supervisor([Command("child", (sys.executable, "-c", child))]).run()
"""
_FAILS = f"""{_HEAD}
def fail(token, post):
    said = post.upper()
    raise RuntimeError("it went wrong")
for log in structlog.get_logger(), logging.getLogger("library"):
    try:
        fail("s3cr" + "et", "the printer " + "burns")
    except RuntimeError:
        log.exception("failed")
"""
full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")


def _said(error: int | IO[bytes], lines: int = 3, program: str = _SAYS) -> tuple[int, bytes, bytes]:
    command = [sys.executable, "-c", program, str(lines)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=error, check=False, timeout=120)
    return ended.returncode, ended.stdout, ended.stderr or b""


def _shown(program: str) -> str:
    """What a terminal shows of a program's log."""
    ours, theirs = pty.openpty()
    shown = b""
    with subprocess.Popen([sys.executable, "-c", program], stderr=theirs) as process:
        os.close(theirs)
        with suppress(OSError):  # Linux says so once nobody holds the other end
            while more := os.read(ours, 4096):
                shown += more
        os.close(ours)
        assert process.wait(120) == 0
    return shown.decode()


@contextmanager
def _nobody_reads() -> Iterator[int]:
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        yield theirs
    finally:
        os.close(theirs)


def test_each_line_is_one_of_json_by_whomever() -> None:
    status, _, log = _said(subprocess.PIPE)
    lines = [json.loads(line) for line in log.splitlines()]
    assert status == 0
    assert [(line["event"], line.get("number")) for line in lines] == [
        ("a line", 0),
        ("a line", 1),
        ("a line", 2),
        ("another's line", None),
    ]
    assert {line.get("word") for line in lines} == {"größer", None}
    assert {line.get("role") for line in lines} == {"role"}


@pytest.mark.parametrize("where", [_shown, lambda program: _said(subprocess.PIPE, program=program)[2].decode()])
def test_a_traceback_shows_where_it_failed_and_no_variable(where: Callable[[str], str]) -> None:
    log = where(_FAILS)
    assert log.count("RuntimeError: it went wrong") == 2, "ours, and a library's"
    assert log.count("in fail") == 2 and log.count("Traceback") == 2
    assert "s3cret" not in log
    assert "the printer burns" not in log.lower()


@full
def test_a_full_disk_under_the_log_stops_no_work() -> None:
    with Path("/dev/full").open("wb") as nothing_fits:
        assert _said(nothing_fits, lines=500) == (0, b"went on", b"")


def test_who_reads_the_log_may_end() -> None:
    with _nobody_reads() as end:
        assert _said(end, lines=500) == (0, b"went on", b"")


@full
def test_a_full_disk_under_the_log_ends_no_supervisor() -> None:
    command = [sys.executable, "-c", _TREE]
    with (
        Path("/dev/full").open("wb") as nothing_fits,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=nothing_fits) as process,
    ):
        try:
            assert process.stdout
            assert [process.stdout.readline() for _ in range(3)] == [
                b"ran\n"
            ] * 3  # it starts its child again and again
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == 0
        finally:
            process.kill()
