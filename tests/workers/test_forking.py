"""Forked children, in a process of their own: the tests' process has threads, which forking refuses."""

import json
import signal
import subprocess
import sys
import threading

import pytest

from leitstand.errors import ServiceError
from workers.forking import fork

_SCRIPT = """
import os, signal, socket, sys
from workers.forking import fork
signal.signal(signal.SIGTERM, lambda *_: print("the parent's handler", flush=True))
kept = [socket.socketpair(), open(os.devnull)]
child = fork("role", "tests.workers.forkable", sys.argv[2:], signal.SIGTERM)
if sys.argv[1] == "leave":
    sys.stdin.readline()
    os._exit(0)
if sys.argv[1] == "term":
    sys.stdin.readline()
    child.send_signal(signal.SIGTERM)
print("ended", child.wait(), child.poll(), child.pid, flush=True)
"""


def _run(*arguments: str, then: str = "wait") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _SCRIPT, then, *arguments]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )


def _said(*arguments: str) -> tuple[list[str], str]:
    with _run(*arguments) as process:
        out, error = process.communicate(timeout=120)
    *said, ended = out.splitlines()
    return [*said, ended.rsplit(" ", 1)[0]], error


def test_a_child_leads_a_session_and_has_its_arguments() -> None:
    lines, _ = _said("tell", "a", "b")
    pid, session, *rest = lines[0].split()
    assert (pid, rest) == (session, ["a", "b"])
    assert lines[1] == "ended 0 0"


@pytest.mark.parametrize(("said", "status"), [("0", 0), ("3", 3), ("in words", 1)])
def test_it_exits_as_it_says(said: str, status: int) -> None:
    lines, error = _said("exit", said)
    assert f"ended {status} {status}" in lines
    assert ("in words" in error) == (said == "in words")


def test_what_it_does_not_catch_is_shown() -> None:
    lines, error = _said("raise")
    assert "ended 1 1" in lines
    assert "ValueError: told to" in error


def test_what_a_person_can_mend_is_one_line_of_the_log() -> None:
    lines, error = _said("refuse")
    assert "ended 1 1" in lines
    (logged,) = map(json.loads, error.splitlines())
    assert (logged["event"], logged["level"], logged["role"]) == ("cannot go on", "error", "role")
    assert logged["reason"] == "the database wants migrating: run `leitstand db upgrade`"


def test_who_makes_way_for_a_newer_version_says_so_by_its_status() -> None:
    assert "ended 75 75" in _said("outdated")[0]


def test_it_keeps_none_of_its_parents_files_and_handlers() -> None:
    assert "0 1 2 3" in _said("files")[0]
    assert "1 True" in _said("threads")[0]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_list_of_processes_names_it() -> None:
    assert "leitstand role title a" in _said("title", "a")[0]


def test_it_can_be_told_to_end() -> None:
    with _run("stay", then="term") as process:
        assert process.stdout and process.stdin
        assert process.stdout.readline().strip() == "stays"
        process.stdin.write("now\n")
        assert process.stdout.readline().startswith(f"ended {-signal.SIGTERM} {-signal.SIGTERM} ")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells it")
def test_it_ends_when_its_parent_dies() -> None:
    with _run("stay", then="leave") as process:
        assert process.stdout and process.stdin
        assert process.stdout.readline().strip() == "stays"
        process.stdin.write("leave\n")
        assert process.stdout.read() == ""  # the pipe closes when both have ended


def test_a_process_with_threads_is_not_forked() -> None:
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait)
    thread.start()
    try:
        with pytest.raises(ServiceError, match="single thread"):
            fork("role", "tests.workers.forkable", ["tell"], signal.SIGTERM)
    finally:
        go_on.set()
        thread.join()
