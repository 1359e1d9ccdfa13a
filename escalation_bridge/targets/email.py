"""Mails each notice; a mail program shows all mails about a case as one conversation.

    [targets.duty-mail]
    kind = "email"
    host = "smtp.example.org"
    security = "starttls"                 # or "tls" (port 465), or "none" for a mail server on this host
    username = "leitstand"
    password = "${SMTP_PASSWORD}"
    sender = "leitstand@example.org"
    recipients = ["duty@example.org"]
    language = "de"
    timezone = "Europe/Berlin"

Host, user and password come from whoever runs your mail server. Microsoft 365 takes no passwords (its host is
`smtp.office365.com`); there, in place of `password`:

    # login_url = "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token"
    # client_id = "…"
    # client_secret = "${SMTP_CLIENT_SECRET}"
    # scope = "https://outlook.office365.com/.default"

That is an app registered in Entra with the application permission `SMTP.SendAsApp` of Office 365 Exchange Online and an
administrator's consent, made known to Exchange (`New-ServicePrincipal`) and allowed to send as the mailbox
(`Add-RecipientPermission`). With Google it is `https://oauth2.googleapis.com/token`, an OAuth client's id and secret,
and the `refresh_token` that it was granted for the scope https://mail.google.com/ (leave `scope` out).

A notice keeps its Message-ID when it is sent again, so
that servers which drop duplicates can do so: SMTP itself cannot tell whether a mail whose connection broke at the end
has arrived. A recipient who is refused for good is logged and the others get the mail; one who is put off (greylisting)
gets it at a later attempt. A mail cannot be called back: what `[retention]` lets go of stays in mailboxes.
"""

import asyncio
import re
import socket
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Annotated, Literal, Self

import aiosmtplib
import structlog
from pydantic import AfterValidator, Field, SecretStr, model_validator

from escalation_bridge import http, message
from escalation_bridge.contract import ReaderSettings
from escalation_bridge.tokens import Tokens
from leitstand import clock
from leitstand.errors import DeliveryError, DeliveryOutcome
from leitstand.language.catalogue import Language
from leitstand.model import Delivery, Receipt, Severity
from leitstand.plugins import About
from leitstand.settings.mailbox import MailLogin

ABOUT = About(title="E-mail", summary="Mails to one or more addresses over SMTP.")

log = structlog.get_logger()

PORTS = {"starttls": 587, "tls": 465, "none": 25}
_LOCAL = ("localhost", "127.0.0.1", "::1")
# Only letters of ASCII on the way: not every server takes others.
_POLICY = SMTP.clone(cte_type="7bit")
_NOT_LET_IN = (530, 534, 535, 538)
_LEAVE_WITHIN = 2.0
# Notices that were put off for some recipients and taken for others: how many are remembered.
_REMEMBERED = 1000

_ATOM, _LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError("must be an address such as duty@example.org")
    return value


MailAddress = Annotated[str, Field(max_length=254), AfterValidator(_address)]


class Settings(ReaderSettings, MailLogin):
    """Mail over SMTP."""

    kind: Literal["email"] = Field("email", description="email")
    host: str = Field(min_length=1, description="The mail server.")
    port: int | None = Field(None, ge=1, le=65535, description="Default: 587 for starttls, 465 for tls, 25 for none.")
    security: Literal["starttls", "tls", "none"] = Field("starttls", description="How the connection is encrypted.")
    username: str = Field("", description="The account at the mail server; empty: without one.")
    password: SecretStr | None = Field(None, description="The account's password, or an app password.")
    sender: MailAddress = Field(description="The address that mails come from.")
    recipients: list[MailAddress] = Field(min_length=1, max_length=50, description="The addresses that mails go to.")
    reply_to: MailAddress | None = Field(None, description="Where answers go. Default: the sender.")

    @model_validator(mode="after")
    def _password_is_safe(self) -> Self:
        if self.password and self.login_url:
            raise ValueError("there is a password and a `login_url`: which of them is it?")
        if bool(self.username) != bool(self.password or self.login_url):
            raise ValueError("username and password go together")
        if self.username and self.security == "none" and self.host not in _LOCAL:
            raise ValueError('a password is not sent without encryption: set security = "starttls" or "tls"')
        return self


def connect(name: str, settings: Settings, language: Language = "en") -> "EmailTarget":
    """A target that mails."""
    return EmailTarget(name, settings, language)


class EmailTarget:
    """One group of recipients behind one mail server. Every delivery has a connection of its own."""

    def __init__(self, name: str, settings: Settings, language: Language) -> None:
        self._name, self._settings, self._language = name, settings, language
        self._tokens = Tokens(settings) if settings.login_url else None
        self._taken: dict[str, frozenset[str]] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Mail it to everybody who has not got it yet."""
        mail = self.mail(delivery)
        taken = self._taken.get(delivery.key, frozenset())
        server = await self._open()
        try:
            put_off = await self._hand_over(server, mail, delivery.key, taken)
        except BaseException:
            server.close()
            raise
        self._leave(server)
        if put_off:
            raise DeliveryError(f"{put_off} of the recipients were put off", DeliveryOutcome.RETRY)
        self._taken.pop(delivery.key, None)
        return Receipt(mail["Message-ID"])

    def mail(self, delivery: Delivery) -> EmailMessage:
        """The mail, the same at every attempt but for the minutes left."""
        words = message.render(delivery, self._settings, self._language, clock.now())
        domain = self._settings.sender.rpartition("@")[2]
        thread = "digests" if delivery.letter else f"case-{delivery.case.number}"
        root = f"<{thread}.{self._name}@{domain}>"
        mail = EmailMessage(policy=_POLICY)
        mail["From"] = Address("Leitstand", addr_spec=self._settings.sender)
        mail["To"] = ", ".join(self._settings.recipients)
        if self._settings.reply_to:
            mail["Reply-To"] = self._settings.reply_to
        mail["Subject"] = words.subject
        mail["Date"] = delivery.created_at
        mail["Message-ID"] = f"<{delivery.key}@{domain}>"
        mail["In-Reply-To"] = delivery.thread_id or root
        mail["References"] = f"{root} {delivery.thread_id}".strip()
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        if delivery.case.severity is Severity.SEV1:
            mail["Importance"] = "high"
        mail.set_content(message.plain(words))
        if words.html:
            mail.add_alternative(words.html, subtype="html")
        return mail

    async def verify(self) -> str:
        """Connect, encrypt, log in and leave again, without a mail."""
        server = await self._open()
        try:
            await server.noop()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self._failure(error) from error
        finally:
            server.close()
        return f"{self._settings.host} lets {self._settings.username or 'us'} in"

    async def close(self) -> None:
        """Wait for the last good-byes."""
        await asyncio.gather(*self._leaving)
        if self._tokens:
            await self._tokens.close()

    async def _open(self) -> aiosmtplib.SMTP:
        settings, tokens = self._settings, self._tokens
        if tokens:
            await tokens.current()  # its faults are not the mail server's
        server = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port or PORTS[settings.security],
            username=settings.username or None,
            password=settings.password.get_secret_value() if settings.password else None,
            oauth_token_generator=tokens.current if tokens else None,
            local_hostname=socket.gethostname(),
            timeout=settings.timeout.total_seconds(),
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
        )
        try:
            await server.connect()
        except aiosmtplib.SMTPConnectResponseError as error:
            said = error.message
            raise DeliveryError(f"the server greets with {error.code}", DeliveryOutcome.RETRY, said=said) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self._failure(error, nothing_said=True) from error
        return server

    async def _hand_over(self, server: aiosmtplib.SMTP, mail: EmailMessage, key: str, taken: frozenset[str]) -> int:
        """Give the mail to the server and return how many recipients it put off."""
        try:
            await server.mail(self._settings.sender)
            now, later, never = await self._recipients(server, taken)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self._failure(error) from error
        if not now and not taken:
            outcome = DeliveryOutcome.RETRY if later else DeliveryOutcome.REFUSED
            raise DeliveryError(f"no recipient was taken: {later} put off, {never} refused", outcome)
        if never:
            log.warning("mail recipients refused", target=self._name, key=key, refused=never)
        if now:
            await self._send(server, mail)
        if later:
            self._taken[key] = taken | now
            while len(self._taken) > _REMEMBERED:  # of those that were given up, nobody tells
                del self._taken[next(iter(self._taken))]
        return later

    async def _recipients(self, server: aiosmtplib.SMTP, taken: frozenset[str]) -> tuple[frozenset[str], int, int]:
        now, later, never = set(), 0, 0
        for address in self._settings.recipients:
            if address in taken:
                continue
            try:
                await server.rcpt(address)
                now.add(address)
            except aiosmtplib.SMTPRecipientRefused as error:
                later, never = (later + 1, never) if error.code < 500 else (later, never + 1)
        return frozenset(now), later, never

    async def _send(self, server: aiosmtplib.SMTP, mail: EmailMessage) -> None:
        try:
            await server.data(mail.as_bytes())
        except aiosmtplib.SMTPResponseException as error:
            raise self._failure(error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise DeliveryError(f"connection lost: {type(error).__name__}", DeliveryOutcome.UNKNOWN) from error

    def _failure(self, error: Exception, *, nothing_said: bool = False) -> DeliveryError:
        """What an error before the mail itself means. The server's own texts can contain addresses."""
        if isinstance(error, aiosmtplib.SMTPAuthenticationError) and self._tokens:
            self._tokens.drop()
        if isinstance(error, aiosmtplib.SMTPResponseException):
            return DeliveryError(f"SMTP {error.code}", _outcome(error.code), said=error.message)
        if nothing_said and type(error) is aiosmtplib.SMTPException:
            return DeliveryError(str(error), DeliveryOutcome.UNAUTHORISED)  # no STARTTLS, no AUTH: for a person to mend
        return http.unreached(self._settings.host, error)

    def _leave(self, server: aiosmtplib.SMTP) -> None:
        """Say good-bye aside: the mail is taken, whatever the server makes of QUIT."""

        async def leave() -> None:
            with suppress(aiosmtplib.SMTPException, OSError):
                await server.quit(timeout=_LEAVE_WITHIN)
            server.close()

        task = asyncio.create_task(leave())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)


def _outcome(code: int) -> DeliveryOutcome:
    if code in _NOT_LET_IN:
        return DeliveryOutcome.UNAUTHORISED
    return DeliveryOutcome.RETRY if code < 500 else DeliveryOutcome.REFUSED
