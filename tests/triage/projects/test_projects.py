"""Escalations as projects: what opens them, measures and hand-overs, milestones, what was learned, the riskiest."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from leitstand.errors import InputError, NotFoundError, StateError
from leitstand.model import Notice, NoticeType, Severity, TrafficLight, Urgency
from tests.triage.building import NOW, mention, one, policy, run
from triage.actions import act as act_on_case
from triage.firing import fire_due
from triage.merging import merge
from triage.projects import opening, reminding, store, views
from triage.projects.acts import Done, Given, act
from triage.projects.opening import Cause

POLICY = policy(escalations={"managers": ["mia", "noah"], "leadership": "manager"})
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LESSON = Given(
    happened="The certificate of the checkout ran out.",
    why="Nobody was responsible for renewing it.",
    change="Renewal is automatic and watched.",
    by_whom="platform team, until May",
)


def sweep(database: Engine, minutes: float = 0) -> list[Notice]:
    with database.begin() as connection:
        now = NOW + minutes * MINUTE
        return [*opening.sweep(connection, POLICY, now), *reminding.sweep(connection, POLICY, now)]


def opened(database: Engine, number: int = 1, urgency: Urgency = Urgency.CRITICAL) -> int:
    """A sev1 case, and its escalation's number."""
    case = run(database, [one(mention(number), urgency)], POLICY).opened[0].number
    sweep(database)
    with database.connect() as connection:
        return int(
            connection.execute(
                text("SELECT max(number) FROM escalations WHERE case_number = :n"), {"n": case}
            ).scalar_one()
        )


def do(database: Engine, number: int, action: str, minutes: float = 1, **given: object) -> Done:
    with database.begin() as connection:
        return act(
            connection, number, action, Given(**given), actor="ann", policy=POLICY, now=NOW + minutes * MINUTE  # type: ignore[arg-type]
        )  # fmt: skip


def log(database: Engine, number: int) -> list[str]:
    with database.connect() as connection:
        return [entry.text for entry in store.log(connection, number)]


def test_a_sev1_case_opens_one_owned_by_the_next_manager(database: Engine) -> None:
    first, second = opened(database, 1), opened(database, 2)
    with database.connect() as connection:
        found = [store.read(connection, number) for number in (first, second)]
    assert [p.owner for p in found] == ["mia", "noah"] and {p.cause for p in found} == {"sev1"}
    assert log(database, first) == ["opened because of a sev1 case, about case 1 (sev1); owned by mia"]
    assert sweep(database, 1) == [], "once"


def test_many_that_ask_for_one_at_once_are_opened_together(database: Engine) -> None:
    run(database, [one(mention(number), Urgency.CRITICAL) for number in (1, 2, 3)], POLICY)
    told = sweep(database)
    with database.connect() as connection:
        found = {p.case_number: p for p in (store.read(connection, number) for number in (1, 2, 3))}
    assert [found[number].owner for number in (1, 2, 3)] == ["mia", "noah", "mia"]
    assert [log(database, p.number) for p in found.values()] == [
        [f"opened because of a sev1 case, about case {number} (sev1); owned by {p.owner}"]
        for number, p in found.items()
    ]
    assert [(n.case.number, n.target) for n in told] == [(1, "manager"), (2, "manager"), (3, "manager")]
    assert sweep(database, 1) == []


def test_leadership_is_told_of_the_start(database: Engine) -> None:
    run(database, [one(mention(1), Urgency.CRITICAL)], POLICY)
    (told,) = sweep(database)
    assert (told.target, told.type) == ("manager", NoticeType.ESCALATION_MILESTONE)


def test_milder_cases_open_none_until_a_deadline_is_missed(database: Engine) -> None:
    run(database, [one(mention(1), Urgency.HIGH)], POLICY)
    assert sweep(database) == []
    with database.begin() as connection:
        fired = fire_due(connection, POLICY, NOW + 99 * HOUR)
        opening.breached(connection, [b.number for b in fired.breaches], POLICY, NOW + 99 * HOUR)
        (project,) = views.listed(connection)
    assert project.cause == "breach"


def test_a_person_opens_one_and_not_a_second(database: Engine) -> None:
    case = run(database, [one(mention(1), Urgency.NORMAL)], POLICY).opened[0].number
    with database.begin() as connection:
        project, _ = opening.open_(connection, Cause("person", case, "Refunds", actor="ann"), POLICY, NOW)
        again, _ = opening.open_(connection, Cause("person", case, actor="ben"), POLICY, NOW)
        with pytest.raises(NotFoundError):
            opening.open_(connection, Cause("person", 999), POLICY, NOW)
    assert project is not None and project.title == "Refunds" and again is None


def test_it_goes_on_about_the_case_that_its_own_is_merged_into(database: Engine) -> None:
    number = opened(database, 1)
    run(database, [one(mention(2), Urgency.NORMAL)], POLICY)
    with database.begin() as connection:
        merge(connection, 2, 1, actor="ann", now=NOW, policy=POLICY)
    assert sweep(database) == [], "no second one is opened"
    (told,) = do(database, number, "milestone", text="The checkout takes cards again.").notices
    assert told.case.number == 2
    assert log(database, number)[1] == "case 1 was merged into case 2: it is about that one from now on"


def test_where_both_cases_that_are_merged_have_one_each_stays(database: Engine) -> None:
    first, second = opened(database, 1), opened(database, 2)
    with database.begin() as connection:
        merge(connection, 2, 1, actor="ann", now=NOW, policy=POLICY)
    with database.connect() as connection:
        assert [store.read(connection, number).case_number for number in (first, second)] == [1, 2]


def test_measures_have_a_light_and_are_reminded_of(database: Engine) -> None:
    number = opened(database)
    do(database, number, "measure", text="Renew the certificate", value="desk", due=NOW + 3 * HOUR)
    with database.connect() as connection:
        lights = [
            store.measures(connection, [number], NOW + at)[number][0].light for at in (HOUR, 2.5 * HOUR, 3.1 * HOUR)
        ]
    assert lights == [TrafficLight.GREEN, TrafficLight.AMBER, TrafficLight.RED]
    assert sweep(database, 119) == []
    (due,) = sweep(database, 120)
    (overdue,) = sweep(database, 180)
    assert due.target == overdue.target == "desk" and "Renew the certificate" in due.reason
    assert {due.type, overdue.type} == {NoticeType.ESCALATION_REMINDER}
    assert sweep(database, 600) == []


def test_a_measure_that_is_done_reminds_nobody(database: Engine) -> None:
    number = opened(database)
    do(database, number, "measure", text="Renew", value="desk", due=NOW + 3 * HOUR)
    do(database, number, "done", value="1", minutes=5)
    assert sweep(database, 600) == []
    with database.connect() as connection:
        assert store.measures(connection, [number], NOW + 9 * HOUR)[number][0].light is TrafficLight.GREEN


def test_a_hand_over_tells_the_department_and_is_tracked(database: Engine) -> None:
    number = opened(database)
    done = do(database, number, "hand-over", text="Check the invoices", value="desk", due=NOW + 2 * HOUR)
    assert [(n.target, n.type) for n in done.notices] == [("desk", NoticeType.CASE_ESCALATED)]
    do(database, number, "accept", value="1", minutes=9)
    with database.connect() as connection:
        (measure,) = views.detail(connection, number, NOW).measures
    assert measure.department == "desk" and measure.accepted_at == NOW + 9 * MINUTE
    with pytest.raises(InputError, match="no target 'sales'"):
        do(database, number, "hand-over", text="x", value="sales", due=NOW + 2 * HOUR)


def test_a_milestone_needs_a_sentence_and_alerts_leadership(database: Engine) -> None:
    number = opened(database)
    with pytest.raises(InputError, match="write a sentence"):
        do(database, number, "milestone", text="fixed")
    (told,) = do(database, number, "milestone", text="The checkout takes cards again.").notices
    assert told.type is NoticeType.ESCALATION_MILESTONE and told.reason.endswith("The checkout takes cards again.")


def test_owner_and_team_change(database: Engine) -> None:
    number = opened(database)
    do(database, number, "own", value="olga")
    do(database, number, "team", value="pia")
    do(database, number, "team", value="quin")
    assert do(database, number, "team", value="-pia").project.members == ("quin",)
    assert log(database, number)[1:] == [
        "olga owns it from now on", "pia has joined the team", "quin has joined the team", "pia has left the team"
    ]  # fmt: skip


@pytest.mark.parametrize("missing", ["happened", "why", "change", "by_whom"])
def test_it_is_not_closed_without_what_was_learned(database: Engine, missing: str) -> None:
    number = opened(database)
    lesson = {name: getattr(LESSON, name) for name in ("happened", "why", "change", "by_whom") if name != missing}
    with pytest.raises(InputError, match=missing):
        do(database, number, "close", **lesson)


def close(database: Engine, number: int) -> Done:
    return do(
        database,
        number,
        "close",
        happened=LESSON.happened,
        why=LESSON.why,
        change=LESSON.change,
        by_whom=LESSON.by_whom,
    )


def test_open_measures_keep_it_open(database: Engine) -> None:
    number = opened(database)
    do(database, number, "measure", text="Renew", value="desk", due=NOW + 3 * HOUR)
    with pytest.raises(StateError, match=r"has open measures \(1\)"):
        close(database, number)
    do(database, number, "done", value="1")
    assert close(database, number).project.state == "closed"
    with pytest.raises(StateError, match="is closed"):
        do(database, number, "note", text="more")


def test_a_closed_one_is_not_opened_again_by_itself(database: Engine) -> None:
    close(database, opened(database))
    assert sweep(database, 5) == []


@pytest.mark.parametrize("words", ["certificates", "Zertifikate", "certificate renewing"])
def test_lessons_are_found_by_words_of_both_languages(database: Engine, words: str) -> None:
    number = opened(database)
    do(
        database, number, "close", happened="Das Zertifikat lief ab: the certificate ran out.", why=LESSON.why,
        change=LESSON.change, by_whom="ops",
    )  # fmt: skip
    with database.connect() as connection:
        assert [p.number for p in views.search(connection, words)] == [number]
        assert views.search(connection, "giraffe") == []


def test_the_riskiest_are_those_where_something_is_late(database: Engine) -> None:
    calm, late = opened(database, 1), opened(database, 2)
    for number, hours in ((calm, 90), (late, 1)):
        do(database, number, "measure", text="Renew", value="desk", due=NOW + hours * HOUR)
    with database.connect() as connection:
        first, second = views.riskiest(connection, NOW + 2 * HOUR)
    assert (first.escalation.number, second.escalation.number) == (late, calm)
    assert first.score > second.score and "measures overdue: 1" in first.reasons


def test_weighing_stays_between_nothing_and_one(database: Engine) -> None:
    with database.connect() as connection:
        number = opened(database)
        project = store.read(connection, number)
    assert 0 <= views.weigh(project, [], Severity.SEV4, 0.0, NOW).score < 1


def test_the_log_cannot_be_rewritten(database: Engine) -> None:
    opened(database)
    with pytest.raises(DBAPIError, match="append-only"), database.begin() as connection:
        connection.execute(text("UPDATE escalation_log SET text = 'nothing happened'"))


def test_a_case_under_review_waits_for_a_person_first(database: Engine) -> None:
    held = policy(rules=[{"name": "look", "when": {"urgency_at_least": "high"}, "then": {"case": "hold"}}])
    case = run(database, [one(mention(1), Urgency.CRITICAL)], held).opened[0].number
    assert sweep(database) == []
    with database.begin() as connection:
        act_on_case(connection, case, "approve", actor="ann", now=NOW, policy=held)
    assert len(sweep(database)) == 1


def test_the_cases_of_an_incident_share_one(database: Engine) -> None:
    numbers = [run(database, [one(mention(n), Urgency.CRITICAL)], POLICY).opened[0].number for n in (1, 2)]
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO incidents (watchlist, state, signal, started_at, opened_at, expected, threshold, peak,"
                " authors, lead_case) VALUES ('cloud', 'open', 'trouble', :at, :at, 0.1, 3, 4, 4, :lead)"
            ),
            {"at": NOW, "lead": numbers[1]},
        )
        connection.execute(text("UPDATE cases SET incident = 1"))
    assert len(sweep(database)) == 1
    with database.begin() as connection:
        (project,) = views.listed(connection)
        connection.execute(text("UPDATE incidents SET state = 'closed'"))
    assert (project.cause, project.case_number, project.incident) == ("incident", numbers[1], 1)
    assert sweep(database, 1) == [], "also when it is over"
