"""process() on a real PostgreSQL: what is stored, who is told, and that cases stay single."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine, text

from leitstand.model import ClockName, ClockState, Notice, NoticeType, Severity, Urgency
from tests.triage.building import NOW, mention, one, policy, run
from triage import clocks, records, timeline
from triage.actions import act
from triage.agreements import DEFAULTS
from triage.cases import process
from triage.firing import fire_due


def test_an_urgent_mention_opens_a_case_with_clocks_reasons_and_notices(database: Engine) -> None:
    outcome = run(database, [one(mention(1, words="acme cloud is down"), Urgency.CRITICAL)])

    (opened,) = outcome.opened
    with database.connect() as connection:
        case = records.read(connection, [opened.number])[opened.number]
        stored = clocks.read(connection, [opened.number])[opened.number]
        kinds = [event.kind for event in timeline.read(connection, opened.number)]
    assert (case.severity, case.team, case.channel, case.mention_count) == (Severity.SEV1, "cloud-support", "x", 1)
    assert {name: clock.due_at - NOW for name, clock in stored.items()} == {
        "acknowledge": timedelta(minutes=5),
        "first_response": timedelta(minutes=15),
        "resolution": timedelta(hours=4),
    }
    assert [r.text for r in case.reasons] == [
        "urgency critical: “down” (blocked now)",
        "severity sev1: impact high × urgency critical",
        "SLA default/sev1: acknowledge in 5m, first response in 15m, resolution in 4h",
    ]
    assert kinds == ["opened", "escalation_started", "escalation_step"]
    assert [(n.target, n.type) for n in outcome.notices] == [
        ("desk", NoticeType.CASE_OPENED),
        ("sev1-group", NoticeType.CASE_ESCALATED),
    ]
    assert outcome.notices[0].case.link == f"https://desk.example/cases/{opened.number}"


def test_a_reply_joins_and_a_worse_one_raises_the_case(database: Engine) -> None:
    (opened,) = run(database, [one(mention(1), Urgency.NORMAL)]).opened
    calm = run(database, [one(mention(2, parent="post1", minutes=1), Urgency.NORMAL)])
    worse = run(database, [one(mention(3, root="post1", minutes=2), Urgency.CRITICAL)], at=NOW + timedelta(minutes=2))

    assert (calm.joined, calm.notices) == (1, ())
    assert [(n.target, n.type) for n in worse.notices] == [
        ("desk", NoticeType.CASE_UPDATED),
        ("sev1-group", NoticeType.CASE_ESCALATED),
    ]
    with database.connect() as connection:
        case = records.read(connection, [opened.number])[opened.number]
        stored = clocks.read(connection, [opened.number])[opened.number]
    assert (case.severity, case.mention_count, case.revision) == (Severity.SEV1, 3, 3)
    assert {clock.started_at for clock in stored.values()} == {NOW}
    assert stored[ClockName.FIRST_RESPONSE].due_at == NOW + timedelta(minutes=15)
    assert {clock.policy for clock in stored.values()} == {DEFAULTS[Severity.SEV1].version}
    assert case.sla == DEFAULTS[Severity.SEV1]


def test_a_case_raised_by_its_own_batch_is_told_once(database: Engine) -> None:
    outcome = run(
        database,
        [one(mention(1), Urgency.NORMAL), one(mention(2, root="post1", minutes=1), Urgency.CRITICAL)],
    )
    assert [(n.type, n.case.severity) for n in outcome.notices] == [
        (NoticeType.CASE_OPENED, Severity.SEV1),
        (NoticeType.CASE_ESCALATED, Severity.SEV1),
    ]


def test_a_redelivered_batch_changes_nothing(database: Engine) -> None:
    items = [one(mention(n)) for n in range(1, 6)]
    first = run(database, items)
    with database.begin() as connection:
        again = process(connection, items, policy(), NOW)
        count = connection.scalar(text("SELECT count(*) FROM cases"))
    assert (len(first.opened), len(again.opened), again.notices, count) == (5, 0, (), 5)


def test_nothing_urgent_opens_nothing_but_joins(database: Engine) -> None:
    assert run(database, [one(mention(1), Urgency.NONE)]).ignored == 1
    run(database, [one(mention(2))])
    assert run(database, [one(mention(3, parent="post2"), Urgency.NONE)]).joined == 1


def test_an_own_reply_in_time_meets_the_first_response(database: Engine) -> None:
    (opened,) = run(database, [one(mention(1))]).opened
    run(database, [one(mention(2, parent="post1", author="acme", own=True, minutes=10), Urgency.NONE)])
    with database.connect() as connection:
        stored = clocks.read(connection, [opened.number])[opened.number]
        said = [event.text for event in timeline.read(connection, opened.number)]
    assert stored[ClockName.FIRST_RESPONSE].state is ClockState.MET
    assert stored[ClockName.ACKNOWLEDGE].state is ClockState.RUNNING
    assert said[-1] == "answered by acme on x: first response met after 10m"


def test_a_late_own_reply_is_a_miss(database: Engine) -> None:
    (opened,) = run(database, [one(mention(1), Urgency.CRITICAL)]).opened
    run(database, [one(mention(2, parent="post1", author="acme", own=True, minutes=20), Urgency.NONE)])
    with database.connect() as connection:
        stored = clocks.read(connection, [opened.number])[opened.number]
        said = [event.text for event in timeline.read(connection, opened.number)]
    assert stored[ClockName.FIRST_RESPONSE].state is ClockState.BREACHED
    assert said[-1].endswith("first response missed: 5m late")


def test_an_author_joins_within_the_window_and_opens_a_new_case_beyond_it(database: Engine) -> None:
    run(database, [one(mention(1, author="ann"))])
    assert run(database, [one(mention(2, author="ann", minutes=60 * 24))]).joined == 1
    late = run(database, [one(mention(3, author="ann", minutes=60 * 48 + 1))])
    assert len(late.opened) == 1
    assert run(database, [one(mention(4, author="ann", minutes=60 * 49))]).joined == 1
    with database.connect() as connection:
        held = connection.execute(text("SELECT case_number FROM case_keys WHERE held AND key LIKE 'a:%'")).scalars()
        assert list(held) == [late.opened[0].number]


def test_twenty_posts_of_one_author_at_once_are_one_case(database: Engine) -> None:
    outcome = run(database, [one(mention(n, author="ann")) for n in range(1, 21)])
    assert (len(outcome.opened), outcome.joined) == (1, 19)


def test_each_further_question_of_the_author_has_a_deadline_of_its_own(database: Engine) -> None:
    rules = policy(sla=[{"first_response": "1h", "next_response": "30m", "resolution": "9h", "warn_at": []}])
    (opened,) = run(database, [one(mention(1, author="ann"))], rules).opened
    told: list[Notice] = []
    for n in (1, 2):
        asked, answered = n * 100, n * 100 - 60
        reply = one(mention(n * 10, author="acme", own=True, root="post1", minutes=answered), Urgency.NONE)
        question = one(mention(n * 10 + 1, author="ann", root="post1", minutes=asked))
        run(database, [reply], rules, at=NOW + timedelta(minutes=answered))
        run(database, [question], rules, at=NOW + timedelta(minutes=asked))
        with database.begin() as connection:
            told += fire_due(connection, rules, NOW + timedelta(minutes=asked + 30)).notices
    assert [n.reason.partition(" (")[0] for n in told if n.type is NoticeType.SLA_BREACHED] == [
        "next response overdue by 0s"
    ] * 2
    assert len({n.purpose for n in told}) == len(told)
    with database.connect() as connection:
        due = clocks.read(connection, [opened.number])[opened.number][ClockName.NEXT_RESPONSE].due_at
    assert due == NOW + timedelta(minutes=230)


def test_an_author_who_goes_on_in_their_ended_case_opens_it_again(database: Engine) -> None:
    (opened,) = run(database, [one(mention(1, author="ann", watchlists=("cloud", "brand")))]).opened
    with database.begin() as connection:
        act(connection, opened.number, "resolve", actor="eve", now=NOW + timedelta(minutes=5), policy=policy())
    again = mention(2, author="ann", root="post1", minutes=20, watchlists=("cloud", "brand"))
    outcome = run(database, [one(again)], at=NOW + timedelta(minutes=20))
    assert (outcome.opened, outcome.joined) == ((), 1)
    with database.connect() as connection:
        assert records.read(connection, [opened.number])[opened.number].state == "open"


def test_a_case_is_called_what_its_post_is_called(database: Engine) -> None:
    plain, mail = mention(1, words="acme cloud is down"), mention(2, words="Good morning, acme cloud is down")
    titled = replace(mail, mention=replace(mail.mention, title="Outage  since nine"))
    outcome = run(database, [one(plain), one(titled)])
    with database.connect() as connection:
        cases = records.read(connection, [opened.number for opened in outcome.opened])
    assert {case.title for case in cases.values()} == {"acme cloud is down", "Outage since nine"}
