"""Meta's Graph API: one request with its proof, and what its many ways to say no mean."""

import hashlib
import hmac
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Annotated, Final, Protocol, TypeVar

import msgspec

from leitstand.errors import FetchError
from leitstand.refusals import own_words
from listeners.answers import decode, each
from listeners.fetch import Fetcher, Page

# An id becomes part of an address: what is none may not lead elsewhere.
_ID: Final = r"^[A-Za-z0-9_-]{1,100}\Z"
Id = Annotated[str, msgspec.Meta(pattern=_ID)]


def is_id(text: str) -> bool:
    """Whether it can be asked for."""
    return re.match(_ID, text) is not None


class RefusedError(FetchError):
    """We may not have this, whatever the reason. Other things we may: it ends no listener."""


class MissingError(FetchError):
    """What was asked for is not there, or we may not see it."""


class Listed(Protocol):
    """A row of a listing. `written` is the time as the API writes it, "" where it does not say."""

    @property
    def id(self) -> str: ...
    @property
    def written(self) -> str: ...


L = TypeVar("L", bound=Listed)

PAGE: Final = 100
MOST_PAGES: Final = 30
BUSY: Final = 75.0  # percent of a limit: from here on we ask less often
_LIMITED: Final = {4, 17, 32, 613, 80001, 80002}
_TRANSIENT: Final = {1, 2}
_REST: Final = timedelta(minutes=5)
_HOPELESS: Final = timedelta(hours=1)


class Error(msgspec.Struct):
    message: str = ""
    code: int = 0
    subcode: int = msgspec.field(default=0, name="error_subcode")
    is_transient: bool = False


class Failure(msgspec.Struct):
    error: Error


class Cursors(msgspec.Struct):
    after: str = ""


class Paging(msgspec.Struct):
    cursors: Cursors = msgspec.field(default_factory=Cursors)
    next: str = ""


class Rows(msgspec.Struct):
    """A page of a listing. `after` goes on with it, "" where it ends."""

    data: list[msgspec.Raw] = []
    paging: Paging = msgspec.field(default_factory=Paging)

    @property
    def after(self) -> str:
        return self.paging.cursors.after if self.paging.next else ""


class Usage(msgspec.Struct):
    """How much of a limit is used, in percent; `regain` in minutes."""

    call_count: float = 0
    total_time: float = 0
    total_cputime: float = 0
    regain: float = msgspec.field(default=0, name="estimated_time_to_regain_access")

    @property
    def most(self) -> float:
        return max(self.call_count, self.total_time, self.total_cputime)


@dataclass(slots=True)
class Graph:
    """A client with its token. `busy` says that the last answer was near a limit."""

    fetcher: Fetcher
    base: str
    token: str = field(repr=False)
    app_secret: str = field(repr=False)
    busy: bool = False

    async def rows(self, path: str, params: Mapping[str, str]) -> Rows:
        """One page of a listing. Raises FetchError."""
        return decode(await self._asked(path, params), Rows)

    async def objects(self, names: Sequence[str], fields: str) -> Mapping[str, msgspec.Raw]:
        """Some objects by their ids. Raises FetchError; MissingError, if one of them is not there."""
        page = await self._asked("", {"ids": ",".join(names), "fields": fields})
        return decode(page, dict[str, msgspec.Raw])

    async def _asked(self, path: str, params: Mapping[str, str]) -> Page:
        proof = hmac.new(self.app_secret.encode(), self.token.encode(), hashlib.sha256).hexdigest()
        # The token in a header, because addresses end up in logs.
        headers = {"Authorization": f"Bearer {self.token}"}
        page = await self.fetcher.get(f"{self.base}/{path}", headers, {**params, "appsecret_proof": proof})
        usage = _usage(page.headers)
        self.busy = any(one.most >= BUSY for one in usage)
        if page.status >= 400:
            _refuse(page, usage)
        return page

    async def back_to(
        self, known: Container[str], path: str, params: Mapping[str, str], shape: type[L]
    ) -> tuple[list[L], bool]:
        """A listing's rows back to a known one, and whether these are all. Where the oldest come first: all. Raises
        FetchError."""
        rows = await self.rows(path, {**params, "limit": str(PAGE)})
        found, after = list(each(rows.data, shape)), rows.after
        if after and (_rising(found) or not any(row.id in known for row in found)):
            further, end = await self._all_rows(path, params, shape, after)
            found, after = found + further, "" if end else after
        return found, not after

    async def _all_rows(self, path: str, params: Mapping[str, str], shape: type[L], after: str) -> tuple[list[L], bool]:
        """The further pages of a listing, and whether they reach its end."""
        found: list[L] = []
        for _ in range(MOST_PAGES):
            if not after:
                return found, True
            rows = await self.rows(path, {**params, "limit": str(PAGE), "after": after})
            found += each(rows.data, shape)
            after = rows.after
        return found, False


def _rising(rows: Sequence[Listed]) -> bool:
    """Whether the oldest come first. Single ones may stand elsewhere."""
    times = [row.written for row in rows if row.written]
    return sum((a < b) - (a > b) for a, b in pairwise(times)) > 0


def _usage(headers: Mapping[str, str]) -> list[Usage]:
    """What the headers say of the limits; nothing where they cannot be read."""
    found: list[Usage] = []
    try:
        if text := headers.get("x-app-usage", ""):
            found.append(msgspec.json.decode(text, type=Usage))
        if text := headers.get("x-business-use-case-usage", ""):
            found += (one for ones in msgspec.json.decode(text, type=dict[str, list[Usage]]).values() for one in ones)
    except msgspec.MsgspecError:
        return []
    return found


def _refuse(page: Page, usage: list[Usage]) -> None:
    """Raises FetchError in words."""
    try:
        error = msgspec.json.decode(page.body, type=Failure).error
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        page.check()
        return
    code, status = error.code, page.status
    if code == 190:
        raise page.refusal("Meta does not take this access_token any more: make a new one", permanent=True)
    if code == 10 or 200 <= code <= 299:
        raise _refused(page, "this access_token lacks a permission, see the source's guide")
    if code in _LIMITED:
        regain = max((timedelta(minutes=one.regain) for one in usage), default=timedelta(0))
        raise page.refusal("Meta asks us to slow down", retry_after=max(regain, _REST))
    if error.is_transient or code in _TRANSIENT or status >= 500:
        raise page.refusal(f"Meta cannot answer at the moment (HTTP {status})")
    if code == 803 or (code, error.subcode) == (100, 33):
        raise MissingError(
            f"it is not there, or not shown to us (code {code}, HTTP {status})", permanent=True, status=status
        )
    raise _refused(page, f"Meta refuses it (code {code}, HTTP {status})")


def _refused(page: Page, words: str) -> RefusedError:
    said = own_words(page.body)
    return RefusedError(words, retry_after=_HOPELESS, status=page.status, host=page.host, said=said)
