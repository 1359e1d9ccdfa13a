"""One case a story: what joins, what bridges, what a person merges and splits, on a real PostgreSQL."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, text

from leitstand.errors import InputError, NotFoundError, StateError
from leitstand.model import CaseState, MatchedMention, NoticeType, Severity, Urgency
from tests.triage.building import NOW, mention, one, policy, run
from triage import records, timeline
from triage.actions import act
from triage.cases import process
from triage.decide import Item
from triage.in_hand import Acted
from triage.merging import merge
from triage.replay import replay, standing
from triage.splitting import split
from triage.stories import store as stories
from triage.stories.board import Span

SAID = "Acme Cloud has been down since nine and our whole shop stands still"
OTHER = "The invoice from Acme Cloud counts every day of February twice this year"
LINK = "https://ferret.example/acme-outage"
DAY = 24 * 60


def case_of(database: Engine, mention_id: int) -> int | None:
    with database.connect() as connection:
        found: int | None = connection.scalar(
            text("SELECT case_number FROM case_mentions WHERE mention_id = :id"), {"id": mention_id}
        )
    return found


def story_of(database: Engine, mention_id: int) -> int:
    with database.connect() as connection:
        found: int = (
            connection.scalar(text("SELECT story FROM story_posts WHERE mention_id = :id"), {"id": mention_id}) or 0
        )
    return found


def records_of(database: Engine, *numbers: int | None) -> list[records.CaseRecord]:
    with database.connect() as connection:
        found = records.read(connection, [n for n in numbers if n])
    return [found[n] for n in numbers if n]


def told(database: Engine, number: int | None) -> list[str]:
    assert number
    with database.connect() as connection:
        return [event.text for event in timeline.read(connection, number)]


def timelines_explain_the_cases(database: Engine) -> bool:
    with database.connect() as connection:
        numbers = list(connection.scalars(text("SELECT number FROM cases")))
        found = records.read(connection, numbers)
        return all(replay(timeline.read(connection, n)) == standing(found[n]) for n in numbers)


def bridge(number: int, minutes: float) -> Item:
    return one(mention(number, words=f"{SAID} {LINK}", minutes=minutes), Urgency.NORMAL)


def _over(database: Engine) -> int:
    """A case that told a story, and is resolved by now."""
    (opened,) = run(database, [one(mention(1, words=SAID))]).opened
    with database.begin() as connection:
        act(connection, opened.number, "resolve", actor="eve", now=NOW, policy=policy())
    return opened.number


def test_a_copy_and_then_an_answer_that_opens_the_case_again_in_one_batch(database: Engine) -> None:
    number = _over(database)
    outcome = run(database, [one(mention(2, words=SAID, minutes=1)), one(mention(3, parent="post1", minutes=2))])
    assert [case.number for case in outcome.opened] == [case_of(database, 2)]
    assert case_of(database, 3) == number
    run(database, [one(mention(4, words=SAID, minutes=3))])
    assert case_of(database, 4) == case_of(database, 2) != number


def test_an_answer_that_opens_the_case_again_and_then_a_copy_in_one_batch(database: Engine) -> None:
    number = _over(database)
    outcome = run(database, [one(mention(2, parent="post1", minutes=1)), one(mention(3, words=SAID, minutes=2))])
    assert outcome.opened == ()
    assert [case_of(database, n) for n in (2, 3)] == [number] * 2


def test_a_copy_on_another_network_joins_the_case(database: Engine) -> None:
    run(database, [one(mention(1, words=SAID))])
    outcome = run(
        database,
        [
            one(mention(2, words=f"RT @a: {SAID}", minutes=5)),
            one(mention(3, words=SAID.upper() + "!!! #acme", minutes=6, channel="mastodon"), Urgency.NONE),
            one(mention(4, words="Acme Cloud has been down since nine and our whole sh…", minutes=7)),
        ],
    )
    assert (outcome.opened, outcome.joined, outcome.ignored) == ((), 3, 0)
    assert {case_of(database, n) for n in (1, 2, 3, 4)} == {1}
    assert {story_of(database, n) for n in (1, 2, 3, 4)} == {1}
    assert told(database, 1)[-1] == "one more post joined: the same story"
    assert timelines_explain_the_cases(database)


def test_copies_in_one_batch_are_one_case_and_told_of_once(database: Engine) -> None:
    outcome = run(database, [one(mention(n, words=f"{SAID}{'!' * n}", minutes=n)) for n in range(1, 30)])
    assert (len(outcome.opened), outcome.joined) == (1, 28)
    assert [n.type for n in outcome.notices] == [NoticeType.CASE_OPENED]


@pytest.mark.parametrize("together", [True, False])
def test_the_beginning_of_another_text_tells_its_story_in_one_batch_or_after_it(
    database: Engine, together: bool
) -> None:
    short = "My parcel from Acme went to Lisbon and came back"
    tail = (
        "with a cat in it, a bill for its ticket, stamps from places far away, sand in every corner, a postcard for my"
    )
    long = (
        f"{short} {tail} aunt, the smell of grilled fish, half a guide to the old town and the keys of some hotel room"
    )
    posts = [one(mention(1, words=long), Urgency.HIGH), one(mention(2, minutes=2, words=short), Urgency.HIGH)]
    for batch in [posts] if together else [[post] for post in posts]:
        run(database, batch)
    assert case_of(database, 1) is not None
    assert case_of(database, 2) == case_of(database, 1)


def test_other_words_and_other_numbers_are_other_cases(database: Engine) -> None:
    said = [
        OTHER,
        "Ticket 4711 is open since May and nobody reads it",
        "Ticket 4712 is open since May and nobody reads it",
    ]
    outcome = run(database, [one(mention(n, words=words)) for n, words in enumerate([SAID, *said], 1)])
    assert len(outcome.opened) == 4


def test_a_repost_and_a_link_join(database: Engine) -> None:
    (first,) = run(database, [one(mention(1, words=f"look at this {LINK}?utm_source=x"))]).opened
    item = mention(2, minutes=1, parent="post1", words="RT")
    run(database, [one(replace(item, mention=replace(item.mention, kind="repost")), Urgency.NONE)])
    item = mention(3, minutes=2, words="lesen", channel="bluesky")
    run(database, [one(replace(item, mention=replace(item.mention, links=(LINK,))))])
    assert [case_of(database, n) for n in (1, 2, 3)] == [first.number] * 3
    assert {story_of(database, n) for n in (1, 2, 3)} == {1}


def test_a_story_without_a_case_gets_one_when_somebody_is_urgent(database: Engine) -> None:
    assert run(database, [one(mention(1, words=SAID), Urgency.NONE)]).ignored == 1
    assert len(run(database, [one(mention(2, words=SAID, minutes=1))]).opened) == 1
    assert run(database, [one(mention(3, words=SAID, minutes=2), Urgency.NONE)]).joined == 1
    assert [case_of(database, n) for n in (1, 2, 3)] == [None, 1, 1]


def test_the_brand_s_own_posts_join_nothing_and_bridge_nothing(database: Engine) -> None:
    run(database, [one(mention(1, words=SAID)), one(mention(2, words=f"see {LINK}"))])
    own = one(mention(3, words=f"{SAID} {LINK}", own=True, author="acme", parent="post1"), Urgency.NONE)
    run(database, [own])
    assert case_of(database, 3) == case_of(database, 1) != case_of(database, 2)
    assert story_of(database, 3) == 0


def test_links_of_the_status_page_join_nothing(database: Engine) -> None:
    rules = policy(triage={"ignore_links": ["status.acme.example"]})
    link = "https://status.acme.example/incidents/7"
    outcome = run(database, [one(mention(n, words=f"{n} {link}")) for n in (1, 2)], rules)
    assert len(outcome.opened) == 2


def test_a_story_is_open_for_so_long(database: Engine) -> None:
    run(database, [one(mention(1, words=SAID))])
    assert run(database, [one(mention(2, words=SAID, minutes=3 * DAY))]).joined == 1
    late = run(database, [one(mention(3, words=SAID, minutes=6 * DAY + 1))])
    assert len(late.opened) == 1
    assert run(database, [one(mention(4, words=SAID + "!", minutes=6 * DAY + 5))]).joined == 1
    assert case_of(database, 4) == late.opened[0].number
    assert [story_of(database, n) for n in (1, 2, 3, 4)] == [1, 1, 3, 3]


def test_a_bridge_merges_two_cases_and_the_older_stays(database: Engine) -> None:
    run(database, [one(mention(1, words=SAID), Urgency.NORMAL)])
    run(database, [one(mention(2, words=f"see {LINK}", minutes=1), Urgency.CRITICAL)], at=NOW + timedelta(minutes=1))
    run(database, [one(mention(3, words=f"oh {LINK}", minutes=2))])
    assert [case_of(database, n) for n in (1, 2, 3)] == [1, 2, 2]

    outcome = run(database, [bridge(4, minutes=3)], at=NOW + timedelta(minutes=3))

    assert [case_of(database, n) for n in (1, 2, 3, 4)] == [1, 1, 1, 1]
    assert {story_of(database, n) for n in (1, 2, 3, 4)} == {1}
    stays, gone = records_of(database, 1, 2)
    assert (stays.mention_count, stays.severity, stays.state) == (4, Severity.SEV1, CaseState.NEW)
    assert (gone.mention_count, gone.state, gone.merged_into) == (0, CaseState.CLOSED, 1)
    assert [(n.type, n.case.number, n.target) for n in outcome.notices] == [
        (NoticeType.CASE_CLOSED, 2, "desk"),
        (NoticeType.CASE_UPDATED, 1, "desk"),
        (NoticeType.CASE_ESCALATED, 1, "sev1-group"),
    ]
    assert "merged into case 1 by leitstand: they tell one story" in told(database, 2)
    assert "case 2 was merged into this one by leitstand: they tell one story" in told(database, 1)
    assert run(database, [one(mention(5, words=f"again {LINK}", minutes=9))]).joined == 1
    assert case_of(database, 5) == 1
    assert timelines_explain_the_cases(database)
    with database.connect() as connection:
        assert not connection.scalar(text("SELECT count(*) FROM case_keys WHERE held AND case_number = 2"))
        assert not connection.scalar(text("SELECT count(*) FROM sla_clocks WHERE case_number = 2 AND ended_at IS NULL"))
        assert connection.scalars(text("SELECT state FROM escalation_runs WHERE case_number = 2")).all() == ["stopped"]


def test_a_bridge_within_a_batch_leaves_one_case_that_is_told_of_once(database: Engine) -> None:
    items = [one(mention(1, words=SAID)), one(mention(2, words=f"see {LINK}", minutes=1)), bridge(3, minutes=2)]
    outcome = run(database, items)
    assert {case_of(database, n) for n in (1, 2, 3)} == {1}
    assert [n.type for n in outcome.notices if n.type is NoticeType.CASE_OPENED] == [NoticeType.CASE_OPENED]
    assert timelines_explain_the_cases(database)


def test_a_bridge_that_opens_nothing_itself_merges_all_the_same(database: Engine) -> None:
    run(database, [one(mention(1, words=SAID)), one(mention(2, words=f"see {LINK}", minutes=1))])
    item, assessed = bridge(3, minutes=2)
    assert run(database, [(item, replace(assessed, urgency=Urgency.NONE))]).joined == 1
    assert {case_of(database, n) for n in (1, 2, 3)} == {1}


def test_a_redelivered_batch_changes_no_story(database: Engine) -> None:
    items = [one(mention(n, words=SAID, minutes=n), Urgency.NONE) for n in (1, 2)]
    run(database, items)
    with database.begin() as connection:
        process(connection, items, policy(), NOW)
        rows = connection.execute(text("SELECT mention_id, story FROM story_posts ORDER BY 1")).all()
    assert [tuple(row) for row in rows] == [(1, 1), (2, 1)]


def test_rules_may_ask_how_many_posts_tell_a_story(database: Engine) -> None:
    rules = policy(
        rules=[{"name": "campaign", "when": {"story_at_least": 4}, "then": {"severity": "sev1", "tags": ["campaign"]}}]
    )
    run(database, [one(mention(n, words=SAID, minutes=n)) for n in (1, 2)], rules)
    assert records_of(database, 1)[0].severity is Severity.SEV2
    run(database, [one(mention(n, words=SAID, minutes=n)) for n in (3, 4, 5)], rules)
    assert (records_of(database, 1)[0].severity, records_of(database, 1)[0].tags) == (Severity.SEV1, ("campaign",))


def test_a_story_that_many_tell_lifts_the_impact(database: Engine) -> None:
    rules = policy(triage={"story_high": 3})
    run(database, [one(mention(n, words=SAID, minutes=n)) for n in (1, 2)], rules)
    assert records_of(database, 1)[0].severity is Severity.SEV2
    run(database, [one(mention(3, words=SAID, minutes=3))], rules)
    (case,) = records_of(database, 1)
    assert case.severity is Severity.SEV1
    assert "severity sev1: impact major (3 posts tell the story) × urgency high" in [r.text for r in case.reasons]


def test_a_conversation_that_goes_on_opens_its_ended_case_again(database: Engine) -> None:
    run(database, [one(mention(1))])
    do(database, 1, "resolve", 30)
    thanks = one(mention(2, parent="post1", minutes=60), Urgency.NONE)
    assert run(database, [thanks], at=NOW + timedelta(minutes=60)).ignored == 1
    again = run(database, [one(mention(3, parent="post1", minutes=90))], at=NOW + timedelta(minutes=90))
    assert (again.opened, again.joined) == ((), 1)
    (case,) = records_of(database, 1)
    assert (case.state, case.mention_count, case.resolved_at) == (CaseState.OPEN, 2, None)
    assert "reopened: the conversation goes on" in told(database, 1)
    assert run(database, [one(mention(4, root="post1", minutes=95))]).joined == 1
    assert timelines_explain_the_cases(database)


def test_it_does_not_after_so_many_days(database: Engine) -> None:
    run(database, [one(mention(1))])
    do(database, 1, "resolve", 30)
    rules = policy(triage={"reopen_within": "1d"})
    late = run(database, [one(mention(2, parent="post1", minutes=2 * DAY))], rules, at=NOW + timedelta(days=2))
    assert [opened.number for opened in late.opened] == [2]


def do(database: Engine, number: int, action: str, minutes: float) -> Acted:
    with database.begin() as connection:
        return act(connection, number, action, actor="eve", now=NOW + timedelta(minutes=minutes), policy=policy())


def joined(database: Engine, number: int, other: int) -> Acted:
    with database.begin() as connection:
        return merge(connection, number, other, actor="eve", now=NOW, policy=policy(), text="both are the same fire")


def parted(database: Engine, number: int, mentions: set[int], items: list[Item]) -> Acted:
    with database.begin() as connection:
        return split(connection, number, mentions, items, actor="eve", now=NOW, policy=policy(), text="two things")


def test_a_person_merges_what_was_missed(database: Engine) -> None:
    run(database, [one(mention(1, words=SAID)), one(mention(2, words=OTHER, watchlists=("brand",), minutes=1))])
    acted = joined(database, 1, 2)
    assert (acted.case.number, acted.case.mention_count, acted.case.watchlists) == (1, 2, ("cloud", "brand"))
    assert told(database, 1)[-1] == "case 2 was merged into this one by eve: both are the same fire"
    assert run(database, [one(mention(3, words=OTHER + "!", minutes=5))]).joined == 1
    assert case_of(database, 3) == 1
    assert run(database, [one(mention(4, parent="post2", minutes=6))]).joined == 1
    assert timelines_explain_the_cases(database)


def test_a_merge_that_cannot_be_is_refused_in_words(database: Engine) -> None:
    run(database, [one(mention(1, words=SAID)), one(mention(2, words=OTHER))])
    with pytest.raises(InputError, match="into itself"):
        joined(database, 1, 1)
    with pytest.raises(NotFoundError, match="no case 9"):
        joined(database, 1, 9)
    do(database, 2, "resolve", 5)
    with pytest.raises(StateError, match="case 2 is resolved"):
        joined(database, 1, 2)


@pytest.mark.parametrize(("leaves", "stays"), [(2, 1), (1, 2)])
def test_a_wrong_merge_is_undone_and_stays_undone(database: Engine, leaves: int, stays: int) -> None:
    items = [one(mention(1, words=SAID)), one(mention(2, words=f"{SAID} once more", minutes=1))]
    run(database, items)
    acted = parted(database, 1, {leaves}, items)
    assert (acted.case.number, acted.case.mention_count, acted.case.severity) == (2, 1, Severity.SEV2)
    assert acted.notices[0].type is NoticeType.CASE_OPENED
    assert [case_of(database, leaves), case_of(database, stays)] == [2, 1]
    assert story_of(database, leaves) != story_of(database, stays)
    assert told(database, 1)[-1] == "1 of its posts became case 2, by eve: two things"
    assert "split off case 1 by eve: two things" in told(database, 2)
    assert run(database, [one(mention(3, words=f"{SAID} once more again", minutes=5))]).joined == 1
    assert [case.state for case in records_of(database, 1, 2)] == [CaseState.NEW, CaseState.NEW]
    assert run(database, [one(mention(4, parent=f"post{leaves}", minutes=6))]).joined == 1
    assert case_of(database, 4) == 2
    assert timelines_explain_the_cases(database)


def test_what_was_split_can_be_merged_again(database: Engine) -> None:
    items = [one(mention(1, words=SAID)), one(mention(2, words=SAID, minutes=1))]
    run(database, items)
    parted(database, 1, {2}, items)
    joined(database, 1, 2)
    run(database, [one(mention(3, words=SAID, minutes=2))])
    assert [case_of(database, n) for n in (1, 2, 3)] == [1, 1, 1]
    with database.connect() as connection:
        assert not connection.scalar(text("SELECT count(*) FROM story_splits"))


@pytest.mark.parametrize(
    ("mentions", "said"), [(set(), "missing"), ({9}, "no mention 9"), ({1, 2, 3}, "must stay"), ({3}, "own posts")]
)
def test_a_split_that_cannot_be_is_refused_in_words(database: Engine, mentions: set[int], said: str) -> None:
    items: list[tuple[MatchedMention, Urgency]] = [
        (mention(1, words=SAID), Urgency.HIGH),
        (mention(2, words=SAID, minutes=1), Urgency.HIGH),
        (mention(3, own=True, author="acme", parent="post1", minutes=2), Urgency.NONE),
    ]
    all_items = [one(item, urgency) for item, urgency in items]
    run(database, all_items)
    with pytest.raises(InputError, match=said):
        parted(database, 1, mentions, all_items)
    assert records_of(database, 1)[0].mention_count == 2


def test_old_keys_and_bands_are_let_go(database: Engine) -> None:
    run(database, [one(mention(1, words=SAID)), one(mention(2, words=OTHER, minutes=10 * DAY))])
    with database.begin() as connection:
        stories.forget(connection, NOW + timedelta(days=4))
        kept = connection.scalars(text("SELECT DISTINCT mention_id FROM story_bands ORDER BY 1")).all()
        keys = connection.scalars(text("SELECT DISTINCT mention_id FROM story_keys ORDER BY 1")).all()
        news = connection.scalar(text("SELECT count(*) FROM story_news"))
    assert (kept, keys, news) == ([2], [2], 0)


def test_the_database_finds_what_the_board_finds_among_many(database: Engine) -> None:
    """Popular beginnings and thousands of timetable lines hide no copy."""
    lines = [f"Acme Cloud has been down since nine in region {n} and everybody is at lunch already" for n in range(300)]
    run(database, [one(mention(n, words=words), Urgency.NONE) for n, words in enumerate(lines, 1)])
    run(database, [one(mention(1000, words=SAID, minutes=1))])
    run(
        database,
        [one(mention(n + 2000, words=words.replace("nine", "ten")), Urgency.NONE) for n, words in enumerate(lines)],
    )
    outcome = run(
        database,
        [one(mention(1001, words="Acme Cloud has been down since nine, our entire shop stands still", minutes=2))],
    )
    assert (outcome.joined, case_of(database, 1001)) == (1, case_of(database, 1000))
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(DISTINCT story) FROM story_posts")) == 301 + 300


def test_a_story_that_is_gone_between_two_looks_is_not_joined(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another transaction may merge a story away after its posts were found and before its span is read."""
    run(database, [one(mention(1, words="acme cloud is down for all of us since this morning"))])
    spans = stories._spans

    def merged_meanwhile(connection: Connection, wanted: Sequence[int]) -> dict[int, Span]:
        connection.execute(text("UPDATE story_posts SET story = 0 WHERE mention_id = 1"))
        found = spans(connection, wanted)
        connection.execute(text("UPDATE story_posts SET story = 1 WHERE mention_id = 1"))
        return found

    monkeypatch.setattr(stories, "_spans", merged_meanwhile)
    run(database, [one(mention(2, words="acme cloud is down for all of us since this very morning"))])
    assert case_of(database, 2) not in (None, case_of(database, 1))
