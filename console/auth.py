"""Who is calling: Bearer tokens for the API, signed session cookies for the pages. It grants; it serves nothing.

Tokens are hashed once when the console starts and compared in constant time. A session is a signed cookie that names
the token it was opened with; it ends when that token leaves the configuration, changes, or after SESSION_LIFE.
"""

import hashlib
import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from leitstand.errors import ServiceError
from leitstand.settings import Settings
from listeners.sources import api

SESSION_LIFE = timedelta(hours=12)
KEY_BYTES = 32
LONGEST_COOKIE = 1024
LONGEST_NAME = 60


class Scope(StrEnum):
    """What a token may do. `admin` may do everything."""

    INGEST = "ingest"
    READ = "read"
    ACT = "act"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is behind a request. `name` is the token's, or the listener's; `actor` is what a timeline says."""

    name: str
    scopes: frozenset[Scope]
    person: str = ""

    @property
    def actor(self) -> str:
        """The person, and the token that let them in."""
        return f"{self.person} ({self.name})" if self.person else self.name

    def may(self, scope: Scope) -> bool:
        """Whether this caller has the scope."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


@dataclass(frozen=True, slots=True)
class _Known:
    digest: bytes = field(repr=False)
    caller: Caller


class Tokens:
    """The tokens of a configuration."""

    def __init__(self, known: Iterable[tuple[str, Caller]]) -> None:
        self._known = [_Known(_digest(token), caller) for token, caller in known]

    def find(self, token: str) -> Caller | None:
        """The caller whose token this is."""
        digest = _digest(token)
        found = [entry.caller for entry in self._known if hmac.compare_digest(entry.digest, digest)]
        return found[0] if found else None

    def of_session(self, name: str, mark: str) -> Caller | None:
        """The caller of that name, if its token still is the one with this mark."""
        known = (e for e in self._known if e.caller.name == name and _mark(e.digest) == mark)
        return next((e.caller for e in known), None)

    def mark(self, caller: Caller) -> str:
        """What a session remembers of the caller's token: enough to see that it changed, useless to guess it."""
        return next(_mark(e.digest) for e in self._known if e.caller == caller)

    def __bool__(self) -> bool:
        return bool(self._known)


def api_tokens(settings: Settings) -> Tokens:
    """Who may call the API: the `[api.tokens]`, and the listeners of kind `api` with scope ingest."""
    entries = [
        (t.token.get_secret_value(), Caller(n, frozenset(map(Scope, t.scopes)))) for n, t in settings.api.tokens.items()
    ]
    listening = [
        (listener.token.get_secret_value(), Caller(name, frozenset({Scope.INGEST})))
        for name, listener in settings.listeners.items()
        if isinstance(listener, api.Settings) and listener.enabled
    ]
    return Tokens(_merged(listening + entries))


def _merged(entries: Iterable[tuple[str, Caller]]) -> Iterable[tuple[str, Caller]]:
    """One caller a token: who uses the same one in two places may do what either allows, under the first name."""
    callers: dict[str, Caller] = {}
    for token, caller in entries:
        known = callers.get(token)
        callers[token] = Caller(known.name, known.scopes | caller.scopes) if known else caller
    return callers.items()


def console_tokens(settings: Settings) -> Tokens:
    """Who may open the console: the `[api.tokens]` that may read."""
    entries = ((t, Caller(name, frozenset(map(Scope, t.scopes)))) for name, t in settings.api.tokens.items())
    return Tokens((t.token.get_secret_value(), caller) for t, caller in entries if caller.may(Scope.READ))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_open(settings: Settings) -> bool:
    """Whether the pages need no login: nobody but this machine can reach them, and no token is configured."""
    published = urlsplit(settings.server.public_url).hostname or ""
    return is_loopback(listen_host(settings)) and is_loopback(published) and not settings.api.tokens


def listen_host(settings: Settings) -> str:
    """The host part of server.listen, without brackets."""
    return settings.server.listen.rpartition(":")[0].strip("[]")


def bearer(header: str | None) -> str | None:
    """The token in an Authorization header."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def load_key(data_dir: Path) -> bytes:
    """The key that signs sessions, made at first use and readable by its owner only."""
    path = data_dir / "console.key"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = data_dir / f"console.key.{os.getpid()}.{os.urandom(4).hex()}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.urandom(KEY_BYTES))
        try:
            os.link(draft, path)  # atomic, and never replaces the key that another process has made
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        key = path.read_bytes()
    except OSError as error:
        raise ServiceError(f"the session key {path} cannot be made or read: {error.strerror}") from error
    if len(key) < KEY_BYTES:
        raise ServiceError(f"the session key {path} is damaged: delete it, and everybody signs in again")
    return key


class _Ticket(msgspec.Struct, array_like=True):
    name: str
    mark: str
    person: str
    expires: int


class Sessions:
    """Opens and checks the console's sessions."""

    def __init__(self, tokens: Tokens, key: bytes) -> None:
        self._tokens, self._key = tokens, key

    def open(self, token: str, person: str, now: datetime) -> str | None:
        """The cookie for whoever has this token; None if nobody has."""
        caller = self._tokens.find(token)
        if caller is None:
            return None
        expires = int((now + SESSION_LIFE).timestamp())
        person = " ".join(person.split())[:LONGEST_NAME]
        payload = msgspec.json.encode(_Ticket(caller.name, self._tokens.mark(caller), person, expires))
        return f"{_encode(payload)}.{_encode(self._sign(payload))}"

    def check(self, cookie: str, now: datetime) -> Caller | None:
        """The caller of a cookie; None if it is not ours, too old, or its token is gone."""
        body, _, signature = cookie[:LONGEST_COOKIE].partition(".")
        try:
            payload = _decode(body)
            if not hmac.compare_digest(self._sign(payload), _decode(signature)):
                return None
            ticket = msgspec.json.decode(payload, type=_Ticket)
        except (Base64Error, ValueError):
            return None
        caller = self._tokens.of_session(ticket.name, ticket.mark)
        if caller is None or ticket.expires <= now.timestamp():
            return None
        return Caller(caller.name, caller.scopes, ticket.person)

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, "sha256")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _mark(digest: bytes) -> str:
    return hashlib.sha256(digest).hexdigest()[:16]


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
