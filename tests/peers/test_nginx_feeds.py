"""A real nginx serves feeds: its validators, its compression, its redirects and its refusals are the real ones.

Debian's package `nginx-light`; installed by root, else these tests are skipped and say what to install.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from console import spawn
from listeners.sources import feed
from listeners.sources.feed import Settings
from tests.listeners.hearing import Hearing, run
from tests.listeners.servers_feed import item, rss
from tests.peers.programs import need

pytestmark = [pytest.mark.peers, pytest.mark.timeout(120)]

CONFIG = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 200; }}
http {{
  log_format told '$status $uri "$http_if_none_match" "$http_if_modified_since" $sent_http_content_encoding';
  access_log {folder}/access.log told;
  types {{ application/rss+xml xml; text/html html; }}
  gzip on; gzip_types application/rss+xml; gzip_min_length 0;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  limit_req_zone $uri zone=once:1m rate=1r/m;
  server {{
    listen 127.0.0.1:{port}; root {folder}/site;
    location /old.xml {{ return 301 /feed.xml; }}
    location /gone.xml {{ return 410; }}
    location /trickle.xml {{ limit_rate 10; alias {folder}/site/feed.xml; }}
    location /often.xml {{ limit_req zone=once; limit_req_status 429; alias {folder}/site/feed.xml; }}
    location /private.xml {{ auth_basic "x"; auth_basic_user_file {folder}/users; alias {folder}/site/feed.xml; }}
  }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """A running nginx. `site` is what it serves."""

    url: str
    site: Path

    def publish(self, name: str, text: str) -> str:
        """All at once, as a careful blog does it."""
        fresh = self.site / f"{name}.new"
        fresh.write_text(text)
        fresh.replace(self.site / name)
        return f"{self.url}/{name}"

    def log(self) -> list[str]:
        return (self.site.parent / "access.log").read_text().splitlines()


@contextmanager
def running(folder: Path) -> Iterator[Nginx]:
    program, port = need("nginx", "nginx-light"), spawn.free_port()
    (folder / "site").mkdir()
    (folder / "users").write_text("jo:{PLAIN}secret\n")
    (folder / "nginx.conf").write_text(CONFIG.format(folder=folder, port=port))
    folder.chmod(0o755)
    user = ["-g", "user root;"] if os.geteuid() == 0 else []
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf"), *user])
    try:
        yield Nginx(f"http://127.0.0.1:{port}", folder / "site")
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    with running(tmp_path) as one:
        yield one


def settings(*urls: str, **more: Any) -> Settings:
    often = {"min_interval": "0.2s", "max_interval": "0.2s", "allow_private": True}
    return Settings.model_validate({"urls": list(urls), **often, **more})


def test_new_entries_are_heard_once_and_the_rest_is_304(nginx: Nginx) -> None:
    url = nginx.publish("feed.xml", rss(item("1"), item("2")))
    cursors: dict[str, str] = {}

    async def go(one: Hearing) -> list[str]:
        await one.until(lambda batch: bool(batch.mentions))
        await one.looks(3)
        nginx.publish("feed.xml", rss(item("3"), item("1"), item("2")))
        await one.until(lambda batch: bool(batch.mentions))
        return one.heard

    assert run(feed, settings(url), go, cursors) == [f"https://blog.example/{n}" for n in "123"]

    async def again(one: Hearing) -> list[str]:
        await one.looks(3)
        return one.heard

    assert run(feed, settings(url), again, cursors) == []
    statuses = [line.split(" ", 1)[0] for line in nginx.log()]
    assert statuses.count("200") == 2
    assert statuses.count("304") >= 6
    assert any(line.endswith(" gzip") for line in nginx.log() if line.startswith("200"))
    assert r"\x22" in nginx.log()[-1]  # our If-None-Match: nginx's ETag with its quotes


def test_moved_gone_locked_and_limited_feeds_are_told_and_a_trickling_one_delays_nobody(nginx: Nginx) -> None:
    nginx.publish("feed.xml", rss(*(item(str(n)) for n in range(20))))
    page = nginx.publish(
        "index.html", '<html><link rel="alternate" type="application/rss+xml" href="/feed.xml"></html>'
    )
    names = ("old", "gone", "private", "often", "none")
    moved, gone, private, often, missing = (f"{nginx.url}/{name}.xml" for name in names)
    slow = f"{nginx.url.replace('127.0.0.1', 'localhost')}/trickle.xml"

    async def go(one: Hearing) -> Hearing:
        wanted = {gone, private, often, missing}
        while not wanted <= set(one.errors) or not {moved, page} <= set(one.cursors):
            await one.next()
        return one

    found = run(feed, settings(moved, gone, private, often, missing, page, slow, timeout="60s"), go)
    assert "gone for ever" in found.errors[gone]
    assert "asks for a login" in found.errors[private]
    assert "slow down" in found.errors[often]
    assert "does not have it" in found.errors[missing]
    assert slow not in found.cursors
    assert len(set(found.heard)) == 20
    login = private.replace("http://", "http://jo:secret@")

    async def one_look(one: Hearing) -> Hearing:
        await one.next()
        return one

    assert len(run(feed, settings(login), one_look).heard) == 20
