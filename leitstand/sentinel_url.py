"""The address of a Redis whose primary Sentinels name, as one URL. Pure: who connects is elsewhere.

    redis+sentinel://[user:password@]host[:26379][,host…]/service[/0][?option=value&…]

User, password, number and options are those of the data nodes, as in redis://. rediss+sentinel:// is TLS to them and to
the Sentinels; sentinel_username and sentinel_password are for the Sentinels alone. No error repeats what it was given.
"""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode

SCHEMES: Final = ("redis+sentinel://", "rediss+sentinel://")
_LAST_PORT: Final = 65_535
_PORT: Final = 26_379
_HOST: Final = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:@\s]+))(?::(?P<port>[0-9]{1,5}))?")
_PATH: Final = re.compile(r"(?P<service>[^/]+)(?:/(?P<database>[0-9]*))?")
_OF_SENTINELS: Final = ("sentinel_username", "sentinel_password")


@dataclass(frozen=True, slots=True)
class SentinelUrl:
    """`data` is the URL of a data node, whatever host it is at: redis://user:password@primary/0?option=value."""

    sentinels: tuple[tuple[str, int], ...]
    service: str
    tls: bool
    data: str = field(repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def is_sentinel(url: str) -> bool:
    """Whether Sentinels are named, rather than one server."""
    return url.startswith(SCHEMES)


def read(url: str) -> SentinelUrl:
    """What the URL says. Raises ValueError, in words."""
    scheme, _, rest = url.partition("+sentinel://")
    address, _, query = rest.partition("?")
    place, _, path = address.partition("/")
    login, at, hosts = place.rpartition("@")
    found = _PATH.fullmatch(path)
    if not found:
        raise ValueError("must end with the service's name, as in redis+sentinel://host:26379,host:26379/mymaster/0")
    options = parse_qsl(query, keep_blank_values=True)
    own = dict(option for option in options if option[0] in _OF_SENTINELS)
    others = urlencode([option for option in options if option[0] not in _OF_SENTINELS])
    return SentinelUrl(
        tuple(_host(one) for one in hosts.split(",")),
        unquote(found["service"]),
        scheme == "rediss",
        f"{scheme}://{login}{at}primary/{found['database'] or 0}?{others}",
        own.get("sentinel_username"),
        own.get("sentinel_password"),
    )


def _host(told: str) -> tuple[str, int]:
    found = _HOST.fullmatch(told)
    port = int(found["port"] or _PORT) if found else 0
    if not found or not 0 < port <= _LAST_PORT:
        raise ValueError(
            "names a Sentinel that is none: several are written host:26379,host:26379, with numbers as ports"
        )
    return found["six"] or found["name"], port
