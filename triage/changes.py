"""What a batch's decisions do to cases and clocks, in its ledger. Pure; `triage.cases` writes it down."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from leitstand.model import CaseReason, CaseState, Sentiment
from leitstand.settings import show_duration
from triage import sla
from triage.agreements import Agreement, Traits
from triage.clocks import Clocks
from triage.decide import Decision, Move
from triage.judgement import doubt
from triage.ledger import Ledger
from triage.policy import Policy
from triage.records import CaseRecord
from triage.runs.starting import Start

LONGEST = 1000  # of a post's text on its case
_TITLE, _REASONS = 120, 20
_JOINED_BY = {"a": "the same author and watchlist", "s": "the same story"}


def apply(
    decisions: Sequence[Decision],
    records: dict[int, CaseRecord],
    clocks: dict[int, Clocks],
    numbers: Sequence[int],
    policy: Policy,
    now: datetime,
) -> Ledger:
    """The ledger after all decisions. `numbers` are for the cases that the batch opens, in order."""
    ledger = Ledger(policy, now, dict(records), {n: dict(c) for n, c in clocks.items()})

    def real(case: int) -> int:
        return numbers[-case - 1] if case < 0 else case

    for decision in decisions:
        number = real(decision.case)
        _STEPS[decision.move](ledger, number, decision)
        _keys(ledger, number, decision)
        ledger.absorbed += [(real(other), real(into)) for other, into in decision.absorbed]
    return ledger


def raise_severity(ledger: Ledger, number: int, decision: Decision) -> None:
    """Make the case as severe as the mention; its clocks get the new budgets from the same start."""
    case, worse = ledger.records[number], decision.judgement
    granted = ledger.policy.agreement(case.traits(worse.severity), worse.sla)
    hours = ledger.policy.hours(granted.calendar)
    waits = case.state is CaseState.WAITING
    stored = ledger.clocks[number].values()
    tightened = sla.tighten(stored, granted, hours, case.posted_at, ledger.now, waits=waits)
    ledger.clocks[number] = {clock.name: clock for clock in tightened}
    assessment = decision.assessment
    ledger.records[number] = replace(
        case,
        severity=worse.severity,
        sentiment=assessment.sentiment,
        urgency=max(case.urgency, assessment.urgency),
        intents=tuple(dict.fromkeys(case.intents + assessment.intents)),
        sla=granted,
        reasons=(*case.reasons, *worse.reasons, CaseReason("sla", granted.text))[-_REASONS:],
    )
    why = next((r.text for r in reversed(worse.reasons) if r.about in ("severity", "rule")), "")
    said = f"severity raised from {case.severity} to {worse.severity} ({why})"
    ledger.note(number, "severity", said, before=case.severity, after=worse.severity)
    _begin(ledger, number, decision)
    if number not in ledger.opened:
        ledger.raised[number] = said


def _open(ledger: Ledger, number: int, decision: Decision) -> None:
    mention, granted = decision.item.mention, _granted(ledger, decision)
    ledger.records[number] = _new_record(ledger, number, decision, granted)
    ledger.clocks[number] = ledger.plan(granted, mention.created_at)
    ledger.opened.append(number)
    ledger.mentions.append((decision.item.id, number))
    lag = show_duration(max(ledger.now - mention.created_at, timedelta(0)))
    severity = decision.judgement.severity
    said = f"opened as {severity} from a {mention.kind} on {mention.channel}, {lag} after it was written"
    review = decision.judgement.review
    ledger.note(
        number, "opened", said, severity=severity, mention=str(decision.item.id), lag=lag, team=decision.judgement.team,
        tags=",".join(decision.judgement.tags), **_mood(decision),
    )  # fmt: skip
    if review:
        ledger.note(number, "held", f"waits for a person before anybody is told: {review}", why=review)
    _begin(ledger, number, decision)


def _begin(ledger: Ledger, number: int, decision: Decision) -> None:
    """The escalation policy that the rule wants."""
    if decision.judgement.policy:
        why = f"rule “{decision.judgement.rule}”"
        ledger.begin.append(Start(number, decision.judgement.policy, why))


def _new_record(ledger: Ledger, number: int, decision: Decision, granted: Agreement) -> CaseRecord:
    mention, assessment, judged = decision.item.mention, decision.assessment, decision.judgement
    reasons = [*judged.reasons, CaseReason("sla", granted.text)]
    if decision.earlier:
        reasons.append(CaseReason("grouping", f"the conversation had a case before: {decision.earlier}"))
    author = mention.author
    return CaseRecord(
        number=number,
        state=CaseState.NEW,
        severity=judged.severity,
        team=judged.team,
        channel=mention.channel,
        title=title_of(mention.title or mention.text),
        text=mention.text[:LONGEST],
        url=mention.url,
        language=assessment.language,
        sentiment=assessment.sentiment,
        urgency=assessment.urgency,
        intents=assessment.intents,
        watchlists=judged.watchlists,
        author_id=author.id,
        author_handle=author.handle,
        author_name=author.name,
        author_followers=author.followers,
        reasons=tuple(reasons),
        mention_count=1,
        posted_at=mention.created_at,
        opened_at=ledger.now,
        updated_at=ledger.now,
        tags=judged.tags,
        kind=mention.kind,
        tier=judged.tier,
        sla=granted,
        review=judged.review,
    )


def _join(ledger: Ledger, number: int, decision: Decision) -> None:
    case, judged, item = ledger.records[number], decision.judgement, decision.item
    by = _JOINED_BY.get(decision.by[:1], "the same conversation")
    brings = {"tags": ",".join(judged.tags)} if judged.tags else {}
    brings |= _mood(decision) if by_its_author(case, decision) else {}
    ledger.note(number, "joined", f"one more {item.mention.kind} joined: {by}", mention=str(item.id), by=by, **brings)
    ledger.mentions.append((item.id, number))
    ledger.records[number] = replace(
        case,
        watchlists=_union(case.watchlists, judged.watchlists),
        tags=_union(case.tags, judged.tags),
        mention_count=case.mention_count + 1,
    )
    _bump(ledger, number)
    if by_its_author(case, decision):
        heard_again(ledger, number, decision)
    if judged.raises and judged.severity < case.severity:
        if judged.review and not case.review:
            _doubt(ledger, number, decision)
        else:
            raise_severity(ledger, number, decision)


def _reopen(ledger: Ledger, number: int, decision: Decision) -> None:
    """The conversation of an ended case goes on: it is open again, and then one mention larger."""
    case = ledger.records[number]
    ledger.records[number] = replace(case, state=CaseState.OPEN, resolved_at=None, closed_at=None)
    hours = ledger.policy.hours
    ledger.clocks[number] = {
        name: sla.restart(clock, hours(clock.calendar), ledger.now) if sla.runs_again(clock) else clock
        for name, clock in ledger.clocks[number].items()
    }
    ledger.reopened.append(number)
    ledger.note(number, "reopened", "reopened: the conversation goes on")
    _join(ledger, number, decision)


def _rate(ledger: Ledger, number: int, decision: Decision) -> None:
    """The author's score: a post of the case, but nothing that wants an answer. `triage.ratings` does what it asks."""
    case, item = ledger.records[number], decision.item
    ledger.mentions.append((item.id, number))
    ledger.records[number] = replace(case, mention_count=case.mention_count + 1)
    _bump(ledger, number)
    if decision.vote is not None:
        ledger.votes.append((number, item.id, decision.vote))


def _doubt(ledger: Ledger, number: int, decision: Decision) -> None:
    """What would make the case worse is not sure enough: a person looks at it first."""
    judged = decision.judgement
    why = doubt(judged.severity, judged.review)
    ledger.records[number] = replace(ledger.records[number], review=why)
    ledger.note(number, "held", f"waits for a person: {why}", why=why, mention=str(decision.item.id))


def heard_again(ledger: Ledger, number: int, decision: Decision) -> None:
    """The author wrote: a wait for them is over as of that post; if they want an answer, the next one is due."""
    case, clocks, at = ledger.records[number], ledger.clocks[number], min(decision.item.mention.said_at, ledger.now)
    if case.state is CaseState.WAITING and case.waits_for == "author":
        ledger.clocks[number] = {n: sla.resume(c, ledger.policy.hours(c.calendar), at) for n, c in clocks.items()}
        case = ledger.records[number] = replace(case, state=CaseState.OPEN, waits_for="")
        ledger.note(number, "resumed", "the author has written again: the clocks run on")
    if not decision.assessment.needs_reply:
        return
    granted = ledger.policy.frozen(case)
    asked = sla.ask(ledger.clocks[number], granted, ledger.policy.hours(granted.calendar), at, ledger.now)
    if asked is not None:
        ledger.clocks[number][asked.name] = sla.pause(asked, at) if case.state is CaseState.WAITING else asked


def _answer(ledger: Ledger, number: int, decision: Decision) -> None:
    """An own account's post: the first response, or the next one, if it came after what it answers."""
    mention, item = decision.item.mention, decision.item
    ledger.mentions.append((item.id, number))
    _bump(ledger, number)
    said, verdict = f"answered by {mention.author.handle or 'an own account'} on {mention.channel}", ""
    if (clock := sla.answer(ledger.clocks[number], mention.created_at)) is not None:
        ledger.clocks[number][clock.name] = clock
        said += f": {clock.name.replace('_', ' ')} {sla.how(clock)}"
        verdict = clock.state.value
    at = mention.created_at.isoformat()
    ledger.note(number, "answered", said, mention=str(item.id), verdict=verdict, written_at=at)


def _skip(ledger: Ledger, number: int, decision: Decision) -> None:
    ledger.ignored += 1
    said = f"a {decision.item.mention.kind} in the conversation is ignored: {decision.judgement.ignored}"
    ledger.note(number, "ignored", said, mention=str(decision.item.id))


def _ignore(ledger: Ledger, number: int, decision: Decision) -> None:
    ledger.ignored += 1


_STEPS = {
    Move.OPEN: _open,
    Move.JOIN: _join,
    Move.REOPEN: _reopen,
    Move.RATE: _rate,
    Move.ANSWER: _answer,
    Move.SKIP: _skip,
    Move.IGNORE: _ignore,
}


def _keys(ledger: Ledger, number: int, decision: Decision) -> None:
    written = decision.item.mention.created_at
    ledger.releases |= {key for key in decision.releases if key not in ledger.takes}
    ledger.takes |= dict.fromkeys(decision.takes, (number, written))
    for key in decision.touches:
        if key in ledger.takes:
            ledger.takes[key] = (number, max(ledger.takes[key][1], written))
        else:
            ledger.touches[key] = max(ledger.touches.get(key, written), written)


def _bump(ledger: Ledger, number: int) -> None:
    """A stored case changes once a batch, however many mentions join it."""
    if number not in ledger.opened and number not in ledger.changed:
        case = ledger.records[number]
        ledger.records[number] = replace(case, revision=case.revision + 1, updated_at=ledger.now)
        ledger.changed.add(number)


def _granted(ledger: Ledger, decision: Decision) -> Agreement:
    mention, judged = decision.item.mention, decision.judgement
    first = judged.watchlists[0] if judged.watchlists else ""
    language = decision.assessment.language
    traits = Traits(mention.channel, mention.kind, judged.severity, language, first, judged.tier)
    return ledger.policy.agreement(traits, judged.sla)


def _mood(decision: Decision) -> dict[str, str]:
    """How the author sounds in a post, for the early warning."""
    known = decision.assessment.sentiment is not Sentiment.UNKNOWN
    return {"mood": f"{decision.assessment.sentiment_score:.2f}"} if known else {}


def by_its_author(case: CaseRecord, decision: Decision) -> bool:
    """Whether whoever wrote the first post wrote this one too."""
    author = decision.item.mention.author
    return (author.id, author.handle) == (case.author_id, case.author_handle)


def title_of(words: str) -> str:
    """The title of a case whose first post says this."""
    line = " ".join(words[: 4 * _TITLE].split())
    return line if len(line) <= _TITLE else line[: _TITLE - 1].rstrip() + "…"


def _union(old: tuple[str, ...], new: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*old, *new)))
