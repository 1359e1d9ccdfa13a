"""Whatever is wrong with an end, `leitstand check --online` says who was asked, what happened and what to do."""

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from console.health import outside
from console.health.finding import Finding, State
from console.health.refused import hosts, refused
from leitstand import plugins
from leitstand.errors import PluginError
from leitstand.settings import Settings
from listeners.sources import feed
from tests.escalation_bridge.fake_mail import FakeMail, mail_server
from tests.escalation_bridge.receivers import Receiver, Reply, receiver
from tests.listeners.servers_keys import certificate
from tests.listeners.worlds.polled import REFUSED
from tests.listeners.worlds.world import Trouble, exists, opened

MAILBOX = "duty@acme.example"
HERE, NOWHERE = "127.0.0.1", "nowhere.invalid"
UNASKED = {"api", "file", "webform"}  # others come to these, or they are no network
SOURCES = [kind for kind in plugins.kinds(plugins.SOURCES) if kind not in UNASKED]
SIGNING = "whsec_" + "bGVpdHN0YW5k" * 3
Values = dict[str, Any]


def targets(port: int) -> dict[str, Values]:
    """Every target that asks anybody, at a port of this host."""
    return {
        "email": {"host": HERE, "port": port, "security": "none", "sender": MAILBOX, "recipients": [MAILBOX]},
        "slack": {"token": "xoxb-secret", "channel": "C0123456789", "api_url": f"http://{HERE}:{port}/api/"},
        "webhook": {"url": f"http://{HERE}:{port}/hidden-path", "secret": SIGNING},
    }


TARGETS = list(targets(1))


def led(values: Values, host: str, port: int | None = None, *, tls: bool = False) -> Values:
    """The same end, led somewhere else."""

    def place(found: re.Match[str]) -> str:
        return f"{found[1]}{'s' if tls else ''}://{host}:{port or found[2]}"

    def moved(value: Any) -> Any:
        if isinstance(value, list):
            return [moved(one) for one in value]
        return re.sub(rf"(http|ws)://{HERE}:(\d+)", place, value) if isinstance(value, str) else value

    found = {name: moved(value) for name, value in values.items()}
    if "host" in found:
        found |= {
            "host": host,
            "port": port or found["port"],
            "security": "none" if host == HERE and not tls else "tls",
        }
    return found


def asked(table: str, kind: str, values: Values) -> Finding:
    """What `check --online` finds out about an end of this kind."""
    module = plugins.load({"listeners": plugins.SOURCES, "targets": plugins.TARGETS}[table], kind)
    entry = module.Settings.model_validate({"kind": kind, **values})
    settings = Settings.model_construct(**{**dict(Settings()), table: {"it": entry}})
    (finding,) = outside.outside(settings)
    assert finding.part == f"{table}.it"
    assert finding.state is State.FAIL
    assert finding.advice, finding.said
    for secret in ("hidden-path", *secrets(entry)):
        assert secret not in finding.said + finding.advice
    return finding


def secrets(entry: Any) -> list[str]:
    values = [one for _, value in entry for one in (value if isinstance(value, list) else [value])]
    return [one.get_secret_value() for one in values if isinstance(one, SecretStr) and one]


@contextmanager
def placed(table: str, kind: str) -> Iterator[Values]:
    """The settings of an end whose server is there."""
    if table == "listeners":
        with opened(kind) as world:
            yield world.settings()
    else:
        with receiver(Reply(500)) as server:
            yield targets(port_of(server))[kind]


def port_of(server: Receiver) -> int:
    return int(server.url.rpartition(":")[2])


@pytest.fixture
def certified(tmp_path: Path) -> Iterator[int]:
    """The port of a server whose certificate nobody vouches for."""
    context = certificate(tmp_path)
    with socket.create_server((HERE, 0)) as server:
        thread = threading.Thread(target=shake_hands, args=(server, context))
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def shake_hands(server: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            caller, _ = server.accept()
        except OSError:
            return
        with caller, suppress(OSError), context.wrap_socket(caller, server_side=True) as wrapped:
            wrapped.recv(1)


@pytest.fixture
def no_such_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that does not know a name, without one being asked."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *more: Any, **named: Any) -> Any:
        if host == NOWHERE:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


every_end = pytest.mark.parametrize(
    ("table", "kind"), [*(("listeners", kind) for kind in SOURCES), *(("targets", kind) for kind in TARGETS)]
)


def test_every_kind_that_asks_somebody_is_here() -> None:
    assert all(map(exists, SOURCES))
    assert {*TARGETS, "log"} == {*plugins.kinds(plugins.TARGETS)}


@every_end
def test_a_name_that_nobody_knows(table: str, kind: str, no_such_name: None) -> None:
    with placed(table, kind) as values:
        found = asked(table, kind, led(values, NOWHERE))
    assert "its name is not known" in found.said
    assert NOWHERE in found.said
    assert "name server" in found.advice


@every_end
def test_a_port_where_nobody_listens(table: str, kind: str) -> None:
    with placed(table, kind) as values:
        found = asked(table, kind, led(values, HERE, 1))
    assert "the connection is refused" in found.said
    assert HERE in found.said
    assert "the port" in found.advice


@every_end
def test_a_certificate_that_nobody_vouches_for(table: str, kind: str, certified: int) -> None:
    with placed(table, kind) as values:
        found = asked(table, kind, led(values, HERE, certified, tls=True))
    assert "certificate" in found.said
    assert "not valid: self-signed" in found.said
    assert HERE in found.said
    assert "SSL_CERT_FILE" in found.advice


@every_end
def test_a_server_that_speaks_no_tls(table: str, kind: str) -> None:
    with placed(table, kind) as values, receiver(Reply(500)) as plain:
        found = asked(table, kind, led(values, HERE, port_of(plain), tls=True))
    assert re.search("no TLS comes about|breaks the connection off", found.said)
    assert HERE in found.said


@every_end
def test_a_server_that_never_answers(table: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "SECONDS", 0.1)
    with placed(table, kind) as values, socket.create_server((HERE, 0)) as mute:
        found = asked(table, kind, led(values, HERE, mute.getsockname()[1], tls=kind == "webhook"))
    assert "no answer within 0.1 seconds" in found.said
    assert HERE in found.said
    assert "firewall" in found.advice


def told(kind: str, trouble: Trouble) -> Finding:
    with opened(kind) as world:
        world.trouble = trouble
        return asked("listeners", kind, world.settings())


@pytest.mark.parametrize("kind", SOURCES)
def test_a_credential_that_is_refused(kind: str) -> None:
    found = told(kind, Trouble.REFUSED)
    assert HERE in found.said
    assert re.search(r"HTTP 40[0-9]|it says “.+”", found.said)
    assert f"`leitstand integrations {kind}` says what it needs" in found.advice
    if url := plugins.load(plugins.SOURCES, kind).ABOUT.credentials_url:
        assert f"its secrets are issued at {url}" in found.advice


@pytest.mark.parametrize("kind", [kind for kind in SOURCES if kind != "email"])
def test_a_service_that_has_had_enough_of_us(kind: str) -> None:
    found = told(kind, Trouble.LIMITED)
    assert HERE in found.said
    assert "429" in found.said
    assert found.advice.startswith("it has had too many requests: wait")


@pytest.mark.parametrize("kind", [kind for kind in SOURCES if kind != "email"])
def test_something_else_that_answers(kind: str) -> None:
    found = told(kind, Trouble.GARBAGE)
    assert HERE in found.said
    assert f"`leitstand integrations {kind}` says what it needs" in found.advice


def test_what_a_service_says_itself_is_shown_without_what_it_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened("github") as world:
        values = world.settings()
        token = values["token"]
        monkeypatch.setattr(world, "refusal", replace(REFUSED, body={"message": f"Bad credentials: {token}"}))
        world.trouble = Trouble.REFUSED
        found = asked("listeners", "github", values)
    assert found.said.endswith("(127.0.0.1, HTTP 401); it says “Bad credentials: …”")


def test_a_target_that_answers_with_an_error() -> None:
    with receiver(Reply(503, {"Content-Type": "text/plain"}, b"we are moving house")) as server:
        found = asked("targets", "slack", targets(port_of(server))["slack"])
    assert found.said == "HTTP 503 (127.0.0.1); it says “we are moving house”"
    assert found.advice.startswith("it is in trouble itself")


def test_a_mail_server_that_knows_no_such_password() -> None:
    login = {"username": "leitstand", "password": "wrong"}
    with mail_server(FakeMail(), auth_require_tls=False) as server:
        found = asked("targets", "email", {**targets(server.port)["email"], **login})
    assert found.said == "SMTP 535 (127.0.0.1); it says “5.7.8 Authentication credentials invalid”"
    assert found.advice.startswith("`leitstand integrations email` says what it needs")


def test_whoever_is_missing_an_extra_reads_what_to_install() -> None:
    entry = feed.Settings(urls=["https://blog.example/feed"])
    found = refused("listeners.it", PluginError("kind 'x' needs 'tweepy': pip install 'leitstand[x]'"), entry)
    assert (found.said, found.advice) == ("kind 'x' needs 'tweepy': pip install 'leitstand[x]'", "")


def test_many_hosts_are_named_in_part_and_by_name_alone() -> None:
    entry = feed.Settings(urls=[f"https://anna:geheim@{name}.example/feed?key=1" for name in "abcd"])
    assert list(hosts(entry)) == ["a.example", "b.example", "c.example", "d.example"]
    found = refused("listeners.it", TimeoutError(), entry)
    assert found.said == "TimeoutError:  (a.example, b.example, c.example, …)"
