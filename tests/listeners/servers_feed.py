"""A real HTTP server in another process that serves what it is told, with validators, and misbehaves on demand.

with feed_server() as server:
    server.put("/feed", rss(item("1")), etag=True)      # serve this from now on
    server.url + "/feed"                                # to be asked
    server.asked("/feed", 2)                            # wait until it was asked twice: the requests' headers
"""

import base64
import gzip
import json
import subprocess
import sys
import threading
import time
import urllib.request
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Literal

WAIT = 60.0
HOSTS = 40
ROOT = Path(__file__).parents[2]
Misbehaviour = Literal["", "trickle", "drop", "hang", "bomb", "endless"]


@dataclass(frozen=True)
class Served:
    """What one path answers. `etag` and `modified` make it answer 304 where it may. `packed`: gzip, deflate, raw."""

    body: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: bool = False
    modified: str = ""
    packed: str = ""
    wrong: Misbehaviour = ""

    def content(self) -> bytes:
        raw = base64.b64decode(self.body)
        match self.packed:
            case "gzip":
                return gzip.compress(raw)
            case "deflate":
                return zlib.compress(raw)
            case "raw":
                return zlib.compress(raw, wbits=-15)
        return raw

    def validators(self) -> dict[str, str]:
        tag = {"ETag": f'W/"{sha256(base64.b64decode(self.body)).hexdigest()[:16]}"'} if self.etag else {}
        return tag | ({"Last-Modified": self.modified} if self.modified else {})

    def may_be_kept(self, asked: Mapping[str, str]) -> bool:
        valid = self.validators()
        if "ETag" in valid and "if-none-match" in asked:
            return asked["if-none-match"] == valid["ETag"]
        return "Last-Modified" in valid and asked.get("if-modified-since") == valid["Last-Modified"]


def host(number: int) -> str:
    """Another name for the same server: a host of its own to whoever asks."""
    return f"127.0.1.{number}"


class FeedServer:
    """The test's side of the server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def put(self, path: str, body: bytes | str = b"", **how: Any) -> str:
        """Serve this at a path from now on. The whole address."""
        return self.put_all({path: body}, **how)[0]

    def put_all(self, bodies: Mapping[str, bytes | str], **how: Any) -> list[str]:
        """Serve these from now on, all in one way. The whole addresses."""
        raw = {path: body.encode() if isinstance(body, str) else body for path, body in bodies.items()}
        served = {path: asdict(Served(base64.b64encode(body).decode(), **how)) for path, body in raw.items()}
        self._call("PUT", "/", json.dumps(served).encode())
        return [self.url + path for path in bodies]

    def at(self, number: int, url: str) -> str:
        """The same address on another host, 1 to HOSTS."""
        return url.replace("127.0.0.1", host(number))

    def asked(self, path: str, times: int = 0) -> list[dict[str, str]]:
        """The headers of the requests for a path, once there are so many."""
        found = json.loads(self._call("POST", f"{path}?{times}"))
        assert len(found) >= times, f"asked {len(found)} times, not {times}"
        assert isinstance(found, list)
        return found

    def _call(self, method: str, path: str, body: bytes = b"") -> bytes:
        request = urllib.request.Request(self.url + path, body, method=method)
        with urllib.request.urlopen(request, timeout=WAIT + 5) as answer:
            content = answer.read()
        assert isinstance(content, bytes)
        return content


@contextmanager
def feed_server() -> Iterator[FeedServer]:
    """A running server."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.listeners.servers_feed"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        yield FeedServer(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.kill()
        process.communicate()


class Handler(BaseHTTPRequestHandler):
    """PUT tells what to serve, GET is what the world sees, POST waits for requests and lists them."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    served: ClassVar[dict[str, Served]] = {}
    requests: ClassVar[defaultdict[str, list[dict[str, str]]]] = defaultdict(list)
    changed = threading.Condition()

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.served.update({path: Served(**served) for path, served in json.loads(content).items()})
        self._answer(200, {}, b"")

    def do_POST(self) -> None:
        path, _, times = self.path.rpartition("?")
        with self.changed:
            self.changed.wait_for(lambda: len(self.requests[path]) >= int(times), WAIT)
            found = list(self.requests[path])
        self._answer(200, {}, json.dumps(found).encode())

    def do_GET(self) -> None:
        asked = {name.lower(): value for name, value in self.headers.items()}
        with self.changed:
            self.requests[self.path].append(asked)
            self.changed.notify_all()
        served = self.served.get(self.path, Served(status=404))
        match served.wrong:
            case "":
                self._serve(served, asked)
            case "drop":
                self.close_connection = True
            case "hang":
                threading.Event().wait(WAIT)
            case _:
                self._stream(served)

    def _serve(self, served: Served, asked: Mapping[str, str]) -> None:
        packed = {"gzip": "gzip", "deflate": "deflate", "raw": "deflate"}.get(served.packed)
        headers = {"Content-Type": "application/xml", **served.validators(), **served.headers}
        if served.status == 200 and served.may_be_kept(asked):
            self._answer(304, served.validators(), b"")
        else:
            self._answer(served.status, headers | ({"Content-Encoding": packed} if packed else {}), served.content())

    def _stream(self, served: Served) -> None:
        """A body that does not end: slowly, quickly, or packed so that little becomes much."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        if served.wrong == "bomb":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        pack = zlib.compressobj(9, wbits=31)
        with suppress(OSError):  # whoever asked has had enough
            for _ in range(1000):
                match served.wrong:
                    case "trickle":
                        self.wfile.write(b"<!-- more -->")
                        time.sleep(0.05)
                    case "endless":
                        self.wfile.write(b"<!-- more -->" * 5000)
                    case "bomb":
                        self.wfile.write(pack.compress(bytes(1_000_000)))
            self.wfile.write(pack.flush())

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 304:
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1000

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # whoever asked hung up


def item(name: str, **tags: str) -> str:
    """One RSS item: every tag can be given, or left out with ""."""
    given = {
        "title": f"Acme cloud {name}",
        "link": f"http://blog.example/{name}",
        "guid": f"tag:blog.example,2026:{name}",
        "description": f"<p>Acme cloud is down again: {name}</p>",
        "pubDate": "Tue, 03 Mar 2026 10:00:00 GMT",
    } | tags
    inner = "".join(f"<{tag}>{escape(value)}</{tag}>" for tag, value in given.items() if value)
    return f"<item>{inner}</item>"


def rss(*items: str, head: str = "<link>http://blog.example/</link>") -> str:
    """An RSS document."""
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>A blog</title>{head}{"".join(items)}</channel></rss>'
    )


def main() -> None:
    """Serve until killed, on many loopback addresses as if they were many hosts; the first line is the port."""
    servers: list[Server] = []
    while len(servers) <= HOSTS:  # a port that all of them can have is found at the first or second try
        try:
            port = servers[0].server_port if servers else 0
            servers.append(Server((host(len(servers)) if servers else "127.0.0.1", port), Handler))
        except OSError:
            while servers:
                servers.pop().server_close()
    first, *others = servers
    for another in others:
        threading.Thread(target=another.serve_forever, args=(60,), daemon=True).start()
    print(first.server_port, flush=True)
    first.serve_forever()


if __name__ == "__main__":
    main()
