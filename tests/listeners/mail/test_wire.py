"""A connection that is to be encrypted is, or it is none: a certificate that nobody vouches for is told in words."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from leitstand.errors import FetchError
from listeners.mail.imap import talking
from listeners.mail.wire import Security
from tests.listeners.servers_imap import PASSWORD, USER, FakeImap, imap_server
from tests.listeners.servers_keys import certificate

BOTH: tuple[Security, ...] = ("tls", "starttls")


@pytest.fixture(params=BOTH)
def security(request: pytest.FixtureRequest) -> Security:
    found: Security = request.param
    return found


@pytest.fixture
def server(tmp_path: Path, security: Security) -> Iterator[FakeImap]:
    with imap_server(certificate(tmp_path), at_once=security == "tls") as one:
        yield one


async def logged_in(port: int, security: Security) -> set[str]:
    async with talking("127.0.0.1", port, security) as imap:
        return await imap.login(USER, PASSWORD)


def test_it_logs_in_behind_a_certificate_that_is_vouched_for(
    server: FakeImap, security: Security, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    assert "IMAP4REV1" in asyncio.run(logged_in(server.port, security))


def test_a_certificate_of_nobody_ends_it_before_the_password_is_sent(server: FakeImap, security: Security) -> None:
    with pytest.raises(FetchError, match=r"127\.0\.0\.1 has a certificate that is not valid: self.signed") as caught:
        asyncio.run(logged_in(server.port, security))
    assert caught.value.permanent
    assert server.logins == 0


def test_a_server_that_hangs_up_instead_of_encrypting_is_told_in_words() -> None:
    with imap_server() as plain, pytest.raises(FetchError, match="cannot be reached"):
        asyncio.run(logged_in(plain.port, "starttls"))
    assert plain.logins == 0


def test_what_was_said_in_clear_is_never_taken_for_an_answer_behind_the_encryption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    with imap_server(certificate(tmp_path)) as server:
        server.smuggled = b"a2 OK [CAPABILITY IMAP4rev1] in\r\n"
        with pytest.raises(FetchError, match=r"127\.0\.0\.1 said something in clear after it agreed to encrypt"):
            asyncio.run(logged_in(server.port, "starttls"))
        assert server.logins == 0
