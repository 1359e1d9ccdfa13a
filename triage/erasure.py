"""The erasure of an author, in the cases: whose first post is gone knows neither its words nor who wrote them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.model import CaseSnapshot, PostChange
from triage import clocks, records, upstream
from triage.policy import Policy
from triage.snapshot import snapshot

_FORGET = text(
    "UPDATE cases SET author_id = '', author_handle = '', author_name = '', author_followers = NULL, url = '',"
    # What made it urgent is told by quoting it.
    " reasons = (SELECT coalesce(jsonb_agg(r), '[]') FROM jsonb_array_elements(reasons) r"
    "   WHERE r->>'about' <> 'urgency')"
    " WHERE number = ANY(:numbers) AND channel = :channel AND (author_id = :author OR"
    " lower(ltrim(author_handle, '@')) = lower(:author))"
)
# The keys name the author; what they held open cases by is no longer wanted.
_KEYS = text("DELETE FROM case_keys WHERE case_number = ANY(:numbers) AND key LIKE 'a:%'")


def erase(
    connection: Connection, mentions: Sequence[int], channel: str, author: str, policy: Policy, now: datetime
) -> list[CaseSnapshot]:
    """Take the words and the author out of the cases of these mentions; the cases as they are then.

    What people wrote on a timeline themselves stays: it is theirs.
    """
    numbers = upstream.note(connection, [PostChange(number, "deleted") for number in mentions], now)
    connection.execute(_FORGET, {"numbers": numbers, "channel": channel, "author": author})
    connection.execute(_KEYS, {"numbers": numbers})
    stored = clocks.read(connection, numbers)
    found = records.read(connection, numbers)
    return [snapshot(found[n], stored.get(n, {}).values(), policy, now) for n in numbers]
