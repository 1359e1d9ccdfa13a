"""A record of Bluesky → Mention. Typed decoding; a record that is no post of the expected shape is refused alone.

The stream tells nothing of the author but the account's DID: handles change, the DID stays.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from leitstand.model import Author, Mention, MentionKind
from listeners.plaintext import MAX_LINKS, clean, is_link

CHANNEL: Final = "bluesky"
POSTS: Final = "app.bsky.feed.post"
# The author's own word on when it was written counts if it is no older than this: imported posts are new to us.
BELIEVED: Final = timedelta(days=1)


class _Thing(msgspec.Struct, frozen=True):
    """Something whose inside does not matter."""


class _Reference(msgspec.Struct, frozen=True):
    uri: str = ""


class _Reply(msgspec.Struct, frozen=True):
    root: _Reference = _Reference()
    parent: _Reference = _Reference()


class _Feature(msgspec.Struct, frozen=True):
    uri: str = ""


class _Facet(msgspec.Struct, frozen=True):
    features: list[_Feature] = []


class _External(msgspec.Struct, frozen=True):
    uri: str = ""


class _Media(msgspec.Struct, frozen=True):
    images: list[_Thing] = []
    video: _Thing | None = None
    external: _External = _External()


class _Embed(_Media, frozen=True):
    record: _Thing | None = None
    media: _Media = _Media()


_NONE: Final = _Embed()


class Record(msgspec.Struct, frozen=True):
    """What we read of an app.bsky.feed.post."""

    text: str
    createdAt: str = ""  # noqa: N815  the network's name
    langs: list[str] = []
    reply: _Reply | None = None
    facets: list[_Facet] = []
    embed: _Embed = _NONE


decoder: Final = msgspec.json.Decoder(Record)


def uri_of(did: str, rkey: str) -> str:
    """What identifies a post for ever."""
    return f"at://{did}/{POSTS}/{rkey}"


def mention(record: Record, did: str, rkey: str, seen_at: datetime, now: datetime) -> Mention:
    """The post as a Mention. `seen_at` is when the network saw it."""
    reply, embed = record.reply, record.embed
    return Mention(
        CHANNEL,
        uri_of(did, rkey),
        clean(record.text),
        written_at(record.createdAt, seen_at),
        now,
        url=f"https://bsky.app/profile/{did}/post/{rkey}",
        language=record.langs[0].partition("-")[0].lower()[:35] if len(record.langs) == 1 else "",
        kind=_kind(record),
        author=Author(did),
        parent_id=reply.parent.uri if reply else "",
        conversation_id=reply.root.uri if reply else uri_of(did, rkey),
        links=_links(record),
        media=len(embed.images) + len(embed.media.images) + bool(embed.video) + bool(embed.media.video),
    )


def written_at(claimed: str, seen_at: datetime) -> datetime:
    """When it was written: what the author's client says, if that is no later and not much earlier than it was seen."""
    try:
        written = datetime.fromisoformat(claimed)
        return written.astimezone(seen_at.tzinfo) if seen_at - BELIEVED <= written <= seen_at else seen_at
    except (ValueError, TypeError, OverflowError):  # no time, or one without a zone
        return seen_at


def _kind(record: Record) -> MentionKind:
    if record.reply:
        return "reply"
    return "quote" if record.embed.record is not None else "post"


def _links(record: Record) -> tuple[str, ...]:
    if not record.facets and record.embed is _NONE:
        return ()
    found = [feature.uri for facet in record.facets for feature in facet.features]
    found += [record.embed.external.uri, record.embed.media.external.uri]
    return tuple(dict.fromkeys(link for link in found if is_link(link)))[:MAX_LINKS]
