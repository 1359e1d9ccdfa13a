"""What would happen to some posts: the whole line from matching to whom would be told, on values alone.

    Mention ── watchlists ──► MatchedMention ── nlp ──► triage.decide ──► triage.changes ──► cases, clocks, notices

Nothing is stored and nothing is sent: no database, no Redis and no network is touched. The cases are those that a fresh
installation would open; an installation that already has cases might join some posts to them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from leitstand.model import Assessment, CaseSnapshot, Clock, MatchedMention, Mention
from leitstand.settings import Settings
from listeners.query import evaluate
from listeners.query.parser import parse
from listeners.watchlists import Watchlists
from nlp.pipeline import Assessor
from triage.changes import apply
from triage.decide import Decision, Item, Move, decide
from triage.ledger import Ledger
from triage.placing import prints_of
from triage.policy import Policy, compile_policy
from triage.runs.whom import targets
from triage.stories.board import Board, Placed
from triage.telling import notices, starts

LISTENER = "rehearsal"
Span = tuple[str, int, int]  # field, start, end


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody who would be told of a case, `after` so long unless it is `until`ed ("" where nothing stops it)."""

    target: str
    after: timedelta
    why: str
    until: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A case that would be opened, as it is after all posts."""

    case: CaseSnapshot
    clocks: tuple[Clock, ...]
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What would become of one post. `case` is the number of the case it opens or joins, 0 for none.

    `watchlists` are those it matched, with the places in the post; `why` says why it is left alone, "" where it is not.
    `assessment` is None for a post that is not even kept.
    """

    mention: Mention
    watchlists: dict[str, tuple[Span, ...]]
    why: str
    assessment: Assessment | None = None
    move: Move = Move.IGNORE
    case: int = 0


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would become of all posts, in the order given, and the cases, the worst first."""

    outcomes: tuple[Outcome, ...]
    cases: tuple[Opened, ...]


def rehearse(mentions: Sequence[Mention], settings: Settings, assessor: Assessor, now: datetime) -> Rehearsal:
    """What this configuration would do with the posts if they came now. Pure."""
    policy, watchlists = compile_policy(settings), Watchlists(settings)
    taken = _taken(mentions, watchlists)
    kept = [
        MatchedMention(index, LISTENER, names, watchlists.is_own(mentions[index]), mentions[index])
        for index, names in sorted(taken.items())
    ]
    items = list(zip(kept, assessor.assess([item.mention for item in kept]), strict=True))
    decisions = decide(items, {}, policy, placed=_placed(items, policy))
    numbers = range(1, 1 - min((d.case for d in decisions), default=0))
    ledger = apply(decisions, {}, {}, numbers, policy, now)
    _absorb(ledger)
    became = dict(ledger.absorbed)
    decided = {d.item.id: d for d in decisions}
    seen: dict[tuple[str, str], int] = {}
    outcomes = tuple(
        _outcome(
            mention,
            decided.get(index),
            became,
            settings,
            seen.setdefault((mention.channel, mention.external_id), index) != index,
        )
        for index, mention in enumerate(mentions)
    )
    return Rehearsal(outcomes, tuple(_opened(ledger, policy)))


def _placed(items: Sequence[Item], policy: Policy) -> dict[int, Placed]:
    """The stories that the posts alone make."""
    board = Board(policy.triage.story_window, policy.triage.story_similarity)
    return {post.post: board.place(post) for post in prints_of(items, policy)}


def _taken(mentions: Sequence[Mention], watchlists: Watchlists) -> dict[int, tuple[str, ...]]:
    """The posts to keep, by their index, and their watchlists: those that match, and those that answer one kept."""
    once: dict[tuple[str, str], int] = {}
    for index, mention in enumerate(mentions):
        once.setdefault((mention.channel, mention.external_id), index)
    taken = {index: names for index in once.values() if (names := watchlists.match(mentions[index]))}
    left = [index for index in once.values() if index not in taken]
    while True:
        ids = {(mentions[i].channel, mentions[i].external_id): names for i, names in taken.items()}
        found = {i: names for i in left if (names := _asked(mentions[i], ids))}
        if not found:
            return taken
        taken |= found
        left = [index for index in left if index not in found]


def _asked(mention: Mention, taken: dict[tuple[str, str], tuple[str, ...]]) -> tuple[str, ...]:
    asked = ((mention.channel, asked) for asked in (mention.parent_id, mention.conversation_id) if asked)
    return next((taken[key] for key in asked if key in taken), ())


def _absorb(ledger: Ledger) -> None:
    """Cases that turn out to be about one story are one: what `triage.merging` does in the database."""
    for other, into in ledger.absorbed:
        gone, stays = ledger.records[other], ledger.records[into]
        ledger.records[into] = replace(
            stays,
            mention_count=stays.mention_count + gone.mention_count,
            severity=min(stays.severity, gone.severity),
            watchlists=tuple(dict.fromkeys((*stays.watchlists, *gone.watchlists))),
        )
        ledger.opened.remove(other)


def _outcome(
    mention: Mention, decision: Decision | None, became: dict[int, int], settings: Settings, duplicate: bool
) -> Outcome:
    if decision is None:
        return Outcome(mention, {}, "the same post again" if duplicate else "matches no watchlist")
    number = abs(decision.case)
    while number in became:
        number = became[number]
    places = {name: _places(name, mention, settings) for name in decision.item.watchlists}
    return Outcome(mention, places, _left_alone(decision), decision.assessment, decision.move, number)


def _left_alone(decision: Decision) -> str:
    if decision.move in (Move.OPEN, Move.JOIN, Move.ANSWER):
        return ""
    if decision.item.own:
        return "written by one of your own accounts"
    return decision.judgement.ignored or "nothing urgent, and no rule opens a case"


def _places(name: str, mention: Mention, settings: Settings) -> tuple[Span, ...]:
    query = next(w.query for w in settings.watchlists if w.name == name)
    return tuple(evaluate.spans(parse(query), mention))


def _opened(ledger: Ledger, policy: Policy) -> Iterable[Opened]:
    told: dict[int, list[Told]] = {number: [] for number in ledger.opened}
    for notice in notices(ledger):
        told[notice.case.number].append(Told(notice.target, timedelta(0), f"team {notice.case.team}"))
    for start in starts(ledger):
        team = ledger.records[start.case_number].team
        told[start.case_number] += _steps(start.policy, team, policy, ledger.now)
    snapshots = [ledger.snapshot(number) for number in ledger.opened]
    for case in sorted(snapshots, key=lambda c: (c.severity, c.number)):
        clocks = sorted(ledger.clocks[case.number].values(), key=lambda clock: clock.due_at)
        yield Opened(case, tuple(clocks), tuple(told[case.number]))


def _steps(name: str, team: str, policy: Policy, now: datetime) -> Iterable[Told]:
    """Whom the escalation policy of that name tells, step by step; nobody where there is none."""
    running, waited = policy.escalation.get(name), timedelta(0)
    for step in running.steps if running else ():
        waited += step.wait or step.after
        for target in targets(step.whom, team, policy, now + waited) if step.whom else ():
            yield Told(target, waited, f"escalation {name}", running.stop_on if running else "")
