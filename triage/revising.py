"""What becomes of a case when one of its posts was edited and assessed again.

    worse than the case ──► raised as by any other post; ended not long ago: opened again
    no worse            ──► what was found is on the timeline, and the case stays as severe as it is

The assessment from before is on the timeline. A post that the case was opened with gives it its new words.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.likeness.links import ignoring
from leitstand.model import Assessment, CaseState, MatchedMention, Notice
from triage import cases, clocks, contacts, keys, records, sla
from triage.changes import LONGEST, by_its_author, heard_again, raise_severity, title_of
from triage.decide import Decision, Item, Move
from triage.grouping import story_key
from triage.judgement import NO_FACTS, Judgement, doubt, judge, unquoted
from triage.ledger import Ledger
from triage.placing import prints_of
from triage.policy import Policy
from triage.stories import moving, renewal
from triage.stories import store as stories
from triage.stories.prints import Print

_CASE = text("SELECT case_number FROM case_mentions WHERE mention_id = :id")
_IS_FIRST = text("SELECT min(mention_id) = :id FROM case_mentions WHERE case_number = :number")
_REWORD = text("UPDATE cases SET title = :title, text = :text WHERE number = :number")


def renew_story(connection: Connection, item: Item, policy: Policy) -> None:
    """Let an edited post be found by its new words, and tell the story that they tell. In a transaction of its own.

    It locks keys of stories, then of cases, then the stories, as `triage.cases` does, and no case. If the post's story
    has become another meanwhile, all is undone and done again.
    """
    for post in prints_of([item], policy):
        settled = False
        while not settled:
            with connection.begin_nested() as attempt:
                if not (settled := _renewed(connection, post, policy)):
                    attempt.rollback()


def _renewed(connection: Connection, post: Print, policy: Policy) -> bool:
    ignored, window = ignoring(policy.triage.ignore_links), policy.triage.story_window
    renewed = renewal.renew(connection, post, ignored)
    if renewed is None:
        return True
    story = renewed.story
    keys.lock(connection, story_key(story))
    stories.alone(connection)
    if renewal.story_of(connection, post.post) != story:
        return False
    renewal.show(connection, renewed)
    others = renewal.others(connection, post.post, story, ignored)
    remains = moving.move(connection, post, story, others, window, policy.triage.story_similarity)
    if remains not in (0, story):
        keys.rename(connection, story_key(story), story_key(remains))
    return True


def revise(
    connection: Connection, item: Item, before: Assessment, policy: Policy, now: datetime
) -> tuple[Notice, ...] | None:
    """Bring the case of an edited post up to date; whom to tell. None if the post is in no case."""
    matched, _ = item
    while (number := connection.scalar(_CASE, {"id": matched.id})) is not None:
        case = records.lock(connection, [number]).get(number)
        if case is not None and connection.scalar(_CASE, {"id": matched.id}) == number:
            return _revise(connection, case, item, before, policy, now)
    return None


def as_said(item: MatchedMention) -> MatchedMention:
    """The mention as if it had been written when it was edited: what opens a case only by then is due from then on."""
    mention = item.mention
    return replace(item, mention=replace(mention, created_at=mention.said_at))


def _revise(
    connection: Connection, case: records.CaseRecord, item: Item, before: Assessment, policy: Policy, now: datetime
) -> tuple[Notice, ...]:
    stored = clocks.read(connection, [case.number])
    ledger = Ledger(policy, now, {case.number: case}, {n: dict(c) for n, c in stored.items()})
    ledger.records[case.number] = replace(case, revision=case.revision + 1, updated_at=now)
    ledger.changed.add(case.number)
    matched, assessment = item
    judged = None if matched.own else _judge(connection, ledger, item)
    brought = _bring(ledger, case.number, judged) if judged else ()
    said = _said(before, assessment)
    ledger.note(
        case.number, "reassessed", said, mention=str(matched.id), tags=",".join(brought), **_earlier(before)
    )  # fmt: skip
    if connection.scalar(_IS_FIRST, {"id": matched.id, "number": case.number}):
        _reword(connection, ledger, case.number, matched)
    if judged:
        decision = Decision(matched, assessment, judged, Move.JOIN, case.number)
        _tell_story(connection, case, decision, now)
        asks = assessment.needs_reply and not before.needs_reply
        if asks and case.state in records.LIVE and by_its_author(case, decision):
            heard_again(ledger, case.number, decision)
        if judged.raises and judged.severity < case.severity:
            _worsen(connection, ledger, case.number, decision)
    return cases.write(connection, ledger, stored)


def _tell_story(connection: Connection, case: records.CaseRecord, decision: Decision, now: datetime) -> None:
    """What its author tells now belongs to the case, if nobody else's case has that story."""
    story = renewal.story_of(connection, decision.item.id)
    if story and case.state in records.LIVE and by_its_author(case, decision):
        keys.take(connection, {story_key(story): (case.number, now)})


def _judge(connection: Connection, ledger: Ledger, item: Item) -> Judgement | None:
    """What the post as it is now is worth by itself; None where it would not even join a case."""
    matched, assessment = item
    known = contacts.facts(connection, [item], ledger.policy, ledger.now).get(matched.id, NO_FACTS)
    told = renewal.size(connection, matched.id)
    judged = judge(matched, assessment, ledger.policy, replace(known, story=told) if told > 1 else known)
    return None if judged.ignored else judged


def _bring(ledger: Ledger, number: int, judged: Judgement) -> tuple[str, ...]:
    """Give the case what watchlists and tags the post has now; the tags that are new."""
    case = ledger.records[number]
    brought = tuple(tag for tag in judged.tags if tag not in case.tags)
    watchlists = tuple(dict.fromkeys((*case.watchlists, *judged.watchlists)))
    ledger.records[number] = replace(case, watchlists=watchlists, tags=(*case.tags, *brought))
    return brought


def _worsen(connection: Connection, ledger: Ledger, number: int, decision: Decision) -> None:
    """Make the case as severe as the post is now, or have a person look at it first."""
    judged, case = decision.judgement, ledger.records[number]
    if case.state not in records.LIVE and not _reopened(connection, ledger, number, judged):
        return
    if judged.review and not case.review:
        why = doubt(judged.severity, judged.review)
        ledger.records[number] = replace(ledger.records[number], review=why)
        ledger.note(number, "held", f"waits for a person: {why}", why=why, mention=str(decision.item.id))
    else:
        raise_severity(ledger, number, decision)


def _reopened(connection: Connection, ledger: Ledger, number: int, judged: Judgement) -> bool:
    """Open a case again that ended not long ago, if the post as it is now would open one."""
    policy, now = ledger.policy, ledger.now
    if not judged.opens or not records.ended_since(connection, [number], now - policy.triage.reopen_within):
        return False
    ledger.records[number] = replace(ledger.records[number], state=CaseState.OPEN, resolved_at=None, closed_at=None)
    ledger.clocks[number] = {
        name: sla.restart(clock, policy.hours(clock.calendar), now) if sla.runs_again(clock) else clock
        for name, clock in ledger.clocks[number].items()
    }
    keys.retake(connection, number)
    ledger.note(number, "reopened", "reopened: a post of it was edited")
    return True


def _reword(connection: Connection, ledger: Ledger, number: int, matched: MatchedMention) -> None:
    """The case says what its first post says now."""
    title, words = title_of(matched.mention.title or matched.mention.text), matched.mention.text[:LONGEST]
    connection.execute(_REWORD, {"number": number, "title": title, "text": words})
    case = ledger.records[number]
    ledger.records[number] = replace(case, title=title, text=words, reasons=unquoted(case.reasons))


def _said(before: Assessment, after: Assessment) -> str:
    return "the edited post was assessed again: " + (", ".join(_differences(before, after)) or "nothing changes")


def _differences(before: Assessment, after: Assessment) -> Iterator[str]:
    if before.urgency is not after.urgency:
        yield f"urgency {before.urgency.name.lower()} → {after.urgency.name.lower()}"
    if before.sentiment is not after.sentiment:
        yield f"sentiment {before.sentiment} → {after.sentiment}"
    yield from (f"no longer about {intent}" for intent in sorted(set(before.intents) - set(after.intents)))
    yield from (f"now about {intent}" for intent in sorted(set(after.intents) - set(before.intents)))


def _earlier(before: Assessment) -> dict[str, str]:
    """The assessment that is replaced, without what quotes the post."""
    return {
        "urgency": before.urgency.name.lower(),
        "sentiment": before.sentiment.value,
        "score": f"{before.sentiment_score:.2f}",
        "intents": ",".join(before.intents),
        "needs_reply": str(before.needs_reply).lower(),
        "confidence": f"{before.confidence:.2f}",
        "language": before.language,
        "model": before.model,
    }
