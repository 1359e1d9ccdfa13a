"""A status of Mastodon → Mention. Typed decoding: a status of another shape is refused alone.

A status is known by its `uri`, which is the same on every instance; answers and deletes name it by a number of this
instance. `Known` remembers which number is which.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import msgspec

from leitstand.model import Author, Mention, MentionKind
from listeners.plaintext import from_html

CHANNEL: Final = "mastodon"
REMEMBERED: Final = 100_000


class _Named(msgspec.Struct, frozen=True):
    url: str | None = None


class _Thing(msgspec.Struct, frozen=True):
    """Something whose inside does not matter."""


class _Account(msgspec.Struct, frozen=True):
    acct: str = ""
    uri: str | None = None
    url: str | None = None
    display_name: str = ""
    followers_count: int | None = None


class Status(msgspec.Struct, frozen=True):
    """What we read of a status."""

    id: str
    uri: str
    created_at: datetime
    edited_at: datetime | None = None
    content: str = ""
    url: str | None = None
    spoiler_text: str = ""
    visibility: str = "public"
    language: str | None = None
    in_reply_to_id: str | None = None
    account: _Account = _Account()
    reblog: _Thing | None = None
    quote: _Thing | None = None
    media_attachments: list[_Thing] = []
    mentions: list[_Named] = []
    tags: list[_Named] = []


class Notification(msgspec.Struct, frozen=True):
    """A notification; only one of type "mention" or "quote" has a status that concerns us."""

    id: str
    type: str = ""
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    uri: str
    conversation: str


@dataclass
class Known:
    """The statuses heard lately, by this instance's numbers."""

    places: OrderedDict[str, _Place] = field(default_factory=OrderedDict)

    def note(self, status: Status) -> None:
        """Remember which status has this number, and what conversation it is in."""
        parent = self.places.get(status.in_reply_to_id or "")
        self.places[status.id] = _Place(status.uri, parent.conversation if parent else status.uri)
        self.places.move_to_end(status.id)
        while len(self.places) > REMEMBERED:
            self.places.popitem(last=False)

    def uri(self, number: str) -> str:
        """ "" for a number that was not heard."""
        place = self.places.get(number)
        return place.uri if place else ""

    def conversation(self, number: str) -> str:
        """The uri of the first status of the conversation, as far as it is known."""
        place = self.places.get(number)
        return place.conversation if place else ""


def mention(status: Status, host: str, known: Known, now: datetime) -> Mention:
    """The status as a Mention. `host` is the instance, which leaves its own name out of its accounts."""
    plain, parent = from_html(status.content), status.in_reply_to_id or ""
    marks = {named.url for named in (*status.mentions, *status.tags)}
    return Mention(
        CHANNEL,
        status.uri,
        plain.text,
        min(aware(status.created_at), now),
        now,
        url=status.url or status.uri,
        title=status.spoiler_text[:1000],
        language=(status.language or "").partition("-")[0].lower()[:35],
        kind=_kind(status),
        author=_author(status.account, host),
        parent_id=known.uri(parent),
        conversation_id=(known.conversation(parent) or known.uri(parent)) if parent else status.uri,
        links=tuple(link for link in plain.links if link not in marks),
        media=len(status.media_attachments),
        edited_at=min(aware(status.edited_at), now) if status.edited_at else None,
        ref=f"{host} {status.id}",
    )


def aware(moment: datetime) -> datetime:
    """In UTC, which is meant where nothing is said."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _kind(status: Status) -> MentionKind:
    if status.visibility == "direct":
        return "message"
    if status.in_reply_to_id:
        return "reply"
    return "quote" if status.quote is not None else "post"


def _author(account: _Account, host: str) -> Author:
    handle = account.acct if "@" in account.acct else f"{account.acct}@{host}"
    return Author(account.uri or account.url or handle, handle, account.display_name, account.followers_count)
