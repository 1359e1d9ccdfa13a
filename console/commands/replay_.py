"""`leitstand replay`."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from console.health.host import holder
from console.offline.posts import Post, Refused, open_posts
from console.offline.progress import shown
from console.offline.wording import count, refuse
from console.opened import Opened, opened
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from leitstand import clock
from leitstand.errors import InputError
from leitstand.settings import Settings
from listeners.incoming import as_batch
from listeners.watchlists import Watchlists
from monitoring.metrics import open_metrics
from workers import queues
from workers.listen import Intake
from workers.queues import AssessQueue

LARGEST_BATCH = 500
RECEIVING = ("api", "file")


@dataclass(slots=True)
class Tally:
    """What became of the lines of a file."""

    read: int = 0
    stored: int = 0
    duplicates: int = 0
    unmatched: int = 0
    rejected: int = 0


def command(
    file: Annotated[
        Path, typer.Argument(help='JSON lines, plain or .gz; "-" is standard input. Only `text` is required.')
    ],
    config: Config = DEFAULT_CONFIG,
    listener: Annotated[
        str, typer.Option(help="In whose name; by default the first of kind api or file.", show_default=False)
    ] = "",
    rate: Annotated[float | None, typer.Option(min=0.01, help="Posts a second; by default as fast as they go.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many lines.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put the posts of a file into the line, as if a listener had just heard them. Cases open and people are told.

    A line that cannot be taken is reported with its number, and skipped. A post that is there already changes nothing.

    Example: leitstand replay posts.jsonl.gz --rate 50
    """
    with open_posts(file) as posts, opened(config) as house:
        name = listener_for(house.settings, listener)
        lines = islice(shown(posts.posts(clock.now), posts, "replaying"), limit)
        tally, seconds = _replay(lines, name, posts.name, house, rate)
    daemon = holder(house.settings.server.data_dir)
    speed = tally.read / max(seconds, 0.001)
    if as_json:
        print_json({**{k: getattr(tally, k) for k in Tally.__slots__}, "posts_per_second": round(speed, 1)})
    else:
        _tell(tally, speed, name, bool(daemon))
    if tally.rejected:
        raise typer.Exit(1)


def listener_for(settings: Settings, wanted: str) -> str:
    """The listener in whose name posts come in. Raises InputError if there is none."""
    if wanted:
        if wanted not in settings.listeners:
            raise InputError(f"there is no listener {wanted!r}; known: {', '.join(settings.listeners) or 'none'}")
        return wanted
    fitting = [name for name, entry in settings.listeners.items() if entry.kind in RECEIVING]
    if not fitting:
        raise InputError(
            "the configuration has no listener of kind api or file: name another with --listener, or add one"
        )
    return fitting[0]


def _replay(
    lines: Iterator[Post | Refused], name: str, file: str, house: Opened, rate: float | None
) -> tuple[Tally, float]:
    """What became of the lines, and how many seconds it took."""
    intake = Intake(
        house.engine,
        Watchlists(house.settings),
        AssessQueue(queues.connect(house.place.redis_url)),
        open_metrics(house.place.metrics_dir, "replay"),
    )
    size = max(1, min(LARGEST_BATCH, int(rate / 10))) if rate else LARGEST_BATCH
    tally, started = Tally(), time.monotonic()
    while batch := list(islice(lines, size)):
        _take(batch, name, file, intake, tally)
        if rate:
            time.sleep(max(0.0, started + tally.read / rate - time.monotonic()))
    return tally, time.monotonic() - started


def _take(batch: Iterable[Post | Refused], name: str, file: str, intake: Intake, tally: Tally) -> None:
    mentions = []
    for line in batch:
        tally.read += 1
        if isinstance(line, Post):
            mentions.append(line.mention)
        else:
            tally.rejected += 1
            refuse(file, line)
    stored = intake.take(name, as_batch(mentions))
    tally.stored += len(stored.waiting)
    tally.duplicates += stored.duplicates
    tally.unmatched += stored.unmatched


def _tell(tally: Tally, speed: float, listener: str, daemon: bool) -> None:
    parts = [
        f"{tally.stored:,} stored",
        f"{tally.duplicates:,} known before",
        f"{tally.unmatched:,} match no watchlist",
    ]
    parts += [f"{tally.rejected:,} rejected"] if tally.rejected else []
    typer.echo(f"{count(tally.read, 'line')} read for {listener}: {', '.join(parts)}. {speed:,.0f} posts/s.")
    if tally.stored:
        waits = "The daemon handles them now." if daemon else "No daemon runs: `leitstand run` will handle them."
        typer.echo(waits)
