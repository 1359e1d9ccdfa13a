"""What an author thinks of how their case was solved: a score from 1 to 5, and words. The last one counts.

It comes by a signed link, or by a reply with a keyword (`triage.votes`). A low score opens the case again, or also
escalates it, as `[feedback]` says: once for each time the case is solved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.errors import InputError, NotFoundError, StateError
from leitstand.model import Notice
from triage import records, timeline
from triage.actions import act
from triage.policy import Policy
from triage.records import LIVE
from triage.timeline import Line
from triage.votes import Vote

AUTHOR = "the author"
LONGEST = 2000

_STORE = text("""
    INSERT INTO case_ratings (case_number, score, comment, rated_at, mention_id)
    VALUES (:number, :score, :comment, :now, :mention)
    ON CONFLICT (case_number) DO UPDATE SET score = excluded.score, comment = excluded.comment,
      rated_at = excluded.rated_at, mention_id = excluded.mention_id
""")
_READ = text("SELECT score, comment, rated_at FROM case_ratings WHERE case_number = :number")
_FORGET = text("UPDATE case_ratings SET comment = '' WHERE mention_id = ANY(:mentions)")


@dataclass(frozen=True, slots=True)
class Rating:
    """The score that counts, and the author's words beside it."""

    score: int
    comment: str
    rated_at: datetime


def rate(
    connection: Connection, number: int, score: int, comment: str, policy: Policy, now: datetime
) -> tuple[Notice, ...]:
    """Keep the score of a case that is over, and do what a low one asks for; whom to tell.

    Raises NotFoundError, InputError, or StateError for a case that is still open.
    """
    if not 1 <= score <= 5:
        raise InputError("must be a whole number from 1 to 5", "score")
    if len(comment) > LONGEST:
        raise InputError(f"longer than {LONGEST} characters", "comment")
    case = records.lock(connection, [number]).get(number)
    if case is None:
        raise NotFoundError(f"there is no case {number}")
    if case.state in LIVE:
        raise StateError(f"case {number} is not solved yet")
    return _keep(connection, number, Vote(score, comment.strip()), policy, now)


def cast(
    connection: Connection, votes: Sequence[tuple[int, int, Vote]], policy: Policy, now: datetime
) -> tuple[Notice, ...]:
    """Keep the scores that posts give to locked cases, each with its case and its post; whom to tell."""
    told: list[Notice] = []
    for number, mention, vote in votes:
        told += _keep(connection, number, vote, policy, now, mention)
    return tuple(told)


def _keep(
    connection: Connection, number: int, vote: Vote, policy: Policy, now: datetime, mention: int | None = None
) -> tuple[Notice, ...]:
    """A case that another post has opened again meanwhile is not opened once more."""
    score = vote.score
    row = {"number": number, "score": score, "comment": vote.comment[:LONGEST], "now": now, "mention": mention}
    connection.execute(_STORE, row)
    data = {"score": str(score)} | ({"mention": str(mention)} if mention is not None else {})
    timeline.append(connection, [Line(number, "rated", now, f"rated {score} of 5 by the author", AUTHOR, data)])
    if score > policy.feedback.low or policy.feedback.on_low == "nothing":
        return ()
    again = act(connection, number, "reopen", actor=AUTHOR, now=now, policy=policy, text=f"rated {score} of 5")
    if policy.feedback.on_low != "escalate":
        return again.notices
    worse = act(connection, number, "escalate", actor=AUTHOR, now=now, policy=policy, text=f"rated {score} of 5")
    return (*again.notices, *worse.notices)


def rating_of(connection: Connection, number: int) -> Rating | None:
    """What a case was given, None for nothing."""
    row = connection.execute(_READ, {"number": number}).one_or_none()
    return Rating(row.score, row.comment, row.rated_at) if row else None


def forget(connection: Connection, mentions: Sequence[int]) -> None:
    """Let go of the words of ratings that these posts gave: the posts are gone. The scores stay."""
    connection.execute(_FORGET, {"mentions": list(mentions)})
