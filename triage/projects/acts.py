"""What people do with an escalation. Each action is one small function in a table; every one is a line of the log.

    open ──measures, hand-overs, milestones──► closed, with what was learned

A milestone tells the leadership target and needs a sentence. A measure may be handed over to a department: its target
is told, and accepting and finishing it are tracked. Closing demands all four parts of the lesson, and no open measure.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from leitstand.errors import InputError, NotFoundError, StateError
from leitstand.model import CaseSnapshot, Notice, NoticeType
from triage import clocks, records
from triage.policy import Policy
from triage.projects import store
from triage.projects.store import Project
from triage.snapshot import snapshot
from triage.timeline import because

_LONGEST = 10_000
_LESSON = ("happened", "why", "change", "by_whom")
_WORDS_OF_A_SENTENCE = 3

_COLUMNS = ("number", "state", "owner", "closed_at", "closed_by", *_LESSON)
_UPDATE = text("""
    UPDATE escalations SET state = :state, owner = :owner, members = :members, closed_at = :closed_at,
      closed_by = :closed_by, happened = :happened, why = :why, change = :change, by_whom = :by_whom
    WHERE number = :number
""")
_MEASURE = text("""
    INSERT INTO escalation_measures (escalation, title, assignee, department, created_at, due_at, remind_at)
    VALUES (:escalation, :title, :assignee, :department, :now, :due_at, :remind_at) RETURNING id
""")
_LOCK_MEASURE = text("SELECT * FROM escalation_measures WHERE id = :id AND escalation = :escalation FOR UPDATE")
_ACCEPT = text("UPDATE escalation_measures SET accepted_at = :now WHERE id = :id AND accepted_at IS NULL")
_DONE = text("""
    UPDATE escalation_measures SET done_at = :now, accepted_at = coalesce(accepted_at, :now), remind_at = NULL
    WHERE id = :id AND done_at IS NULL
""")
_UNDONE = text("SELECT count(*) FROM escalation_measures WHERE escalation = :number AND done_at IS NULL")


@dataclass(frozen=True, slots=True)
class Given:
    """What an action may need: words, whom or what, by when, and the four parts of the lesson."""

    text: str = ""
    value: str = ""
    due: datetime | None = None
    happened: str = ""
    why: str = ""
    change: str = ""
    by_whom: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """The escalation after an action, and whom to tell."""

    project: Project
    notices: tuple[Notice, ...] = ()


@dataclass(slots=True)
class _Act:
    connection: Connection
    policy: Policy
    now: datetime
    actor: str
    given: Given
    project: Project
    notices: list[Notice] = field(default_factory=list)

    def note(self, kind: str, said: str) -> None:
        store.note(self.connection, self.project.number, kind, self.actor, said, self.now)

    def case(self) -> CaseSnapshot:
        return case_of(self.connection, self.project, self.policy, self.now)

    def need(self, name: str, what: str) -> str:
        found = str(getattr(self.given, name)).strip()
        if not found:
            raise InputError(f"{what} is missing", name)
        return found


def act(
    connection: Connection, number: int, action: str, given: Given, *, actor: str, policy: Policy, now: datetime
) -> Done:
    """Do one action. Raises NotFoundError, StateError or InputError with a sentence; then nothing is changed."""
    if action not in ACTIONS:
        raise NotFoundError(f"there is no action {action!r}; known: {', '.join(ACTIONS)}")
    for name in ("text", "value", *_LESSON):
        said = str(getattr(given, name))
        if len(said) > _LONGEST or "\0" in said:
            raise InputError(f"must have at most {_LONGEST} characters, and no NUL", name)
    before = store.lock(connection, number)
    if before.state != "open":
        raise StateError(f"escalation {number} is closed")
    a = _Act(connection, policy, now, actor, given, before)
    ACTIONS[action](a)
    if a.project != before:
        connection.execute(
            _UPDATE, {name: getattr(a.project, name) for name in _COLUMNS} | {"members": list(a.project.members)}
        )
    return Done(a.project, tuple(a.notices))


def case_of(connection: Connection, project: Project, policy: Policy, now: datetime) -> CaseSnapshot:
    """The case that an escalation is about. Raises NotFoundError where it is no longer kept."""
    if project.case_number is None:
        raise NotFoundError(f"the case of escalation {project.number} is no longer kept")
    case = records.read(connection, [project.case_number])[project.case_number]
    return snapshot(case, clocks.read(connection, [case.number])[case.number].values(), policy, now)


def to_leadership(project: Project, case: CaseSnapshot, policy: Policy, purpose: str, said: str) -> list[Notice]:
    """The notice of a milestone; none where no leadership target is configured."""
    target = policy.escalations.leadership
    if not target:
        return []
    reason = f"escalation {project.number} ({project.title}): {said}"
    return [Notice(target, case, NoticeType.ESCALATION_MILESTONE, f"escalation:{project.number}:{purpose}", reason)]


def _own(a: _Act) -> None:
    owner = a.need("value", "the owner")
    if owner != a.project.owner:
        a.project = replace(a.project, owner=owner)
        a.note("owner", f"{owner} owns it from now on")


def _team(a: _Act) -> None:
    """`anna` joins, `-anna` leaves."""
    who = a.need("value", "who joins")
    members = a.project.members
    if who.startswith("-") and who[1:] in members:
        a.project = replace(a.project, members=tuple(m for m in members if m != who[1:]))
        a.note("team", f"{who[1:]} has left the team")
    elif not who.startswith("-") and who not in members:
        a.project = replace(a.project, members=(*members, who))
        a.note("team", f"{who} has joined the team")


def _measure(a: _Act) -> None:
    _add(a, a.need("text", "what is to be done"), a.need("value", "who does it"), "")


def _hand_over(a: _Act) -> None:
    """A department does it: its target is told now, and reminded."""
    target, what = a.need("value", "the department's target"), a.need("text", "what the department is to do")
    a.policy.target(target, "value")
    number = _add(a, what, target, target)
    reason = f"escalation {a.project.number}, handed over to {target} by {a.actor}: {what} (due {_at(a.given.due)})"
    a.notices.append(Notice(target, a.case(), NoticeType.CASE_ESCALATED, f"measure:{number}:handed_over", reason))


def _add(a: _Act, title: str, assignee: str, department: str) -> int:
    due = a.given.due
    if due is None or due.tzinfo is None or due <= a.now:
        raise InputError("say until when, as a time to come with its offset", "due")
    remind_at = max(due - a.policy.escalations.remind_before, a.now + timedelta(minutes=1))
    row = {
        "escalation": a.project.number, "title": title, "assignee": assignee, "department": department, "now": a.now,
        "due_at": due, "remind_at": min(remind_at, due),
    }  # fmt: skip
    number = int(a.connection.execute(_MEASURE, row).scalar_one())
    kind, whom = ("handed_over", "handed over to") if department else ("measure", "is for")
    a.note(kind, f"measure {number} {whom} {assignee}, due {_at(due)}: {title}")
    return number


def _accept(a: _Act) -> None:
    number = _number(a)
    if a.connection.execute(_ACCEPT, {"id": number, "now": a.now}).rowcount:
        a.note("accepted", f"measure {number} is accepted{because(a.given.text)}")


def _done(a: _Act) -> None:
    number = _number(a)
    if a.connection.execute(_DONE, {"id": number, "now": a.now}).rowcount:
        a.note("done", f"measure {number} is done{because(a.given.text)}")


def _number(a: _Act) -> int:
    said = a.need("value", "the measure's number")
    found = said.isascii() and said.isdigit() and len(said) < 19
    row = {"id": int(said) if found else 0, "escalation": a.project.number}
    if not found or a.connection.execute(_LOCK_MEASURE, row).one_or_none() is None:
        raise NotFoundError(f"escalation {a.project.number} has no measure {said[:20]}")
    return int(said)


def _milestone(a: _Act) -> None:
    said = _sentence(a)
    a.note("milestone", said)
    purpose = f"milestone:{a.now.isoformat()}"
    a.notices += to_leadership(a.project, a.case(), a.policy, purpose, said)


def _sentence(a: _Act) -> str:
    said = a.need("text", "what has been reached")
    if len(said.split()) < _WORDS_OF_A_SENTENCE:
        raise InputError("write a sentence: leadership reads it without knowing the case", "text")
    return said


def _note(a: _Act) -> None:
    a.note("note", a.need("text", "the note"))


def _close(a: _Act) -> None:
    lesson = {name: a.need(name, f"what was learned ({name})") for name in _LESSON}
    undone = a.connection.scalar(_UNDONE, {"number": a.project.number})
    if undone:
        raise StateError(f"escalation {a.project.number} has open measures ({undone}): finish them first")
    a.project = replace(
        a.project, state="closed", closed_at=a.now, closed_by=a.actor, happened=lesson["happened"], why=lesson["why"],
        change=lesson["change"], by_whom=lesson["by_whom"],
    )  # fmt: skip
    a.note("closed", f"closed by {a.actor}; learned: {lesson['change']} ({lesson['by_whom']})")
    said = f"closed by {a.actor}: {lesson['happened']}"
    a.notices += to_leadership(a.project, a.case(), a.policy, "closed", said)


def _at(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M %Z}" if at else ""


ACTIONS: dict[str, Callable[[_Act], None]] = {
    "own": _own,
    "team": _team,
    "measure": _measure,
    "hand-over": _hand_over,
    "accept": _accept,
    "done": _done,
    "milestone": _milestone,
    "note": _note,
    "close": _close,
}
