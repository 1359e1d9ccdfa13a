"""How the command line says things: counts, spans of time, marked words, colours that vanish when piped."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import typer
from rich.table import Column, Table
from rich.text import Text

from console.offline.posts import Refused
from leitstand.model import Assessment, Sentiment, Severity, Urgency
from leitstand.settings import show_duration

LONGEST = 160
_URGENCY = {Urgency.NONE: "dim", Urgency.NORMAL: "", Urgency.HIGH: "yellow", Urgency.CRITICAL: "bold red"}
_SEVERITY = {Severity.SEV1: "bold red", Severity.SEV2: "yellow", Severity.SEV3: "", Severity.SEV4: "dim"}
_SENTIMENT = {Sentiment.NEGATIVE: "red", Sentiment.POSITIVE: "green", Sentiment.NEUTRAL: "", Sentiment.UNKNOWN: "dim"}


def unabridged(*headings: str) -> Table:
    """A table without lines. On a narrow screen its words go on below: an address that is cut short leads nowhere."""
    return Table(*(Column(heading, overflow="fold") for heading in headings), box=None, padding=(0, 2, 0, 0))


def count(number: int, one: str, many: str = "") -> str:
    """`1 post`, `1,200 posts`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def refuse(file: str, line: Refused) -> None:
    """Report a line that cannot be taken, on standard error."""
    typer.echo(f"{file}:{line.line}: skipped: {line.error}", err=True)


def marked(text: str, places: Iterable[tuple[int, int]], longest: int = LONGEST, style: str = "bold") -> Text:
    """The beginning of a post on one line, with the places in a style. Nothing in it can move the cursor."""
    plain = "".join(char if char.isprintable() else " " for char in text[:longest])
    shown = Text(plain + ("…" if len(text) > longest else ""))
    for start, end in places:
        shown.stylize(style, start, min(end, longest))
    return shown


def sentiment(assessment: Assessment) -> Text:
    """`negative -0.62`."""
    known = assessment.sentiment is not Sentiment.UNKNOWN
    return Text(
        assessment.sentiment.value + (f" {assessment.sentiment_score:+.2f}" if known else ""),
        _SENTIMENT[assessment.sentiment],
    )


def urgency(level: Urgency) -> Text:
    """The level's word."""
    return Text(level.name.lower(), _URGENCY[level])


def severity(level: Severity) -> Text:
    """sev1 in red."""
    return Text(level.value, _SEVERITY[level])


def intents(assessment: Assessment) -> str:
    """`outage, complaint`."""
    return ", ".join(intent.value for intent in assessment.intents)


def span(length: timedelta) -> str:
    """The two largest units of a length: `1h30m`, `2d4h`; never more than a reader needs."""
    seconds = int(abs(length).total_seconds())
    unit = 3600 if seconds >= 86400 else 60 if seconds >= 600 else 1
    return show_duration(timedelta(seconds=seconds // unit * unit))


def due(at: datetime, now: datetime) -> str:
    """`in 12m`, `3m late`."""
    return f"in {span(at - now)}" if at > now else f"{span(now - at)} late"
