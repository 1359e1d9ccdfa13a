"""The daemon itself: where it keeps its data, what it listens on, who may call it."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator

from leitstand import sentinel_url
from leitstand.settings.base import Account, Duration, Name, Section

_LAST_PORT: Final = 65_535
_MANY: Final = re.compile(r"(?:rediss?[+-]?)?(sentinel|cluster)", re.IGNORECASE)
_HINTS: Final = {
    "sentinel": ": Sentinels are named by redis+sentinel://host:26379,host:26379/mymaster/0",
    "cluster": ": a cluster cannot be used, name one server, or Sentinels by redis+sentinel://",
}


def _an_address(*schemes: str) -> Callable[[SecretStr], SecretStr]:
    """Holds an address to its scheme. What it holds is secret, so the error does not repeat it."""

    def check(url: SecretStr) -> SecretStr:
        value = url.get_secret_value()
        if not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            more = _HINTS[many[1].lower()] if (many := _MANY.match(value)) else ""
            raise ValueError(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}{more}")
        try:
            _ = urlsplit(value).port
        except ValueError:
            several = "; several hosts are written ?host=a,b&port=5432,5432" if "postgresql" in schemes else ""
            raise ValueError(f"has a port that is no number{several}") from None
        return url

    return check


def _a_numbered_database(url: SecretStr) -> SecretStr:
    """What stands behind the host is passed over in silence where it is no number."""
    value = url.get_secret_value()
    if not value.startswith("unix:") and not re.fullmatch(r"/?|/\d+", urlsplit(value).path):
        raise ValueError("must end with the number of a database, as in redis://host:6379/0, or with the port")
    return url


def _a_redis(url: SecretStr) -> SecretStr:
    if sentinel_url.is_sentinel(url.get_secret_value()):
        sentinel_url.read(url.get_secret_value())
        return url
    return _a_numbered_database(_one_redis(url))


_one_redis = _an_address("redis", "rediss", "unix")
_PostgresUrl = Annotated[SecretStr, AfterValidator(_an_address("postgresql", "postgres", "postgresql+psycopg"))]
_RedisUrl = Annotated[SecretStr, AfterValidator(_a_redis)]


class Brand(Section):
    """Who is listened for."""

    name: str = Field("Brand", description="The brand's name, as shown in the console and in messages.")
    own_accounts: list[Account] = Field(
        [], description="The brand's own accounts. Their posts open nothing; their replies stop the response clocks."
    )


class Server(Section):
    """Where the daemon keeps its data and where it listens."""

    data_dir: Path = Field(Path("var"), description="Embedded PostgreSQL and Redis, sockets and metrics live here.")
    listen: str = Field(
        "127.0.0.1:8080",
        pattern=r"^\S+:\d{1,5}$",
        description="Console, API, /metrics, /hooks.",
        examples=["127.0.0.1:8080"],
    )
    url: str = Field(
        "", description="The console's address as people reach it, for links in messages. Default: http://<listen>."
    )
    language: Literal["en", "de"] = Field(
        "en", description="The language of messages, and of the console where a browser asks for neither."
    )

    @field_validator("listen")
    @classmethod
    def _a_port_that_exists(cls, listen: str) -> str:
        if int(listen.rpartition(":")[2]) > _LAST_PORT:
            raise ValueError(f"has a port that does not exist: the last one is {_LAST_PORT}")
        return listen

    @property
    def public_url(self) -> str:
        """The console's address without a trailing slash."""
        return (self.url or f"http://{self.listen}").rstrip("/")


class Database(Section):
    """PostgreSQL, version 15 or newer."""

    url: _PostgresUrl | None = Field(
        None,
        description="postgresql://user:password@host/name, with ?sslmode=verify-full for TLS."
        " Absent: embedded in data_dir.",
    )


class Redis(Section):
    """Redis 6.2 or newer, or Valkey."""

    url: _RedisUrl | None = Field(
        None,
        description="redis://user:password@host:6379/0, with TLS rediss://; or Sentinels, who name it:"
        " redis+sentinel://user:password@host:26379,host:26379/service/0. No cluster. Absent: embedded in data_dir.",
    )


class Workers(Section):
    """How the daemon uses this host."""

    processes: int = Field(1, ge=1, le=64, description="How many `work` processes `leitstand run` starts.")
    recycle_after: int = Field(5000, ge=10, description="A worker is replaced by a fresh one after so many jobs.")


_Kept = Annotated[Duration, Field(ge=timedelta(days=7), le=timedelta(days=36500))]


class Retention(Section):
    """How long posts and cases are kept. What is past its limit goes within a day."""

    posts: _Kept | None = Field(
        None,
        description="A post in no case is kept so long after it was received. Absent: for ever.",
        examples=["90d"],
    )
    cases: _Kept | None = Field(
        None,
        description="A case is kept so long after it was resolved or closed. Absent: for ever.",
        examples=["730d"],
    )
    forwarded: bool = Field(
        True, description="true: before a case goes, targets that can take back what they were told of it are asked to."
    )


class Token(Section):
    """Who may call the API."""

    token: SecretStr = Field(description="Sent as `Authorization: Bearer …`; it also opens the console.")
    scopes: list[Literal["ingest", "read", "act", "admin"]] = Field(
        ["read"], min_length=1, description="ingest: hand in posts; read: see cases; act: change them; admin: all."
    )


class Api(Section):
    """The HTTP API."""

    tokens: dict[Name, Token] = Field({}, description="One table a caller.")

    @field_validator("tokens")
    @classmethod
    def _each_its_own(cls, tokens: dict[str, Token]) -> dict[str, Token]:
        """Two callers with one token could do what either may, and all would be told of the first."""
        owner: dict[str, str] = {}
        for name, entry in tokens.items():
            first = owner.setdefault(entry.token.get_secret_value(), name)
            if first != name:
                raise ValueError(f"“{first}” and “{name}” have the same token: give each its own")
        return tokens
