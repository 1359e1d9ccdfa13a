"""Makes each week's digests, once: posts from listeners, moods from nlp, cases from triage, a letter for the outbox.

due by its weekday and time ─► claimed under (name, week) ─► gathered ─► kept ─► one letter to its target
"""

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from escalation_bridge import erasure
from leitstand import settings
from leitstand.model import Letter, Notice
from listeners import heard
from nlp import moods
from triage.digests import store, words
from triage.digests.digest import WEEK, Count, Digest, Quote, Topic, last_due, shortened, strength, strongest, week_of
from triage.hours import time_zone
from triage.policy import Policy

# Candidates for each quote: some are by the same author or say the same.
_CANDIDATES = 20


def sweep(connection: Connection, policy: Policy, now: datetime) -> list[Notice]:
    """Make the digests whose time has come; returns whom to tell. Late is better than never, within the week."""
    notices: list[Notice] = []
    for entry in policy.digests:
        at = last_due(entry, now)
        week = week_of(entry, at)
        if not store.claim(connection, entry.name, week, now):
            continue
        digest = gather(connection, entry, at)
        store.keep(connection, week, digest)
        if not digest.silent:
            notices.append(words.notice(entry.target, digest, letter(entry, digest, policy), now))
    return notices


def letter(entry: settings.Digest, digest: Digest, policy: Policy) -> Letter:
    """The digest for its readers."""
    return words.letter(digest, entry.language or "en", time_zone(entry.timezone), policy.public_url)


def gather(connection: Connection, entry: settings.Digest, ends: datetime) -> Digest:
    """The digest of the week that ends then."""
    starts = ends - WEEK
    ids = store.tagged(connection, entry.tags, starts - WEEK)
    cases, solved = store.cases(connection, entry.watchlists, entry.tags, starts, ends)
    written = heard.written(connection, entry.watchlists, ids, starts, ends)
    negative, positive = moods.count(connection, written)
    topics = [_topic(connection, name, "watchlist", starts, ends) for name in entry.watchlists]
    topics += [_topic(connection, name, "tag", starts, ends) for name in entry.tags]
    return Digest(
        entry.name, entry.title or entry.name, starts, ends,
        Count(*heard.count(connection, entry.watchlists, ids, starts - WEEK, starts, ends)), cases, solved, negative,
        positive, tuple(topics), _quotes(connection, written, entry.quotes),
    )  # fmt: skip


def erase(connection: Connection, mentions: list[int]) -> None:
    """Take the words of erased mentions out of the digests that were made or wait to be sent."""
    store.erase(connection, mentions)
    erasure.erase_letters(connection, mentions)


def _topic(
    connection: Connection, name: str, kind: Literal["watchlist", "tag"], starts: datetime, ends: datetime
) -> Topic:
    watchlists, tags = ([name], list[str]()) if kind == "watchlist" else (list[str](), [name])
    ids = store.tagged(connection, tags, starts - WEEK)
    posts = Count(*heard.count(connection, watchlists, ids, starts - WEEK, starts, ends))
    cases, _ = store.cases(connection, watchlists, tags, starts, ends)
    return Topic(name, kind, posts, cases)


def _quotes(connection: Connection, written: list[int], limit: int) -> tuple[Quote, ...]:
    if not limit:
        return ()
    felt = {one.mention: one for one in moods.strongest(connection, written, limit * _CANDIDATES)}
    said = heard.words(connection, list(felt))
    return strongest(
        (
            Quote(
                post.id, post.channel, post.url, shortened(post.text), felt[post.id].sentiment,
                strength(felt[post.id].score, felt[post.id].confidence, post.followers),
                f"{post.channel}:{post.author}" if post.author else "",
            )
            for post in said
        ),
        limit,
    )  # fmt: skip
