"""A console to which more come than it may have files open: it says so once, and serves whoever comes later."""

import json
import resource
import socket
import subprocess
import sys
from contextlib import ExitStack

import httpx

from console import spawn

_SERVE = """
import asyncio, resource, sys
from fastapi import FastAPI
from console.app import Server
from console.web.live import Live
from workers.logs import configure_logging

configure_logging("serve")
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
app = FastAPI()
app.state.live, app.state.address = Live(lambda: ""), sys.argv[1]
app.get("/")(lambda: "well")
asyncio.run(Server(app, sys.argv[1]).serve())
"""
LIMIT = 120


def test_too_many_connections_are_one_line_of_the_log_and_pass() -> None:
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] > 40
    port = spawn.free_port()
    command = [sys.executable, "-c", _SERVE, f"127.0.0.1:{port}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr
            assert json.loads(process.stderr.readline())["event"] == "serving"
            with ExitStack() as crowd:
                for _ in range(60):
                    crowd.enter_context(socket.create_connection(("127.0.0.1", port), LIMIT))
                line = process.stderr.readline()
            assert httpx.get(f"http://127.0.0.1:{port}/", timeout=LIMIT).json() == "well"
            process.terminate()
            rest = process.stderr.read()
        finally:
            process.kill()
    said = json.loads(line)
    assert (said["event"], said["reason"]) == ("no further connection can be taken", "Too many open files")
    assert b"Traceback" not in line + rest and b"no further connection" not in rest
