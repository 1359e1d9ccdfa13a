"""A log that cannot be written: its disk is full, or whoever read it has ended. Work goes on."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")


def _said(error: int | IO[bytes], lines: int = 3) -> tuple[int, bytes, bytes]:
    command = [sys.executable, "-c", _SAYS, str(lines)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=error, check=False, timeout=120)
    return ended.returncode, ended.stdout, ended.stderr or b""


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
