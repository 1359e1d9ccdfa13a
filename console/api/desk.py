"""What people do at the desk, one transaction each: look at cases, look into one, act. API and pages share it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text

from console.api.regroup import REGROUP
from escalation_bridge import ledger, outbox
from leitstand import clock
from leitstand.errors import InputError, NotFoundError
from leitstand.model import Assessment, CaseSnapshot, ClockName, MatchedMention, TargetAnswer
from listeners import store as mentions
from nlp import labels
from nlp import store as assessments
from nlp.labels import Given
from triage import departments, ratings, views
from triage.actions import act
from triage.in_hand import Acted
from triage.knowledge.replies import Draft, drafts
from triage.knowledge.search import Found, like_case
from triage.policy import Policy
from triage.views import CaseDetail, Filters, OpenCases, Page

MENTIONS_SHOWN, FIRST_SHOWN = 200, 20
_MARK = text("SELECT max(updated_at), max(number) FROM cases")
# Transactions do not commit in the order of their times: what changed lately is counted, too.
_RECENT = text("""
    SELECT count(*), sum(revision) FROM cases
    WHERE updated_at > (SELECT max(updated_at) FROM cases) - interval '5 seconds'
""")


@dataclass(frozen=True, slots=True)
class CaseFile:
    """Everything about one case. `mentions` are its first posts and its newest, `assessments` by mention id.

    `given` are people's corrections, `told` the first and the loudest post of its story, by mention id, too.
    """

    detail: CaseDetail
    mentions: tuple[MatchedMention, ...]
    assessments: Mapping[int, Assessment]
    given: Mapping[int, Given]
    told: Mapping[int, MatchedMention]


@dataclass(frozen=True, slots=True)
class Overview:
    """The wall at one moment: the most urgent cases, and the seconds to the next deadlines.

    `open`, `overdue` and `review` (waits for a person) count all that are open, whatever is filtered.
    """

    urgent: tuple[CaseSnapshot, ...]
    open: Sequence[OpenCases]
    overdue: int
    review: int
    next_breach: Mapping[ClockName, float]
    now: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """What may help with a case: the solved ones and the articles most like it, and replies to begin with."""

    found: Found
    replies: tuple[Draft, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """The open database and the policy."""

    database: Engine
    policy: Policy

    def cases(self, filters: Filters, *, cursor: str = "", limit: int = 50) -> Page:
        """A page of cases."""
        with self.database.connect() as connection:
            return views.list_cases(connection, filters, self.policy, clock.now(), cursor=cursor, limit=limit)

    def riskiest(self, limit: int) -> tuple[CaseSnapshot, ...]:
        """The open cases that are most likely to be escalated."""
        with self.database.connect() as connection:
            return views.riskiest(connection, self.policy, clock.now(), limit)

    def overview(self, limit: int, filters: Filters, *, due_first: bool = False) -> Overview:
        """The wall, with at most `limit` of the cases that the filters let through."""
        now = clock.now()
        with self.database.connect() as connection:
            return Overview(
                views.most_urgent(connection, self.policy, now, limit, filters, due_first=due_first),
                views.open_cases(connection),
                views.overdue(connection, now),
                views.to_review(connection),
                views.seconds_to_next_breach(connection, now),
                now,
            )

    def case(self, number: int) -> CaseFile:
        """One case. Raises NotFoundError."""
        with self.database.connect() as connection:
            detail = views.load_case(connection, number, self.policy, clock.now())
            shown = _shown(detail.mentions)
            story = detail.story
            told = mentions.load(connection, {story.first, story.loudest}) if story else []
            return CaseFile(
                detail,
                tuple(mentions.load(connection, shown)),
                assessments.load(connection, shown),
                labels.given(connection, shown),
                {matched.id: matched for matched in told},
            )

    def knowledge(self, number: int) -> Known:
        """What is known that may help with a case. Raises NotFoundError."""
        with self.database.connect() as connection:
            case = views.load_case(connection, number, self.policy, clock.now(), limit=1).case
            return Known(like_case(connection, number), drafts(case, self.policy.replies, self.policy.brand))

    def act(self, number: int, action: str, *, actor: str, text: str = "", value: str = "") -> Acted:
        """Do it, and put whom to tell into the outbox with it. Raises NotFoundError, StateError or InputError."""
        if "\0" in text + value:
            raise InputError("must not contain NUL characters", "text")
        now = clock.now()
        with self.database.begin() as connection:
            regroup = REGROUP.get(action)
            if regroup is not None:
                acted = regroup(connection, number, value, actor, text, self.policy, now)
            else:
                acted = act(
                    connection, number, action, actor=actor, now=now, policy=self.policy, text=text, value=value
                )
            outbox.add(connection, acted.notices, now)
        return acted

    def answered(self, told: TargetAnswer) -> Acted:
        """Take what a target tells of a case that it was sent. Raises NotFoundError."""
        now = clock.now()
        with self.database.begin() as connection:
            if not ledger.was_told(connection, told.target, told.case):
                raise NotFoundError(f"{told.target} was sent no case {told.case}")
            acted = departments.take(connection, told, self.policy, now)
            outbox.add(connection, acted.notices, now)
        return acted

    def rate(self, number: int, score: int, comment: str) -> None:
        """Keep what the author of a solved case thinks. Raises NotFoundError, StateError or InputError."""
        now = clock.now()
        with self.database.begin() as connection:
            outbox.add(connection, ratings.rate(connection, number, score, comment, self.policy, now), now)

    def mark(self) -> str:
        """Differs whenever any case changed."""
        with self.database.connect() as connection:
            return repr((tuple(connection.execute(_MARK).one()), tuple(connection.execute(_RECENT).one())))


def _shown(mentions: Sequence[int]) -> Sequence[int]:
    """How the case began, and what is said now."""
    if len(mentions) <= MENTIONS_SHOWN:
        return mentions
    return [*mentions[:FIRST_SHOWN], *mentions[FIRST_SHOWN - MENTIONS_SHOWN :]]
