"""What a mention says of trouble, and how authors are counted: at most so many rows a minute, however many write. Pure.

Two signals are watched, each against what is usual for it. `trouble` is the sharp one: an outage, a leak, a danger, by
the words of the post: a symptom, or a cue that the assessment names. Where nothing is broken it is nearly silent, so
that a few voices mean much. An intent that is merely likely (no cue) does not count: one of six quiet posts has it. Nor
does urgency: the first who see an outage only ask. `impact` is the broad signal: everybody who wants something of the
brand at all. Praise, jokes and news are neither.

An author is one of 4,096 slots. How many different authors stand behind the filled slots is told by linear counting.
"""

import hashlib
import math
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from leitstand.model import Assessment, Author, Intent, MatchedMention, Mention, Urgency
from triage.incidents.symptoms import tells_of_trouble

SLOTS = 4096
MINUTE = timedelta(minutes=1)
_TROUBLE = frozenset((Intent.OUTAGE, Intent.SECURITY, Intent.SAFETY))


class Signal(StrEnum):
    """Which of the two series."""

    TROUBLE = "trouble"
    IMPACT = "impact"


class Voice(NamedTuple):
    """One author heard on one watchlist within one minute."""

    watchlist: str
    minute: datetime
    slot: int
    trouble: bool


def signals(assessment: Assessment, said: str) -> tuple[Signal, ...]:
    """The signals that a post gives that says this: none for what nobody needs to act on."""
    if Intent.SPAM in assessment.intents:
        return ()
    named = {reason.about for reason in assessment.reasons if not reason.learned}
    if any(intent in _TROUBLE and intent.value in named for intent in assessment.intents) or tells_of_trouble(said):
        return (Signal.TROUBLE, Signal.IMPACT)
    return (Signal.IMPACT,) if assessment.urgency > Urgency.NONE else ()


def words(mention: Mention) -> str:
    """What a mention says, its title before its text."""
    return f"{mention.title}\n{mention.text}"


def voices(items: Iterable[tuple[MatchedMention, Assessment]], now: datetime, window: timedelta) -> list[Voice]:
    """Who is heard in a batch. Posts that reach us too late to say anything about now are left out."""
    found: dict[tuple[str, datetime, int], bool] = {}
    for item, assessment in items:
        given = () if item.own else signals(assessment, words(item.mention))
        at = min(item.mention.created_at, now)
        if not given or at < now - 2 * window:
            continue
        for watchlist in item.watchlists:
            voice = (watchlist, minute_of(at), slot(item.mention.channel, item.mention.author))
            found[voice] = found.get(voice, False) or Signal.TROUBLE in given
    return sorted(Voice(*voice, trouble) for voice, trouble in found.items())


def minute_of(at: datetime) -> datetime:
    """The minute in which something was written."""
    return at.replace(second=0, microsecond=0)


def slot(channel: str, author: Author) -> int:
    """The author's slot: the same in every process."""
    who = f"{channel}:{author.id or author.handle}".encode()
    return int.from_bytes(hashlib.blake2b(who, digest_size=2).digest()) % SLOTS


def authors(slots: Collection[int]) -> int:
    """About how many authors filled these slots; exactly as many slots where they are few."""
    filled = min(len(slots), SLOTS - 1)
    return round(-SLOTS * math.log(1 - filled / SLOTS))
