"""What networks do to posts after they were heard, told on their cases: edited, deleted.

A deleted post's words are taken from its case too: the title and text if it is the post that the case was opened with
(and the title of an escalation that is called like it), and what the reasons quote.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.model import PostChange
from triage import ratings, records, timeline, withdrawn
from triage.judgement import unquoted
from triage.records import CaseRecord
from triage.timeline import Line

REMOVED = "[deleted]"

_CASES = text(
    "SELECT m.mention_id, m.case_number, m.mention_id = (SELECT min(o.mention_id) FROM case_mentions o"
    " WHERE o.case_number = m.case_number) AS opening FROM case_mentions m WHERE m.mention_id = ANY(:ids)"
    " ORDER BY m.mention_id"
)
_REMOVE = text("UPDATE cases SET title = :removed, text = '' WHERE number = ANY(:numbers)")
# An escalation as a project is called like its case, unless somebody gave it a name.
_RENAME = text(
    "UPDATE escalations e SET title = :removed FROM cases c"
    " WHERE c.number = e.case_number AND c.number = ANY(:numbers) AND e.title = c.title"
)
_SAID = {"edited": "the author has edited a post of this case", "deleted": "a post of this case was deleted"}


def note(connection: Connection, changes: Sequence[PostChange], now: datetime) -> list[int]:
    """Put each change on the timeline of its mention's case. Returns the cases' numbers."""
    by_mention = {change.mention_id: change.change for change in changes}
    if not by_mention:
        return []
    rows = connection.execute(_CASES, {"ids": list(by_mention)}).all()
    cases = records.lock(connection, [row.case_number for row in rows])
    lost = {row.case_number for row in rows if by_mention[row.mention_id] == "deleted"}
    records.update(connection, [_changed(case, now, lost) for case in cases.values()])
    removed = [row.case_number for row in rows if row.opening and by_mention[row.mention_id] == "deleted"]
    if removed:
        words = {"numbers": removed, "removed": REMOVED}
        connection.execute(_RENAME, words)
        connection.execute(_REMOVE, words)
        withdrawn.stop_answering(connection, removed, "deleted", now)
    ratings.forget(connection, [mention for mention, change in by_mention.items() if change == "deleted"])
    timeline.append(
        connection, [_line(row.case_number, row.mention_id, by_mention[row.mention_id], now) for row in rows]
    )
    return sorted(cases)


def _changed(case: CaseRecord, now: datetime, lost: Collection[int]) -> CaseRecord:
    """The case, a change later. Its reasons quote no post any more if one of them is gone."""
    reasons = unquoted(case.reasons) if case.number in lost else case.reasons
    return replace(case, revision=case.revision + 1, updated_at=now, reasons=reasons)


def _line(number: int, mention_id: int, change: str, now: datetime) -> Line:
    return Line(number, f"post_{change}", now, _SAID[change], data={"mention": str(mention_id)})
