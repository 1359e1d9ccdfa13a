"""What an edit does to the case of a post, on a real PostgreSQL: it may get worse, never milder by itself."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, text

from leitstand.model import (
    Assessment,
    CaseState,
    ClockName,
    Event,
    Intent,
    MatchedMention,
    Notice,
    NoticeType,
    Severity,
    Urgency,
)
from tests.triage.building import NOW, assessment, mention, one, policy, run
from triage import clocks, keys, records, revising, timeline
from triage.actions import act
from triage.cases import process
from triage.policy import Policy
from triage.replay import replay, standing

LATER = NOW + timedelta(minutes=30)
POLICY = policy()


def edited(item: MatchedMention, words: str, at: datetime = LATER) -> MatchedMention:
    return replace(item, mention=replace(item.mention, text=words, edited_at=at))


def revise(
    database: Engine,
    item: MatchedMention,
    before: Assessment,
    after: Assessment,
    rules: Policy = POLICY,
    at: datetime = LATER,
) -> tuple[Notice, ...] | None:
    with database.begin() as connection:
        return revising.revise(connection, (item, after), before, rules, at)


def case(database: Engine, number: int) -> tuple[records.CaseRecord, list[Event]]:
    """A case and its timeline, which explains it."""
    with database.connect() as connection:
        record = records.read(connection, [number])[number]
        events = timeline.read(connection, number)
    assert replay(events) == standing(record)
    return record, events


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


def test_a_worse_edit_raises_the_case_as_any_other_post_would(database: Engine) -> None:
    post, mild = mention(1, words="acme is slow"), assessment(Urgency.NORMAL)
    (opened,) = run(database, [(post, mild)]).opened
    told = revise(database, edited(post, "acme cloud is down"), mild, assessment(Urgency.CRITICAL, Intent.OUTAGE))
    record, events = case(database, opened.number)
    assert (record.severity, record.title, record.text) == (Severity.SEV1, "acme cloud is down", "acme cloud is down")
    assert (record.mention_count, record.revision) == (1, 2)
    assert kinds(events)[1:] == ["reassessed", "severity", "escalation_started", "escalation_step"]
    assert told is not None
    assert [(n.target, n.type) for n in told] == [
        ("desk", NoticeType.CASE_UPDATED),
        ("sev1-group", NoticeType.CASE_ESCALATED),
    ]
    assert told[0].case.title == "acme cloud is down"


def test_what_was_found_before_is_on_the_timeline_and_the_case_does_not_get_milder(database: Engine) -> None:
    post, bad = mention(1), assessment(Urgency.CRITICAL, Intent.OUTAGE, Intent.COMPLAINT)
    (opened,) = run(database, [(post, bad)]).opened
    assert revise(database, edited(post, "all well again, thanks"), bad, assessment(Urgency.NONE, Intent.PRAISE)) == ()
    record, events = case(database, opened.number)
    assert record.severity is Severity.SEV1
    assert events[-1].kind == "reassessed"
    assert events[-1].text == (
        "the edited post was assessed again: urgency critical → none, no longer about complaint,"
        " no longer about outage, now about praise"
    )
    kept = {name: events[-1].data[name] for name in ("mention", "urgency", "sentiment", "intents")}
    assert kept == {"mention": "1", "urgency": "critical", "sentiment": "negative", "intents": "outage,complaint"}


def test_an_edit_that_changes_no_finding_says_so_and_its_words_are_the_case_s_only_if_it_opened_it(
    database: Engine,
) -> None:
    first, second = mention(1), mention(2, root="post1", minutes=1)
    (opened,) = run(database, [one(first), one(second)]).opened
    assert revise(database, edited(second, "other words"), assessment(), assessment()) == ()
    record, events = case(database, opened.number)
    assert record.text == first.mention.text
    assert events[-1].text == "the edited post was assessed again: nothing changes"


def test_a_rule_s_tags_and_watchlists_that_an_edit_brings_are_the_case_s(database: Engine) -> None:
    rule = {"name": "law", "when": {"intents": ["legal"]}, "then": {"tags": ["legal"]}}
    post = mention(1)
    (opened,) = run(database, [one(post)]).opened
    now = replace(edited(post, "I will sue"), watchlists=("brand",))
    revise(database, now, assessment(), assessment(Urgency.HIGH, Intent.LEGAL), policy(rules=[rule]))
    record, _ = case(database, opened.number)
    assert (record.tags, record.watchlists) == (("legal",), ("cloud", "brand"))


def test_what_is_not_sure_is_held_for_a_person(database: Engine) -> None:
    post, mild = mention(1), assessment(Urgency.NORMAL)
    (opened,) = run(database, [(post, mild)]).opened
    doubtful = replace(assessment(Urgency.CRITICAL), confidence=0.1)
    careful = policy(triage={"review_below": 0.5})
    assert revise(database, edited(post, "acme"), mild, doubtful, careful) == ()
    record, events = case(database, opened.number)
    assert record.severity is not Severity.SEV1
    assert record.review.startswith("a post would make it sev1")
    assert kinds(events)[-2:] == ["reassessed", "held"]


def test_an_author_who_now_wants_an_answer_gets_the_next_one_in_time(database: Engine) -> None:
    post, rules = mention(1), policy(sla=[{"first_response": "15m", "next_response": "30m"}])
    (opened,) = run(database, [one(post)], rules).opened
    said = replace(assessment(Urgency.NONE), needs_reply=False)
    with database.begin() as connection:
        act(connection, opened.number, "reply", actor="anna", now=NOW + timedelta(minutes=5), policy=rules, text="Hi")
    revise(database, edited(post, "acme cloud is still down"), said, assessment(), rules)
    with database.connect() as connection:
        stored = clocks.read(connection, [opened.number])[opened.number]
    assert stored[ClockName.NEXT_RESPONSE].started_at == LATER


def test_of_a_case_that_has_ended_no_answer_is_due(database: Engine) -> None:
    post, rules = mention(1), policy(sla=[{"first_response": "15m", "next_response": "30m"}])
    (opened,) = run(database, [one(post)], rules).opened
    said = replace(assessment(Urgency.NONE), needs_reply=False)
    with database.begin() as connection:
        for minutes, action, given in ((5, "reply", {"text": "Hi"}), (6, "resolve", {})):
            at = NOW + timedelta(minutes=minutes)
            act(connection, opened.number, action, actor="anna", now=at, policy=rules, **given)
    revise(database, edited(post, "acme cloud, is it?"), said, assessment(Urgency.NORMAL), rules)
    with database.connect() as connection:
        stored = clocks.read(connection, [opened.number])[opened.number]
    assert case(database, opened.number)[0].state is CaseState.RESOLVED
    assert ClockName.NEXT_RESPONSE not in stored


def closed(connection: Connection, number: int) -> None:
    act(connection, number, "resolve", actor="anna", now=NOW + timedelta(minutes=5), policy=POLICY)


def test_a_case_that_ended_is_opened_again_by_a_worse_edit_only(database: Engine) -> None:
    post, mild = mention(1), assessment(Urgency.NORMAL)
    (opened,) = run(database, [(post, mild)]).opened
    with database.begin() as connection:
        closed(connection, opened.number)
    revise(database, edited(post, "acme, thanks"), mild, assessment(Urgency.NORMAL))
    assert case(database, opened.number)[0].state is CaseState.RESOLVED
    revise(database, edited(post, "acme cloud is down"), mild, assessment(Urgency.CRITICAL))
    record, events = case(database, opened.number)
    assert (record.state, record.severity) == (CaseState.OPEN, Severity.SEV1)
    assert "reopened" in kinds(events)
    joins = run(database, [one(mention(2, parent="post1", minutes=40))], at=LATER)
    assert joins.joined == 1


def test_a_case_that_ended_long_ago_stays_so(database: Engine) -> None:
    post, mild = mention(1), assessment(Urgency.NORMAL)
    (opened,) = run(database, [(post, mild)]).opened
    with database.begin() as connection:
        closed(connection, opened.number)
    late = LATER + timedelta(days=100)
    revise(database, edited(post, "acme cloud is down", late), mild, assessment(Urgency.CRITICAL), at=late)
    record, events = case(database, opened.number)
    assert (record.state, events[-1].kind) == (CaseState.RESOLVED, "reassessed")


def test_what_is_in_no_case_is_decided_on_as_of_its_edit(database: Engine) -> None:
    post, calm = mention(1, words="acme"), assessment(Urgency.NONE)
    assert run(database, [(post, calm)]).opened == ()
    now, bad = edited(post, "acme cloud is down"), assessment(Urgency.CRITICAL)
    assert revise(database, now, calm, bad) is None
    with database.begin() as connection:
        (opened,) = process(connection, [(revising.as_said(now), bad)], POLICY, LATER).opened
        stored = clocks.read(connection, [opened.number])[opened.number]
    assert {clock.started_at for clock in stored.values()} == {LATER}


def test_an_own_account_s_edit_is_written_down_and_raises_nothing(database: Engine) -> None:
    run(database, [one(mention(1)), one(own := mention(2, root="post1", minutes=1, own=True))])
    assert revise(database, edited(own, "acme"), assessment(), assessment(Urgency.CRITICAL)) == ()
    assert case(database, 1)[1][-1].kind == "reassessed"


def test_rules_may_ask_how_many_tell_the_story(database: Engine) -> None:
    rule = {"name": "spreads", "when": {"story_at_least": 2}, "then": {"severity": "sev1"}}
    words = "acme cloud is down since this morning and nobody at the hotline answers the phone"
    posts = [mention(n, words=words, author=f"a{n}") for n in (1, 2)]
    opened = run(database, [one(p, Urgency.NORMAL) for p in posts]).opened
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(DISTINCT story) FROM story_posts")) == 1
    revise(database, edited(posts[0], words), assessment(), assessment(Urgency.NORMAL), policy(rules=[rule]))
    assert case(database, opened[0].number)[0].severity is Severity.SEV1


def test_each_of_two_stories_that_were_one_leads_to_the_case(database: Engine) -> None:
    """The post that opened the case tells something else now, the copy that joined it what it told before."""
    old = "acme cloud is down since this morning and nobody at the hotline answers the phone"
    new = "the invoice from acme cloud counts every day of february twice this year"
    posts = [mention(n, words=old, author=f"a{n}", minutes=n) for n in (1, 2)]
    (opened,) = run(database, [one(post) for post in posts]).opened
    for _ in range(2):  # a job may come twice
        now = edited(posts[0], new)
        with database.begin() as connection:
            connection.execute(text("UPDATE mentions SET text = :text WHERE id = 1"), {"text": new})
            revising.renew_story(connection, (now, assessment()), POLICY)
        revise(database, now, assessment(), assessment())
    copies = [mention(3, words=old, author="a3", minutes=3), mention(4, words=new, author="a4", minutes=4)]
    assert run(database, [one(copy) for copy in copies]).opened == ()
    record, _ = case(database, opened.number)
    assert record.mention_count == 4
    with database.connect() as connection:
        held = sorted(key for key in keys.of_case(connection, opened.number) if key.startswith("s:"))
    assert held == ["s:1", "s:2"]
