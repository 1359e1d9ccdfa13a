"""What the incident detector would have made of the posts of a file, by the posts' own times.

A line is a mention in the API's form, or one of the bundled day, whose `at` (seconds from 06:00) stands for its time.
Without a configuration every post counts for one watchlist.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from console.offline.assessing import BATCH
from leitstand.errors import InputError
from leitstand.model import Mention
from leitstand.settings import Incidents, Settings
from listeners.incoming import decode_line
from listeners.watchlists import Watchlists
from nlp.pipeline import Assessor
from triage.incidents.backtest import Heard, Track, backtest
from triage.incidents.signals import signals, slot, words

DAY = datetime(2026, 1, 1, 6, tzinfo=UTC)
EVERYTHING = "all"
MOST_PROBLEMS = 20


def read(lines: Iterable[bytes], now: datetime, problems: list[str]) -> Iterator[Mention]:
    """The mentions of a file; what cannot be taken is added to `problems`, with its line."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _mention(line, now)
        except (InputError, ValueError) as error:
            if len(problems) < MOST_PROBLEMS:
                problems.append(f"line {number}: {error}")


def replay(mentions: Iterable[Mention], settings: Settings | None, assessor: Assessor) -> dict[str, Track]:
    """Each watchlist's track."""
    watchlists = Watchlists(settings) if settings else None
    incidents = settings.incidents if settings else Incidents()
    heard = sorted(_heard(mentions, watchlists, assessor), key=lambda h: h.at)
    if not heard:
        return {}
    return backtest(heard, incidents, heard[0].at - timedelta(minutes=1))


def _heard(mentions: Iterable[Mention], watchlists: Watchlists | None, assessor: Assessor) -> Iterator[Heard]:
    rest = iter(mentions)
    while batch := list(islice(rest, BATCH)):
        for mention, assessment in zip(batch, assessor.assess(batch), strict=True):
            if watchlists is not None and watchlists.is_own(mention):
                continue
            given, who = signals(assessment, words(mention)), slot(mention.channel, mention.author)
            names = watchlists.match(mention) if watchlists is not None else (EVERYTHING,)
            # A post that gives no signal still tells that the watchlist is listened to.
            yield from (Heard(mention.created_at, name, who, given) for name in names)


def _mention(line: bytes, now: datetime) -> Mention:
    row = json.loads(line)
    if isinstance(row, dict) and "at" in row and "created_at" not in row:
        at = DAY + timedelta(seconds=float(row.pop("at")))
        row.pop("truth", None)
        line = json.dumps({**row, "created_at": at.isoformat()}).encode()
    return decode_line(line, now, "file")
