"""Every error Leitstand raises on purpose.

LeitstandError
├── ConfigurationError      the operator's file is wrong; carries every Problem found
├── PluginError             a kind that does not exist, or whose optional SDK is missing
├── InputError              a post, a query or a request that cannot be taken
│   ├── QueryError          with the position in the query
│   └── HookRefusedError    a call of /hooks/ that is not let in; with the HTTP status it gets
├── StateError              an action that the case's state does not allow
├── NotFoundError           no such case, target, delivery …
├── ServiceError            PostgreSQL or Redis cannot be started, reached or is not migrated
│   └── OutdatedError       the database belongs to a newer version of Leitstand: this one makes way
├── LeaseLostError          another process runs this listener now
├── FetchError              a source could not be read; says whether waiting helps
└── DeliveryError           a target did not take a notice; says whether trying again helps
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

# The exit status by which a service manager and our own supervisor know it: EX_TEMPFAIL, "try again later".
OUTDATED = 75


class LeitstandError(Exception):
    """The root: catch this to catch everything of ours."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a configuration.

    `path` is the key path (`listeners.blogs.urls`), `line` counts from 1 and is 0 where the file has no such line.
    """

    path: str
    message: str
    line: int = 0
    file: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        return f"{place}{self.path}: {self.message}" if self.path else f"{place}{self.message}"


class ConfigurationError(LeitstandError):
    """The configuration cannot be used. `problems` lists everything found, in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda p: (p.file, p.line, p.path))
        super().__init__("\n".join(str(p) for p in self.problems))


class PluginError(LeitstandError):
    """A `kind` cannot be loaded. The message names the known kinds, or the extra to install."""


class InputError(LeitstandError):
    """Something from outside cannot be taken. `field` names the part of it that is wrong."""

    def __init__(self, message: str, field: str = "") -> None:
        self.field = field
        super().__init__(f"{field}: {message}" if field else message)


class QueryError(InputError):
    """A watchlist query is refused. `start` and `end` are character offsets into the query."""

    def __init__(self, message: str, start: int, end: int, suggestion: str = "") -> None:
        self.start, self.end, self.suggestion, self.reason = start, end, suggestion, message
        super().__init__(f"at character {start + 1}: {message}" + (f" ({suggestion})" if suggestion else ""))


class HookRefusedError(InputError):
    """A call of `/hooks/<name>` is not let in: nothing of it is taken. `status` is the HTTP status it gets."""

    def __init__(self, message: str, status: int = 400) -> None:
        self.status = status
        super().__init__(message)


class StateError(LeitstandError):
    """The case is not in a state that allows this action."""


class NotFoundError(LeitstandError):
    """There is no such thing."""


class ServiceError(LeitstandError):
    """PostgreSQL or Redis cannot be used. The message says what to do."""


class OutdatedError(ServiceError):
    """The database belongs to a newer version of Leitstand. A process that ends for this exits with OUTDATED."""


class LeaseLostError(LeitstandError):
    """Another process runs this listener now: what was just heard is its to commit."""


class FetchError(LeitstandError):
    """A source could not be read.

    `permanent` means that only a person can mend it (gone, refused, forbidden); `retry_after` is the wait that the
    source itself asked for; `status` is the HTTP status, 0 where there was no answer. `host` is who answered and `said`
    its own words, "" where it had none: for who asked by hand, never for a log.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after: timedelta | None = None,
        status: int = 0,
        host: str = "",
        said: str = "",
    ) -> None:
        self.permanent, self.retry_after, self.status = permanent, retry_after, status
        self.host, self.said = host, said
        super().__init__(message)


class DeliveryOutcome(StrEnum):
    """Why a delivery did not succeed: a closed set, also the metric's label."""

    RETRY = "retry"  # a 5xx, 408, 425 or a refused connection: nothing was taken, try again
    RATE_LIMITED = "rate_limited"  # 429: the target pauses
    UNKNOWN = "unknown"  # it may have been taken (time-out or reset after writing): look up before trying again
    REFUSED = "refused"  # the target will never take this one: dead letter
    UNAUTHORISED = "unauthorised"  # 401, 403: the whole target pauses, with an alarm


class DeliveryError(LeitstandError):
    """A target did not (surely) take a notice. The adapter says which kind; the delivery loop decides what follows.

    `said` is what the target's own system answered: for who asked by hand, never for a log.
    """

    def __init__(
        self, message: str, outcome: DeliveryOutcome, *, retry_after: timedelta | None = None, said: str = ""
    ) -> None:
        self.outcome, self.retry_after, self.said = outcome, retry_after, said
        super().__init__(message)
