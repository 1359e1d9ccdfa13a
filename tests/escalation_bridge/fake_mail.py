"""A real SMTP server (aiosmtpd) that can put off, refuse and hang up."""

import asyncio
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass
class FakeMail:
    """`codes` maps a recipient to what RCPT answers, in turn; `data` is what DATA answers, "drop" to hang up."""

    codes: dict[str, list[str]] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)
    sender: list[str] = field(default_factory=list)
    taken: list[tuple[tuple[str, ...], EmailMessage]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    port: int = 0

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sender:
            return self.sender.pop(0)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.codes.get(address):
            return self.codes[address].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.data.pop(0) if self.data else "250 OK"
        if answer.startswith(("250", "drop")):
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.raw.append(envelope.content)
            self.taken.append((tuple(envelope.rcpt_tos), mail))
        if answer == "drop":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return answer if answer != "drop" else "250 OK"

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        """As Microsoft and Google do it: what is wrong comes as a question, which wants an empty answer."""
        given = b64decode(args[1]).decode()
        right = given in {f"user=leitstand\x01auth=Bearer {token}\x01\x01" for token in self.tokens}
        if not right:
            await server.push("334 eyJzdGF0dXMiOiI0MDAifQ==")
            assert await server._reader.readline() == b"\r\n"
        return AuthResult(success=right, handled=False)


class AnyPort(Controller):
    """A server on a port that the system chooses."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data.login == b"leitstand" and data.password == b"right", handled=False)


@contextmanager
def mail_server(fake: FakeMail, **more: Any) -> Iterator[FakeMail]:
    controller = AnyPort(fake, hostname="127.0.0.1", port=0, ready_timeout=60, authenticator=authenticate, **more)
    controller.start()
    try:
        fake.port = controller.port
        yield fake
    finally:
        controller.stop()
