"""What is said when something the console stands on fails: the address, the database, the answer itself."""

import asyncio
import socket
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from fastapi import FastAPI
from psycopg.errors import DiskFull, UndefinedTable
from sqlalchemy.exc import OperationalError, ProgrammingError
from structlog.testing import capture_logs

from console.api import probes
from console.api.desk import Desk
from console.app import Server, create_app
from console.web.failures import FULL, handlers
from console.web.render import Renderer
from leitstand import database
from leitstand.settings import Settings
from monitoring.health import Part
from tests.console.running import Console, settings, well
from tests.console.visiting import HTMX, SAME, sign_in
from triage.policy import compile_policy


def test_an_address_that_is_taken_is_said_with_what_to_do_and_not_served(tmp_path: Path) -> None:
    config = settings(tmp_path)
    away = database.engine("postgresql://nobody@127.0.0.1:1/none")
    desk = Desk(away, compile_policy(config))
    app = create_app(config, desk, take=lambda *_: None, metrics=lambda: b"", health=well)  # type: ignore[arg-type]
    with socket.create_server(("127.0.0.1", 0)) as taken, capture_logs() as logs:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SystemExit):
            Server(app, listen).run()
    (said,) = [log for log in logs if log["event"] in ("serving", "cannot listen")]
    assert (said["event"], said["address"]) == ("cannot listen", listen)
    assert "server.listen" in said["advice"]


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told_when_the_console_serves_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool
) -> None:
    config = settings(tmp_path)
    away = database.engine("postgresql://nobody@127.0.0.1:1/none")
    app = create_app(config, Desk(away, compile_policy(config)), take=lambda *_: None, metrics=lambda: b"", health=well)  # type: ignore[arg-type]
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0{folder}" if abstract else f"{folder}/notify")
        systemd.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{folder}" if abstract else f"{folder}/notify")
        with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit):
            Server(app, f"127.0.0.1:{taken.getsockname()[1]}").run()
        with pytest.raises(BlockingIOError):
            systemd.recv(100)

        async def serve() -> None:
            server = Server(app, "127.0.0.1:0")
            serving = asyncio.create_task(server.serve())
            loop, told = asyncio.get_running_loop(), asyncio.Event()
            loop.add_reader(systemd, told.set)
            await told.wait()
            loop.remove_reader(systemd)
            server.should_exit = True
            await serving

        asyncio.run(serve())
        assert systemd.recv(100) == b"READY=1"


def asked(app: FastAPI, *paths: str) -> list[httpx.Response]:
    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console") as client:
            return [await client.get(path) for path in paths]

    return asyncio.run(ask())


def test_a_part_that_hangs_is_said_to_hang_and_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    asking: list[None] = []

    def hangs() -> list[Part]:
        asking.append(None)
        assert answers.wait(60)
        return list(well())

    async def ask() -> list[int]:
        app = FastAPI()
        app.include_router(probes.routes(lambda: b"", hangs))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console") as client:
            monkeypatch.setattr(probes, "PATIENCE", 0.01)
            found = [(await client.get("/readyz")).status_code for _ in range(3)]
            assert "has not answered" in (await client.get("/readyz")).text
            monkeypatch.setattr(probes, "PATIENCE", 60)
            answers.set()
            return [*found, (await client.get("/readyz")).status_code]

    assert asyncio.run(ask()) == [503, 503, 503, 200]
    assert len(asking) == 1


def test_a_full_disk_is_not_called_a_database_that_is_away() -> None:
    app = FastAPI(exception_handlers=handlers(Renderer(Settings())))

    @app.get("/{path:path}")
    async def store(path: str) -> None:
        raise OperationalError("INSERT", {}, DiskFull("could not extend file"))

    api, page = asked(app, "/api/v1/mentions", "/cases/1")
    assert (api.status_code, api.json()) == (503, {"error": FULL})
    assert page.status_code == 503 and "The database has no room left" in page.text
    assert 'data-again="10"' in page.text and '<a href="/cases/1">Try again</a>' in page.text


def test_a_database_of_another_version_is_not_called_away() -> None:
    app = FastAPI(exception_handlers=handlers(Renderer(Settings())))

    @app.get("/{path:path}")
    async def read(path: str) -> None:
        raise ProgrammingError("SELECT", {}, UndefinedTable("no such table"))

    (page,) = asked(app, "/")
    assert page.status_code == 503 and "leitstand db upgrade" in page.text


def test_what_is_refused_says_why(open_console: Console) -> None:
    number = open_console.open_case()
    with open_console.client(**SAME) as client:
        page = client.post(f"/cases/{number}/posts/1/correct", data={"sentiment": "great"})
    assert page.status_code == 422
    assert "must be one of" in page.text and "has logged" not in page.text


def test_another_case_that_is_not_there_leaves_this_one_on_the_screen(console: Console) -> None:
    number = console.open_case(words="acme cloud is down")
    with sign_in(console) as client:
        german = {**HTMX, "Accept-Language": "de"}
        part = client.post(f"/cases/{number}/merge", data={"value": "999999"}, headers=german)
        gone = client.post("/cases/999999/acknowledge", headers=german)
    assert part.status_code == 404
    assert "Einen Fall 999999 gibt es nicht." in part.text and "cloud is" in part.text
    assert gone.status_code == 404 and "Hier ist nichts" in gone.text
