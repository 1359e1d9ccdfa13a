"""What an author thinks of how their case was solved: a score from 1 to 5, and words. The last one counts.

A low score opens the case again, or also escalates it, as `[feedback]` says: once for each time the case is solved.
"""

from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.errors import InputError, NotFoundError, StateError
from leitstand.model import Notice
from triage import records, timeline
from triage.actions import act
from triage.policy import Policy
from triage.records import LIVE
from triage.timeline import Line

AUTHOR = "the author"
LONGEST = 2000

_STORE = text("""
    INSERT INTO case_ratings (case_number, score, comment, rated_at) VALUES (:number, :score, :comment, :now)
    ON CONFLICT (case_number) DO UPDATE SET score = excluded.score, comment = excluded.comment,
      rated_at = excluded.rated_at
""")
_READ = text("SELECT score FROM case_ratings WHERE case_number = :number")


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
    connection.execute(_STORE, {"number": number, "score": score, "comment": comment.strip(), "now": now})
    said = f"rated {score} of 5 by the author"
    timeline.append(connection, [Line(number, "rated", now, said, AUTHOR, {"score": str(score)})])
    if score > policy.feedback.low or policy.feedback.on_low == "nothing":
        return ()
    again = act(connection, number, "reopen", actor=AUTHOR, now=now, policy=policy, text=f"rated {score} of 5")
    if policy.feedback.on_low != "escalate":
        return again.notices
    worse = act(connection, number, "escalate", actor=AUTHOR, now=now, policy=policy, text=f"rated {score} of 5")
    return (*again.notices, *worse.notices)


def score_of(connection: Connection, number: int) -> int | None:
    """The score that a case was given, None for none."""
    score: int | None = connection.scalar(_READ, {"number": number})
    return score
