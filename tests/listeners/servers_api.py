"""A real HTTP server in a thread that answers as a function says: what the fakes of APIs stand on."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

PACE = 0.2
ENDLESS = 10**6


@dataclass(frozen=True)
class Asked:
    """A request. `query` has the parameters of the address, or of the form that was posted."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """An answer: anything that is no text is sent as JSON. `drop`: half of it, and then the connection is closed.
    `trickle`: a space now and then, and never the end.
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    trickle: bool = False

    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@contextmanager
def serving(respond: Callable[[Asked], Reply]) -> Iterator[str]:
    """The address of a server that answers by `respond`, one request at a time."""
    turn, ended = threading.Lock(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def _answer(self, method: str) -> None:
            posted = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            with turn:
                reply = respond(Asked(method, parts.path, dict(parse_qsl(posted or parts.query)), headers))
            content = reply.content()
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(ENDLESS if reply.trickle else len(content)))
            self.end_headers()
            if reply.trickle:
                return self._trickle()
            self.wfile.write(content[: len(content) // 2] if reply.drop else content)
            self.close_connection = self.close_connection or reply.drop
            return None

        def _trickle(self) -> None:
            self.close_connection = True
            with suppress(OSError):  # whoever asked has had enough
                while not ended.wait(PACE):
                    self.wfile.write(b" ")

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # whoever asked hung up

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
