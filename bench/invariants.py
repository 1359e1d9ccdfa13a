"""What must hold of the cases and clocks at every moment at which nothing is under way, asked in SQL.

Each query finds what is broken. That events explain the state is asked by replaying them from nothing.
"""

from datetime import datetime

from sqlalchemy import Connection, text

from triage import clocks, records, timeline
from triage.replay import ClockStanding, replay, replay_clock, standing

BROKEN = {
    "two live cases of one conversation": """
        SELECT m.channel, coalesce(nullif(m.conversation_id, ''), m.external_id) AS root, array_agg(DISTINCT c.number)
        FROM mentions m JOIN case_mentions j ON j.mention_id = m.id JOIN cases c ON c.number = j.case_number
        WHERE c.state IN ('new', 'open', 'waiting')
          AND NOT EXISTS (SELECT FROM case_events e WHERE e.case_number = c.number AND e.kind = 'reopened')
        GROUP BY 1, 2 HAVING count(DISTINCT c.number) > 1""",
    "a clock that runs on a case that is over": """
        SELECT k.case_number, k.name FROM sla_clocks k JOIN cases c ON c.number = k.case_number
        WHERE c.state IN ('resolved', 'closed')
          AND (k.state IN ('running', 'paused') OR k.fire_at IS NOT NULL OR k.ended_at IS NULL)""",
    "a clock that runs on a case that waits": """
        SELECT k.case_number, k.name FROM sla_clocks k JOIN cases c ON c.number = k.case_number
        WHERE c.state = 'waiting' AND (k.state = 'running' OR k.fire_at IS NOT NULL)
          AND NOT (c.waits_for = 'department' AND k.name = 'forward_accepted')""",
    "a clock that stands still on a case that does not wait": """
        SELECT k.case_number, k.name FROM sla_clocks k JOIN cases c ON c.number = k.case_number
        WHERE c.state IN ('new', 'open') AND k.state = 'paused'""",
    "a due time in the past that has not fired": """
        SELECT case_number, name FROM sla_clocks
        WHERE fire_at <= :now OR (state = 'running' AND (due_at <= :now OR fire_at IS NULL))
        UNION ALL SELECT case_number, policy FROM escalation_runs WHERE state = 'running' AND next_at <= :now""",
    "a case that is over and holds a key, or is live and holds none": """
        SELECT number, state FROM cases c
        WHERE (state IN ('resolved', 'closed'))
            = EXISTS (SELECT FROM case_keys k WHERE k.held AND k.case_number = number)
          AND NOT EXISTS (SELECT FROM case_events e WHERE e.case_number = c.number AND e.kind = 'reopened')""",
    "a count of posts that is wrong": """
        SELECT number, mention_count FROM cases c WHERE merged_into IS NULL AND mention_count <>
          (SELECT count(*) FROM case_mentions j JOIN mentions m ON m.id = j.mention_id
           WHERE j.case_number = c.number AND NOT m.own)""",
}


def broken(connection: Connection, now: datetime) -> list[str]:
    """What does not hold, with the first rows that show it."""
    found = []
    for what, sql in BROKEN.items():
        if rows := connection.execute(text(f"{sql} LIMIT 3"), {"now": now} if ":now" in sql else {}).all():
            found.append(f"{what}: {', '.join(str(tuple(row)) for row in rows)}")
    return found


def unexplained(connection: Connection, since: datetime) -> list[str]:
    """Cases changed since then, and their clocks, that their events do not explain."""
    numbers = connection.scalars(text("SELECT number FROM cases WHERE updated_at >= :since"), {"since": since}).all()
    stored, kept = records.read(connection, numbers), clocks.read(connection, numbers)
    found = []
    for number, case in stored.items():
        told = replay(timeline.read(connection, number, 10_000))
        if told != standing(case):
            found.append(f"case {number}: {told} is not {standing(case)}")
        for name, clock in kept[number].items():
            seen = ClockStanding(clock.state, clock.due_at, clock.paused_at is not None, clock.ended_at)
            if replay_clock(clock.history) != seen:
                found.append(f"case {number}, {name}: {replay_clock(clock.history)} is not {seen}")
    return found
