"""A Redis that Sentinels watch over: they are asked for its primary whenever a connection is opened.

Failovers are redis-py's matter: who holds a connection to a primary that is one no more gets an error, and the next
connection goes to the new one. Jobs that were lost on the way are found by the sweep, as after a wipe.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from redis import AuthenticationError, Redis, RedisError, ResponseError
from redis import ConnectionError as NoConnectionError
from redis import TimeoutError as NoAnswerError
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry
from redis.sentinel import Sentinel

from leitstand.sentinel_url import SentinelUrl
from leitstand.unreached import why

Address = tuple[str, int]
T = TypeVar("T")
# Their own TLS is that of the data nodes: one authority for both.
_SHARED: Final = "ssl_"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one Sentinel said; `primary` is None where it names none, and `said` tells why, in words."""

    asked: str
    said: str
    primary: Address | None = None


class NoPrimaryError(NoConnectionError, NoAnswerError):
    """No Sentinel names a primary now: waited for like a server that is away, and left alone like one that hangs."""

    def __init__(self, service: str, answers: Sequence[Answer]) -> None:
        super().__init__(
            f"no Sentinel names a primary of “{service}”: {'; '.join(f'{one.asked} {one.said}' for one in answers)}"
        )


class UnlessNobodyIs(Retry):
    """Tries again, but not where all Sentinels have just been asked: each may have taken its time."""

    def call_with_retry(
        self,
        do: Callable[[], T],
        fail: Callable[..., Any],
        is_retryable: Callable[[Exception], bool] | None = None,
        with_failure_count: bool = False,
    ) -> T:
        """As redis-py tries again."""
        return super().call_with_retry(do, fail, lambda e: not isinstance(e, NoPrimaryError), with_failure_count)


class Sentinels(Sentinel):
    """redis-py's Sentinels, each asked for its part of `patience`, so that all together delay nobody for longer.

    Each is asked by a connection of its own: nothing is shared between threads, and nothing is left open.
    """

    def __init__(self, url: SentinelUrl, patience: float) -> None:
        data = parse_url(url.data)  # type: ignore[no-untyped-call]
        each = patience / len(url.sentinels)
        own = {key: value for key, value in data.items() if key.startswith(_SHARED)}
        super().__init__(  # type: ignore[no-untyped-call]
            [],
            sentinel_kwargs=own
            | {
                "ssl": url.tls,
                "username": url.username,
                "password": url.password,
                "socket_connect_timeout": each,
                "socket_timeout": each,
                "retry": Retry(NoBackoff(), 0),
            },
        )
        self._data = {key: value for key, value in data.items() if key not in ("host", "port", "connection_class")}
        self._url, self._order = url, url.sentinels

    def primary(self, *, connect_timeout: float, timeout: float) -> Redis:
        """A connection pool on whichever node is the primary."""
        options = {
            "socket_connect_timeout": connect_timeout,
            "socket_timeout": timeout,
            "retry": UnlessNobodyIs(NoBackoff(), 1, (NoConnectionError,)),
            "ssl": self._url.tls,
        }
        found: Redis = self.master_for(self._url.service, **(options | self._data))  # type: ignore[no-untyped-call]
        return found

    def discover_master(self, service_name: str) -> Address:
        """As redis-py asks, but who was asked and what it said is told in words, and no Sentinel is written out."""
        answers: list[Answer] = []
        for address in self._order:
            answer = self._ask(address)
            if answer.primary:
                self._order = (address, *(one for one in self._order if one != address))
                return answer.primary
            answers.append(answer)
        raise NoPrimaryError(service_name, answers)

    def ask_each(self) -> Iterator[Answer]:
        """What every one of them says."""
        return (self._ask(address) for address in self._url.sentinels)

    def _ask(self, address: Address) -> Answer:
        asked, service = "{}:{}".format(*address), self._url.service
        try:
            with Redis(*address, **self.sentinel_kwargs) as sentinel:
                state = sentinel.sentinel_masters().get(service)
        except RedisError as error:
            return Answer(asked, _in_words(error))
        if not state:
            return Answer(asked, f"knows no “{service}”")
        at = (state["ip"], state["port"])
        if not self.check_master_state(state, service):  # type: ignore[no-untyped-call]
            return Answer(asked, "says that the primary {}:{} is down, and names no other yet".format(*at))
        return Answer(asked, "names {}:{}".format(*at), at)


def _in_words(error: RedisError) -> str:
    said = str(error)
    if "NOAUTH" in said or said.startswith("HELLO must be called"):
        return "wants a password (?sentinel_password=…)"
    if isinstance(error, AuthenticationError) or "WRONGPASS" in said:
        return "does not let us in: are sentinel_username and sentinel_password right?"
    if isinstance(error, ResponseError):
        return "is no Sentinel" if "unknown command" in said else f"refuses: {said}"
    return f"cannot be asked: {why(error)}"
