"""Real trees of processes. Children write to the supervisor's output: its end means that every one of them is gone."""

import itertools
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import psycopg
import pytest

from workers.addresses import database_url
from workers.child_states import ChildState, read_child_states, running

_SCRIPT = """
import logging, sys
from pathlib import Path
import structlog
from leitstand.errors import OutdatedError
from workers.process import Command
from workers.supervisor import Supervisor, supervise
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
data_dir, grace, *codes = sys.argv[1:]
roles = [Command(f"role-{i}", (sys.executable, "-c", code), grace=float(grace)) for i, code in enumerate(codes)]
if data_dir == "-":
    try:
        Supervisor(roles).run()
    except OutdatedError as error:
        sys.exit(f"makes way: {error}")
else:
    supervise(Path(data_dir), roles)
"""
_TELL = "import os, signal, time; print(os.getpid(), flush=True);"
_STAY = _TELL + "signal.pause()"
_POLITE = "import os, signal; signal.signal(signal.SIGTERM, lambda n, f: (os.write(1, b'asked\\n'), os._exit(0)));"
_DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"


@contextmanager
def _supervisor(
    *roles: str, data_dir: str = "-", grace: float = 10, hang_up: Literal["SIG_DFL", "SIG_IGN"] = "SIG_DFL"
) -> Iterator[subprocess.Popen[str]]:
    # Whoever started the tests may have it ignored, and that is inherited.
    terminal = f"import signal; signal.signal(signal.SIGHUP, signal.{hang_up})\n"
    command = [sys.executable, "-c", terminal + _SCRIPT, data_dir, str(grace), *roles]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def _rest(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout
    return process.stdout.read().split()


def _postgres(data_dir: Path, but: int = 0) -> ChildState:
    """The state of a PostgreSQL that answers and is not process `but`."""
    deadline, pause = time.monotonic() + 90, threading.Event()
    while time.monotonic() < deadline:
        for state in read_child_states(data_dir):
            if state.name == "postgres" and state.pid not in {None, but} and _answers(data_dir):
                return state
        pause.wait(0.02)
    raise AssertionError("PostgreSQL is not back")


def _answers(data_dir: Path) -> bool:
    try:
        psycopg.connect(database_url(data_dir)).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_killed_child_is_started_again() -> None:
    with _supervisor(_STAY) as process:
        first = int(_line(process))
        os.kill(first, signal.SIGKILL)
        assert int(_line(process)) != first


def test_a_child_that_keeps_ending_is_started_ever_later() -> None:
    with _supervisor("import time; print(time.monotonic(), flush=True)") as process:
        at = [float(_line(process)) for _ in range(4)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(at)]
    assert gaps[0] >= 0.2 and gaps[1] >= 0.4 and gaps[2] >= 0.8


@pytest.mark.parametrize("order", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_to_end_it_asks_every_child_and_leaves_none(order: signal.Signals) -> None:
    with _supervisor(_POLITE + _STAY, _POLITE + _STAY) as process:
        _line(process), _line(process)
        process.send_signal(order)
        told, said = process.communicate()
        assert (told.split(), process.returncode) == (["asked", "asked"], 0)
        assert re.search(rf"ending +why={order.name}", said)


def test_a_child_that_does_not_listen_is_killed_after_its_grace() -> None:
    with _supervisor(_DEAF + _STAY, grace=0.3) as process:
        _line(process)
        begun = time.monotonic()
        process.terminate()
        assert _rest(process) == []
        assert time.monotonic() - begun >= 0.3
        assert process.wait() == 0


def test_a_second_order_does_not_wait_for_the_grace() -> None:
    with _supervisor(_DEAF + _STAY, _POLITE + _STAY, grace=60) as process:
        _line(process), _line(process)
        process.terminate()
        assert _line(process) == "asked"
        process.terminate()
        assert _rest(process) == []
        assert process.wait() == 0


def test_a_terminal_that_hangs_up_twice_does_not_hurry_anybody(tmp_path: Path) -> None:
    os.mkfifo(go := tmp_path / "go")
    answer = f"lambda n, f: (os.write(1, b'asked\\n'), open({str(go)!r}).read(), os.write(1, b'done\\n'), os._exit(0))"
    with _supervisor(f"import os, signal; signal.signal(signal.SIGTERM, {answer});" + _STAY) as process:
        _line(process)
        process.send_signal(signal.SIGHUP)
        assert _line(process) == "asked"
        process.send_signal(signal.SIGHUP)
        go.write_text("")
        assert _rest(process) == ["done"]
        assert process.wait() == 0


def test_where_hanging_up_is_ignored_it_ends_nobody() -> None:
    with _supervisor(_STAY, hang_up="SIG_IGN") as process:
        first = int(_line(process))
        process.send_signal(signal.SIGHUP)
        os.kill(first, signal.SIGKILL)
        assert int(_line(process)) != first  # it goes on keeping up
        process.terminate()
        assert process.wait() == 0


def test_children_end_with_a_supervisor_that_is_killed() -> None:
    with _supervisor(_POLITE + _STAY) as process:
        _line(process)
        process.kill()
        assert _rest(process) == ["asked"]


def test_what_a_child_had_started_ends_with_it() -> None:
    grandchild = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']);"
    with _supervisor(grandchild + _STAY) as process:
        os.kill(int(_line(process)), signal.SIGKILL)
        _line(process)
        process.terminate()
        assert _rest(process) == []  # the grandchildren hold the pipe too
        assert process.wait() == 0


def test_a_role_that_makes_way_for_a_newer_version_takes_all_with_it(tmp_path: Path) -> None:
    os.mkfifo(meeting := tmp_path / "meeting")
    outdated = f"import sys; open({str(meeting)!r}).read(); sys.exit(75)"  # once the other one listens
    with _supervisor(outdated, _POLITE + f"open({str(meeting)!r}, 'w').close(); signal.pause()") as process:
        told, said = process.communicate()
        assert (told.split(), process.returncode) == (["asked"], 1)
        assert "makes way: the database belongs to a newer version" in said


def test_a_role_that_is_told_to_end_and_makes_way_meanwhile_is_no_reason_to_come_back() -> None:
    with _supervisor(
        "import signal, sys; signal.signal(signal.SIGTERM, lambda n, f: sys.exit(75));" + _STAY
    ) as process:
        _line(process)
        process.terminate()
        _, said = process.communicate()
        assert process.returncode == 0 and "makes way" not in said


def test_a_program_that_does_not_exist_is_tried_again_and_hurts_nobody() -> None:
    broken = "import os; os.execv('/does/not/exist', ['x'])"
    with _supervisor(broken, _STAY) as process:
        assert int(_line(process)) > 0
        process.terminate()
        assert _rest(process) == []
        assert process.wait() == 0


def test_servers_come_back_with_their_data_and_the_roles_stay(tmp_path: Path) -> None:
    with _supervisor(_STAY, data_dir=str(tmp_path)) as process:
        role = int(_line(process))
        first = _postgres(tmp_path)
        with psycopg.connect(database_url(tmp_path), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        assert first.pid
        os.kill(first.pid, signal.SIGKILL)
        second = _postgres(tmp_path, but=first.pid)
        with psycopg.connect(database_url(tmp_path)) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        states = {state.name: state for state in read_child_states(tmp_path)}
        assert set(states) == {"postgres", "redis", "role-0"} and all(map(running, states.values()))
        assert (states["role-0"].pid, second.starts, second.status) == (role, 2, -signal.SIGKILL)
        _refuses_a_second(tmp_path, process.pid)
        process.terminate()
        assert _rest(process) == []
        assert process.wait() == 0
    assert read_child_states(tmp_path) == ()
    assert not _answers(tmp_path)


def _refuses_a_second(data_dir: Path, holder: int) -> None:
    with _supervisor(_STAY, data_dir=str(data_dir)) as second:
        _, said = second.communicate()
        assert second.returncode == 1
        assert f"already runs on {data_dir} (process {holder})" in said


def test_a_killed_supervisor_is_followed_by_another(tmp_path: Path) -> None:
    with _supervisor(_STAY, data_dir=str(tmp_path)) as process:
        _line(process)
        first = _postgres(tmp_path)
        process.kill()
        with _supervisor(_STAY, data_dir=str(tmp_path)) as second:
            assert int(_line(second)) > 0
            assert _postgres(tmp_path, but=first.pid or 0).starts == 1
            second.terminate()
            assert second.wait() == 0


def test_a_server_that_never_works_ends_the_supervisor_with_its_log(tmp_path: Path) -> None:
    with _supervisor(_STAY, data_dir=str(tmp_path)) as process:
        _line(process)
        process.terminate()
        process.wait()
    with (tmp_path / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = on\n")
    with _supervisor(_STAY, data_dir=str(tmp_path)) as process:
        told, said = process.communicate()
        assert (process.returncode, told) == (1, "")
        assert "postgres does not start" in said and "no_such_setting" in said


def test_it_loads_nothing_heavy() -> None:
    heavy = "{'rq', 'sqlalchemy', 'spacy', 'psycopg', 'redis', 'pydantic'} & set(sys.modules)"
    code = f"import sys, workers.supervisor; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
