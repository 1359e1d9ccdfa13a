"""A webhook receiver of the demo's own: verifies each signature and hands on what was told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from standardwebhooks import Webhook, WebhookVerificationError

MAX_BODY = 1_000_000


@dataclass(frozen=True, slots=True)
class Received:
    """One verified delivery: the path it came to, its webhook-id, its body, and whether that id comes `again`."""

    path: str
    id: str
    body: dict[str, Any]
    again: bool


@contextmanager
def receiver(secret: str, told: Callable[[Received], None]) -> Iterator[str]:
    """Run a receiver on a free loopback port; yields its address. `told` is called at every delivery."""
    webhook, seen, lock = Webhook(secret), set[tuple[str, str]](), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(min(int(self.headers.get("content-length", 0)), MAX_BODY))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                webhook.verify(raw, headers)
            except WebhookVerificationError:
                self._answer(401)
                return
            key = (self.path, headers["webhook-id"])
            with lock:
                again = key in seen
                seen.add(key)
            told(Received(*key, msgspec.json.decode(raw), again))
            self._answer(204)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it so
            """Say nothing: the demo prints what matters."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="receiver", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
