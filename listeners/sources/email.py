"""Hears a mailbox: mails of customers, as they come in.

    [listeners.support-mail]
    kind = "email"
    host = "imap.example.org"
    username = "support@example.org"
    password = "${SUPPORT_MAIL_PASSWORD}"
    # mailbox = "INBOX"
    # security = "starttls"                  # or "tls" (the default, port 993)

Host, user and password come from whoever runs your mail server; many providers issue an app password for this.
Microsoft 365 takes none (its host is `outlook.office365.com`); there, in place of `password`:

    # login_url = "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token"
    # client_id = "…"
    # client_secret = "${SUPPORT_MAIL_CLIENT_SECRET}"
    # scope = "https://outlook.office365.com/.default"

That is an app registered in Entra with the application permission `IMAP.AccessAsApp` of Office 365 Exchange Online and
an administrator's consent, made known to Exchange (`New-ServicePrincipal`) and let into the mailbox
(`Add-MailboxPermission`, FullAccess). With Google it is `https://oauth2.googleapis.com/token`, an OAuth client's id and
secret, and the `refresh_token` that it was granted for the scope https://mail.google.com/ (leave `scope` out).

The mailbox is only read: mails stay unread and where they are. Mails that arrive from the first start on are heard,
within a second where the server can wait with us (IDLE), else every `interval`.

Answers of machines, mailing lists, bounces and mails of `own_addresses` are left out; so are quotes and signatures.
Where customers' mails reach the mailbox by a list, such as a group of Google's, set `lists = true`. A mail joins the
conversation that it answers. Mails are known by their Message-ID: a mailbox that is numbered anew is read again for the
last week without doubling any. A mail can be neither changed nor taken back by its sender.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial
from typing import Final, Literal, Self

import msgspec
from pydantic import Field, SecretStr, model_validator

from leitstand import clock
from leitstand.model import Mention
from leitstand.plugins import About
from leitstand.settings import Duration, ListenerSettings
from leitstand.settings.mailbox import MailLogin
from listeners.answers import decode
from listeners.contract import Batch
from listeners.fetch import Fetcher, Limits
from listeners.mail.imap import Imap, Mailbox, talking
from listeners.mail.messages import read
from listeners.memory import as_cursor, recall
from listeners.oauth import Token

ABOUT = About(title="E-mail", summary="Mails that arrive in a mailbox (IMAP).")

MAX_MAIL: Final = 1_000_000
AT_ONCE: Final = 50
AT_ONCE_BYTES: Final = 4_000_000
RESCAN: Final = timedelta(days=7)
_PORTS: Final = {"tls": 993, "starttls": 143, "none": 143}
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


class Settings(ListenerSettings, MailLogin):
    """Which mailbox."""

    kind: Literal["email"] = Field("email", description="email")
    host: str = Field(min_length=1, description="The IMAP server.")
    port: int | None = Field(None, ge=1, le=65535, description="Default: 993 for tls, 143 for starttls and none.")
    security: Literal["tls", "starttls", "none"] = Field("tls", description="How the connection is encrypted.")
    username: str = Field(min_length=1, description="The account at the mail server.")
    password: SecretStr | None = Field(None, description="Its password, or an app password.")
    mailbox: str = Field("INBOX", min_length=1, max_length=200, description="The mailbox to hear.")
    own_addresses: list[str] = Field(
        [], description="Addresses whose mails are our own; the username is, if it is one."
    )
    lists: bool = Field(False, description="true: what comes by a mailing list or a group is heard, too.")
    channel: str = Field("email", pattern=r"^[a-z0-9_-]{1,40}$", description="The channel of these mails.")
    interval: Duration = Field(timedelta(minutes=1), description="The pause between two looks, without IDLE.")
    idle: Duration = Field(timedelta(minutes=5), le=timedelta(minutes=28), description="How long one wait may take.")

    @model_validator(mode="after")
    def _lets_us_in(self) -> Self:
        if bool(self.password) == bool(self.login_url):
            raise ValueError("needs `password`, or else `login_url`: how do we log in?")
        return self

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        if self.security == "none" and self.host not in _LOCAL:
            raise ValueError("security = none sends the password in the clear: only for a server on this host")
        return self

    @property
    def own(self) -> frozenset[str]:
        """Our own addresses, lower case."""
        return frozenset(address.strip().lower() for address in (*self.own_addresses, self.username))


class Memory(msgspec.Struct):
    """The cursor: the last mail heard, and the numbering it belongs to."""

    validity: int = 0
    uid: int = 0


async def listen(name: str, settings: Settings, cursors: Mapping[str, str]) -> AsyncIterator[Batch]:
    """Yield what comes in."""
    part = settings.mailbox
    async with _connection(settings) as imap:
        can = await _login(imap, settings)
        mailbox = await imap.examine(settings.mailbox)
        memory = recall(cursors.get(part, ""), Memory)
        if memory.validity != mailbox.validity:
            async for batch in _rescan(imap, settings, mailbox, known=bool(memory.validity)):
                yield batch
            memory = Memory(mailbox.validity, mailbox.last)
        while True:
            sizes = await imap.sizes(memory.uid + 1)
            for numbers in _chunks(sizes):
                mentions = await _fetch(imap, settings, numbers)
                memory = Memory(mailbox.validity, numbers[-1])
                yield Batch(mentions, as_cursor(memory), part, caught_up=numbers[-1] == max(sizes))
            if not sizes:
                yield Batch((), as_cursor(memory), part)
            await _wait(imap, settings, can_idle="IDLE" in can)


async def verify(settings: Settings) -> str:
    """Log in and open the mailbox."""
    async with _connection(settings) as imap:
        await _login(imap, settings)
        await imap.examine(settings.mailbox)
    return f"{settings.host} lets us read {settings.mailbox}"


def _connection(settings: Settings) -> AbstractAsyncContextManager[Imap]:
    return talking(settings.host, settings.port or _PORTS[settings.security], settings.security)


async def _login(imap: Imap, settings: Settings) -> set[str]:
    """Log in; what the server can do."""
    if settings.password:
        return await imap.login(settings.username, settings.password.get_secret_value())
    async with Fetcher(Limits(allow_private=True)) as fetcher:
        page = await fetcher.post(settings.login_url, settings.token_form())
    if page.status in (400, 401, 403):
        raise page.refusal(f"{page.host} does not issue a token to this client_id", permanent=True)
    return await imap.login_as(settings.username, decode(page, Token).access_token)


async def _rescan(imap: Imap, settings: Settings, mailbox: Mailbox, *, known: bool) -> AsyncIterator[Batch]:
    """A mailbox that is numbered anew: the mails of the last week once more. One that is new to us: from now on."""
    memory = Memory(mailbox.validity, mailbox.last)
    numbers = await imap.since((clock.now() - RESCAN).strftime("%d-%b-%Y")) if known else []
    for start in range(0, len(numbers), AT_ONCE):
        mentions = await _fetch(imap, settings, numbers[start : start + AT_ONCE])
        yield Batch(mentions, None, settings.mailbox, caught_up=False)
    lost = "the mailbox was numbered anew: mails older than a week may have been missed" if known else ""
    yield Batch((), as_cursor(memory), settings.mailbox, lost=lost)


async def _fetch(imap: Imap, settings: Settings, numbers: list[int]) -> tuple[Mention, ...]:
    mails, now = await imap.fetch(numbers, MAX_MAIL), clock.now()
    found = [mails[number] for number in numbers if number in mails]
    one = partial(read, now=now, channel=settings.channel, own=settings.own, lists=settings.lists)
    # In a thread: what a stranger has made to be slow holds up this mailbox only.
    read_ones = [await asyncio.to_thread(one, raw) for raw in found]
    return tuple(mention for mention in read_ones if mention)


def _chunks(sizes: Mapping[int, int]) -> list[list[int]]:
    """Numbers in order, together as many as may be in memory at once."""
    chunks: list[list[int]] = []
    room = 0
    for number, size in sizes.items():
        taken = min(size, MAX_MAIL)
        if not chunks or len(chunks[-1]) == AT_ONCE or taken > room:
            chunks.append([])
            room = AT_ONCE_BYTES
        chunks[-1].append(number)
        room -= taken
    return chunks


async def _wait(imap: Imap, settings: Settings, *, can_idle: bool) -> None:
    if can_idle:
        await imap.idle(settings.idle.total_seconds())
    else:
        await asyncio.sleep(settings.interval.total_seconds())
        await imap.alive()
