"""Which posts are kept although they match no watchlist: those that answer one that is kept. A follow-up rarely repeats
the brand's name.

Networks name the post that is answered. Whoever sends a chat or a ticket may name the conversation alone: then whatever
is kept of it counts. Where a post does name another, its conversation is not enough: under somebody's post with a
thousand answers the one that names us is kept, and what answers it, not all of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal

from sqlalchemy import Connection, text

from leitstand.model import Mention

Key = tuple[str, str]
Taken = tuple[Mention, tuple[str, ...]]
# A post by its id, or a conversation by its: on a channel.
Place = tuple[Literal["post", "conversation"], str, str]

_POSTS: Final = text(
    "SELECT channel, external_id, array_to_string(watchlists, ',') FROM mentions WHERE (channel, external_id) IN"
    " (SELECT * FROM unnest(CAST(:channels AS text[]), CAST(:ids AS text[])))"
)
# One post of each is enough: all that were kept for the conversation alone have the same watchlists.
_CONVERSATIONS: Final = text("""
    SELECT asked.channel, asked.id, array_to_string(said.watchlists, ',')
    FROM unnest(CAST(:channels AS text[]), CAST(:ids AS text[])) AS asked(channel, id)
    CROSS JOIN LATERAL (
      SELECT watchlists FROM mentions m WHERE m.channel = asked.channel
        AND CASE m.conversation_id WHEN '' THEN m.parent_id ELSE m.conversation_id END = asked.id
        AND (m.conversation_id <> '' OR m.parent_id <> '')
      LIMIT 1) AS said
""")


def answers(connection: Connection, unmatched: Iterable[Mention], taken: Sequence[Taken]) -> dict[Key, tuple[str, ...]]:
    """Those that answer a stored or a taken post, or one of themselves that does, with its watchlists."""
    waiting: dict[Place, list[Mention]] = defaultdict(list)
    for mention in unmatched:
        for place in _asked(mention):
            waiting[place].append(mention)
    if not waiting:
        return {}
    left = [*_stored(connection, waiting), *((place, names) for mention, names in taken for place in _told(mention))]
    found: dict[Key, tuple[str, ...]] = {}
    while left:
        place, names = left.pop()
        for mention in waiting.pop(place, ()):
            key = (mention.channel, mention.external_id)
            if key not in found:
                found[key] = names
                left += ((there, names) for there in _told(mention))
    return found


def _asked(mention: Mention) -> Iterator[Place]:
    """What a post must belong to in order to be kept."""
    for asked in {mention.parent_id, mention.conversation_id} - {"", mention.external_id}:
        yield ("post", mention.channel, asked)
        if not mention.parent_id:
            yield ("conversation", mention.channel, asked)


def _told(mention: Mention) -> Iterator[Place]:
    """What a post that is kept lets others belong to."""
    yield ("post", mention.channel, mention.external_id)
    if conversation := mention.conversation_id or mention.parent_id:
        yield ("conversation", mention.channel, conversation)


def _stored(connection: Connection, waiting: Mapping[Place, object]) -> Iterator[tuple[Place, tuple[str, ...]]]:
    kinds: tuple[Literal["post", "conversation"], ...] = ("conversation", "post")
    for kind, query in zip(kinds, (_CONVERSATIONS, _POSTS), strict=True):
        if asked := [(channel, name) for place, channel, name in waiting if place == kind]:
            channels, ids = zip(*asked, strict=True)
            for channel, name, names in connection.execute(query, {"channels": list(channels), "ids": list(ids)}):
                yield (kind, channel, name), tuple(names.split(","))
