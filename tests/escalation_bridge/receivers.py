"""Real HTTP receivers in threads, which can misbehave."""

import queue
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WAIT = 60.0


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """An answer, or what is done instead of one."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    drop: bool = False  # read everything, then close without an answer
    hang: bool = False  # never answer


OK, DROP, HANG = Reply(), Reply(drop=True), Reply(hang=True)


class Receiver:
    """Answers by `respond`, and keeps what it got in `requests`."""

    def __init__(self, respond: Callable[[Request], Reply]) -> None:
        self.requests: queue.Queue[Request] = queue.Queue()
        self.respond = respond
        self.closing = threading.Event()
        self.connections: list[socket.socket] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = WAIT

            def setup(self) -> None:
                super().setup()
                receiver.connections.append(self.connection)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                headers = {k.lower(): v for k, v in self.headers.items()}
                request = Request(self.path, headers, body)
                reply = receiver.respond(request)
                receiver.requests.put(request)
                if reply.hang:
                    receiver.closing.wait(WAIT)
                if reply.hang or reply.drop:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = False
            block_on_close = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # the sender hung up

        self.server = Server(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def next(self) -> Request:
        return self.requests.get(timeout=WAIT)

    def hang_up(self) -> None:
        """End the connections that are kept open for a next request."""
        for connection in self.connections:
            with suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def receiver(respond: Callable[[Request], Reply] | Reply = OK) -> Iterator[Receiver]:
    one = Receiver(respond if callable(respond) else lambda _: respond)
    thread = threading.Thread(target=one.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield one
    finally:
        one.closing.set()
        one.server.shutdown()
        one.hang_up()
        one.server.server_close()
        thread.join()


def in_turn(*replies: Reply) -> Callable[[Request], Reply]:
    """One reply after the other; the last for ever."""
    left, lock = list(replies), threading.Lock()

    def respond(_: Request) -> Reply:
        with lock:
            return left.pop(0) if len(left) > 1 else left[0]

    return respond
